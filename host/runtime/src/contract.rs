//! The published contract as names: package, version, interfaces with their functions, exports.
//!
//! `wit/0.1/spell.wit` is the authority, and its text is part of the engine id; a test compares
//! the names here with it. Does not know signatures: wasmtime compares those.

/// The text of the contract.
pub const WIT: &str = include_str!("../../../wit/0.1/spell.wit");
/// The package of the contract.
pub const PACKAGE: &str = "spellhost:spell";
/// The one version of it that this host has.
pub const VERSION: &str = "0.1.0";

/// Every interface that grants something, with its functions.
pub const INTERFACES: &[(&str, &[&str])] = &[
    (
        "scene",
        &[
            "tick",
            "get-voxel",
            "get-voxels",
            "raycast",
            "raycasts",
            "line-of-sight",
            "entity",
            "entities-in-radius",
            "entities-by-kind",
            "material-named",
        ],
    ),
    ("terrain", &["apply", "watch-box"]),
    ("projectiles", &["spawn"]),
    ("entities", &["apply"]),
    ("presentation", &["show"]),
    ("timers", &["wake-after", "cancel"]),
    ("remote-events", &["emit", "listen"]),
    ("state", &["load", "save", "finish"]),
    ("random", &["next", "fill"]),
    ("log", &["log"]),
];

/// The interfaces that hold types only: importing them grants nothing.
pub const TYPE_INTERFACES: &[&str] = &["types", "spells"];

/// What a spell exports, all four.
pub const EXPORTS: &[&str] = &["describe", "cast", "on-event", "migrate"];

/// The functions of an interface, where the contract has it; none for one that holds types only.
pub(crate) fn functions(interface: &str) -> Option<&'static [&'static str]> {
    if TYPE_INTERFACES.contains(&interface) {
        return Some(&[]);
    }
    INTERFACES.iter().find(|(name, _)| *name == interface).map(|(_, functions)| *functions)
}
