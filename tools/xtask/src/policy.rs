//! The dependency policy: licences that may be shipped, sources that may be used, families of
//! which there is one copy.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use cargo_metadata::MetadataCommand;

/// A dependency is acceptable where one alternative of its licence expression is on this list.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "Unicode-3.0",
    "Unlicense",
    "MIT-0",
    "BSL-1.0",
    "MPL-2.0",
];

/// Crates of which a second version would be a second engine or a second parser.
const ONE_COPY: &[&str] =
    &["wasmtime", "wasmparser", "wasm-encoder", "wit-parser", "wit-component", "blake3", "postcard"];

pub fn check() -> Result<()> {
    let metadata = MetadataCommand::new().exec()?;
    let mut wrong = Vec::new();
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        if ONE_COPY.contains(&name) {
            versions.entry(name).or_default().push(package.version.to_string());
        }
        if let Some(source) = &package.source
            && !source.is_crates_io()
        {
            wrong.push(format!("`{name}` comes from {source}, and only crates.io is allowed"));
        }
        let licence = package.license.as_deref().unwrap_or("none");
        if !acceptable(licence) {
            wrong.push(format!("`{name}` has the licence `{licence}`, which is not on the list"));
        }
    }
    for (name, found) in versions.iter().filter(|(_, found)| found.len() > 1) {
        wrong.push(format!("`{name}` is there in several versions: {}", found.join(", ")));
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Whether every conjunct of the expression has an alternative on the list.
fn acceptable(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], "");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}
