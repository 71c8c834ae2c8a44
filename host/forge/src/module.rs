//! A core module on its way to a component. It promises that names no longer depend on where the source
//! lay, and that a module which is not a spell's says so; it knows sections, and no instructions.

use std::ops::Range;
use std::time::Duration;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::diagnostic::Diagnostic;
use crate::failure::BuildFailure;
use crate::sdk;

/// What a compiler's route leaves.
pub(crate) struct Made {
    pub(crate) component: Vec<u8>,
    /// How long it took to make the core module a component.
    pub(crate) componentise: Duration,
    /// Which compiler it was.
    pub(crate) toolchain: String,
    pub(crate) warnings: Vec<Diagnostic>,
    /// The warnings as the compiler printed them.
    pub(crate) rendered: String,
}

/// How a module keeps its texts.
#[derive(Clone, Copy)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
}

/// Makes a core module a component that says nothing of the contract itself: its exports are those of the contract, with
/// `$` for what no identifier may hold.
pub(crate) fn with_contract(module: &[u8], encoding: Encoding) -> Result<Vec<u8>, BuildFailure> {
    let sections = sections(module)
        .ok_or_else(|| BuildFailure::new("componentise_failed", "the compiler's module is damaged"))?;
    let mut module =
        rebuilt(module, &sections, |section, body| (section.id == EXPORTS).then(|| dashed(body)).flatten());
    let encoding = match encoding {
        Encoding::Utf8 => StringEncoding::UTF8,
        Encoding::Utf16 => StringEncoding::UTF16,
    };
    let encoded = contract(&mut module, encoding)
        .and_then(|()| ComponentEncoder::default().validate(true).module(&module)?.encode());
    encoded.map_err(|error| explain_module(&format!("{error:#}")))
}

/// Says in the module that its world is the contract's.
fn contract(module: &mut Vec<u8>, encoding: StringEncoding) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("spell.wit", sdk::text("wit/0.1/spell.wit").unwrap_or_default())?;
    let world = resolve.select_world(&[package], Some("spell"))?;
    embed_component_metadata(module, &resolve, world, encoding)
}

/// The exports with dashes in their names.
fn dashed(body: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at) = (Vec::with_capacity(body.len()), 0);
    let count = number(body, &mut at)?;
    put(&mut out, count);
    for _ in 0..count {
        let length = number(body, &mut at)?;
        let name = body.get(at..at.checked_add(length)?)?;
        at += length;
        put(&mut out, length);
        out.extend(name.iter().map(|byte| if *byte == b'$' { b'-' } else { *byte }));
        out.push(*body.get(at)?);
        at += 1;
        put(&mut out, number(body, &mut at)?);
    }
    Some(out)
}

/// Makes a Rust spell's core module a component.
pub(crate) fn componentise(module: &[u8]) -> Result<Vec<u8>, BuildFailure> {
    let sections = sections(module)
        .ok_or_else(|| BuildFailure::new("componentise_failed", "the compiler's module is damaged"))?;
    let uses_sdk = sections.iter().any(|section| section.name.starts_with("component-type"));
    let exports = sections.iter().filter(|section| section.id == EXPORTS);
    if !uses_sdk || !exports.into_iter().any(|section| exports_a_cast(&module[section.body.clone()])) {
        let lacks = if uses_sdk {
            "has no `export_spell!`"
        } else {
            "does not use `spellhost-sdk` and its `export_spell!`"
        };
        let message = format!("this crate builds, but is not a spell: it {lacks}");
        return Err(BuildFailure::new("not_a_spell", message).hint(
            "implement `Spell` for a type and write `export_spell!(ThatType);`; `spellhost new NAME` makes an example",
        ));
    }
    let module = without_hashes(module, &sections);
    let encoded =
        ComponentEncoder::default().validate(true).module(&module).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| explain(&format!("{error:#}")))
}

/// The number of the section of exports.
const EXPORTS: u8 = 7;

/// Whether a section of exports has the one function that every spell must have.
fn exports_a_cast(body: &[u8]) -> bool {
    let mut at = 0;
    let count = number(body, &mut at).unwrap_or(0);
    let export = |_| {
        let length = number(body, &mut at)?;
        let name = body.get(at..at.checked_add(length)?)?;
        // One byte says what is exported, and a number which one.
        at += length + 1;
        number(body, &mut at).map(|_| name)
    };
    (0..count).map_while(export).any(|name| name == b"cast")
}

/// One section: its number, its name if it is a custom one, and the bytes of its contents.
struct Section {
    id: u8,
    name: String,
    body: Range<usize>,
}

/// All sections, or nothing if they do not fit the module.
fn sections(module: &[u8]) -> Option<Vec<Section>> {
    let mut sections = Vec::new();
    let mut at = module.starts_with(b"\0asm\x01\0\0\0").then_some(8)?;
    while at < module.len() {
        let id = module[at];
        at += 1;
        let length = number(module, &mut at)?;
        let end = at.checked_add(length).filter(|end| *end <= module.len())?;
        let mut begin = at;
        let mut name = String::new();
        if id == 0 {
            let length = number(module, &mut begin)?;
            let name_end = begin.checked_add(length).filter(|name_end| *name_end <= end)?;
            name = String::from_utf8_lossy(&module[begin..name_end]).into_owned();
            begin = name_end;
        }
        sections.push(Section { id, name, body: begin..end });
        at = end;
    }
    Some(sections)
}

/// The module with the compiler's hashes cut out of the names of functions: `_ZN5ember4cast17h0123456789abcdefE`
/// becomes `_ZN5ember4castE`. They depend on where the SDK lies, and tell nobody anything.
fn without_hashes(module: &[u8], sections: &[Section]) -> Vec<u8> {
    rebuilt(module, sections, |section, body| (section.name == "name").then(|| rename(body)).flatten())
}

/// The module with other contents where `change` has some.
fn rebuilt(
    module: &[u8],
    sections: &[Section],
    change: impl Fn(&Section, &[u8]) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let mut out = module[..8].to_vec();
    for section in sections {
        let body = &module[section.body.clone()];
        let changed = change(section, body);
        let body = changed.as_deref().unwrap_or(body);
        let mut contents = Vec::with_capacity(body.len() + 16);
        if section.id == 0 {
            put(&mut contents, section.name.len());
            contents.extend(section.name.as_bytes());
        }
        contents.extend(body);
        out.push(section.id);
        put(&mut out, contents.len());
        out.extend(contents);
    }
    out
}

/// The contents of a name section with shorter names of functions.
fn rename(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let kind = body[at];
        at += 1;
        let length = number(body, &mut at)?;
        let end = at.checked_add(length).filter(|end| *end <= body.len())?;
        let mut part = body[at..end].to_vec();
        if kind == 1 {
            part.clear();
            let count = number(body, &mut at)?;
            put(&mut part, count);
            for _ in 0..count {
                put(&mut part, number(body, &mut at)?);
                let length = number(body, &mut at)?;
                let name = body.get(at..at.checked_add(length)?)?;
                at += length;
                let short = unhashed(name);
                put(&mut part, short.iter().map(|piece| piece.len()).sum());
                short.iter().for_each(|piece| part.extend(*piece));
            }
        }
        at = end;
        out.push(kind);
        put(&mut out, part.len());
        out.extend(part);
    }
    Some(out)
}

/// A mangled name before and after its hash; the rest is empty if it has none.
fn unhashed(name: &[u8]) -> [&[u8]; 2] {
    let whole = [name, b"".as_slice()];
    if !name.starts_with(b"_ZN") {
        return whole;
    }
    let Some(at) = name.windows(3).rposition(|window| window == b"17h") else { return whole };
    let (before, hash) = name.split_at(at);
    match hash.get(3..19) {
        Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) && hash.get(19) == Some(&b'E') => {
            [before, &hash[19..]]
        }
        _ => whole,
    }
}

/// Reads an unsigned LEB128 number of 32 bits.
fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok().filter(|value| *value <= u32::MAX as usize);
        }
    }
    None
}

/// Writes an unsigned LEB128 number.
fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The encoder's error about a module of AssemblyScript or text.
fn explain_module(error: &str) -> BuildFailure {
    if error.contains("import interface named `") {
        let what =
            if error.contains("`env`") { "something of a browser or of Node.js" } else { "what no host has" };
        let message = format!("the spell uses {what}: it can only ask and command what the contract has");
        return BuildFailure::new("componentise_failed", message)
            .hint("`log.info` in place of `console.log`, `ctx.tick` in place of `Date.now`; a `declare function` is defined nowhere")
            .rendered(error);
    }
    BuildFailure::new("componentise_failed", "the module cannot be made a component")
        .hint("its exports are `memory`, `cabi_realloc`, `describe`, `cast`, `on-event` and `migrate`, each as the canonical ABI has it")
        .rendered(error)
}

/// The encoder's error in an author's words.
fn explain(error: &str) -> BuildFailure {
    let quoted =
        |after: &str| error.split_once(after).and_then(|(_, rest)| rest.split('`').next()).unwrap_or("?");
    if error.contains("__wbindgen") || error.contains("__wbg") {
        let message = "this crate, or one it depends on, was written for the browser (wasm-bindgen)";
        return BuildFailure::new("componentise_failed", message)
            .hint("a spell reaches the world through `spellhost-sdk` alone");
    }
    if error.contains("import interface named `") {
        let module = quoted("import interface named `");
        let message = format!("the spell imports `{module}`, which no host has");
        let hint = "a declaration such as `extern \"C\" { fn … }` in this crate or one it depends on is not defined anywhere";
        return BuildFailure::new("componentise_failed", message).hint(hint).rendered(error);
    }
    let message = "the compiled module cannot be made a component".to_owned();
    BuildFailure::new("componentise_failed", message)
        .hint("is `export_spell!` there exactly once?")
        .rendered(error)
}

#[cfg(test)]
mod tests {
    use super::{componentise, explain, put, rename, sections, unhashed, without_hashes};

    /// A module of custom sections only.
    fn module(customs: &[(&str, &[u8])]) -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for (name, body) in customs {
            module.push(0);
            put(&mut module, 1 + name.len() + body.len());
            put(&mut module, name.len());
            module.extend(name.as_bytes());
            module.extend(*body);
        }
        module
    }

    /// The name section of one function.
    fn names(name: &str) -> Vec<u8> {
        let mut body = vec![1];
        put(&mut body, 3 + name.len());
        body.extend([1, 0, name.len() as u8]);
        body.extend(name.as_bytes());
        body
    }

    #[test]
    fn a_module_that_is_no_spell_or_damaged_says_so() {
        assert_eq!(componentise(&module(&[("producers", b"")])).unwrap_err().code, "not_a_spell");
        let mut cut = module(&[("component-type:spell", b"abc")]);
        assert_eq!(
            componentise(&cut).unwrap_err().message,
            "this crate builds, but is not a spell: it has no `export_spell!`"
        );
        // One export: `cast`, the function 0, which is not there.
        cut.extend([7, 8, 1, 4, b'c', b'a', b's', b't', 0, 0]);
        assert_eq!(componentise(&cut).unwrap_err().code, "componentise_failed");
        cut.truncate(cut.len() - 1);
        assert_eq!(componentise(&cut).unwrap_err().message, "the compiler's module is damaged");
        assert_eq!(componentise(b"").unwrap_err().code, "componentise_failed");
    }

    #[test]
    fn hashes_leave_the_names_of_functions_and_nothing_else() {
        let plain = |name| unhashed(name).concat();
        assert_eq!(plain(b"_ZN5ember4cast17h0123456789abcdefE"), b"_ZN5ember4castE");
        assert_eq!(plain(b"_ZN5ember4cast17h0123456789abcdefE.llvm.1"), b"_ZN5ember4castE.llvm.1");
        assert_eq!(plain(b"_ZN5ember17h0123"), b"_ZN5ember17h0123");
        assert_eq!(plain(b"cast17h0123456789abcdefE"), b"cast17h0123456789abcdefE");
        let before = module(&[("a", b"17h0123456789abcdefE"), ("name", &names("_ZN1a17h0123456789abcdefE"))]);
        let after = module(&[("a", b"17h0123456789abcdefE"), ("name", &names("_ZN1aE"))]);
        assert_eq!(without_hashes(&before, &sections(&before).unwrap()), after);
        assert_eq!(rename(&[1, 200]), None);
    }

    #[test]
    fn an_unknown_import_is_named() {
        let failure = explain("failed to resolve: module requires an import interface named `env`");
        assert_eq!(failure.message, "the spell imports `env`, which no host has");
        assert!(
            explain("import interface named `__wbindgen_placeholder__`").message.contains("wasm-bindgen")
        );
    }
}
