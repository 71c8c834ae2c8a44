//! A temporary folder with spells, a cache of its own, and one way to build.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use spellhost_forge::{
    BuildError, BuildFailure, BuildOptions, Built, Cache, Cancel, Folder, Language, Progress, Toolchain,
    build, template,
};

pub struct Project {
    pub folder: tempfile::TempDir,
    pub toolchain: Toolchain,
    pub cancel: Cancel,
    pub lines: bool,
    pub notes: RefCell<Vec<String>>,
}

impl Project {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            toolchain: Toolchain::find(),
            cancel: Cancel::new(),
            lines: false,
            notes: RefCell::default(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn cache(&self) -> Cache {
        Cache::at(self.path("cache"))
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a writable folder");
        fs::write(path, text).expect("a writable folder");
    }

    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(name)).expect("a file");
        assert!(text.contains(old), "`{old}` is in {name}");
        self.write(name, &text.replace(old, new));
    }

    /// A spell as `spellhost new` makes it; `name` may begin with folders.
    pub fn spell(&self, name: &str) -> PathBuf {
        let (parent, own) = name.rsplit_once('/').unwrap_or((".", name));
        fs::create_dir_all(self.path(parent)).expect("a writable folder");
        template::create_with(&self.path(parent), own, Language::Rust, &self.cache())
            .expect("a new spell")
            .root
    }

    pub fn build(&self, name: &str) -> Result<Built, BuildError> {
        self.build_at(&self.path(name))
    }

    pub fn build_at(&self, path: &Path) -> Result<Built, BuildError> {
        let progress = |progress| match progress {
            Progress::Note(note) => self.notes.borrow_mut().push(note),
            Progress::Compiling { package } => self.notes.borrow_mut().push(format!("compiling {package}")),
            Progress::Componentising => {}
        };
        let mut options = BuildOptions::new(&self.cancel, &progress);
        options.toolchain = self.toolchain.clone();
        options.cache = self.cache();
        options.lines = self.lines;
        build(&Folder::open(path).expect("a spell's folder"), &options)
    }

    pub fn component(&self, name: &str) -> Vec<u8> {
        match self.build(name) {
            Ok(built) => built.component,
            Err(BuildError::Failed(failure)) => panic!("{failure}: {:?}\n{}", failure.hint, failure.rendered),
            Err(BuildError::Cancelled) => panic!("cancelled"),
        }
    }

    pub fn failure(&self, name: &str) -> BuildFailure {
        self.build(name).expect_err("a failure").failure().expect("not cancelled").clone()
    }

    /// A program that is a shell script.
    #[cfg(unix)]
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("a mode");
        self.path(name)
    }
}

/// Whether bytes hold a text.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
