//! What a revision's manifest says to the simulation.
//!
//! The manifest is all that a client needs: its BLAKE3 is the revision's id, and everything of a
//! [`RevisionRef`] stands in it. Knows the few fields it reads, and no others.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use spellhost_sim::limits::{GRANT_FUEL, GRANT_FUEL_MIN, INSTANTIATE_FUEL_MAX};
use spellhost_sim::{CallLimits, Digest, RevisionRef};

/// Why a manifest is not one.
#[derive(Debug)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ManifestError {
    Json(serde_json::Error),
    Digest(&'static str),
}

impl std::fmt::Display for ManifestError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(error) => write!(out, "not a manifest: {error}"),
            Self::Digest(wrong) => write!(out, "not a manifest: component.digest: {wrong}"),
        }
    }
}

impl std::error::Error for ManifestError {}

#[derive(Deserialize)]
struct Manifest {
    component: Component,
    #[serde(default)]
    limits: Limits,
    info: Info,
}

#[derive(Deserialize)]
struct Component {
    digest: String,
}

#[derive(Default, Deserialize)]
struct Limits {
    fuel: Option<u64>,
    memory: Option<u64>,
    commands: Option<u64>,
    edited_voxels: Option<u64>,
    state: Option<u64>,
    instantiate_fuel: Option<u64>,
}

#[derive(Deserialize)]
struct Info {
    cooldown: u32,
    mana: u32,
}

/// What [`declared`] reads of a manifest.
#[derive(Deserialize)]
struct Described {
    info: Params,
}

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    params: Vec<Param>,
}

#[derive(Deserialize)]
struct Param {
    name: String,
    /// `{"KIND": default}`.
    default: BTreeMap<String, IgnoredAny>,
}

/// The parameters that a manifest declares, by name and kind, in their order; none where it is silent.
pub(crate) fn declared(manifest: &[u8]) -> Vec<(String, String)> {
    // Whether it is a manifest at all is asked elsewhere.
    let params = serde_json::from_slice(manifest).map_or(Vec::new(), |read: Described| read.info.params);
    let kind = |param: Param| Some((param.name, param.default.into_keys().next()?));
    params.into_iter().filter_map(kind).collect()
}

/// The reference of the revision whose manifest has these canonical bytes. What it does not lower
/// is the host's own limit.
///
/// # Errors
/// Where the bytes are no manifest.
pub fn reference(manifest: &[u8]) -> Result<RevisionRef, ManifestError> {
    let read: Manifest = serde_json::from_slice(manifest).map_err(ManifestError::Json)?;
    let component: spellhost_wire::Digest = read.component.digest.parse().map_err(ManifestError::Digest)?;
    let (host, limits) = (CallLimits::default(), &read.limits);
    let lower =
        |own: Option<u64>, most: u32| own.map_or(most, |own| u32::try_from(own).unwrap_or(most).min(most));
    Ok(RevisionRef {
        id: Digest(*blake3::hash(manifest).as_bytes()),
        component: Digest(component.0),
        cooldown: read.info.cooldown,
        mana: read.info.mana,
        grant: limits.fuel.unwrap_or(GRANT_FUEL).clamp(GRANT_FUEL_MIN, GRANT_FUEL),
        instantiate_fuel: limits.instantiate_fuel.unwrap_or(INSTANTIATE_FUEL_MAX).min(INSTANTIATE_FUEL_MAX),
        limits: CallLimits {
            memory_bytes: lower(limits.memory, host.memory_bytes),
            commands: lower(limits.commands, host.commands),
            edited_voxels: lower(limits.edited_voxels, host.edited_voxels),
            state_bytes: lower(limits.state, host.state_bytes),
        },
    })
}
