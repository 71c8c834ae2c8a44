//! What revision ids stand for: the pins of a recording as the simulation's references.

use std::collections::{BTreeMap, BTreeSet};

use spellhost_sim as sim;
use spellhost_wire as wire;

use crate::error::{FrameError, Problem};
use crate::manifest::declared;

/// Revisions by id.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    revisions: BTreeMap<wire::Digest, sim::RevisionRef>,
    /// What each takes, in the order of its `describe`: name and kind.
    params: BTreeMap<wire::Digest, Vec<(String, String)>>,
}

/// Why a pin is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PinError {
    Manifest { revision: wire::Digest },
    Limit { revision: wire::Digest, field: &'static str, said: u64, most: u64 },
    Twice { revision: wire::Digest },
}

impl std::fmt::Display for PinError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest { revision } => {
                write!(out, "the pin of {revision} carries the manifest of another revision")
            }
            Self::Limit { revision, field, said, most } => {
                write!(out, "the pin of {revision} has a {field} of {said}, which is more than {most}")
            }
            Self::Twice { revision } => write!(out, "{revision} is pinned twice, and not alike"),
        }
    }
}

impl std::error::Error for PinError {}

impl Pins {
    /// No pins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what a recording or a host says of a revision.
    ///
    /// # Errors
    /// Where the id is not that of the manifest, a limit is above the host's own, or the revision is
    /// known as another one.
    pub fn insert(&mut self, pin: &wire::Pin) -> Result<(), PinError> {
        let revision = pin.revision_id;
        if !pin.names_its_manifest() {
            return Err(PinError::Manifest { revision });
        }
        let reference = reference(pin)?;
        self.params.insert(revision, declared(pin.manifest.as_bytes()));
        match self.revisions.insert(revision, reference) {
            Some(before) if before != reference => Err(PinError::Twice { revision }),
            _ => Ok(()),
        }
    }

    /// Adds a revision whose reference one has made oneself ([`crate::reference()`]).
    pub fn know(&mut self, reference: sim::RevisionRef) {
        self.revisions.insert(wire::Digest(reference.id.0), reference);
    }

    /// Forgets all but these.
    pub fn retain(&mut self, named: &BTreeSet<wire::Digest>) {
        self.revisions.retain(|revision, _| named.contains(revision));
        self.params.retain(|revision, _| named.contains(revision));
    }

    /// What a revision id stands for.
    pub fn get(&self, revision: wire::Digest) -> Option<sim::RevisionRef> {
        self.revisions.get(&revision).copied()
    }

    /// The parameters of a cast as the revision declares them: in its order, and of its kinds where JSON has
    /// fewer (`4` may be a number, `[1, 2, 3]` a block, a text a material). What is not declared stays.
    pub(crate) fn declared(
        &self,
        revision: wire::Digest,
        given: &[wire::NamedValue],
    ) -> Vec<wire::NamedValue> {
        let declared = self.params.get(&revision).map_or(&[][..], Vec::as_slice);
        let place =
            |name: &str| declared.iter().position(|(known, _)| known == name).unwrap_or(declared.len());
        let mut values = given.to_vec();
        values.sort_by_key(|named| place(&named.name));
        for named in &mut values {
            if let Some((_, kind)) = declared.get(place(&named.name)) {
                coerce(kind, &mut named.value);
            }
        }
        values
    }

    /// The revision that `place` of a frame names, which has to have this component.
    pub(crate) fn find(
        &self,
        place: &str,
        revision: wire::Digest,
        component: wire::Digest,
    ) -> Result<sim::RevisionRef, FrameError> {
        let found = self.get(revision);
        let found =
            found.ok_or_else(|| FrameError::new(format!("{place}revision_id"), Problem::Pin(revision)))?;
        if found.component.0 != component.0 {
            let pinned = wire::Digest(found.component.0);
            return Err(FrameError::new(format!("{place}component"), Problem::Component { pinned }));
        }
        Ok(found)
    }
}

/// Gives a value the kind that was declared, where it can have been of it before it was JSON.
fn coerce(kind: &str, value: &mut wire::Value) {
    use wire::Value::{Block, Entity, Integer, Material, Number, Point, Text};
    let whole =
        |part: f64| part.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&part);
    let other = match (kind, &*value) {
        ("number", Integer { value }) => Number { value: *value as f64 },
        ("integer", Number { value }) if whole(*value) => Integer { value: *value as i64 },
        ("entity", Integer { value }) if *value >= 0 => Entity { value: value.unsigned_abs() },
        ("material", Text { value }) => Material { value: value.clone() },
        ("block", Point { value }) if value.iter().all(|part| whole(*part)) => {
            Block { value: value.map(|part| part as i32) }
        }
        _ => return,
    };
    *value = other;
}

fn reference(pin: &wire::Pin) -> Result<sim::RevisionRef, PinError> {
    let host = sim::CallLimits::default();
    let within = |field: &'static str, said: u32, most: u32| {
        let (revision, wide) = (pin.revision_id, u64::from(said));
        if said <= most {
            Ok(said)
        } else {
            Err(PinError::Limit { revision, field, said: wide, most: most.into() })
        }
    };
    let (revision, field, said, most) = (pin.revision_id, "grant", pin.grant, sim::limits::GRANT_FUEL);
    if said > most {
        return Err(PinError::Limit { revision, field, said, most });
    }
    Ok(sim::RevisionRef {
        id: sim::Digest(pin.revision_id.0),
        component: sim::Digest(pin.component.0),
        cooldown: pin.cooldown,
        mana: pin.mana,
        grant: pin.grant,
        instantiate_fuel: pin.instantiate_fuel,
        limits: sim::CallLimits {
            memory_bytes: within("memory", pin.memory_bytes, host.memory_bytes)?,
            commands: within("command count", pin.commands, host.commands)?,
            edited_voxels: within("voxel count", pin.edited_voxels, host.edited_voxels)?,
            state_bytes: within("state", pin.state_bytes, host.state_bytes)?,
        },
    })
}

/// The pin of a revision with the canonical bytes of its manifest.
pub fn pin(revision: &sim::RevisionRef, manifest: &str) -> wire::Pin {
    wire::Pin {
        revision_id: wire::Digest(revision.id.0),
        component: wire::Digest(revision.component.0),
        cooldown: revision.cooldown,
        mana: revision.mana,
        grant: revision.grant,
        instantiate_fuel: revision.instantiate_fuel,
        memory_bytes: revision.limits.memory_bytes,
        commands: revision.limits.commands,
        edited_voxels: revision.limits.edited_voxels,
        state_bytes: revision.limits.state_bytes,
        manifest: manifest.into(),
    }
}
