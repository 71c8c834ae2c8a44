//! The typical spell as an Extism plugin, twice: `typical_raw` passes numbers and packed bytes, `typical_json` passes
//! JSON in every host call, as most plugins do. And one that does nothing.

use extism_pdk::{FromBytes, Json, Memory, ToBytes};
use serde::{Deserialize, Serialize};

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn get_voxel(x: i32, y: i32, z: i32) -> i32;
    fn raycast(ray: u64) -> u64;
    fn entities_in_radius(sphere: u64) -> u64;
    fn fill_sphere(sphere: u64);
    fn damage(id: i64, points: f64);
    fn push(motion: u64);
    fn play_sound(sound: u64);
    fn wake_after(after: i32, tag: i32);
    fn log(message: u64);
    fn call_json(function: i32, argument: u64) -> u64;
}

/// Hands bytes over, and takes bytes back where there are any.
fn pass(bytes: &[u8], call: impl FnOnce(u64) -> u64) -> Vec<u8> {
    let argument = Memory::from_bytes(bytes).expect("there is memory");
    let answer = Memory::find(call(argument.offset()));
    argument.free();
    answer
        .map(|memory| {
            let bytes = memory.to_vec();
            memory.free();
            bytes
        })
        .unwrap_or_default()
}

fn doubles(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[unsafe(no_mangle)]
pub extern "C" fn typical_raw() -> i32 {
    // SAFETY: the host's functions have these signatures.
    unsafe {
        for n in 0..8 {
            std::hint::black_box(get_voxel(n, -1, n));
        }
        for n in 0..4 {
            let ray = doubles(&[0.5 + f64::from(n), 10.5, 0.5, 0.2, -1.0, 0.2, 16.0]);
            std::hint::black_box(pass(&ray, |at| raycast(at)));
        }
        std::hint::black_box(pass(&doubles(&[0.0, 1.0, 0.0, 8.0]), |at| entities_in_radius(at)));
        let none = |(): ()| 0;
        pass(&doubles(&[4.0, 0.0, 4.0, 2.5, 0.0]), |at| none(fill_sphere(at)));
        damage(1, 5.5);
        damage(1, 5.5);
        pass(&doubles(&[1.0, 1.0, 2.0, 3.0]), |at| none(push(at)));
        pass(&[doubles(&[1.0, 1.0, 1.0]).as_slice(), b"thunder"].concat(), |at| none(play_sound(at)));
        wake_after(30, 1);
        pass(b"the typical spell has been cast", |at| none(log(at)));
    }
    0
}

#[derive(Serialize)]
#[serde(untagged)]
enum Argument<'a> {
    GetVoxel { pos: [i32; 3] },
    Raycast { origin: [f64; 3], direction: [f64; 3], max_distance: f64 },
    Query { center: [f64; 3], radius: f64 },
    Sphere { center: [f64; 3], radius: f64, material: u16 },
    Damage { id: u64, points: f64 },
    Push { id: u64, velocity: [f64; 3] },
    Sound { asset: &'a str, at: [f64; 3] },
    Wake { after: u32, tag: u32 },
    Log { message: &'a str },
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed because a spell would read it")]
struct RayHit {
    block: [i32; 3],
    material: u16,
    position: [f64; 3],
    normal: [i32; 3],
    distance: f64,
    entity: Option<u64>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed because a spell would read it")]
struct Entity {
    id: u64,
    kind: u8,
    position: [f64; 3],
    velocity: [f64; 3],
    radius: f64,
    health: f64,
    health_max: f64,
}

fn json(function: i32, argument: Argument<'_>) -> Vec<u8> {
    let bytes = Json(argument).to_bytes().expect("it is plain data");
    // SAFETY: the host's function has this signature.
    pass(&bytes, |at| unsafe { call_json(function, at) })
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    Json::from_bytes(bytes).expect("the host answers with what was asked for").0
}

#[unsafe(no_mangle)]
pub extern "C" fn typical_json() -> i32 {
    for n in 0..8 {
        let _: u16 = std::hint::black_box(parse(&json(0, Argument::GetVoxel { pos: [n, -1, n] })));
    }
    for n in 0..4 {
        let (origin, direction) = ([0.5 + f64::from(n), 10.5, 0.5], [0.2, -1.0, 0.2]);
        let hit: Option<RayHit> =
            parse(&json(1, Argument::Raycast { origin, direction, max_distance: 16.0 }));
        std::hint::black_box(hit);
    }
    let found: Vec<Entity> = parse(&json(2, Argument::Query { center: [0.0, 1.0, 0.0], radius: 8.0 }));
    std::hint::black_box(found);
    json(3, Argument::Sphere { center: [4.0, 0.0, 4.0], radius: 2.5, material: 0 });
    json(4, Argument::Damage { id: 1, points: 5.5 });
    json(4, Argument::Damage { id: 1, points: 5.5 });
    json(5, Argument::Push { id: 1, velocity: [1.0, 2.0, 3.0] });
    json(6, Argument::Sound { asset: "thunder", at: [1.0, 1.0, 1.0] });
    json(7, Argument::Wake { after: 30, tag: 1 });
    json(8, Argument::Log { message: "the typical spell has been cast" });
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn empty() -> i32 {
    0
}
