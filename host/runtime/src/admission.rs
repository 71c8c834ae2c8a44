//! Admission: one pure, linear pass over the bytes of a component, before anything is compiled.
//!
//! Promises that what is [`Admitted`] is a valid binary component within every bound of
//! [`crate::limits`], whose imports are interfaces of the contract that the policy allows and
//! whose exports are the contract's. Signatures are compared later, by wasmtime
//! ([`crate::Engine::load`]). Runs nothing and keeps no state.

use std::collections::BTreeSet;
use std::sync::Arc;

use spellhost_sim::Digest;

use crate::anatomy::Anatomy;
use crate::bounds::Bounds;
use crate::contract::{EXPORTS, INTERFACES, PACKAGE, TYPE_INTERFACES, VERSION, functions};
use crate::limits::{
    COMPONENT_BYTES_CEILING, COMPONENT_BYTES_MAX, NAME_BYTES_MAX, PROBLEMS_MAX, WASI_COMPONENT_BYTES_MAX,
};
use crate::log::{cut, escaped};
use crate::rejection::{Problem, Rejection, code};
use crate::settings::ALLOW;

/// The capability of importing deterministic WASI, as a policy and a manifest name it.
pub const WASI: &str = "wasi";

/// How the name of every import of WASI begins.
const WASI_PREFIX: &str = "wasi:";

/// How the refusal of an import of WASI ends.
const WASI_IS_OFF: &str = "which no spell may use unless WASI is allowed";

/// What a server allows a component to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The interfaces of the contract that a component may import, and [`WASI`] where it may import that.
    pub interfaces: BTreeSet<String>,
    /// The largest component, in bytes. One that imports [`WASI`], where it may, has at least
    /// [`WASI_COMPONENT_BYTES_MAX`].
    pub component_bytes_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            interfaces: INTERFACES.iter().map(|(name, _)| (*name).to_owned()).collect(),
            component_bytes_max: COMPONENT_BYTES_MAX,
        }
    }
}

impl Policy {
    /// This policy with `interface`.
    pub fn with(mut self, interface: impl Into<String>) -> Self {
        self.interfaces.insert(interface.into());
        self
    }

    /// The widest policy, for a component that somebody else has decided to take: what executes it
    /// again, and the child that compiles it.
    pub fn decided_elsewhere() -> Self {
        let policy = Self { component_bytes_max: COMPONENT_BYTES_CEILING, ..Self::default() };
        policy.with(WASI)
    }

    /// The largest component that imports WASI, or that does not, in bytes.
    fn bytes_max(&self, imports_wasi: bool) -> usize {
        let wider = imports_wasi && self.interfaces.contains(WASI);
        let least = if wider { WASI_COMPONENT_BYTES_MAX } else { 0 };
        self.component_bytes_max.max(least).min(COMPONENT_BYTES_CEILING)
    }

    /// This policy without `interface`.
    pub fn without(mut self, interface: &str) -> Self {
        self.interfaces.remove(interface);
        self
    }
}

/// A component that may be compiled.
#[derive(Clone, Debug)]
pub struct Admitted {
    bytes: Arc<[u8]>,
    digest: Digest,
    capabilities: Vec<String>,
    anatomy: Anatomy,
}

impl Admitted {
    /// BLAKE3 of the bytes: what the component is called everywhere.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The version of the contract that it was built for.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    /// The interfaces that it imports, in the order of the contract, then [`WASI`]: what it can see and do.
    pub fn capabilities(&self) -> &[String] {
        &self.capabilities
    }

    /// Whether it imports WASI: then it may be as large as [`WASI_COMPONENT_BYTES_MAX`], and have
    /// [`WASI_DATA_BYTES_MAX`](crate::limits::WASI_DATA_BYTES_MAX) of data.
    pub fn imports_wasi(&self) -> bool {
        self.capabilities.iter().any(|capability| capability == WASI)
    }

    /// What it is made of.
    pub fn anatomy(&self) -> &Anatomy {
        &self.anatomy
    }
}

/// Checks the bytes of a component.
///
/// # Errors
/// A [`Rejection`] with every problem that was found, up to [`PROBLEMS_MAX`].
pub fn admit(bytes: &[u8], policy: &Policy) -> Result<Admitted, Rejection> {
    check_kind(bytes, policy)?;
    let mut problems = Vec::new();
    let scan = Bounds::scan(bytes, ALLOW, &mut problems);
    let imports_wasi = scan.as_ref().map_or(true, |scan| scan.imports.iter().any(is_wasi));
    check_size(bytes, policy.bytes_max(imports_wasi))?;
    let anatomy = match scan {
        Ok(scan) => {
            check_imports(&scan.imports, policy, &mut problems);
            check_exports(&scan.exports, &mut problems);
            scan.anatomy
        }
        Err(problem) => {
            problems.push(problem);
            Anatomy::default()
        }
    };
    if !problems.is_empty() {
        problems.truncate(PROBLEMS_MAX);
        return Err(Rejection { problems });
    }
    let imported = |name: &str| anatomy.imports.iter().any(|import| import.split('.').next() == Some(name));
    let capabilities = INTERFACES.iter().map(|(name, _)| *name).filter(|name| imported(name));
    let wasi = imports_wasi.then_some(WASI);
    Ok(Admitted {
        bytes: bytes.into(),
        digest: Digest(*blake3::hash(bytes).as_bytes()),
        capabilities: capabilities.chain(wasi).map(str::to_owned).collect(),
        anatomy,
    })
}

/// Size and kind, from the first bytes: what people most often get wrong.
fn check_kind(bytes: &[u8], policy: &Policy) -> Result<(), Problem> {
    const MAGIC: &[u8] = b"\0asm";
    let not = |message: &str| Problem::new(code::NOT_A_COMPONENT, message);
    if bytes.is_empty() {
        return Err(not("the file is empty").hint("build the spell again"));
    }
    // Whether it imports WASI is known only behind the walk.
    check_size(bytes, policy.bytes_max(true))?;
    let text = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(text, Some(b'(' | b';')) {
        return Err(
            not("this is WebAssembly text, not a binary component").hint("build it from its spell folder")
        );
    }
    if bytes.len() < 8 && MAGIC.starts_with(&bytes[..bytes.len().min(4)]) {
        return Err(truncated(bytes.len()));
    }
    if !bytes.starts_with(MAGIC) {
        return Err(not("this is not WebAssembly").hint("a spell is a WebAssembly component, a .wasm file"));
    }
    match bytes[4..8] {
        [0x0d, 0, 1, 0] => Ok(()),
        [1, 0, 0, 0] => Err(not("this is a core module, not a component")
            .hint("componentise it against spellhost:spell@0.1.0; `spellhost build` does that")),
        _ => Err(not("this is WebAssembly of a kind or version that no host knows")),
    }
}

fn check_size(bytes: &[u8], bytes_max: usize) -> Result<(), Problem> {
    if bytes.len() <= bytes_max {
        return Ok(());
    }
    let message = format!("the component is {} bytes; this server takes at most {bytes_max}", bytes.len());
    let hint = "build it optimised and stripped (opt-level = \"s\", lto, strip), or move data into assets";
    Err(Problem::new(code::TOO_LARGE, message).hint(hint))
}

pub(crate) fn truncated(at: usize) -> Problem {
    Problem::new(code::TRUNCATED, format!("the component is truncated at byte {at}"))
        .hint("transfer or build the file again")
}

/// What the root of a component imports or exports.
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) kind: ItemKind,
}

/// What kind of thing it is.
pub(crate) enum ItemKind {
    Function,
    Type,
    /// An instance with the names of its functions.
    Instance(Vec<String>),
    Other,
}

/// A name from a component, fit to be shown.
pub(crate) fn shown(name: &str) -> String {
    let mut name = escaped(name);
    cut(&mut name, NAME_BYTES_MAX);
    name
}

fn check_imports(imports: &[Item], policy: &Policy, problems: &mut Vec<Problem>) {
    for import in imports {
        // One refusal of WASI stands for all of it.
        let known = is_wasi(import) && problems.iter().any(|problem| problem.message.ends_with(WASI_IS_OFF));
        problems.extend(
            check_import(import, policy).filter(|problem| !(known && problem.message.ends_with(WASI_IS_OFF))),
        );
    }
}

pub(crate) fn is_wasi(import: &Item) -> bool {
    import.name.starts_with(WASI_PREFIX)
}

fn check_import(import: &Item, policy: &Policy) -> Option<Problem> {
    let name = shown(&import.name);
    let refused = |message: String| Some(Problem::new(code::IMPORT, message));
    if matches!(import.kind, ItemKind::Type) && !import.name.contains(':') {
        // A `use` in the world; it grants nothing, and wasmtime compares its structure.
        return None;
    }
    if is_wasi(import) {
        return check_wasi(import, &name, policy);
    }
    let (path, version) = import.name.split_once('@').unwrap_or((&import.name, ""));
    let Some(interface) = path.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('/')) else {
        return refused(format!("the component imports `{name}`, which this host does not know"));
    };
    if version != VERSION {
        let message = match version {
            "" => {
                format!("the component imports `{name}` without a version; this host has {PACKAGE}@{VERSION}")
            }
            _ => format!("the component was built for `{name}`; this host has {PACKAGE}@{VERSION}"),
        };
        let hint = format!("build it with the SDK for {VERSION}, or cast it on a host that has its version");
        return Some(Problem::new(code::VERSION, message).hint(hint));
    }
    let interface_shown = shown(interface);
    let Some(known) = functions(interface) else {
        let message =
            format!("the component imports `{interface_shown}`, which {PACKAGE}@{VERSION} does not have");
        return refused(message);
    };
    let ItemKind::Instance(used) = &import.kind else {
        return refused(format!("the component imports `{name}` as something other than an interface"));
    };
    if let Some(unknown) = used.iter().find(|function| !known.contains(&function.as_str())) {
        let unknown = shown(unknown);
        let message =
            format!("the component imports `{interface}.{unknown}`, which {PACKAGE}@{VERSION} does not have");
        return refused(message);
    }
    if TYPE_INTERFACES.contains(&interface) || policy.interfaces.contains(interface) {
        return None;
    }
    refused(format!("the component imports `{interface}`, which this server does not allow"))
}

/// WASI is off unless the policy has it; then what is deterministic of it may be imported.
fn check_wasi(import: &Item, name: &str, policy: &Policy) -> Option<Problem> {
    let refused = |message: String, hint: &str| Some(Problem::new(code::IMPORT, message).hint(hint));
    if !spellhost_wasi::is_linked(&import.name) || !matches!(import.kind, ItemKind::Instance(_)) {
        let hint = "build for wasm32-unknown-unknown; time is scene.tick, chance is random, output is log";
        return refused(format!("the component imports `{name}`, which no spell may use"), hint);
    }
    if policy.interfaces.contains(WASI) {
        return None;
    }
    let hint = "build for wasm32-unknown-unknown, or allow deterministic WASI with --allow wasi";
    refused(format!("the component imports `{name}`, {WASI_IS_OFF}"), hint)
}

fn check_exports(exports: &[Item], problems: &mut Vec<Problem>) {
    let is_function = |item: &Item| matches!(item.kind, ItemKind::Function);
    let missing: Vec<_> = EXPORTS
        .iter()
        .filter(|name| !exports.iter().any(|export| export.name == **name && is_function(export)))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        let message = format!("the component does not export {}", missing.join(", "));
        let hint =
            "a spell exports describe, cast, on-event and migrate; the SDK's export macro makes all four";
        problems.push(Problem::new(code::EXPORT, message).hint(hint));
    }
    for export in exports {
        if !EXPORTS.contains(&export.name.as_str()) {
            let name = shown(&export.name);
            let message = format!("the component exports `{name}`, which {PACKAGE}@{VERSION} does not have");
            problems.push(Problem::new(code::EXPORT, message));
        }
    }
}
