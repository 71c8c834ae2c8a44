//! `--allow`: what a component may import beside what every spell may.

use clap::builder::PossibleValuesParser;
use spellhost_runtime::{INTERFACES, Policy, WASI};

/// What the flag says.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AllowFlags {
    /// Let components import this too: wasi (deterministic; who imports it may have 2 MiB instead of 512 KiB; every
    /// other interface is allowed already)
    #[arg(long, env = "SPELLHOST_ALLOW", value_name = "INTERFACE", value_delimiter = ',', value_parser = names())]
    allow: Vec<String>,
}

fn names() -> PossibleValuesParser {
    let interfaces = INTERFACES.iter().map(|(name, _)| *name);
    PossibleValuesParser::new([WASI].into_iter().chain(interfaces))
}

impl AllowFlags {
    /// The policy of these flags.
    pub fn policy(&self) -> Policy {
        self.allow.iter().fold(Policy::default(), Policy::with)
    }

    /// The interfaces, as they were named.
    pub fn interfaces(&self) -> &[String] {
        &self.allow
    }
}
