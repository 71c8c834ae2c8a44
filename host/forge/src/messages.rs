//! What cargo prints, read: diagnostics, the core module it made, and the reasons it gives when it made
//! none. It promises to skip what it does not understand; it does not know what was asked of cargo.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Level};
use crate::limits::{DIAGNOSTICS_MAX, PRINTED_BYTES_MAX};

/// Everything that one run of cargo said.
#[derive(Debug)]
pub(crate) struct Messages {
    root: PathBuf,
    manifest: PathBuf,
    workspace: PathBuf,
    /// Errors first.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What rustc printed.
    pub(crate) rendered: String,
    /// What cargo itself printed.
    pub(crate) printed: String,
    /// The core module, and the file its code begins in.
    pub(crate) artifact: Option<(PathBuf, PathBuf)>,
}

/// One line of what rustc or cargo prints for programs.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerMessage {
        manifest_path: PathBuf,
        message: Message,
    },
    CompilerArtifact {
        manifest_path: PathBuf,
        target: Target,
        filenames: Vec<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    level: String,
    rendered: Option<String>,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: PathBuf,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
    src_path: PathBuf,
}

impl Messages {
    /// For a spell's folder in a cargo workspace.
    pub(crate) fn new(root: &Path, workspace: &Path) -> Self {
        let manifest = root.join("Cargo.toml");
        Self {
            root: root.to_owned(),
            manifest: manifest.canonicalize().unwrap_or(manifest),
            workspace: workspace.to_owned(),
            diagnostics: Vec::new(),
            rendered: String::new(),
            printed: String::new(),
            artifact: None,
        }
    }

    /// Takes a line of cargo's standard output.
    pub(crate) fn out(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Line::CompilerMessage { manifest_path, message }) => self.message(&manifest_path, &message),
            Ok(Line::CompilerArtifact { manifest_path, target, filenames }) => {
                let module =
                    filenames.into_iter().find(|file| file.extension().is_some_and(|kind| kind == "wasm"));
                if let Some(module) = module
                    && target.crate_types.iter().any(|kind| kind == "cdylib")
                    && self.is_own(&manifest_path)
                {
                    self.artifact = Some((module, target.src_path));
                }
            }
            Ok(Line::Other) | Err(_) => {}
        }
    }

    /// Takes a line of cargo's standard error; the name of a package if it began to compile one.
    pub(crate) fn error<'l>(&mut self, line: &'l str) -> Option<&'l str> {
        push(&mut self.printed, line);
        line.trim_start().strip_prefix("Compiling ")?.split(' ').next()
    }

    /// Whether cargo or rustc printed something.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.printed.contains(text) || self.rendered.contains(text)
    }

    /// What cargo itself printed from its first error on.
    pub(crate) fn cargo_error(&self) -> &str {
        let begin = self.printed.find("error:").or_else(|| self.printed.find("error["));
        self.printed[begin.unwrap_or(0)..].trim_end()
    }

    /// The place that cargo's own error points to, if it does.
    pub(crate) fn cargo_diagnostic(&self) -> Option<Diagnostic> {
        let text = self.cargo_error();
        let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
        let mut parts = place.rsplitn(3, ':');
        let (file, line, column) = match (parts.next(), parts.next(), parts.next()) {
            (Some(column), Some(line), Some(file)) => (file, line.parse().ok(), column.parse().ok()),
            _ => (place, None, None),
        };
        let message = text.lines().next().unwrap_or_default();
        Some(Diagnostic {
            file: Some(self.shown(Path::new(file))),
            line,
            column,
            message: message.trim_start_matches("error: ").to_owned(),
            level: Level::Error,
        })
    }

    fn is_own(&self, manifest: &Path) -> bool {
        manifest == self.manifest || manifest.canonicalize().is_ok_and(|path| path == self.manifest)
    }

    fn message(&mut self, manifest: &Path, message: &Message) {
        let level = match message.level.as_str() {
            "error" | "error: internal compiler error" => Level::Error,
            // Warnings in other packages are not the author's.
            "warning" if self.is_own(manifest) => Level::Warning,
            _ => return,
        };
        let summary = message.message.starts_with("aborting due to")
            || (message.spans.is_empty() && message.message.ends_with("emitted"));
        if summary {
            return;
        }
        if let Some(text) = &message.rendered {
            push(&mut self.rendered, text.trim_end());
            push(&mut self.rendered, "");
        }
        if self.diagnostics.len() >= DIAGNOSTICS_MAX {
            return;
        }
        let span = message.spans.iter().find(|span| span.is_primary).map(|span| self.authors(span));
        let first = message.message.lines().next().unwrap_or_default();
        let diagnostic = Diagnostic {
            file: span.map(|span| self.shown(&span.file_name)),
            line: span.map(|span| span.line_start),
            column: span.map(|span| span.column_start),
            message: first.to_owned(),
            level,
        };
        let place =
            self.diagnostics.iter().position(|other| level == Level::Error && other.level == Level::Warning);
        self.diagnostics.insert(place.unwrap_or(self.diagnostics.len()), diagnostic);
    }

    /// The author's own place of something that happened inside a macro.
    fn authors<'s>(&self, span: &'s Span) -> &'s Span {
        let mut at = span;
        while self.shown(&at.file_name).is_absolute() {
            match &at.expansion {
                Some(expansion) => at = &expansion.span,
                None => return span,
            }
        }
        at
    }

    /// A file as people know it: relative to the spell's folder where it lies in it, else absolute.
    fn shown(&self, file: &Path) -> PathBuf {
        if file.is_relative() && self.root.join(file).exists() && !file.starts_with(".spellhost") {
            return file.to_owned();
        }
        let absolute = self.workspace.join(file);
        match absolute.strip_prefix(&self.root) {
            Ok(inner) if !inner.starts_with(".spellhost") => inner.to_owned(),
            _ => absolute,
        }
    }
}

/// Appends a line as long as there is room.
fn push(text: &mut String, line: &str) {
    if text.len() + line.len() < PRINTED_BYTES_MAX {
        text.push_str(line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;
    use crate::diagnostic::Level;
    use crate::limits::{DIAGNOSTICS_MAX, PRINTED_BYTES_MAX};
    use std::fs;
    use std::path::Path;

    #[test]
    fn an_error_in_a_macro_of_the_sdk_points_to_the_authors_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        let mut messages = Messages::new(folder.path(), folder.path());
        let manifest = folder.path().join("Cargo.toml");
        let line = |level: &str, spans: &str| {
            format!(
                r#"{{"reason":"compiler-message","manifest_path":{manifest:?},"message":{{"message":"a\nb","level":"{level}","rendered":"{level}: a\n","spans":{spans}}}}}"#
            )
        };
        messages.out(&line("warning", "[]"));
        messages.out(&line(
            "error",
            r#"[{"file_name":"/sdk/src/lib.rs","line_start":1,"column_start":1,"is_primary":true,"expansion":{"span":
               {"file_name":"src/lib.rs","line_start":7,"column_start":3,"is_primary":false,"expansion":null}}}]"#,
        ));
        messages.out("not JSON");
        messages.out(r#"{"reason":"something-new"}"#);
        let first = &messages.diagnostics[0];
        assert_eq!(first.file.as_deref(), Some(Path::new("src/lib.rs")));
        assert_eq!(
            (first.line, first.column, first.message.as_str(), first.level),
            (Some(7), Some(3), "a", Level::Error)
        );
        assert_eq!(messages.diagnostics[1].level, Level::Warning);
        assert_eq!(messages.rendered, "warning: a\n\nerror: a\n\n");
    }

    #[test]
    fn what_a_compiler_prints_without_end_is_kept_up_to_a_bound() {
        let mut messages = Messages::new("/spell".as_ref(), "/spell".as_ref());
        let flood = "x".repeat(4_000);
        let line = serde_json::json!({
            "reason": "compiler-message",
            "manifest_path": "/spell/Cargo.toml",
            "message": {"message": flood, "level": "error", "rendered": flood, "spans": []}
        });
        for _ in 0..4_000 {
            messages.out(&line.to_string());
            messages.error(&flood);
        }
        assert_eq!(messages.diagnostics.len(), DIAGNOSTICS_MAX);
        for kept in [&messages.rendered, &messages.printed] {
            assert!((1 << 20..=PRINTED_BYTES_MAX).contains(&kept.len()), "{} bytes", kept.len());
        }
    }

    #[test]
    fn the_artifact_is_that_of_the_spells_own_package() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let mut messages = Messages::new(folder.path(), folder.path());
        for (manifest, kind, file) in [
            (Path::new("/other/Cargo.toml"), "cdylib", "/t/other.wasm"),
            (&folder.path().join("Cargo.toml"), "rlib", "/t/own.rlib"),
            (&folder.path().join("./Cargo.toml"), "cdylib", "/t/own.wasm"),
        ] {
            messages.out(&format!(
                r#"{{"reason":"compiler-artifact","manifest_path":{manifest:?},"target":{{"crate_types":["{kind}"],"src_path":"/s"}},"filenames":["{file}"]}}"#
            ));
        }
        assert_eq!(messages.artifact.unwrap().0, Path::new("/t/own.wasm"));
    }
}
