//! A corpus: the cases over which the engines are compared, as values and as bytes.
//!
//! Everything that decides a case is in it, so that whoever has the bytes plays the same. Knows
//! neither where cases come from nor who plays them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use spellhost_runtime::SpellInfo;
use spellhost_sim::{EntityId, Inputs, Op, WorldConfig};
use spellhost_wire::Digest;

use crate::problem::Problem;
use crate::scenario::Scenario;
use spellhost_forge::{Revision, digest_of};

/// One world, and what enters it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// What the world is made from.
    pub world: WorldConfig,
    /// How many ticks are played.
    pub ticks: u64,
    /// What enters, by tick; nothing enters the others.
    pub inputs: BTreeMap<u64, Inputs>,
}

/// The cases, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// The cases.
    pub cases: Vec<Case>,
}

impl Corpus {
    /// The bytes; equal corpora have equal ones.
    ///
    /// # Errors
    /// Never in practice: a buffer that grows takes every value.
    pub fn bytes(&self) -> Result<Vec<u8>, Problem> {
        postcard::to_allocvec(&self.cases).map_err(|error| broken(&error))
    }

    /// The corpus of some bytes.
    ///
    /// # Errors
    /// Where they are not the bytes of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let cases = postcard::from_bytes(bytes).map_err(|error| broken(&error))?;
        Ok(Self { cases })
    }
}

/// The digest of a corpus's bytes.
pub fn corpus_digest(bytes: &[u8]) -> Digest {
    Digest(digest_of(bytes).0)
}

fn broken(error: &postcard::Error) -> Problem {
    Problem::failed("bad_corpus", "the corpus cannot be written or read").because(error)
}

impl Case {
    /// The case of a scenario.
    ///
    /// # Errors
    /// A parameter that the spell does not take.
    pub fn of_scenario(
        name: &str,
        scenario: &Scenario,
        revision: &Revision,
        info: &SpellInfo,
    ) -> Result<Self, Problem> {
        let (stage, script) = (scenario.stage()?, scenario.script(info)?);
        let actors: Vec<EntityId> = ids(stage.actors.len()).collect();
        let played = 1..script.ticks.max(1);
        let casts = script.casts.iter().map(|cue| cue.tick);
        let used: BTreeSet<u64> = casts.chain(script.remotes.iter().map(|remote| remote.tick)).collect();
        let mut inputs = BTreeMap::from([(0, entering(stage.entrance()))]);
        for tick in used.into_iter().filter(|tick| played.contains(tick)) {
            inputs.insert(tick, script.inputs(&actors, revision, tick));
        }
        Ok(Self { name: name.into(), world: stage.world.config(), ticks: played.end, inputs })
    }
}

/// The inputs of the tick in which everybody enters.
pub fn entering(ops: Vec<Op>) -> Inputs {
    Inputs { ops, ..Inputs::default() }
}

/// The ids of the first entities of a world, in the order in which they enter.
pub fn ids(count: usize) -> impl Iterator<Item = EntityId> {
    (1..=count as u64).map(EntityId)
}
