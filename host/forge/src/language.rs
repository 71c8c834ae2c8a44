//! The languages a spell may be written in. It promises only names; how each is compiled is the
//! compiler's business.

use std::fmt;

/// A language that this build of spellhost can compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Language {
    /// Rust, through the author's own cargo.
    #[default]
    Rust,
    /// AssemblyScript, through the compiler of its npm package.
    AssemblyScript,
    /// WebAssembly text.
    Wat,
}

impl Language {
    /// Every language, in the order they are told to people.
    pub const ALL: &[Self] = &[Self::Rust, Self::AssemblyScript, Self::Wat];

    /// Reads a name as it stands in `spell.toml` or behind `--lang`; the error is a message.
    pub fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|language| language.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|language| language.name()).collect();
            format!("language `{name}` is not supported by this build ({})", known.join(", "))
        })
    }

    /// The name as it stands in `spell.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::AssemblyScript => "assemblyscript",
            Self::Wat => "wat",
        }
    }

    /// Where the code of a spell stands unless its `entry` says otherwise.
    pub fn entry(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::AssemblyScript => "assembly/index.ts",
            Self::Wat => "spell.wat",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
