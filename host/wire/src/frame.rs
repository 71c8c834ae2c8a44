//! One tick of one world: everything that entered it, and every call that ran in it.

use serde::{Deserialize, Serialize};

use crate::effect::{Effect, Fill};
use crate::forms::tagged;
use crate::outcome::{Fuel, Outcome};
use crate::text::{Digest, Hash};
use crate::value::NamedValue;

/// A tick, as the log keeps it and as lockstep clients get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The world.
    pub world_id: String,
    /// The tick.
    pub tick: u64,
    /// Messages of players, in the order in which they were applied.
    pub inputs: Vec<Input>,
    /// Casts that entered, in order.
    pub casts: Vec<Cast>,
    /// Operations that are not a spell's, in order.
    pub ops: Vec<Op>,
    /// Channels that moved, in order.
    pub swaps: Vec<Swap>,
    /// The state after the tick.
    pub state_hash: Hash,
    /// Every call that ran, by id.
    pub calls: Vec<Call>,
}

tagged! {
    tag = "type";
    /// A message of a player.
    #[allow(missing_docs, reason = "the protocol page says it")]
    pub enum Input {
        RemoteEvent { spell_id: String, cast_id: Option<u64>, player: u64, name: String, payload: String },
    }
}

/// A pointer to a revision that people move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Channel {
    Draft,
    Beta,
    Stable,
}

/// What a cast aims at. JSON: `[x, y, z]` or `{"entity": id}`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Target {
    Point([f64; 3]),
    Entity(u64),
}

const _: () = {
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Json {
        Point([f64; 3]),
        Entity { entity: u64 },
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Target")]
    enum Binary {
        Point([f64; 3]),
        Entity(u64),
    }

    impl Serialize for Target {
        fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            if !out.is_human_readable() {
                return Binary::serialize(self, out);
            }
            match *self {
                Self::Point(at) => Json::Point(at).serialize(out),
                Self::Entity(entity) => Json::Entity { entity }.serialize(out),
            }
        }
    }

    impl<'de> Deserialize<'de> for Target {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            if !from.is_human_readable() {
                return Binary::deserialize(from);
            }
            Ok(match Json::deserialize(from)? {
                Json::Point(at) => Self::Point(at),
                Json::Entity { entity } => Self::Entity(entity),
            })
        }
    }
};

/// What a cast was asked with: what is absent was filled in when the tick opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct CastParams {
    pub origin: Option<[f64; 3]>,
    pub direction: Option<[f64; 3]>,
    pub target: Option<Target>,
    /// In the order of the spell's `describe`. JSON: an object by names, without kinds; who reads it
    /// gets kinds as far as JSON has them, and those of the spell where a frame enters a world.
    #[serde(with = "crate::value::by_name")]
    pub params: Vec<NamedValue>,
}

/// A cast that entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Cast {
    pub cast_id: u64,
    pub spell_id: String,
    pub revision_id: Digest,
    pub component: Digest,
    /// The channel it was resolved through and whose swaps it follows; absent where it is pinned.
    pub channel: Option<Channel>,
    pub caster_id: u64,
    pub cast_params: CastParams,
    /// The key of its call's random stream, in hex; absent where the call did not run in this tick.
    pub seed: Option<String>,
    /// Where it was refused: why. A cast that is not refused runs in this tick or waits for budget.
    pub outcome: Option<Outcome>,
}

tagged! {
    tag = "type";
    /// An operation that is not a spell's.
    #[allow(missing_docs, reason = "the names are the meaning")]
    pub enum Op {
        Spawn {
            kind: String,
            template: Option<String>,
            position: [f64; 3],
            look: [f64; 3],
            radius: f64,
            health: f64,
            health_max: f64,
        },
        Despawn { id: u64 },
        FillSphere { center: [f64; 3], radius: f64, material: String, mode: Fill },
        FillBox { min: [i32; 3], size: [u32; 3], material: String, mode: Fill },
        ClearTerrain {},
        TakeDown { revision_id: Digest },
    }
}

/// A channel that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Swap {
    pub spell_id: String,
    pub channel: Channel,
    pub revision_id: Digest,
    pub component: Digest,
}

/// A call that ran, with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Call {
    pub call_id: u64,
    pub cast_id: u64,
    /// `cast`, `on-event` or `migrate`.
    pub export: String,
    pub spell_id: String,
    pub revision_id: Digest,
    pub outcome: Outcome,
    pub fuel: Fuel,
    pub effects_digest: Digest,
    /// The effects, where the reader takes them instead of running the spell.
    pub effects: Option<Vec<Effect>>,
}

impl Frame {
    /// The frame as logs and binary connections carry it: postcard.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Only what has no length beforehand cannot be written, and nothing here is such.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// Reads what [`Frame::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where the bytes are no frame.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}
