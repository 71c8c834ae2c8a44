//! Lists the files of both SDKs and of the WIT, so that the crate can carry their text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let repository = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../..");
    let mut files = Vec::new();
    for (source, target) in
        [("guest-sdk/rust", "rust"), ("guest-sdk/assemblyscript", "assemblyscript"), ("wit", "wit")]
    {
        let folder = repository.join(source).canonicalize()?;
        println!("cargo::rerun-if-changed={}", folder.display());
        collect(&folder, target, &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (name, path) in &files {
        let _ = writeln!(list, "    ({name:?}, include_str!({:?})),", path.to_string_lossy());
    }
    list.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("carried.rs"), list)
}

/// Everything that a build of the SDK reads, without what building or testing it leaves behind.
fn collect(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{name}/{own}");
        if own.starts_with('.') || ["target", "tests", "Cargo.lock", "node_modules"].contains(&own.as_str()) {
            continue;
        } else if entry.path().is_dir() {
            collect(&entry.path(), &name, files)?;
        } else if ["rs", "toml", "wit", "md", "ts", "mjs", "json"]
            .iter()
            .any(|kind| own.ends_with(&format!(".{kind}")))
            || own == "frozen"
        {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}
