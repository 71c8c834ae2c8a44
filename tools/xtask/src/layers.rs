//! The layers of `host/ARCHITECTURE.md`, checked against `cargo metadata`: which crate may use
//! which, and which crate alone may name a heavy dependency.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each crate of the workspace may use of the others.
const MAY_USE: &[(&str, &[&str])] = &[
    ("spellhost-sim", &[]),
    ("spellhost-wire", &[]),
    ("spellhost-lockstep", &["spellhost-sim", "spellhost-wire"]),
    ("spellhost-store", &[]),
    ("spellhost-runtime", &["spellhost-lockstep", "spellhost-sim", "spellhost-wasi"]),
    ("spellhost-forge", &["spellhost-lockstep", "spellhost-runtime", "spellhost-sim", "spellhost-store"]),
    (
        "spellhost-server",
        &[
            "spellhost-forge",
            "spellhost-lockstep",
            "spellhost-runtime",
            "spellhost-sim",
            "spellhost-store",
            "spellhost-wire",
        ],
    ),
    (
        "spellhost",
        &[
            "spellhost-client",
            "spellhost-forge",
            "spellhost-lockstep",
            "spellhost-runtime",
            "spellhost-server",
            "spellhost-sim",
            "spellhost-store",
            "spellhost-wire",
        ],
    ),
    ("spellhost-client", &["spellhost-lockstep", "spellhost-runtime", "spellhost-sim", "spellhost-wire"]),
    ("spellhost-wasi", &[]),
    ("spellhost-sdk", &[]),
    ("spellhost-bindings", &[]),
    ("spellhost-follower", &["spellhost-lockstep", "spellhost-sim", "spellhost-wire"]),
    (
        "spellhost-fuzz-targets",
        &["spellhost-forge", "spellhost-lockstep", "spellhost-runtime", "spellhost-sim", "spellhost-wire"],
    ),
    ("spellhost-load", &["spellhost-client", "spellhost-wire"]),
    ("spellhost-tests", &[]),
    ("xtask", &[]),
];

/// Who alone may name a foreign word; a word that two may name has two rows.
const OWNERS: &[(&str, &str)] = &[
    ("wasmtime", "spellhost-runtime"),
    ("wasmtime", "spellhost-wasi"),
    ("wasmtime-wasi", "spellhost-wasi"),
    ("wasmparser", "spellhost-runtime"),
    ("wit-component", "spellhost-forge"),
    ("notify", "spellhost-forge"),
    ("notify-debouncer-full", "spellhost-forge"),
    ("axum", "spellhost-server"),
    ("hyper", "spellhost-server"),
    ("hyper-util", "spellhost-server"),
    ("metrics", "spellhost-server"),
    ("metrics-exporter-prometheus", "spellhost-server"),
    ("utoipa", "spellhost-server"),
    ("utoipa-axum", "spellhost-server"),
    ("clap", "spellhost"),
    ("clap", "spellhost-load"),
    ("png", "spellhost"),
    ("wit-bindgen-rust", "spellhost-bindings"),
    ("rand_chacha", "spellhost-sim"),
    ("sled", "spellhost-store"),
    ("fs2", "spellhost-store"),
];

fn owners() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut owners = BTreeMap::<_, Vec<_>>::new();
    OWNERS.iter().for_each(|(word, owner)| owners.entry(*word).or_default().push(*owner));
    owners
}

pub fn check() -> Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let owners = owners();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(allowed) = may_use.get(name) else {
            wrong.push(format!("`{name}` has no place in the layers"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|edge| edge.kind == DependencyKind::Normal) {
            let used = dependency.name.as_str();
            if may_use.contains_key(used) && !allowed.contains(&used) {
                wrong.push(format!("`{name}` may not use `{used}`"));
            }
            if let Some(own) = owners.get(used).filter(|own| !own.contains(&name)) {
                wrong.push(format!("`{used}` belongs to `{}`, and `{name}` names it", own.join("`, `")));
            }
            if name == "spellhost-sdk" && !dependency.optional {
                wrong.push(format!("the SDK has no dependencies, and it names `{used}`"));
            }
        }
    }
    if !wrong.is_empty() {
        bail!(
            "{}\n(the layers stand in tools/xtask/src/layers.rs and host/ARCHITECTURE.md)",
            wrong.join("\n")
        );
    }
    Ok(())
}
