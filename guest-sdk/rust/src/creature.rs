//! The names that spells may give to creatures and to what befalls them.
//!
//! Promises the names of version 0.1 and nothing about what they do in the world: the host's tables say that.

use std::fmt;

use crate::host::types::{EntityInfo, EntityKind};

/// What may befall an entity for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// 5 points of damage a second.
    Burning,
    /// Does not move.
    Frozen,
    /// Moves at half speed.
    Slowed,
    /// Takes half of all damage.
    Shielded,
    /// Gains 5 points of health a second.
    Regenerating,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] =
        [Status::Burning, Status::Frozen, Status::Slowed, Status::Shielded, Status::Regenerating];

    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Burning => "burning",
            Status::Frozen => "frozen",
            Status::Slowed => "slowed",
            Status::Shielded => "shielded",
            Status::Regenerating => "regenerating",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A creature that a spell may spawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Npc {
    /// A practice target: 100 points.
    Dummy,
    /// 60 points.
    Wolf,
    /// 250 points.
    Golem,
    /// 30 points; hovers where it is put.
    Wisp,
    /// 50 points; stays where it is put.
    Totem,
}

impl Npc {
    /// Every creature.
    pub const ALL: [Npc; 5] = [Npc::Dummy, Npc::Wolf, Npc::Golem, Npc::Wisp, Npc::Totem];

    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Npc::Dummy => "dummy",
            Npc::Wolf => "wolf",
            Npc::Golem => "golem",
            Npc::Wisp => "wisp",
            Npc::Totem => "totem",
        }
    }
}

impl fmt::Display for Npc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl EntityInfo {
    /// Whether that befalls it now.
    pub fn has(&self, status: Status) -> bool {
        self.statuses.iter().any(|name| name == status.name())
    }

    /// Whether it is a player or a creature that lives. Projectiles and items do not.
    pub fn is_alive(&self) -> bool {
        self.health > 0.0
    }

    /// Whether it is a player.
    pub fn is_player(&self) -> bool {
        self.kind == EntityKind::Player
    }

    /// The health it lacks, in points.
    pub fn missing_health(&self) -> f64 {
        (self.health_max - self.health).max(0.0)
    }
}
