//! The table of creatures that a spell may spawn. The order is part of the engine id.

use serde::{Deserialize, Serialize};

use crate::fixed::{Coord, Points};

/// A creature by its place in [`TEMPLATES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Template(u8);

/// What is known of a creature.
#[derive(Clone, Copy, Debug)]
pub struct TemplateInfo {
    /// The name that spells use.
    pub name: &'static str,
    /// The radius of its body, in blocks.
    pub radius: Coord,
    /// The health it starts with.
    pub health: Points,
    /// Whether it stays where it is put: no gravity, no pushes.
    pub fixed: bool,
}

const fn row(name: &'static str, radius_sixteenths: i64, health: i64, fixed: bool) -> TemplateInfo {
    TemplateInfo {
        name,
        radius: Coord::from_raw(radius_sixteenths << 12),
        health: Points::from_whole(health),
        fixed,
    }
}

/// Every creature; a [`Template`] is an index into it.
pub const TEMPLATES: [TemplateInfo; 5] = [
    row("dummy", 14, 100, false),
    row("wolf", 10, 60, false),
    row("golem", 20, 250, false),
    row("wisp", 6, 30, true),
    row("totem", 8, 50, true),
];

impl Template {
    /// A practice target.
    pub const DUMMY: Self = Self(0);

    /// The creature of this name, where there is one.
    pub fn named(name: &str) -> Option<Self> {
        TEMPLATES.iter().position(|row| row.name == name).map(|at| Self(at as u8))
    }

    /// Its row of the table.
    pub fn info(self) -> &'static TemplateInfo {
        &TEMPLATES[self.0 as usize]
    }
}

impl From<Template> for u8 {
    fn from(template: Template) -> u8 {
        template.0
    }
}

impl TryFrom<u8> for Template {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if (number as usize) < TEMPLATES.len() {
            Ok(Self(number))
        } else {
            Err("a template number outside the table")
        }
    }
}
