//! Jobs: builds that take a while, how far they are, and their logs.
//!
//! Promises that progress never goes back and that an ended job stays as it ended. Knows nothing
//! of what a job does.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::digest::Digest;
use crate::error::{Result, StoreError, at_most};
use crate::id::{JobId, SpellId};
use crate::limits::{DIAGNOSTICS_MAX, JOB_LOG_BYTES_MAX, TEXT_BYTES_MAX};
use crate::spells::spell_row;
use crate::store::Store;
use crate::tree::{Look, Row, Stored, Tree, numbered};

/// The counter of job ids.
pub const COUNTER: &[u8] = b"jobs";

/// How a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum JobStatus {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
}

impl JobStatus {
    /// As clients name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }

    /// Whether nothing more will come.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// One message of a compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Diagnostic {
    pub file: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub message: String,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub job_id: JobId,
    /// For which spell.
    pub spell_id: SpellId,
    /// Who asked.
    pub requested_by: String,
    /// How it is doing.
    pub status: JobStatus,
    /// What it is at.
    pub stage: String,
    /// 0 to 100, never falling.
    pub progress_pct: u8,
    /// What it made.
    pub result_revision_id: Option<Digest>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// What the compiler said.
    pub diagnostics: Vec<Diagnostic>,
    /// Unix milliseconds.
    pub created_at_ms: u64,
    /// Unix milliseconds.
    pub updated_at_ms: u64,
    /// The length of its log.
    pub log_bytes: u64,
}

/// What of a job is to change; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Job`")]
pub struct JobUpdate {
    pub status: Option<JobStatus>,
    pub stage: Option<String>,
    pub progress_pct: Option<u8>,
    pub result_revision_id: Option<Digest>,
    pub error_message: Option<String>,
    pub diagnostics: Option<Vec<Diagnostic>>,
}

impl Stored for Job {
    const TREE: Tree = Tree::Jobs;

    fn key(&self) -> Vec<u8> {
        key(self.job_id)
    }
}

fn key(job: JobId) -> Vec<u8> {
    job.0.to_be_bytes().to_vec()
}

/// The row of a piece of a job's log.
pub fn log_row(job: JobId, offset: u64, bytes: &[u8]) -> Row {
    Row { tree: Tree::JobLogs, key: numbered(key(job), offset), value: Some(bytes.to_vec()) }
}

impl Store {
    /// Makes a job that is queued: `unknown_spell`.
    pub fn create_job(&self, spell: &SpellId, requested_by: &str) -> Result<Job> {
        let (spell_id, requested_by, now) = (spell.clone(), requested_by.to_string(), self.now_ms());
        self.change(move |view| {
            spell_row(view, &spell_id)?;
            let job = Job {
                job_id: JobId(view.counter(COUNTER)? + 1),
                spell_id,
                requested_by,
                status: JobStatus::Queued,
                stage: String::new(),
                progress_pct: 0,
                result_revision_id: None,
                error_message: None,
                diagnostics: Vec::new(),
                created_at_ms: now,
                updated_at_ms: now,
                log_bytes: 0,
            };
            Ok((Some(Change::JobCreated(job.clone())), job))
        })
    }

    /// Changes a job: `unknown_job`, `job_ended`, `too_large`.
    pub fn update_job(&self, id: JobId, update: JobUpdate) -> Result<Job> {
        update.check()?;
        let now = self.now_ms();
        self.change(move |view| {
            let job = update.apply(running_job(view, id)?, now);
            Ok((Some(Change::JobPut(job.clone())), job))
        })
    }

    /// Appends to a job's log; returns its length. What does not fit is left out: `unknown_job`.
    pub fn append_job_log(&self, id: JobId, bytes: &[u8]) -> Result<u64> {
        let (mut bytes, now) = (bytes.to_vec(), self.now_ms());
        self.change(move |view| {
            let mut job: Job = known_job(view, id)?;
            let offset = job.log_bytes;
            bytes.truncate((JOB_LOG_BYTES_MAX - offset.min(JOB_LOG_BYTES_MAX)) as usize);
            if bytes.is_empty() {
                return Ok((None, offset));
            }
            job.log_bytes += bytes.len() as u64;
            job.updated_at_ms = now;
            let length = job.log_bytes;
            Ok((Some(Change::JobLogged { job, offset, bytes }), length))
        })
    }

    /// A job's log from a byte on: `unknown_job`.
    pub fn job_log(&self, id: JobId, since: u64) -> Result<Vec<u8>> {
        let reader = self.reader();
        known_job(&reader, id)?;
        let mut log = Vec::new();
        reader.each(Tree::JobLogs, &key(id), |_, bytes| {
            log.extend(bytes);
            Ok(())
        })?;
        Ok(log.split_off(usize::try_from(since).unwrap_or(usize::MAX).min(log.len())))
    }

    /// A job: `unknown_job`.
    pub fn job(&self, id: JobId) -> Result<Job> {
        known_job(&self.reader(), id)
    }

    /// The newest jobs, newest first.
    pub fn jobs(&self, most: usize) -> Result<Vec<Job>> {
        self.reader().last(&[], most)
    }

    /// The jobs that have not ended, oldest first: what a host that starts again must end.
    pub fn unfinished_jobs(&self) -> Result<Vec<Job>> {
        let mut jobs: Vec<Job> = self.reader().all(&[])?;
        jobs.retain(|job| !job.status.is_terminal());
        Ok(jobs)
    }
}

impl JobUpdate {
    fn check(&self) -> Result<()> {
        let diagnostics = self.diagnostics.as_deref().unwrap_or_default();
        at_most("the stage of a job", self.stage.as_ref().map_or(0, String::len), TEXT_BYTES_MAX)?;
        at_most("the error of a job", self.error_message.as_ref().map_or(0, String::len), TEXT_BYTES_MAX)?;
        at_most("the diagnostics of a job", diagnostics.len(), DIAGNOSTICS_MAX)?;
        diagnostics.iter().try_for_each(|one| at_most("a diagnostic", one.message.len(), TEXT_BYTES_MAX))
    }

    fn apply(self, job: Job, now: u64) -> Job {
        let progress = self.progress_pct.unwrap_or(0).clamp(job.progress_pct, 100);
        Job {
            status: self.status.unwrap_or(job.status),
            stage: self.stage.unwrap_or(job.stage),
            progress_pct: progress,
            result_revision_id: self.result_revision_id.or(job.result_revision_id),
            error_message: self.error_message.or(job.error_message),
            diagnostics: self.diagnostics.unwrap_or(job.diagnostics),
            updated_at_ms: now,
            ..job
        }
    }
}

fn known_job(look: &impl Look, id: JobId) -> Result<Job> {
    look.get(&key(id))?.ok_or_else(|| StoreError::UnknownJob(id.to_string()))
}

fn running_job(look: &impl Look, id: JobId) -> Result<Job> {
    let job = known_job(look, id)?;
    if job.status.is_terminal() {
        return Err(StoreError::JobEnded { job: id.to_string(), status: job.status.as_str() });
    }
    Ok(job)
}
