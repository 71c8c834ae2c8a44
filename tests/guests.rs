//! The misbehaving guests of `tests/guests/`: from a file to the components that are tried.
//!
//! A file is the part of a core module that matters; what a spell must have beside it is added.
//! `tests/guests/README.md` says how a file is written. Knows the canonical ABI's names and the
//! contract's text; neither runs a guest nor judges how it ended.

use std::fs;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

const CONTRACT: &str = include_str!("../wit/0.1/spell.wit");

/// How a guest is made to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enters {
    /// It is cast.
    Cast,
    /// It is cast, and its next event is what is tried.
    OnEvent,
    /// A spell that runs is swapped to it.
    Migrate,
}

/// One component to try.
pub struct Guest {
    /// The file, with the variant where it has several.
    pub name: String,
    /// How it is made to run.
    pub enters: Enters,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How it ends, such as `limit(memory)` or `rejected(import)`.
    pub ends: String,
    /// A part of the message of its rejection.
    pub says: Option<String>,
}

/// Every guest, by name.
pub fn all() -> Vec<Guest> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folder = folder.map(|root| root.join("tests/guests")).find(|folder| folder.is_dir());
    let entries = fs::read_dir(folder.expect("the guests are there")).expect("a readable folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wat"));
    paths.sort();
    paths.iter().flat_map(|path| File::read(path).guests()).collect()
}

/// The component of one file that is written in the same way.
pub fn build(path: &Path) -> Vec<u8> {
    let file = File::read(path);
    file.component(&file.text)
}

/// A file, as it is written.
struct File {
    name: String,
    text: String,
}

impl File {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.starts_with(";; "), "{name} says what it does in its first line");
        Self { name, text: repeated(&text) }
    }

    /// What `;; key: value` says at the top.
    fn says(&self, key: &str) -> Option<&str> {
        let top = self.text.lines().map_while(|line| line.strip_prefix(";; "));
        top.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).next()
    }

    fn guests(&self) -> Vec<Guest> {
        let ends = self.says("ends").unwrap_or_else(|| panic!("{} says how it ends", self.name));
        let whole = || self.guest(String::new(), self.component(&self.text), ends.to_owned());
        match self.says("bytes") {
            None => std::iter::once(whole()).chain(self.variants()).collect(),
            Some("text") => {
                vec![self.guest(String::new(), self.module(&self.text).into_bytes(), ends.into())]
            }
            Some("module") => {
                let module = wat::parse_str(self.module(&self.text)).expect("it is well formed");
                vec![self.guest(String::new(), module, ends.into())]
            }
            Some("sixteenths") => (1..16).map(|part| self.cut(part, ends)).collect(),
            Some(other) => panic!("{}: no bytes `{other}`", self.name),
        }
    }

    fn guest(&self, variant: String, bytes: Vec<u8>, ends: String) -> Guest {
        let enters = match self.says("enters") {
            None => Enters::Cast,
            Some("on-event") => Enters::OnEvent,
            Some("migrate") => Enters::Migrate,
            Some(other) => panic!("{}: nothing is entered by `{other}`", self.name),
        };
        let name = format!("{}{variant}", self.name);
        Guest { name, enters, bytes, ends, says: self.says("says").map(str::to_owned) }
    }

    fn cut(&self, sixteenths: usize, ends: &str) -> Guest {
        let bytes = self.component(&self.text);
        let part = bytes[..bytes.len() * sixteenths / 16].to_vec();
        self.guest(format!(" {sixteenths}/16"), part, ends.into())
    }

    /// One guest for each value of each `(;try FIELD: VALUES;) (TYPE.const VALUE)`.
    fn variants(&self) -> Vec<Guest> {
        let mut guests = Vec::new();
        for (at, mark) in self.text.match_indices("(;try ") {
            let rest = &self.text[at + mark.len()..];
            let (field, values) =
                rest.split_once(";)").expect("a closed mark").0.split_once(": ").expect("values");
            let from = at + self.text[at..].find(".const ").expect("a number to replace") + ".const ".len();
            let to = from + self.text[from..].find(')').expect("the end of the number");
            for value in values.split_whitespace() {
                let text = [&self.text[..from], value, &self.text[to..]].concat();
                let tried = self.says("tried").expect("a file with variants says how they end");
                let ends = tried.replace(')', &format!(" {field})"));
                guests.push(self.guest(format!(" {field}={value}"), self.component(&text), ends));
            }
        }
        guests
    }

    fn component(&self, text: &str) -> Vec<u8> {
        if text.lines().any(|line| line.starts_with("(component")) {
            return wat::parse_str(text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        }
        let encoding = match self.says("strings") {
            Some("utf16") => StringEncoding::UTF16,
            _ => StringEncoding::UTF8,
        };
        componentise(&self.module(text), CONTRACT, encoding)
    }

    /// The module: what the file says, and what a spell must have beside it.
    fn module(&self, text: &str) -> String {
        let missing = PARTS.iter().filter(|(name, _)| !text.contains(&format!("(export \"{name}\")")));
        let mut parts: String = missing.map(|(_, part)| *part).collect();
        if self.says("strings") == Some("utf16") {
            parts = parts.replace("\\04\\00\\00\\00\") (data (i32.const 2048) \"Test\"", UTF16_NAME);
        }
        format!("(module\n{text}\n{parts})")
    }
}

/// What a spell must have, for files that do not say otherwise: a memory, an allocator that never
/// frees, a description, and exports that return ok and do nothing.
const PARTS: &[(&str, &str)] = &[
    ("memory", "(memory (export \"memory\") 4)\n"),
    (
        "cabi_realloc",
        "(global $heap (mut i32) (i32.const 16384))
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
          (local $at i32)
          (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
          (global.set $heap (i32.add (local.get $at) (local.get 3)))
          (local.get $at))\n",
    ),
    (
        "describe",
        "(data (i32.const 1024) \"\\00\\08\\00\\00\\04\\00\\00\\00\") (data (i32.const 2048) \"Test\")
        (func (export \"describe\") (result i32) (i32.const 1024))\n",
    ),
    ("cast", "(func (export \"cast\") (param i32) (result i32) (i32.const 3072))\n"),
    ("on-event", "(func (export \"on-event\") (param i32) (result i32) (i32.const 3072))\n"),
    (
        "migrate",
        "(func (export \"migrate\") (param i32 i32 i32 i32) (result i32)
          (i32.store (i32.const 3136) (i32.const 0))
          (i32.store offset=4 (i32.const 3136) (local.get 2))
          (i32.store offset=8 (i32.const 3136) (local.get 3))
          (i32.const 3136))\n",
    ),
];

/// The same description in UTF-16, where lengths count units of two bytes.
const UTF16_NAME: &str = "\\04\\00\\00\\00\") (data (i32.const 2048) \"T\\00e\\00s\\00t\\00\"";

/// Writes `(;N times;) BODY (;end;)` out; `#` in the body is the number of the repetition.
fn repeated(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" times;)") else { return text.to_owned() };
    let (before, count) = before.rsplit_once("(;").expect("a mark begins with `(;`");
    let (body, after) = rest.split_once("(;end;)").expect("what is repeated ends");
    let count: usize = count.parse().unwrap_or_else(|error| panic!("{count} times: {error}"));
    let bodies: String = (0..count).map(|at| body.replace('#', &at.to_string())).collect();
    format!("{before}{bodies}{}", repeated(after))
}

/// Componentises a core module against a contract, as a toolchain would do it.
pub fn componentise(text: &str, wit: &str, encoding: StringEncoding) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut resolve = Resolve::default();
    let group = UnresolvedPackageGroup::parse("spell.wit", wit).expect("the contract parses");
    let package = resolve.push_group(group).expect("the contract resolves");
    let world = resolve.select_world(&[package], Some("spell")).expect("the contract has a world");
    embed_component_metadata(&mut module, &resolve, world, encoding).expect("metadata is embedded");
    let mut encoder =
        ComponentEncoder::default().validate(false).module(&module).expect("the module has metadata");
    encoder.encode().unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}
