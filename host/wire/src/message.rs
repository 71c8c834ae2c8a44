//! What a client sends: one envelope, one closed list of requests.
//!
//! Text frames, JSON: `{"type": T, "id": optional integer, "data": {…}}`. Unknown fields are
//! ignored, an unknown type is an error of its own. Knows the forms; what a request means and who
//! may send it is the server's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::code::Code;
use crate::frame::{Channel, Target};
use crate::text::Hash;

/// The largest integer that every JSON reader keeps exactly.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why a message is not a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The message's id, where it has one.
    pub id: Option<u64>,
    /// Its type, where it has one.
    pub request_type: Option<String>,
    /// [`Code::BadMessage`] or [`Code::UnknownType`].
    pub code: Code,
    /// What is wrong.
    pub message: String,
}

macro_rules! requests {
    ($($(#[$meta:meta])* $text:literal => $name:ident($data:ty);)*) => {
        /// A message of a client.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request { $($(#[$meta])* $name($data),)* }

        impl Request {
            /// Every type that there is.
            pub const TYPES: &'static [&'static str] = &[$($text,)*];

            /// The `type` of the message.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $text,)* }
            }

            fn read(name: &str, data: Json) -> Option<Result<Self, serde_json::Error>> {
                Some(match name {
                    $($text => serde_json::from_value::<$data>(data).map(Self::$name),)*
                    _ => return None,
                })
            }

            fn data(&self) -> Result<Json, serde_json::Error> {
                match self { $(Self::$name(data) => serde_json::to_value(data),)* }
            }
        }
    };
}

requests! {
    /// Makes a spell, or says that it is already the caller's.
    "spell.create_draft" => CreateDraft(CreateDraft);
    /// Builds a revision from source.
    "spell.start_build" => StartBuild(StartBuild);
    /// Ends a job.
    "job.cancel" => CancelJob(OfJob);
    /// Points a channel to a revision.
    "spell.publish" => Publish(Publish);
    /// Points a channel to the revision before.
    "spell.rollback" => Rollback(OfChannel);
    /// Every spell.
    "spell.list" => List(Empty);
    /// The revisions of a spell, newest first.
    "spell.get_revisions" => GetRevisions(OfSpell);
    /// Casts.
    "spell.cast_request" => Cast(CastRequest);
    /// The manifest of a revision.
    "content.get_manifest" => GetManifest(OfRevision);
    /// The files of a revision.
    "content.list_files" => ListFiles(OfRevision);
    /// One file of a revision.
    "content.get_file" => GetFile(OfFile);
    /// The legacy operation on voxels.
    "request_spell" => Voxels(Voxels);
    /// Back to the generated terrain.
    "clear_world" => ClearWorld(Empty);
    /// Asks for the time.
    "ping" => Ping(Empty);
    /// Says who, where and how.
    "handshake" => Handshake(Handshake);
    /// A message to the active casts of a spell.
    "remote_event" => Remote(Remote);
    /// A node of the hash tree.
    "hash_tree" => HashTree(HashTree);
    /// A difference that a client has found.
    "desync_report" => DesyncReport(DesyncReport);
}

/// Nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// `spell.create_draft`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct CreateDraft {
    pub spell_id: Option<String>,
    pub display_name: Option<String>,
}

/// `spell.start_build`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct StartBuild {
    #[serde(default)]
    pub spell_id: String,
    /// Replaces the file that the spell begins in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What a model is to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Rust where it is absent and there is no source yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<BuildOptions>,
}

/// What goes with a build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct BuildOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<Vec<Asset>>,
}

/// What is said about a spell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// A file that goes with a spell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Asset {
    pub path: String,
    pub content_base64: String,
}

/// What names a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct OfJob {
    pub job_id: u64,
}

/// `spell.publish`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Publish {
    pub spell_id: String,
    pub revision_id: String,
    pub channel: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Tries the revision on the recorded casts of the last minutes; the share of traps allowed, 0 to 1,
    /// or `true` for [`TRIAL_RATE`].
    #[serde(default, deserialize_with = "trial_rate", skip_serializing_if = "Option::is_none")]
    pub trial: Option<f64>,
    /// Rolls back by itself where more than this share of the first calls goes wrong, 0 to 1, or `true` for
    /// [`GUARD_RATE`].
    #[serde(default, deserialize_with = "guard_rate", skip_serializing_if = "Option::is_none")]
    pub guard: Option<f64>,
}

/// The share of traps that a trial allows where none is named.
pub const TRIAL_RATE: f64 = 0.0;
/// The share of traps that a guard allows where none is named.
pub const GUARD_RATE: f64 = 0.05;

/// Reads the `trial` of a publish: a share, or a flag.
///
/// # Errors
/// Where it is neither.
pub fn trial_rate<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    rate(from, TRIAL_RATE)
}

/// Reads the `guard` of a publish: a share, or a flag.
///
/// # Errors
/// Where it is neither.
pub fn guard_rate<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    rate(from, GUARD_RATE)
}

fn rate<'de, D: serde::Deserializer<'de>>(from: D, usual: f64) -> Result<Option<f64>, D::Error> {
    match Json::deserialize(from)? {
        Json::Null | Json::Bool(false) => Ok(None),
        Json::Bool(true) => Ok(Some(usual)),
        other => match other.as_f64().filter(|rate| (0.0..=1.0).contains(rate)) {
            Some(rate) => Ok(Some(rate)),
            None => {
                Err(serde::de::Error::custom(format!("{other} is no rate: a number from 0 to 1, or true")))
            }
        },
    }
}

/// What names a spell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct OfSpell {
    pub spell_id: String,
}

/// What names a channel of a spell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct OfChannel {
    pub spell_id: String,
    pub channel: Channel,
}

/// What names a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct OfRevision {
    pub spell_id: String,
    pub revision_id: String,
}

/// What names a file of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct OfFile {
    pub spell_id: String,
    pub revision_id: String,
    pub path: String,
}

/// `spell.cast_request`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct CastRequest {
    pub spell_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(default)]
    pub cast_params: RequestedParams,
}

/// What a cast is asked with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct RequestedParams {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<[f64; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<[f64; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// By the names that `describe` gives.
    #[serde(default)]
    pub params: BTreeMap<String, Json>,
}

/// `request_spell`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Voxels {
    pub spell: VoxelOperation,
}

/// A sphere of voxels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct VoxelOperation {
    pub r#type: VoxelOperationKind,
    pub center: [f64; 3],
    pub radius: f64,
    /// Stone where it is absent and something is added or painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
}

/// What is done with the sphere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum VoxelOperationKind {
    AddSphere,
    SubtractSphere,
    PaintSphere,
}

/// `handshake`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Handshake {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world_id: Option<String>,
    #[serde(default)]
    pub mode: Mode,
    /// Frames from this tick on, for who has a snapshot or comes back; frames from the next tick on where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_tick: Option<u64>,
}

/// What a connection gets of its world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Events.
    #[default]
    Snapshot,
    /// Frames, to run the same calls.
    Lockstep,
    /// Frames with the effects of every call, to run none.
    Apply,
}

/// `remote_event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Remote {
    pub spell_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast_id: Option<u64>,
    pub name: String,
    pub payload: String,
}

/// `hash_tree`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct HashTree {
    pub tick: u64,
    /// Empty for the root; `entities`, `entities/17`, …
    #[serde(default)]
    pub path: String,
}

/// `desync_report`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct DesyncReport {
    pub tick: u64,
    #[serde(default)]
    pub path: String,
    pub local_hash: Hash,
}

impl Request {
    /// Reads a message.
    ///
    /// # Errors
    /// [`Malformed`], with id and type as far as they could be read.
    pub fn parse(text: &str) -> Result<(Option<u64>, Self), Malformed> {
        let bad = |id, request_type, message| Malformed { id, request_type, code: Code::BadMessage, message };
        let json: Json =
            serde_json::from_str(text).map_err(|error| bad(None, None, format!("not JSON: {error}")))?;
        let Json::Object(mut envelope) = json else {
            return Err(bad(None, None, "a message is an object {type, id?, data}".into()));
        };
        let request_type = match envelope.remove("type") {
            Some(Json::String(name)) => name,
            _ => return Err(bad(None, None, "`type` is missing, or no string".into())),
        };
        let named = Some(request_type.chars().take(64).collect());
        let id = match envelope.remove("id") {
            None | Some(Json::Null) => None,
            Some(id) => match id.as_u64().filter(|id| *id <= INTEGER_MAX) {
                Some(id) => Some(id),
                None => return Err(bad(None, named, "`id` is not an integer from 0 to 2^53 - 1".into())),
            },
        };
        let data = match envelope.remove("data") {
            None | Some(Json::Null) => Json::Object(Default::default()),
            Some(data @ Json::Object(_)) => data,
            Some(_) => return Err(bad(id, named, "`data` is not an object".into())),
        };
        match Self::read(&request_type, data) {
            Some(Ok(request)) => Ok((id, request)),
            Some(Err(error)) => Err(bad(id, named, format!("`data`: {error}"))),
            None => Err(Malformed {
                id,
                message: format!("there is no message `{}`", named.as_deref().unwrap_or_default()),
                request_type: named,
                code: Code::UnknownType,
            }),
        }
    }

    /// The message as text.
    ///
    /// # Errors
    /// Where a number in it has no JSON form.
    pub fn text(&self, id: Option<u64>) -> Result<String, serde_json::Error> {
        let mut envelope = serde_json::json!({"type": self.name(), "data": self.data()?});
        if let Some(id) = id {
            envelope["id"] = id.into();
        }
        serde_json::to_string(&envelope)
    }
}
