//! The walls of a cage, from inside: namespaces, a root of its own, limits, Landlock.
//!
//! A process that was started as [`CAGE_COMMAND`] goes through two stages. The outer one leaves the
//! host's user, process, network and other namespaces and starts the inner one, which is the first
//! process of the new ones: it ends with its parent, and everything inside ends with it. The inner
//! one builds a root in memory, of bounded size, with nothing but what is shown, read-only, and a copy
//! of the work folder; steps into it, limits itself, and starts the compiler as somebody without any
//! right over it. What is to be kept is copied out at the end. Needs no rights, only a kernel that lets
//! users make namespaces; Landlock is added where the kernel has it.
//!
//! No limit of processes holds for the user root, so a host that runs as root starts a third process,
//! which stays outside and lends the inside a second user: the compiler is that one. Everybody else's
//! compiler is the same user in a second namespace.

use std::io;

/// Does the cage's work where the arguments of this process say so; the exit code.
#[must_use]
pub fn enter(arguments: &[String]) -> u8 {
    let done = match arguments {
        [stage, described] => linux::enter(stage, described),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    done.unwrap_or_else(|error| {
        // Who started it reads this, and says that there is no cage here.
        eprintln!("{error}");
        crate::cage::BROKEN
    })
}

#[cfg(not(target_os = "linux"))]
mod linux {
    pub(super) fn enter(_: &str, _: &str) -> std::io::Result<u8> {
        Err(std::io::Error::other("source is built in a sandbox on Linux only"))
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{self, Read as _, Write as _};
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, ExitStatus, Stdio};

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, Scope,
        path_beneath_rules,
    };
    use nix::fcntl::{OFlag, open, openat};
    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::prctl::set_pdeathsig;
    use nix::sys::resource::{Resource, setrlimit};
    use nix::sys::signal::Signal;
    use nix::sys::stat::{Mode, umask};
    use nix::unistd::{chdir, getegid, geteuid, pivot_root};

    use crate::cage::{CAGE_COMMAND, Cage, Shown, SourceLimits, WORK};
    use crate::limits::{SOURCE_SCRATCH_BYTES, SOURCE_SCRATCH_FILES};

    /// Who a caged process is, inside; where the host runs as root, outside too.
    const NOBODY: u32 = 65_534;
    /// The name stands for what runs, even after an upgrade replaced the file.
    const PROGRAM: &str = "/proc/self/exe";

    pub(super) fn enter(stage: &str, described: &str) -> io::Result<u8> {
        set_pdeathsig(Signal::SIGKILL)?;
        match stage {
            "outside" => outside(described),
            "lend" => lend(described),
            _ => inside(&serde_json::from_str(described).map_err(io::Error::other)?),
        }
    }

    fn said(what: &str) -> impl Fn(nix::Error) -> io::Error + '_ {
        move |error| io::Error::other(format!("{what}: {error}"))
    }

    fn outside(described: &str) -> io::Result<u8> {
        let (user, group) = (geteuid(), getegid());
        let is_root = user.is_root() && group.as_raw() == 0;
        let lender = if is_root { Some(lender()?) } else { None };
        let all = CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP
            | CloneFlags::CLONE_NEWNS;
        unshare(all).map_err(said("this system lets nobody make namespaces"))?;
        let is_lent =
            lender.map_or(Ok(false), |lender| lender.wait_with_output().map(|end| end.status.success()))?;
        if !is_lent {
            map(&own_process()?, 0, user.as_raw(), group.as_raw())?;
        }
        // What the inner stage cannot say itself: it is the first process there, and no signal of its
        // own namespace ends it.
        let status = Command::new(PROGRAM).args([CAGE_COMMAND, "inside", described]).env_clear().status()?;
        Ok(code(status))
    }

    /// A process that stays in the host's namespaces, and waits until this one has left them: who waits for its end
    /// closes its input.
    fn lender() -> io::Result<Child> {
        let own = std::process::id().to_string();
        let mut command = Command::new(PROGRAM);
        command.args([CAGE_COMMAND, "lend", &own]).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    }

    /// Gives the namespace of a process two users and groups: this one, and nobody.
    fn lend(process: &str) -> io::Result<u8> {
        io::stdin().read_to_end(&mut Vec::new())?;
        let users = format!("0 0 1\n{NOBODY} {NOBODY} 1\n");
        let place = Path::new("/proc").join(process);
        ["uid_map", "gid_map"].iter().try_for_each(|name| fs::write(place.join(name), &users))?;
        Ok(0)
    }

    fn code(status: ExitStatus) -> u8 {
        let signal = status.signal().map(|signal| 128 + signal);
        u8::try_from(status.code().or(signal).unwrap_or(255)).unwrap_or(255)
    }

    /// This process in `/proc`, reachable also after `/proc` is gone.
    fn own_process() -> io::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        open("/proc/self", flags, Mode::empty()).map_err(said("/proc/self"))
    }

    /// Makes one user and group of the namespace above this user and group.
    fn map(own: &OwnedFd, inside: u32, user: u32, group: u32) -> io::Result<()> {
        let say = |name: &str, text: String| -> io::Result<()> {
            let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
            let file = openat(own.as_fd(), name, flags, Mode::empty()).map_err(said(name))?;
            fs::File::from(file)
                .write_all(text.as_bytes())
                .map_err(|error| io::Error::other(format!("{name}: {error}")))
        };
        say("setgroups", "deny".into())?;
        say("uid_map", format!("{inside} {user} 1"))?;
        say("gid_map", format!("{inside} {group} 1"))
    }

    fn inside(cage: &Cage) -> io::Result<u8> {
        let own = own_process()?;
        let is_lent = fs::read_to_string("/proc/self/uid_map")?.lines().count() > 1;
        // What only root may read, only root can compile with.
        let becomes_nobody = is_lent && cage.shown.iter().all(is_for_everybody);
        // Without another user the second one below is the last.
        fs::write("/proc/sys/user/max_user_namespaces", if becomes_nobody { "0" } else { "1" })
            .map_err(|error| io::Error::other(format!("user namespaces cannot be limited: {error}")))?;
        let mut kept = build(cage)?;
        if !becomes_nobody {
            unshare(CloneFlags::CLONE_NEWUSER).map_err(said("a second user namespace"))?;
            map(&own, NOBODY, 0, 0)?;
        }
        drop(own);
        limit(&cage.limits)?;
        lock()?;
        let Some((program, arguments)) = cage.command.split_first() else { return Ok(0) };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            // Without `/proc` the loader does not know where a program lies, and so not its own libraries.
            .envs([("PATH", "/toolchain/bin"), ("LD_LIBRARY_PATH", "/toolchain/lib"), ("TMPDIR", "/tmp")])
            .stdin(Stdio::null())
            // Apart from what the cage itself says, and counted with what is printed.
            .stderr(io::stdout().as_fd().try_clone_to_owned()?);
        if becomes_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.status()?;
        kept.iter_mut().try_for_each(|(name, file)| keep(name, file))?;
        Ok(code(status))
    }

    fn is_for_everybody(shown: &Shown) -> bool {
        shown.host.metadata().is_ok_and(|found| {
            let needed = if found.is_dir() { 0o005 } else { 0o004 };
            found.permissions().mode() & needed == needed
        })
    }

    /// Copies a file out; what is not there, or is no file, stays empty.
    fn keep(name: &str, to: &mut fs::File) -> io::Result<()> {
        // No link is followed, and nobody waits for who would write a pipe.
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let found =
            fs::OpenOptions::new().read(true).custom_flags(flags.bits()).open(Path::new(WORK).join(name));
        match found {
            Ok(mut file) if file.metadata()?.is_file() => io::copy(&mut file, to).map(drop),
            _ => Ok(()),
        }
    }

    /// A root of nothing but what is shown; the files of the host that what is kept is written to.
    fn build(cage: &Cage) -> io::Result<Vec<(&str, fs::File)>> {
        // Whatever the host's is, what is made here can be read by the compiler.
        umask(Mode::S_IWGRP | Mode::S_IWOTH);
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .map_err(said("private mounts"))?;
        let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        let size = format!("size={SOURCE_SCRATCH_BYTES},nr_inodes={SOURCE_SCRATCH_FILES},mode=755");
        mount(Some("tmpfs"), &cage.root, Some("tmpfs"), plain, Some(size.as_str()))
            .map_err(said("a root"))?;
        for shown in &cage.shown {
            let place = below(&cage.root, &shown.inside);
            show(&shown.host, &place, plain | MsFlags::MS_RDONLY)?;
        }
        show("/dev/null".as_ref(), &below(&cage.root, "/dev/null".as_ref()), MsFlags::MS_NOSUID)?;
        let work = below(&cage.root, WORK.as_ref());
        copy(&cage.work, &work)?;
        // Opened while they can be seen. What the source has of that name is in the compiler's way.
        let open = |name: &String| fs::File::create(cage.work.join(name));
        let kept =
            cage.kept.iter().map(|name| Ok((name.as_str(), open(name)?))).collect::<io::Result<_>>()?;
        cage.kept
            .iter()
            .map(|name| work.join(name))
            .filter(|place| place.is_file())
            .try_for_each(fs::remove_file)?;
        for folder in [work, below(&cage.root, "/tmp".as_ref())] {
            fs::create_dir_all(&folder)?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
        }
        chdir(&cage.root).map_err(said("the new root"))?;
        pivot_root(".", ".").map_err(said("a change of roots"))?;
        umount2(".", MntFlags::MNT_DETACH).map_err(said("leaving the old root"))?;
        chdir(WORK).map_err(said("the new root"))?;
        Ok(kept)
    }

    /// A folder with all that is in it, for everybody to read.
    fn copy(from: &Path, to: &Path) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let place = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                copy(&entry.path(), &place)?;
            } else {
                fs::write(place, fs::read(entry.path())?)?;
            }
        }
        Ok(())
    }

    fn below(root: &Path, inside: &Path) -> PathBuf {
        root.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    fn show(host: &Path, place: &Path, flags: MsFlags) -> io::Result<()> {
        let folder = if host.is_dir() { Some(place) } else { place.parent() };
        folder.map_or(Ok(()), fs::create_dir_all)?;
        if !host.is_dir() {
            fs::write(place, "")?;
        }
        let named = format!("showing `{}`", host.display());
        let none: Option<&str> = None;
        mount(Some(host), place, none, MsFlags::MS_BIND | MsFlags::MS_REC, none).map_err(said(&named))?;
        let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | flags;
        mount(none, place, none, again, none).map_err(said(&named))
    }

    fn limit(limits: &SourceLimits) -> io::Result<()> {
        for (resource, most) in [
            (Resource::RLIMIT_CPU, limits.seconds.saturating_mul(2)),
            (Resource::RLIMIT_DATA, limits.memory_bytes),
            (Resource::RLIMIT_FSIZE, limits.file_bytes),
            (Resource::RLIMIT_NPROC, limits.processes),
            (Resource::RLIMIT_NOFILE, limits.open_files),
            (Resource::RLIMIT_CORE, 0),
        ] {
            // The signal of processor time comes at the soft limit; the hard one is for who ignores it.
            let hard = if matches!(resource, Resource::RLIMIT_CPU) { most + 1 } else { most };
            setrlimit(resource, most, hard).map_err(said("limits"))?;
        }
        Ok(())
    }

    /// A second wall, for good: nothing is written but in two folders, nothing is connected to.
    fn lock() -> io::Result<()> {
        let (abi, wrong) = (ABI::V6, |error: landlock::RulesetError| io::Error::other(error.to_string()));
        Ruleset::default()
            .handle_access(AccessFs::from_all(abi))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
            .and_then(|rules| rules.scope(Scope::from_all(abi)))
            .and_then(|rules| rules.create())
            .and_then(|rules| rules.add_rules(path_beneath_rules(["/"], AccessFs::from_read(abi))))
            .and_then(|rules| {
                rules.add_rules(path_beneath_rules([WORK, "/tmp", "/dev/null"], AccessFs::from_all(abi)))
            })
            .and_then(|rules| rules.restrict_self())
            .map(drop)
            .map_err(wrong)
    }
}
