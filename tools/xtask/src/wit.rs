//! The published interface is frozen: `wit/VERSION/frozen` holds a digest of everything but the
//! comments of `wit/VERSION/*.wit`. A component built against a published version keeps working
//! only as long as that text means the same.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

pub fn check() -> Result<()> {
    for folder in fs::read_dir("wit")? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        let frozen = fs::read_to_string(folder.join("frozen"))
            .with_context(|| format!("{} has no file `frozen`", folder.display()))?;
        let found = digest(&folder)?;
        if frozen.trim() != found {
            bail!(
                "{} has changed in more than its comments: its digest is {found}, and {} was published. \
                 Published types are frozen; growth is new functions, new interfaces or a new version's folder",
                folder.display(),
                frozen.trim()
            );
        }
    }
    Ok(())
}

/// A 128-bit FNV-1a over the tokens: enough to notice a change, with no dependency.
fn digest(folder: &Path) -> Result<String> {
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    files.sort_by_key(|file| file.file_name());
    let mut hash: u128 = 0x6c62272e07bb014262b821756295c58d;
    for file in files
        .iter()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wit"))
    {
        for line in fs::read_to_string(file)?.lines() {
            let code = line.split("//").next().unwrap_or_default();
            for byte in code.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
                hash = (hash ^ byte as u128).wrapping_mul(0x0000000001000000000000000000013b);
            }
        }
    }
    Ok(format!("{hash:032x}"))
}
