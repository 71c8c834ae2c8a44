//! The benchmark's spells as core WebAssembly, and as components made of that: a typical one, an
//! empty one, and one that only counts.

use spellhost_peers_stage::TYPICAL;
use spellhost_runtime::WIT;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

/// Where the description lies in memory, the answer, what calls return, and what they are given.
const INFO: u32 = 1024;
const OK: u32 = 3072;
const RETURNED: u32 = 4096;
const SPHERE: u32 = 5120;
const DAMAGE: u32 = 5184;
const PUSH: u32 = 5248;
const SOUND: u32 = 5312;
const MESSAGE: u32 = 5440;
const ASSET: u32 = 5376;
const ASSET_NAME: &str = "thunder";

/// How often the counting spell goes round in one call.
pub const LOOPS: u64 = 100_000;

/// Imports as core WebAssembly sees them.
const IMPORTS: &[(&str, &str, &str)] = &[
    ("scene", "get-voxel", "(param i32 i32 i32) (result i32)"),
    ("scene", "raycast", "(param f64 f64 f64 f64 f64 f64 f64 i32)"),
    ("scene", "entities-in-radius", "(param f64 f64 f64 f64 i32 i32 i32)"),
    ("terrain", "apply", "(param i32 i32)"),
    ("entities", "apply", "(param i32 i32)"),
    ("presentation", "show", "(param i32 i32)"),
    ("timers", "wake-after", "(param i32 i32)"),
    ("log", "log", "(param i32 i32 i32)"),
];

/// The core module of a row of the benchmark: `typical`, `empty`, `loop`, or
/// `compile-15` and `compile-135`, which are that many KB of code.
pub fn text(row: &str) -> Option<String> {
    Some(match row {
        "typical" => module(&imports(), &data(), &typical(), ""),
        "empty" => module("", "", "", ""),
        "loop" => module("", "", &counting(), ""),
        "compile-15" => module("", "", "", &functions(60)),
        "compile-135" => module("", "", "", &functions(540)),
        _ => return None,
    })
}

/// Its bytes.
pub fn core(row: &str) -> Option<Vec<u8>> {
    text(row).map(|text| wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// Its component.
pub fn component(row: &str) -> Option<Vec<u8>> {
    core(row).map(componentise)
}

fn componentise(mut module: Vec<u8>) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let group = UnresolvedPackageGroup::parse("spell.wit", WIT).expect("the contract parses");
    let package = resolve.push_group(group).expect("the contract resolves");
    let world = resolve.select_world(&[package], Some("spell")).expect("the contract has a world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("metadata is embedded");
    let mut encoder = ComponentEncoder::default().module(&module).expect("the module has metadata");
    encoder.encode().expect("the module is a spell")
}

fn imports() -> String {
    let import = |(interface, function, signature): &(&str, &str, &str)| {
        format!(
            "(import \"spellhost:spell/{interface}@0.1.0\" \"{function}\" (func ${interface}.{function} {signature}))\n"
        )
    };
    IMPORTS.iter().map(import).collect()
}

/// What the commands of the typical spell say.
fn data() -> String {
    let f64s = |numbers: &[f64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let tag = |tag: u8| vec![tag, 0, 0, 0, 0, 0, 0, 0];
    let sphere = [tag(1), f64s(&[4.0, 0.0, 4.0, 2.5]), vec![0, 0, 1, 0, 0, 0, 0, 0]].concat();
    let damage = [tag(0), vec![1, 0, 0, 0, 0, 0, 0, 0], f64s(&[5.5])].concat();
    let push = [tag(2), vec![1, 0, 0, 0, 0, 0, 0, 0], f64s(&[1.0, 2.0, 3.0])].concat();
    let asset = [ASSET.to_le_bytes(), (ASSET_NAME.len() as u32).to_le_bytes()].concat();
    let sound = [tag(1), asset, f64s(&[1.0, 1.0, 1.0])].concat();
    let at = [(SPHERE, sphere), (DAMAGE, damage), (PUSH, push), (SOUND, sound)];
    let texts = [(ASSET, ASSET_NAME.as_bytes().to_vec()), (MESSAGE, TYPICAL.message.as_bytes().to_vec())];
    let segment = |(at, bytes): &(u32, Vec<u8>)| {
        let escaped: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        format!("(data (i32.const {at}) \"{escaped}\")\n")
    };
    at.iter().chain(&texts).map(segment).collect()
}

fn typical() -> String {
    let [x, y, z] = TYPICAL.direction;
    let (voxels, rays, distance, radius) = (TYPICAL.voxels, TYPICAL.rays, TYPICAL.distance, TYPICAL.radius);
    let loops = |times: i32, body: &str| {
        format!(
            "(local.set $n (i32.const 0)) (loop $again {body}
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $again (i32.lt_s (local.get $n) (i32.const {times}))))\n"
        )
    };
    [
        loops(voxels, "(drop (call $scene.get-voxel (local.get $n) (i32.const -1) (local.get $n)))"),
        loops(
            rays,
            &format!(
                "(call $scene.raycast (f64.add (f64.const 0.5) (f64.convert_i32_s (local.get $n))) (f64.const 10.5)
                 (f64.const 0.5) (f64.const {x}) (f64.const {y}) (f64.const {z}) (f64.const {distance}) (i32.const {RETURNED}))"
            ),
        ),
        format!(
            "(call $scene.entities-in-radius (f64.const 0) (f64.const 1) (f64.const 0) (f64.const {radius})
             (i32.const 0) (i32.const 0) (i32.const {RETURNED}))
             (call $terrain.apply (i32.const {SPHERE}) (i32.const 1))
             (call $entities.apply (i32.const {DAMAGE}) (i32.const 1))
             (call $entities.apply (i32.const {DAMAGE}) (i32.const 1))
             (call $entities.apply (i32.const {PUSH}) (i32.const 1))
             (call $presentation.show (i32.const {SOUND}) (i32.const 1))
             (call $timers.wake-after (i32.const 30) (i32.const 1))
             (call $log.log (i32.const 2) (i32.const {MESSAGE}) (i32.const {}))\n",
            TYPICAL.message.len()
        ),
    ]
    .concat()
}

/// A linear congruence, stirred: one multiplication, one addition, one shift and one exclusive or
/// each time round.
fn counting() -> String {
    format!(
        "(local $x i64) (local $left i64) (local.set $x (i64.load (local.get $ctx))) (local.set $left (i64.const {LOOPS}))
         (loop $again
           (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
           (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 29))))
           (br_if $again (i64.ne (local.tee $left (i64.sub (local.get $left) (i64.const 1))) (i64.const 0))))
         (i64.store (i32.const {RETURNED}) (local.get $x))"
    )
}

/// Functions that load, store, compare, branch, count and call each other, about 250 bytes of code each.
fn functions(many: usize) -> String {
    let step = |n: usize, part: usize| {
        let (at, factor) = (RETURNED as usize + 8 * ((n + part) % 64), 2 * (n * 7 + part) + 1);
        format!(
            "(if (i64.lt_u (local.get $x) (i64.const {factor}))
               (then (i64.store (i32.const {at}) (i64.add (local.get $x) (i64.load (i32.const {at})))))
               (else (local.set $x (i64.xor (i64.mul (local.get $x) (i64.const {factor})) (i64.shr_u (local.get $x) (i64.const {part}))))))
             (local.set $f (f64.add (local.get $f) (f64.mul (f64.convert_i64_u (local.get $x)) (f64.const 1.{factor}))))\n"
        )
    };
    let function = |n: usize| {
        let steps: String = (1..5).map(|part| step(n, part)).collect();
        let call = if n == 0 {
            String::new()
        } else {
            format!("(local.set $x (call $work{} (local.get $x)))", n - 1)
        };
        format!(
            "(func $work{n} (param $x i64) (result i64) (local $f f64)
               {call} {steps} (i64.add (local.get $x) (i64.reinterpret_f64 (local.get $f))))\n"
        )
    };
    (0..many).map(function).collect()
}

fn module(imports: &str, data: &str, cast: &str, functions: &str) -> String {
    format!(
        r#"(module
          {imports}
          (memory (export "memory") 2)
          (global $heap (mut i32) (i32.const 16384))
          (data (i32.const {INFO}) "\00\08\00\00\04\00\00\00")
          (data (i32.const 2048) "Test")
          {data}
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
            (global.set $heap (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
          (func (export "describe") (result i32) (i32.const {INFO}))
          (func (export "cast") (param $ctx i32) (result i32) (local $n i32) {cast} (i32.const {OK}))
          (func (export "on-event") (param i32) (result i32) (i32.const {OK}))
          (func (export "migrate") (param i32 i32 i32 i32) (result i32) (i32.const {OK}))
          {functions})"#
    )
}
