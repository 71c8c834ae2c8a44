//! What the host answers, over WebSockets and HTTP alike, and what it tells unasked.
//!
//! A reply repeats `type` and `id` of its request, but for the few in [`Reply`] that are named
//! otherwise; an event carries no `id`. Knows forms only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::code::Code;
use crate::effect::Effect;
use crate::frame::{CastParams, Channel, Frame};
use crate::outcome::{Fuel, Outcome};
use crate::text::{Digest, Hash};

/// A component by digest and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct ComponentRef {
    pub digest: Digest,
    pub size: u64,
}

/// What each channel points to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Heads {
    pub draft: Option<Digest>,
    pub beta: Option<Digest>,
    pub stable: Option<Digest>,
}

/// A spell, as lists and routes show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Spell {
    pub spell_id: String,
    pub display_name: String,
    pub owner: String,
    pub active: Heads,
    pub created_at: String,
    pub updated_at: String,
}

/// `spell.create_draft`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Created {
    pub spell_id: String,
}

/// `spell.start_build`, and the event `spell.build_started`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct BuildStarted {
    pub job_id: u64,
    pub spell_id: String,
}

/// `job.cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct JobCancelled {
    pub job_id: u64,
    pub status: String,
}

/// `job.progress`. That of a terminal status is the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct JobProgress {
    pub job_id: u64,
    pub spell_id: String,
    pub stage: String,
    pub pct: u8,
    pub message: String,
    pub status: String,
}

/// One message of a compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Diagnostic {
    pub file: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub message: String,
}

/// A job, as `GET /api/jobs/{id}` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Job {
    pub job_id: u64,
    pub spell_id: String,
    pub status: String,
    pub stage: String,
    pub progress_pct: u8,
    pub result_revision_id: Option<Digest>,
    pub error_message: Option<String>,
    pub diagnostics: Vec<Diagnostic>,
    pub created_at: String,
    pub updated_at: String,
    /// The length of its log.
    pub log_bytes: u64,
}

/// `spell.list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Spells {
    pub spells: Vec<Spell>,
}

/// A revision in the list of its spell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Revision {
    pub revision_id: Digest,
    pub parent_revision_id: Option<Digest>,
    pub version: u64,
    pub component: ComponentRef,
    pub author: String,
    pub created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `spell.get_revisions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Revisions {
    pub revisions: Vec<Revision>,
}

/// A revision that was uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Uploaded {
    pub spell_id: String,
    pub revision_id: Digest,
    pub version: u64,
    pub component: ComponentRef,
    pub manifest: Json,
}

/// `spell.publish` and `spell.rollback`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Published {
    pub spell_id: String,
    pub revision_id: Digest,
    pub channel: Channel,
    /// The first tick on the revision, in the world that the publisher is in.
    pub tick: u64,
    pub manifest: Json,
    /// What a trial against history found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
}

/// What came of trying a revision before it is published: on the recorded casts of the last minutes,
/// and on two casts in a world of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Recorded calls that were tried.
    pub calls: u64,
    /// Those of them that trapped, ran out of fuel, met a limit or asked for something invalid.
    pub trapped: u64,
    /// `trapped` of `calls`; those of the rehearsal where nothing was recorded.
    pub rate: f64,
    /// The most that `rate` may be.
    pub allowed: f64,
    /// Calls in a world of its own.
    pub rehearsed: u64,
    /// Those of them that went wrong.
    pub rehearsed_trapped: u64,
    /// Call by call, those that went wrong first, then those that differ; the first 200.
    pub casts: Vec<TrialCall>,
}

/// One recorded call, then and with the new revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct TrialCall {
    pub world_id: String,
    pub cast_id: u64,
    pub call_id: u64,
    pub tick: u64,
    pub export: String,
    pub old: CallEnd,
    pub new: CallEnd,
    pub effects: EffectsDifference,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct CallEnd {
    pub outcome: Outcome,
    pub fuel: Fuel,
}

/// How the effects of a call differ from those it had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EffectsDifference {
    /// Whether they are the same, in the same order.
    pub same: bool,
    /// What it does now and did not.
    pub added: Vec<Effect>,
    /// What it did and does not now.
    pub removed: Vec<Effect>,
}

/// `spell.cast_request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct CastAccepted {
    pub cast_id: u64,
    pub tick: u64,
}

/// `content.get_manifest`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Manifest {
    pub manifest: Json,
}

/// A file of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct File {
    pub path: String,
    pub digest: Digest,
    pub size: u64,
    pub media_type: String,
}

/// `content.list_files`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Files {
    pub files: Vec<File>,
}

/// `content.get_file`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct FileContent {
    pub path: String,
    pub digest: Digest,
    pub content_base64: String,
}

/// `request_spell`, `clear_world` and `remote_event`: the tick in which it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Entered {
    pub tick: u64,
}

/// `pong`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Pong {
    pub server_time: u64,
    pub tick: u64,
}

/// `handshake_response`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct HandshakeResponse {
    pub client_id: String,
    pub entity_id: u64,
    pub world_id: String,
    /// The first tick whose frame or events this connection gets.
    pub tick: u64,
    pub tick_rate: u32,
    pub snapshot_interval: u32,
    pub engine_id: Digest,
}

/// A node of the hash tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct HashNode {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
    pub path: String,
    pub hash: Hash,
    pub children: Vec<HashChild>,
}

/// A child of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct HashChild {
    pub path: String,
    pub hash: Hash,
}

/// What differs, at the leaf of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct DesyncPart {
    pub path: String,
    pub host_hash: Hash,
    /// What the host has there, readable.
    pub data: Json,
}

/// `desync_detail`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct DesyncDetail {
    pub tick: u64,
    pub parts: Vec<DesyncPart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spell_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast_id: Option<u64>,
}

/// `error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Refused {
    pub code: Code,
    pub message: String,
    pub request_type: Option<String>,
    /// What a trial found that refused a publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Box<Trial>>,
}

/// `connected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Connected {
    pub client_id: String,
    pub server_time: u64,
    pub protocol: String,
    pub world_id: String,
    pub tick: u64,
    pub engine_id: Digest,
}

/// `spell.revision_ready`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct RevisionReady {
    pub spell_id: String,
    pub revision_id: Digest,
    pub manifest: Json,
}

/// Why a channel moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Reason {
    Publish,
    Rollback,
    Guard,
}

/// `spell.active_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct ActiveUpdate {
    pub spell_id: String,
    pub revision_id: Digest,
    pub previous_revision_id: Option<Digest>,
    pub channel: Channel,
    pub world_id: String,
    pub tick: u64,
    pub reason: Reason,
}

/// `spell.cast_event`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct CastEvent {
    pub cast_id: u64,
    pub tick: u64,
    pub spell_id: String,
    pub revision_id: Digest,
    pub component: Digest,
    pub caster_id: u64,
    pub cast_params: CastParams,
    pub seed: Option<String>,
    pub outcome: Outcome,
    pub fuel: Fuel,
    pub effects: Vec<Effect>,
}

/// What a report to a spell's owner is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum ReportKind {
    Trap,
    Failed,
    Migrate,
    Log,
    RolledBack,
}

/// `spell.report`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Report {
    pub spell_id: String,
    pub revision_id: Digest,
    pub kind: ReportKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast_id: Option<u64>,
    pub tick: u64,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct KeptReport {
    /// 1, 2, 3… within the spell.
    pub number: u64,
    pub created_at: String,
    #[serde(flatten)]
    pub report: Report,
}

/// `presentation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Presentation {
    pub tick: u64,
    pub cast_id: u64,
    pub spell_id: String,
    pub items: Vec<PresentationItem>,
}

/// Something to see or hear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the protocol page says it")]
pub enum PresentationItem {
    Vfx { asset: String, at: [f64; 3], params: BTreeMap<String, Json> },
    Sound { asset: String, at: [f64; 3] },
    Message { player: u64, text: String },
}

/// `remote_event`, from a spell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct RemoteEvent {
    pub spell_id: String,
    pub cast_id: u64,
    pub name: String,
    pub payload: String,
}

/// Why a client starts anew from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum ResyncReason {
    Slow,
    Desync,
    TooLate,
}

/// `resync`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct Resync {
    pub reason: ResyncReason,
    /// The tick of the snapshot: the next frame is that of this tick.
    pub tick: u64,
    /// Where the snapshot is, as a path on this host.
    pub snapshot: String,
}

/// `world_closed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the protocol page says it")]
pub struct WorldClosed {
    pub world_id: String,
}

/// What a host sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[allow(missing_docs, reason = "each is the type of its data")]
pub enum Told {
    #[serde(rename = "connected")]
    Connected(Connected),
    #[serde(rename = "error")]
    Error(Refused),
    #[serde(rename = "spell.create_draft")]
    Created(Created),
    #[serde(rename = "spell.start_build")]
    BuildQueued(BuildStarted),
    #[serde(rename = "spell.build_started")]
    BuildStarted(BuildStarted),
    #[serde(rename = "job.cancel")]
    JobCancelled(JobCancelled),
    #[serde(rename = "job.progress")]
    JobProgress(JobProgress),
    #[serde(rename = "spell.publish")]
    Published(Published),
    #[serde(rename = "spell.rollback")]
    RolledBack(Published),
    #[serde(rename = "spell.list")]
    Spells(Spells),
    #[serde(rename = "spell.get_revisions")]
    Revisions(Revisions),
    #[serde(rename = "spell.cast_request")]
    CastAccepted(CastAccepted),
    #[serde(rename = "content.get_manifest")]
    Manifest(Manifest),
    #[serde(rename = "content.list_files")]
    Files(Files),
    #[serde(rename = "content.get_file")]
    File(FileContent),
    #[serde(rename = "request_spell")]
    Voxels(Entered),
    #[serde(rename = "clear_world")]
    Cleared(Entered),
    #[serde(rename = "pong")]
    Pong(Pong),
    #[serde(rename = "handshake_response")]
    Handshake(HandshakeResponse),
    #[serde(rename = "hash_tree")]
    HashNode(HashNode),
    #[serde(rename = "desync_detail")]
    DesyncDetail(DesyncDetail),
    #[serde(rename = "spell.revision_ready")]
    RevisionReady(RevisionReady),
    #[serde(rename = "spell.active_update")]
    ActiveUpdate(ActiveUpdate),
    #[serde(rename = "spell.cast_event")]
    CastEvent(Box<CastEvent>),
    #[serde(rename = "spell.report")]
    Report(Report),
    #[serde(rename = "presentation")]
    Presentation(Presentation),
    /// From a spell; the reply to a client's own carries an id and [`Entered`].
    #[serde(rename = "remote_event")]
    Remote(RemoteTold),
    #[serde(rename = "resync")]
    Resync(Resync),
    #[serde(rename = "tick_frame")]
    Frame(Box<Frame>),
    #[serde(rename = "world_closed")]
    WorldClosed(WorldClosed),
}

/// `remote_event`: a spell's message, or the reply to a client's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RemoteTold {
    /// From a spell.
    Event(RemoteEvent),
    /// The reply.
    Entered(Entered),
}

/// A message of the host, in its envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What it answers; absent in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What it says.
    #[serde(flatten)]
    pub told: Told,
}
