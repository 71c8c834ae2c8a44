//! A component read from a file. It promises bounded memory and an error that names the file; whether
//! the bytes are a spell is not known here.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::limits::COMPONENT_BYTES_MAX;

/// Why a component file was not read.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// A stable name: `missing`, `not_a_file`, `empty`, `too_large` or `unreadable`.
    pub code: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
    /// What to do next, where that is known.
    pub hint: Option<String>,
}

/// Reads a component of at most 64 MiB.
pub fn read_component(path: &Path) -> Result<Vec<u8>, ReadError> {
    let shown = path.display();
    let error = |code, message: String, hint: Option<String>| ReadError {
        code,
        path: path.to_owned(),
        message,
        hint,
    };
    let io = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => error("missing", format!("there is no file `{shown}`"), None),
        _ => error("unreadable", format!("`{shown}` cannot be read: {source}"), None),
    };
    let found = path.metadata().map_err(io)?;
    if found.is_dir() {
        let hint =
            format!("a spell's folder becomes a component with `spellhost build {shown} -o spell.wasm`");
        return Err(error("not_a_file", format!("`{shown}` is a folder, not a component"), Some(hint)));
    }
    if !found.is_file() {
        return Err(error("not_a_file", format!("`{shown}` is not a regular file"), None));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.is_empty() {
        return Err(error("empty", format!("`{shown}` is empty"), None));
    }
    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        let message =
            format!("`{shown}` has more than {} MiB, which no spell has", COMPONENT_BYTES_MAX >> 20);
        return Err(error("too_large", message, None));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::read_component;
    use std::fs;

    #[test]
    fn what_is_not_a_component_file_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let code = |name: &str| read_component(&folder.path().join(name)).unwrap_err().code;
        fs::write(folder.path().join("empty.wasm"), "").unwrap();
        fs::write(folder.path().join("some.wasm"), "bytes").unwrap();
        fs::File::create(folder.path().join("large.wasm")).unwrap().set_len((64 << 20) + 1).unwrap();
        assert_eq!(code("none.wasm"), "missing");
        assert_eq!(code("."), "not_a_file");
        assert_eq!(code("empty.wasm"), "empty");
        assert_eq!(code("large.wasm"), "too_large");
        assert_eq!(code("some.wasm/below"), "unreadable");
        assert_eq!(read_component(&folder.path().join("some.wasm")).unwrap(), b"bytes");
        assert_eq!(read_component("/dev/null".as_ref()).unwrap_err().code, "not_a_file");
    }
}
