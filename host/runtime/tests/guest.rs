//! A spell in WebAssembly text for each test: what a test says replaces a part of a whole that
//! does nothing.
//!
//! Componentised against the contract's own text, as a toolchain would do it.

use spellhost_runtime::WIT;
use wit_component::StringEncoding;

// What the tests of the binary use as well.
#[path = "../../../tests/guests.rs"]
pub mod guests;

pub use guests::componentise;

/// A spell under construction.
#[derive(Clone)]
pub struct Guest {
    imports: String,
    items: String,
    cast: String,
    on_event: String,
    migrate: Option<String>,
    describe: String,
    data: String,
    memory: String,
    encoding: StringEncoding,
}

/// Every import as core WebAssembly sees it: interface, function, signature.
pub const IMPORTS: &[(&str, &str, &str)] = &[
    ("scene", "tick", "(result i64)"),
    ("scene", "get-voxel", "(param i32 i32 i32) (result i32)"),
    ("scene", "get-voxels", "(param i32 i32 i32 i32 i32 i32 i32)"),
    ("scene", "raycast", "(param f64 f64 f64 f64 f64 f64 f64 i32)"),
    ("scene", "raycasts", "(param i32 i32 i32)"),
    ("scene", "line-of-sight", "(param f64 f64 f64 f64 f64 f64) (result i32)"),
    ("scene", "entity", "(param i64 i32)"),
    ("scene", "entities-in-radius", "(param f64 f64 f64 f64 i32 i32 i32)"),
    ("scene", "entities-by-kind", "(param i32 i32 i32)"),
    ("scene", "material-named", "(param i32 i32 i32)"),
    ("terrain", "apply", "(param i32 i32)"),
    ("terrain", "watch-box", "(param i32 i32 i32 i32 i32 i32 i32 i32)"),
    ("projectiles", "spawn", "(param i32 i32)"),
    ("entities", "apply", "(param i32 i32)"),
    ("presentation", "show", "(param i32 i32)"),
    ("timers", "wake-after", "(param i32 i32)"),
    ("timers", "cancel", "(param i32)"),
    ("remote-events", "emit", "(param i32 i32)"),
    ("remote-events", "listen", "(param i32 i32 i32)"),
    ("state", "load", "(param i32)"),
    ("state", "save", "(param i32 i32)"),
    ("state", "finish", ""),
    ("random", "next", "(result i64)"),
    ("random", "fill", "(param i32 i32)"),
    ("log", "log", "(param i32 i32 i32)"),
];

/// Where a description lies in memory.
pub const INFO: u32 = 1024;
/// Where a successful result lies; its message is at `FAILURE`.
pub const OK: u32 = 3072;
/// Where a guest may keep what it passes to imports.
pub const SCRATCH: u32 = 4096;

impl Guest {
    /// A spell that does nothing.
    pub fn new() -> Self {
        Self {
            imports: String::new(),
            items: String::new(),
            cast: String::new(),
            on_event: String::new(),
            migrate: None,
            describe: format!("(i32.const {INFO})"),
            data: String::new(),
            memory: "4".into(),
            encoding: StringEncoding::UTF8,
        }
    }

    /// Imports `interface.function` as `$interface.function`.
    pub fn import(mut self, name: &str) -> Self {
        let (interface, function) = name.split_once('.').expect("interface.function");
        let row = IMPORTS.iter().find(|row| (row.0, row.1) == (interface, function));
        let signature = row.unwrap_or_else(|| panic!("no import {name}")).2;
        let from = format!("\"spellhost:spell/{interface}@0.1.0\" \"{function}\"");
        self.imports += &format!("(import {from} (func ${name} {signature}))\n");
        self
    }

    /// Instructions of `cast`, which then returns ok; `$ctx` is the address of its context.
    pub fn cast(mut self, instructions: &str) -> Self {
        self.cast += instructions;
        self
    }

    /// Instructions of `on-event`, which then returns ok; `$args` is the address of its arguments.
    pub fn on_event(mut self, instructions: &str) -> Self {
        self.on_event += instructions;
        self
    }

    /// The whole body of `migrate`; its parameters are `$from $from_len $state $state_len`.
    pub fn migrate(mut self, body: &str) -> Self {
        self.migrate = Some(body.into());
        self
    }

    /// The whole body of `describe`.
    pub fn describe(mut self, body: &str) -> Self {
        self.describe = body.into();
        self
    }

    /// Functions, globals, tables beside the exports.
    pub fn items(mut self, items: &str) -> Self {
        self.items += items;
        self
    }

    /// Bytes in memory, in the notation of WebAssembly text.
    pub fn data(mut self, at: u32, bytes: &str) -> Self {
        self.data += &format!("(data (i32.const {at}) \"{bytes}\")\n");
        self
    }

    /// The limits of the memory, in pages.
    pub fn memory(mut self, limits: &str) -> Self {
        self.memory = limits.into();
        self
    }

    /// Strings in another encoding.
    pub fn encoding(mut self, encoding: StringEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The core module as text.
    pub fn text(&self) -> String {
        let Self { imports, items, cast, on_event, describe, data, memory, .. } = self;
        let identity = format!(
            "(i32.store (i32.const {0}) (i32.const 0)) (i32.store offset=4 (i32.const {0}) (local.get $state))
             (i32.store offset=8 (i32.const {0}) (local.get $state_len)) (i32.const {0})",
            OK + 64
        );
        let info = match self.encoding {
            StringEncoding::UTF16 => format!(
                r#"(data (i32.const {INFO}) "\00\08\00\00\04\00\00\00") (data (i32.const 2048) "T\00e\00s\00t\00")"#
            ),
            _ => format!(
                r#"(data (i32.const {INFO}) "\00\08\00\00\04\00\00\00\08\08\00\00\07\00\00\00")
                (data (i32.const 2048) "Test    a spell")"#
            ),
        };
        let migrate = self.migrate.as_ref().unwrap_or(&identity);
        format!(
            r#"(module
              {imports}
              (memory (export "memory") {memory})
              (global $heap (mut i32) (i32.const 16384))
              {info}
              {data}
              (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
                (global.set $heap (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              (func $describe (export "describe") (result i32) {describe})
              (func $cast (export "cast") (param $ctx i32) (result i32) {cast} (i32.const {OK}))
              (func $on_event (export "on-event") (param $args i32) (result i32) {on_event} (i32.const {OK}))
              (func $migrate (export "migrate") (param $from i32) (param $from_len i32) (param $state i32)
                (param $state_len i32) (result i32) {migrate})
              {items})"#
        )
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        componentise(&self.text(), WIT, self.encoding)
    }
}

/// A little-endian number in the notation of WebAssembly text.
pub fn bytes(numbers: &[Field]) -> String {
    let mut out = String::new();
    for number in numbers {
        let bytes = match number {
            Field::U8(number) => vec![*number],
            Field::U16(number) => number.to_le_bytes().to_vec(),
            Field::U32(number) => number.to_le_bytes().to_vec(),
            Field::U64(number) => number.to_le_bytes().to_vec(),
            Field::F64(number) => number.to_le_bytes().to_vec(),
            Field::Pad(count) => vec![0; *count],
        };
        out.extend(bytes.iter().map(|byte| format!("\\{byte:02x}")));
    }
    out
}

/// A part of a record in memory.
#[derive(Clone, Copy)]
pub enum Field {
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    F64(f64),
    Pad(usize),
}

/// A `terrain-op` that fills a sphere.
pub fn sphere(center: [f64; 3], radius: f64, material: u16, mode: u8) -> Vec<Field> {
    let [x, y, z] = center.map(Field::F64);
    vec![
        Field::U8(1),
        Field::Pad(7),
        x,
        y,
        z,
        Field::F64(radius),
        Field::U16(material),
        Field::U8(mode),
        Field::Pad(5),
    ]
}

/// A `terrain-op` that sets a voxel.
pub fn voxel(pos: [i32; 3], material: u16) -> Vec<Field> {
    let [x, y, z] = pos.map(|part| Field::U32(part as u32));
    vec![Field::U8(0), Field::Pad(7), x, y, z, Field::U16(material), Field::Pad(26)]
}

/// A `projectile-spec`.
pub fn projectile(position: [f64; 3], velocity: [f64; 3], lifetime: u32, tag: u32) -> Vec<Field> {
    let mut fields: Vec<_> = position.into_iter().chain(velocity).map(Field::F64).collect();
    fields.extend([
        Field::F64(0.0),
        Field::F64(0.25),
        Field::U32(lifetime),
        Field::U32(0),
        Field::U32(tag),
        Field::Pad(4),
    ]);
    fields
}

/// An `entity-op` that damages or heals.
pub fn amount(case: u8, id: u64, points: f64) -> Vec<Field> {
    vec![Field::U8(case), Field::Pad(7), Field::U64(id), Field::F64(points), Field::Pad(24)]
}
