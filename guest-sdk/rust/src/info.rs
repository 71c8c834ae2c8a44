//! What a spell says of itself, put together step by step.
//!
//! Promises shapes, not limits: the host checks them once, when the spell is admitted, and names what is wrong.

use crate::host::spells::{Bounds, ParamSpec, SpellInfo};
use crate::host::types::Value;
use crate::params::ParamSet;

impl SpellInfo {
    /// A spell with that name, no parameters, no cooldown, free of mana.
    ///
    /// ```
    /// use spellhost_sdk::prelude::*;
    /// let info = Info::new("Ember").description("A small fire").cooldown(seconds(2.0)).mana(10);
    /// assert_eq!((info.cooldown, info.mana), (120, 10));
    /// ```
    pub fn new(display_name: impl Into<String>) -> SpellInfo {
        SpellInfo {
            display_name: display_name.into(),
            description: String::new(),
            params: Vec::new(),
            cooldown: 0,
            mana: 0,
            remote_names: Vec::new(),
        }
    }

    /// A sentence about it.
    pub fn description(mut self, text: impl Into<String>) -> SpellInfo {
        self.description = text.into();
        self
    }

    /// The parameters that a `params!` declares, after those there are already; 32 in all.
    pub fn params<P: ParamSet>(mut self) -> SpellInfo {
        self.params.extend(P::specs());
        self
    }

    /// One more parameter.
    pub fn param(mut self, spec: ParamSpec) -> SpellInfo {
        self.params.push(spec);
        self
    }

    /// Ticks between two casts by one caster: 0 to 36,000.
    pub fn cooldown(mut self, ticks: u32) -> SpellInfo {
        self.cooldown = ticks;
        self
    }

    /// Mana points of a cast: 0 to 100. A caster gains 5 a second.
    pub fn mana(mut self, points: u32) -> SpellInfo {
        self.mana = points;
        self
    }

    /// The name of a remote event that it sends or listens to.
    pub fn remote(mut self, name: impl Into<String>) -> SpellInfo {
        self.remote_names.push(name.into());
        self
    }
}

impl ParamSpec {
    /// A parameter with that name and default; its label is the name in people's spelling.
    pub fn new(name: impl Into<String>, default: impl Into<Value>) -> ParamSpec {
        let name = name.into();
        ParamSpec {
            label: label_of(&name),
            name,
            help: String::new(),
            unit: String::new(),
            default: default.into(),
            range: None,
            choices: Vec::new(),
        }
    }

    /// What people call it.
    pub fn label(mut self, text: impl Into<String>) -> ParamSpec {
        self.label = text.into();
        self
    }

    /// A sentence about it.
    pub fn help(mut self, text: impl Into<String>) -> ParamSpec {
        self.help = text.into();
        self
    }

    /// Its unit, such as `blocks` or `ticks`.
    pub fn unit(mut self, text: impl Into<String>) -> ParamSpec {
        self.unit = text.into();
        self
    }

    /// What a number may be: `1.0..=12.0` or `1..=5`.
    pub fn range(mut self, range: impl Into<Bounds>) -> ParamSpec {
        self.range = Some(range.into());
        self
    }

    /// What a text may be.
    pub fn choices<Text: Into<String>>(mut self, texts: impl IntoIterator<Item = Text>) -> ParamSpec {
        self.choices = texts.into_iter().map(Into::into).collect();
        self
    }
}

/// `blast_radius` becomes `Blast radius`.
fn label_of(name: &str) -> String {
    let mut label = name.replace(['_', '-'], " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

impl From<std::ops::RangeInclusive<f64>> for Bounds {
    fn from(range: std::ops::RangeInclusive<f64>) -> Bounds {
        Bounds { min: *range.start(), max: *range.end() }
    }
}

impl From<std::ops::RangeInclusive<i32>> for Bounds {
    fn from(range: std::ops::RangeInclusive<i32>) -> Bounds {
        Bounds { min: f64::from(*range.start()), max: f64::from(*range.end()) }
    }
}

impl From<std::ops::RangeInclusive<u32>> for Bounds {
    fn from(range: std::ops::RangeInclusive<u32>) -> Bounds {
        Bounds { min: f64::from(*range.start()), max: f64::from(*range.end()) }
    }
}
