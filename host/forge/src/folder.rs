//! A spell's folder on disk: found, or refused with what to do instead. It promises an error with file,
//! line, column and hint; it does not know how a spell is compiled.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::fields::Fault;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::manifest::{self, Manifest, RunWorld};

/// A folder with a readable `spell.toml`.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is; absolute.
    pub root: PathBuf,
    /// What its `spell.toml` says.
    pub manifest: Manifest,
}

/// Why a path is not a spell's folder.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct FolderError {
    /// A stable name: `missing`, `not_a_folder`, `not_a_spell_folder`, `several_spells`, `unreadable`,
    /// `bad_manifest` or `unsupported_language`.
    pub code: &'static str,
    /// The file or folder that is wrong, as it was given.
    pub file: PathBuf,
    /// The line, from 1, where one is wrong.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do next, where that is known.
    pub hint: Option<String>,
    /// The wrong line, and how many characters of it are meant.
    excerpt: Option<(String, usize)>,
}

impl Folder {
    /// Opens a spell's folder and reads its `spell.toml`.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let root = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
        let found = path.metadata().map_err(|error| match error.kind() {
            ErrorKind::NotFound => missing(path),
            _ => unreadable(path, &error),
        })?;
        if !found.is_dir() {
            return Err(not_a_folder(path));
        }
        let file = path.join("spell.toml");
        let text = match read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(no_manifest(path)),
            Err(error) => return Err(unreadable(&file, &error)),
            Ok(bytes) => text(&file, bytes)?,
        };
        let wrong = |fault, code| FolderError::at(&file, &text, fault, code);
        let mut parsed = manifest::parse(&text).map_err(|(fault, code)| wrong(fault, code))?;
        if let (Some(RunWorld::File(world)), Some(span)) = (&mut parsed.manifest.run.world, parsed.world) {
            let place = root.join(&*world);
            if !place.is_file() {
                return Err(wrong(manifest::no_such_world(&world.to_string_lossy(), span), "bad_manifest"));
            }
            *world = place;
        }
        if let (Some(entry), Some(span)) = (&parsed.manifest.entry, parsed.entry)
            && !root.join(entry).is_file()
        {
            return Err(wrong(
                Fault::new(span, format!("there is no file `{entry}` in this folder")),
                "bad_manifest",
            ));
        }
        Ok(Self { root, manifest: parsed.manifest })
    }

    /// The spell's identity.
    pub fn id(&self) -> &str {
        &self.manifest.id
    }
}

impl FolderError {
    fn new(code: &'static str, file: &Path, message: String) -> Self {
        Self { code, file: file.to_owned(), line: None, column: None, message, hint: None, excerpt: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A fault with its line, its column and its line's text.
    pub(crate) fn at(file: &Path, text: &str, fault: Fault, code: &'static str) -> Self {
        let start = floor(text, fault.span.start);
        let end = floor(text, fault.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let width = text[start..end.min(line_end)].chars().count().max(1);
        Self {
            line: Some(u32::try_from(text[..start].matches('\n').count()).unwrap_or(u32::MAX - 1) + 1),
            column: Some(count(&text[line_start..start]) + 1),
            hint: fault.hint,
            excerpt: Some((text[line_start..line_end].trim_end().to_owned(), width)),
            ..Self::new(code, file, fault.message)
        }
    }

    /// Whether the path is at fault, and not what stands in the `spell.toml`.
    pub fn is_environment(&self) -> bool {
        !["bad_manifest", "unsupported_language"].contains(&self.code)
    }

    /// The whole error in several lines: what, where, the line itself, what to do next.
    pub fn render(&self) -> String {
        let mut out = format!("error: {}", self.message);
        if let (Some(line), Some(column)) = (self.line, self.column) {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let _ = write!(out, "\n{margin}--> {}:{line}:{column}", self.file.display());
            if let Some((text, width)) = &self.excerpt {
                // Tabs keep their width above the carets; a very long line is cut.
                let shown: String = text
                    .chars()
                    .take(200)
                    .map(|letter| if letter.is_control() { ' ' } else { letter })
                    .collect();
                let indent = (column as usize - 1).min(200);
                let carets = "^".repeat((*width).min(200_usize.saturating_sub(indent)).max(1));
                let _ = write!(
                    out,
                    "\n{margin} |\n{number} | {shown}\n{margin} | {}{carets}",
                    " ".repeat(indent)
                );
            }
            if let Some(hint) = &self.hint {
                let _ = write!(out, "\n{margin} = hint: {hint}");
            }
        } else if let Some(hint) = &self.hint {
            let _ = write!(out, "\nhint: {hint}");
        }
        out
    }
}

/// The nearest boundary of a character at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(file: &Path, bytes: Vec<u8>) -> Result<String, FolderError> {
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        let message = format!("spell.toml has more than {} KiB", MANIFEST_BYTES_MAX >> 10);
        return Err(FolderError::new("bad_manifest", file, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let fault = Fault::new(valid..valid + 1, "spell.toml is not valid UTF-8 from here on")
            .hint("save it as UTF-8");
        FolderError::at(file, &text, fault, "bad_manifest")
    })
}

fn missing(path: &Path) -> FolderError {
    let shown = path.display();
    let error = FolderError::new("missing", path, format!("there is no folder `{shown}`"));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let spells = spells_in(parent);
    let names: Vec<&str> = spells.iter().map(String::as_str).collect();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match crate::suggestion::nearest(&wanted, &names) {
        Some(meant) => error.hint(format!("did you mean `{}`?", path.with_file_name(meant).display())),
        None => error.hint(format!("`spellhost new {shown}` makes a spell there")),
    }
}

fn not_a_folder(path: &Path) -> FolderError {
    let shown = path.display();
    let error = FolderError::new("not_a_folder", path, format!("`{shown}` is a file, not a spell's folder"));
    let near = path.ancestors().skip(1).find(|folder| folder.join("spell.toml").is_file());
    match near {
        Some(folder) if folder.as_os_str().is_empty() => error.hint("it lies in a spell's folder: give `.`"),
        Some(folder) => error.hint(format!("it lies in a spell's folder: give `{}`", folder.display())),
        None => error.hint("give the folder that holds its spell.toml"),
    }
}

fn no_manifest(path: &Path) -> FolderError {
    let shown = path.display();
    let spells = spells_in(path);
    if let Some(first) = spells.first() {
        let list: Vec<_> = spells.iter().take(8).map(|name| format!("`{name}`")).collect();
        let more = if spells.len() > 8 { ", …" } else { "" };
        let message = format!("`{shown}` is not a spell's folder, but holds some: {}{more}", list.join(", "));
        let hint = format!("give one of them, such as `{}`", path.join(first).display());
        return FolderError::new("several_spells", path, message).hint(hint);
    }
    let error = FolderError::new(
        "not_a_spell_folder",
        path,
        format!("`{shown}` is not a spell's folder: it has no spell.toml"),
    );
    let above = std::path::absolute(path).ok().and_then(|path| {
        path.ancestors().skip(1).find(|folder| folder.join("spell.toml").is_file()).map(Path::to_owned)
    });
    if let Some(folder) = above {
        return error.hint(format!("it lies in a spell's folder: give `{}`", folder.display()));
    }
    if path.join("Cargo.toml").is_file() {
        return error
            .hint("to make this crate a spell, add a spell.toml with a line such as `id = \"fireball\"`");
    }
    error.hint("`spellhost new NAME` makes a spell that builds")
}

fn unreadable(path: &Path, error: &std::io::Error) -> FolderError {
    FolderError::new("unreadable", path, format!("`{}` cannot be read: {error}", path.display()))
}

/// The names of the spells' folders directly in a folder, sorted.
fn spells_in(path: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .take(1000)
        .filter(|entry| entry.path().join("spell.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
