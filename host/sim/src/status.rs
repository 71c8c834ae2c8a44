//! The table of statuses. The order is part of the engine id and of every snapshot.

use serde::{Deserialize, Serialize};

/// A status by its place in [`STATUSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Status(u8);

/// What is known of a status.
#[derive(Clone, Copy, Debug)]
pub struct StatusInfo {
    /// The name that spells use.
    pub name: &'static str,
    /// What it does, for people.
    pub effect: &'static str,
}

/// Every status; a [`Status`] is an index into it.
pub const STATUSES: [StatusInfo; 5] = [
    StatusInfo { name: "burning", effect: "5 points of damage a second" },
    StatusInfo { name: "frozen", effect: "does not move" },
    StatusInfo { name: "slowed", effect: "moves at half speed" },
    StatusInfo { name: "shielded", effect: "takes half of all damage" },
    StatusInfo { name: "regenerating", effect: "gains 5 points a second" },
];

impl Status {
    /// Damage over time.
    pub const BURNING: Self = Self(0);
    /// Cannot move.
    pub const FROZEN: Self = Self(1);
    /// Moves at half speed.
    pub const SLOWED: Self = Self(2);
    /// Takes half of all damage.
    pub const SHIELDED: Self = Self(3);
    /// Healing over time.
    pub const REGENERATING: Self = Self(4);

    /// The status of this name, where there is one.
    pub fn named(name: &str) -> Option<Self> {
        STATUSES.iter().position(|row| row.name == name).map(|at| Self(at as u8))
    }

    /// Every status, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..STATUSES.len() as u8).map(Self)
    }

    /// Its row of the table.
    pub fn info(self) -> &'static StatusInfo {
        &STATUSES[self.0 as usize]
    }
}

impl From<Status> for u8 {
    fn from(status: Status) -> u8 {
        status.0
    }
}

impl TryFrom<u8> for Status {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if (number as usize) < STATUSES.len() {
            Ok(Self(number))
        } else {
            Err("a status number outside the table")
        }
    }
}
