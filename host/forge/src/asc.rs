//! A stranger's AssemblyScript to a component: one node process with the compiler of its npm package, in a cage.
//!
//! Promises what [`crate::assemblyscript`] promises an author, and that the compiler sees nothing but node, itself, the
//! SDK and the source. A host on which nobody has installed the compiler yet installs it once, outside of the cage,
//! before it looks at any source; the lock file says what that is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::assemblyscript::{self, answered, order};
use crate::build::BuildOptions;
use crate::cache::Cache;
use crate::cage::{Shown, WORK, answer, libraries};
use crate::failure::BuildFailure;
use crate::foundry::{Bench, Craft, Crafted, MakeError, Sources};
use crate::language::Language;
use crate::limits::{ASC_HEAP_MIB, FRAME_BYTES_MAX};
use crate::manifest::Manifest;
use crate::sdk;
use crate::toolchain::{INSTALL_NODE, Toolchain};

/// What the compiler leaves beside the source.
const ANSWER: &str = "answer.json";
/// What messages call a spell whose id is not known here.
const SPELL: &str = "the spell";

/// AssemblyScript.
pub(crate) struct Asc;

/// Where the parts are: outside, and as the compiler sees them.
struct Parts {
    node: PathBuf,
    compiler: PathBuf,
    sdk: PathBuf,
}

const INSIDE: [&str; 3] = ["/toolchain/bin/node", "/asc", "/sdk"];

impl Craft for Asc {
    fn name(&self) -> &'static str {
        Language::AssemblyScript.name()
    }

    fn entry(&self) -> &'static str {
        Language::AssemblyScript.entry()
    }

    fn toolchain(&self, _: &Bench<'_>) -> Result<String, MakeError> {
        Ok(assemblyscript::toolchain())
    }

    fn is_caged(&self) -> bool {
        true
    }

    fn make(&self, sources: &Sources, bench: &Bench<'_>) -> Result<Crafted, MakeError> {
        let entry = self.entry();
        if sources.get(entry).is_none() {
            return Err(BuildFailure::new("no_source", format!("there is no `{entry}`")).into());
        }
        let parts = Parts::find(bench)?;
        bench.write(sources)?;
        let (seen, shown, work) = if bench.is_open() {
            (parts, Vec::new(), bench.work())
        } else {
            (Parts::inside(), parts.shown(), WORK.into())
        };
        let order = order(&work, entry, &name(sources))?;
        let (success, printed) = bench.run(shown, seen.command(order, &work.join(ANSWER)), ANSWER)?;
        let place = bench.work().join(ANSWER);
        let size = place.symlink_metadata();
        if !success || !size.is_ok_and(|size| size.is_file() && (1..=FRAME_BYTES_MAX).contains(&size.len())) {
            let said = String::from_utf8_lossy(&printed).into_owned();
            return Err(assemblyscript::crashed(said).into());
        }
        let made = answered(&fs::read(place)?, SPELL, entry)?;
        Ok(Crafted { component: made.component, rendered: made.rendered })
    }
}

impl Parts {
    fn find(bench: &Bench<'_>) -> Result<Self, MakeError> {
        let _turn = bench.turn();
        let compiler = compiler(bench)?;
        let shared = bench.shared();
        sdk::unpack(&shared)?;
        Ok(Self { node: node(bench)?, compiler, sdk: sdk::assemblyscript(&shared) })
    }

    fn inside() -> Self {
        let [node, compiler, sdk] = INSIDE.map(PathBuf::from);
        Self { node, compiler, sdk }
    }

    fn command(&self, order: String, answer: &Path) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        vec![
            path(&self.node),
            format!("--max-old-space-size={ASC_HEAP_MIB}"),
            path(&self.sdk.join("compile.mjs")),
            path(&self.compiler),
            order,
            path(answer),
        ]
    }

    /// What a cage shows of them: the files themselves, and the shared libraries that node loads.
    fn shown(&self) -> Vec<Shown> {
        let parts = [&self.node, &self.compiler, &self.sdk];
        let parts = parts.into_iter().zip(INSIDE).map(|(host, inside)| (host.clone(), inside.into()));
        let loaded = libraries(&self.node).into_iter().filter_map(|inside| {
            let host = inside.canonicalize().ok()?;
            Some((host, inside))
        });
        let shown: BTreeSet<_> = parts.chain(loaded).map(|(host, inside)| Shown { host, inside }).collect();
        shown.into_iter().collect()
    }
}

/// What a spell is called that does not say it itself.
fn name(sources: &Sources) -> String {
    let text = sources.get("spell.toml").and_then(|text| std::str::from_utf8(text).ok());
    text.and_then(|text| Manifest::parse(text).ok()?.name).unwrap_or_else(|| "spell".to_owned())
}

/// Node itself, which what is on the path may only lead to.
fn node(bench: &Bench<'_>) -> Result<PathBuf, MakeError> {
    let mut command = Command::new(Toolchain::find().node);
    command.args(["-p", "process.execPath"]).current_dir(bench.work());
    let found = answer(&mut command, bench.cancel).and_then(|path| Path::new(&path).canonicalize().ok());
    found.ok_or_else(|| {
        BuildFailure::new("tool_missing", "this host has no Node.js to compile AssemblyScript with")
            .hint(format!("install it with: {INSTALL_NODE}"))
            .into()
    })
}

/// The folder of the compiler: that of the user, or else one of this host's own.
fn compiler(bench: &Bench<'_>) -> Result<PathBuf, MakeError> {
    let users = assemblyscript::place(&Cache::user());
    if assemblyscript::is_installed(&users) {
        return Ok(users.canonicalize()?);
    }
    let silent = |_| ();
    let options = BuildOptions { cache: bench.shared(), ..BuildOptions::new(bench.cancel, &silent) };
    Ok(assemblyscript::install(&options)?)
}
