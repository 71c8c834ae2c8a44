//! The walls of a cage, from inside: namespaces, a root of its own, limits, Landlock.
//!
//! A process that was started as [`CAGE_COMMAND`] goes through two stages. The outer one leaves the
//! host's user, process, network and other namespaces and starts the inner one, which is the first
//! process of the new ones: it ends with its parent, and everything inside ends with it. The inner
//! one builds a root of nothing but what is shown, read-only, steps into it, gives up every right
//! over it (a second user namespace, and no third), limits itself, and starts the compiler. Needs no
//! rights, only a kernel that lets users make namespaces; Landlock is added where the kernel has it.

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
    use std::io::{self, Write as _};
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::os::unix::process::ExitStatusExt as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, ExitStatus, Stdio};

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
    use nix::sys::stat::Mode;
    use nix::unistd::{chdir, getegid, geteuid, pivot_root};

    use crate::cage::{CAGE_COMMAND, Cage, SourceLimits, WORK};
    use crate::limits::SOURCE_SCRATCH_BYTES;

    /// Who a caged process is, inside.
    const NOBODY: u32 = 65_534;

    pub(super) fn enter(stage: &str, described: &str) -> io::Result<u8> {
        set_pdeathsig(Signal::SIGKILL)?;
        match stage {
            "outside" => outside(described),
            _ => inside(&serde_json::from_str(described).map_err(io::Error::other)?),
        }
    }

    fn said(what: &str) -> impl Fn(nix::Error) -> io::Error + '_ {
        move |error| io::Error::other(format!("{what}: {error}"))
    }

    fn outside(described: &str) -> io::Result<u8> {
        // The name stands for what runs, even after an upgrade replaced the file.
        let program = "/proc/self/exe";
        let (user, group) = (geteuid(), getegid());
        let all = CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP
            | CloneFlags::CLONE_NEWNS;
        unshare(all).map_err(said("this system lets nobody make namespaces"))?;
        let own = own_process()?;
        map(&own, 0, user.as_raw(), group.as_raw())?;
        // What the inner stage cannot say itself: it is the first process there, and no signal of its
        // own namespace ends it.
        let status = Command::new(program).args([CAGE_COMMAND, "inside", described]).env_clear().status()?;
        Ok(code(status))
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
        // The second one below is the last.
        fs::write("/proc/sys/user/max_user_namespaces", "1")
            .map_err(|error| io::Error::other(format!("user namespaces cannot be limited: {error}")))?;
        build(cage)?;
        unshare(CloneFlags::CLONE_NEWUSER).map_err(said("a second user namespace"))?;
        map(&own, NOBODY, 0, 0)?;
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
        command.status().map(code)
    }

    /// A root of nothing but what is shown.
    fn build(cage: &Cage) -> io::Result<()> {
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .map_err(said("private mounts"))?;
        let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        let size = format!("size={SOURCE_SCRATCH_BYTES},mode=755");
        mount(Some("tmpfs"), &cage.root, Some("tmpfs"), plain, Some(size.as_str()))
            .map_err(said("a root"))?;
        for shown in &cage.shown {
            let place = below(&cage.root, &shown.inside);
            show(&shown.host, &place, plain | MsFlags::MS_RDONLY)?;
        }
        show("/dev/null".as_ref(), &below(&cage.root, "/dev/null".as_ref()), MsFlags::MS_NOSUID)?;
        show(&cage.work, &below(&cage.root, WORK.as_ref()), plain)?;
        fs::create_dir_all(below(&cage.root, "/tmp".as_ref()))?;
        chdir(&cage.root).map_err(said("the new root"))?;
        pivot_root(".", ".").map_err(said("a change of roots"))?;
        umount2(".", MntFlags::MNT_DETACH).map_err(said("leaving the old root"))?;
        chdir(WORK).map_err(said("the new root"))
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
