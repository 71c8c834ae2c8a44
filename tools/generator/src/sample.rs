//! Generated components: spells whose bodies are chance, spells that use what they may not, spells
//! with a flipped bit, and components that are no spells.

use arbitrary::Unstructured;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, Encode, ExportKind, ExportSection, RawSection, SectionId,
};
use wasm_smith::{Component, Config, Module};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

use crate::entropy::entropy;
use crate::memory;
use crate::shape::{EXPORTS, Ending, IMPORTS, Rules, WAKE_AFTER, shape};

/// The contract.
const WIT: &str = include_str!("../../../wit/0.1/spell.wit");

/// How much chance a sample is made of.
const ENTROPY_BYTES: usize = 6_000;

/// How a sample was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A spell whose functions are left to chance, within what spells may use.
    Spell,
    /// The same with a WebAssembly feature that spells may not use.
    Featured,
    /// A spell with a flipped bit.
    Damaged,
    /// A component that was not made for the contract.
    Foreign,
}

/// A component, or what claims to be one.
pub struct Sample {
    /// How it was made.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Sample `index` of `seed`.
pub fn sample(seed: u64, index: u64) -> Sample {
    let bytes = entropy(seed, index, ENTROPY_BYTES);
    let (first, rest) = bytes.split_at(8);
    match first[0] % 20 {
        0 => Sample { kind: Kind::Damaged, bytes: damaged(spell(rest, false), first) },
        1 => Sample { kind: Kind::Featured, bytes: spell(rest, true) },
        2 => Sample { kind: Kind::Foreign, bytes: foreign(rest) },
        _ => Sample { kind: Kind::Spell, bytes: spell(rest, false) },
    }
}

/// A component with a flipped bit.
fn damaged(mut bytes: Vec<u8>, chance: &[u8]) -> Vec<u8> {
    let at = chance[1..5].iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    let length = bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(at % length) {
        *byte ^= 1 << (chance[5] & 7);
    }
    bytes
}

/// A component that was not made for the contract; nothing where chance runs out.
pub fn foreign(chance: &[u8]) -> Vec<u8> {
    let mut config = allowed();
    (config.max_modules, config.max_components, config.max_instances) = (2, 1, 2);
    let component = Component::new(config, &mut Unstructured::new(chance));
    component.map(|component| component.to_bytes()).unwrap_or_default()
}

/// A component of the contract's world whose functions are left to chance.
pub fn spell(chance: &[u8], featured: bool) -> Vec<u8> {
    let (rule, chance) = chance.split_at(chance.len().min(64));
    let byte = |at: usize| rule.get(at).copied().unwrap_or(0);
    let imports: Vec<usize> = (0..IMPORTS.len()).filter(|at| byte(*at) < 90 || *at == WAKE_AFTER).collect();
    let ending = match byte(25) {
        0..=219 => Ending::Ok,
        220..=245 => Ending::Somewhere,
        _ => Ending::Chance,
    };
    let step = |at: usize| {
        (usize::from(byte(at)) % imports.len(), i32::from(byte(at + 8)).wrapping_mul(0x0101_0101))
    };
    let steps: Vec<_> = (26..26 + usize::from(byte(42) % 6)).map(step).collect();
    let mut config = allowed();
    config.module_shape = Some(shape(&imports));
    config.disallow_traps = byte(43) < 190;
    config.allow_start_export = byte(44) < 20;
    config.max_instructions = 10 + usize::from(byte(45)) / 4;
    if featured {
        feature(&mut config, byte(46));
    }
    let Ok(module) = Module::new(config, &mut Unstructured::new(chance)) else { return Vec::new() };
    let module = ruled(&module.to_bytes(), &Rules { imports: &imports, ending, steps: &steps });
    componentised(module)
}

/// What spells may use, in small amounts.
fn allowed() -> Config {
    Config {
        bulk_memory_enabled: true,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        multi_value_enabled: true,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        max_data_segments: 4,
        max_element_segments: 2,
        max_elements: 8,
        max_funcs: 10,
        max_globals: 8,
        max_memories: 0,
        max_memory32_bytes: 16 << 20,
        max_table_elements: 64,
        max_tables: 1,
        max_types: 12,
        ..Config::default()
    }
}

fn feature(config: &mut Config, which: u8) {
    match which % 6 {
        0 => config.simd_enabled = true,
        1 => config.tail_call_enabled = true,
        2 => config.threads_enabled = true,
        3 => (config.reference_types_enabled, config.max_tables) = (true, 3),
        4 => (config.reference_types_enabled, config.gc_enabled) = (true, true),
        _ => config.exceptions_enabled = true,
    }
}

/// The module with the functions that rules write, only the contract's exports, and the memory that
/// shims and exports count on.
fn ruled(module: &[u8], rules: &Rules<'_>) -> Vec<u8> {
    let mut out = wasm_encoder::Module::new();
    let (mut code, mut data) = (CodeSection::new(), DataSection::new());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.expect("a generated module is well formed");
        match &payload {
            Payload::ExportSection(_) => {
                out.section(&exports(rules.imports.len() as u32));
            }
            // Written again at its end, where the number of data is known.
            Payload::DataCountSection { count, .. } => {
                let mut bytes = Vec::new();
                (count + memory::pieces().len() as u32).encode(&mut bytes);
                out.section(&RawSection { id: SectionId::DataCount.into(), data: &bytes });
            }
            Payload::CodeSectionEntry(body) => {
                match rules.body(code.len()) {
                    Some(function) => code.function(&function),
                    None => code.raw(&module[body.range()]),
                };
            }
            Payload::DataSection(section) => {
                for (at, segment) in section.clone().into_iter_with_offsets().map_while(Result::ok) {
                    assert_eq!(at, segment.range.start, "a segment lies where it begins");
                    data.raw(&module[segment.range.clone()]);
                }
            }
            _ => {
                if let Some((id, range)) = payload.as_section().filter(|(id, _)| *id != 10) {
                    out.section(&RawSection { id, data: &module[range] });
                }
            }
        }
    }
    for (at, bytes) in memory::pieces() {
        data.active(0, &ConstExpr::i32_const(at as i32), bytes);
    }
    out.section(&code).section(&data);
    out.finish()
}

fn exports(first: u32) -> ExportSection {
    let mut exports = ExportSection::new();
    for (n, (name, ..)) in EXPORTS.iter().enumerate() {
        exports.export(name, ExportKind::Func, first + n as u32);
    }
    exports.export("memory", ExportKind::Memory, 0);
    exports
}

/// The module as a component of the contract's world; nothing where it cannot be one.
fn componentised(mut module: Vec<u8>) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let group = UnresolvedPackageGroup::parse("spell.wit", WIT).expect("the contract parses");
    let package = resolve.push_group(group).expect("the contract resolves");
    let world = resolve.select_world(&[package], Some("spell")).expect("the contract has a world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("a module takes a section");
    let encoder = ComponentEncoder::default().validate(false).module(&module);
    encoder.and_then(|mut encoder| encoder.encode()).unwrap_or_default()
}
