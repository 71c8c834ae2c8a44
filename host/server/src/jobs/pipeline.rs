//! One job from its order to its revision, through the five stages of the protocol.
//!
//! Promises that every end is told and kept with its reason, that a revision is there whole or not at
//! all, and that a job which the host's end interrupts is left to the next host. Runs on a thread that
//! may wait. Knows no compiler: the foundry does.

use std::sync::Arc;

use spellhost_forge::{
    BuildFailure, Cancel, Level, ListedFile, Made, MakeError, Origin, Revision, Sources, digest_of,
    language_named,
};
use spellhost_runtime::Component;
use spellhost_store::{Diagnostic, Job, JobId, JobStatus, JobUpdate, SpellUpdate, StoreError};
use spellhost_wire::Code;

use crate::failure::Failure;
use crate::host::{DEFAULT_WORLD, Host, Sender};
use crate::jobs::model;
use crate::jobs::order::{Order, revision_path};
use crate::limits::{MODEL_REPAIRS, SAID_BYTES_MAX};
use crate::spells::spell_of;
use crate::trial::Candidate;
use crate::who::Action;

/// Calls of a trial that the log of a job tells of.
const CALLS_TOLD: usize = 8;

/// What is left of a job that was run.
pub enum Left {
    /// Nothing: it has ended.
    Ended,
    /// All: the next host builds it again.
    Again,
}

/// Why a job ends without a revision.
enum End {
    Failed {
        message: String,
        diagnostics: Vec<Diagnostic>,
    },
    TimedOut(String),
    /// Somebody cancelled it, or the host goes down.
    Cancelled,
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::failed(format!("{}: {}", failure.code, failure.message))
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::JobEnded { .. } => Self::Cancelled,
            other => Failure::from(other).into(),
        }
    }
}

impl From<MakeError> for End {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::Cancelled => Self::Cancelled,
            MakeError::Late { .. } => Self::TimedOut(error.to_string()),
            MakeError::Failed(failure) => {
                let diagnostics = diagnostics(&failure);
                let first = diagnostics.iter().find(|one| one.file.is_some());
                let place = first.map(|one| {
                    let (file, line) = (one.file.as_deref().unwrap_or_default(), one.line.unwrap_or(0));
                    format!("\n{file}:{line}:{}: {}", one.column.unwrap_or(0), one.message)
                });
                let hint = failure.hint.as_ref().map(|hint| format!("\n{hint}"));
                let message =
                    format!("{}{}{}", failure.message, place.unwrap_or_default(), hint.unwrap_or_default());
                Self::Failed { message, diagnostics }
            }
            MakeError::NoSandbox(_) => Self::failed(format!("{}: {error}", Code::SandboxUnavailable)),
            MakeError::System(source) => Failure::internal(&source).into(),
        }
    }
}

impl End {
    fn failed(message: String) -> Self {
        Self::Failed { message, diagnostics: Vec::new() }
    }
}

/// A job that runs.
struct Running<'a> {
    host: &'a Arc<Host>,
    runtime: &'a tokio::runtime::Handle,
    job: JobId,
    order: Order,
    cancel: &'a Cancel,
}

/// Runs a job to its end.
pub fn run(host: &Arc<Host>, runtime: &tokio::runtime::Handle, job: JobId, cancel: &Cancel) -> Left {
    let Some(order) = host.jobs.orders.read(job) else {
        fail(host, job, "what was asked for is lost");
        return Left::Ended;
    };
    let running = Running { host, runtime, job, order, cancel };
    let end = match running.all() {
        Ok(()) => return Left::Ended,
        Err(_) if host.jobs.is_closing() => return Left::Again,
        Err(end) => end,
    };
    let (status, message, diagnostics) = match end {
        // Whoever cancelled it has said so.
        End::Cancelled => return Left::Ended,
        End::TimedOut(message) => (JobStatus::TimedOut, message, Vec::new()),
        End::Failed { message, diagnostics } => (JobStatus::Failed, message, diagnostics),
    };
    running.log(&format!("error: {message}"));
    finish(host, job, status, &message, diagnostics);
    Left::Ended
}

/// Ends a job as failed.
pub fn fail(host: &Host, job: JobId, message: &str) {
    finish(host, job, JobStatus::Failed, message, Vec::new());
}

fn finish(host: &Host, job: JobId, status: JobStatus, message: &str, diagnostics: Vec<Diagnostic>) {
    let update = JobUpdate {
        status: Some(status),
        error_message: Some(clipped(message).to_owned()),
        diagnostics: Some(diagnostics),
        ..JobUpdate::default()
    };
    match host.store.update_job(job, update) {
        Ok(kept) => host.tell_progress(&kept, clipped(message)),
        Err(error) => tracing::debug!(%job, %error, "a job ended before its end was kept"),
    }
}

/// As much of a text as is kept.
fn clipped(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SAID_BYTES_MAX)).unwrap_or(text)
}

fn diagnostics(failure: &BuildFailure) -> Vec<Diagnostic> {
    let errors = failure.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
    let kept = |diagnostic: &spellhost_forge::Diagnostic| Diagnostic {
        file: diagnostic.file.as_ref().map(|file| file.display().to_string()),
        line: diagnostic.line,
        column: diagnostic.column,
        message: clipped(&diagnostic.message).to_owned(),
    };
    errors.map(kept).collect()
}

impl Running<'_> {
    fn all(&self) -> Result<(), End> {
        self.stage("prepare", 0, "preparing")?;
        self.check_right()?;
        let made = if self.order.needs_model() { self.written()? } else { self.compiled()? };
        let (sources, made) = made;
        self.stage("validate", 60, "checking the component")?;
        let component = self.host.shelf.take(&self.host.store, &made.component)?;
        let (revision, files) = self.revision(&sources, &made, &component)?;
        self.stage("validate", 70, "casting it on trial")?;
        self.tried(&revision, &component);
        self.stage("finalize", 80, "storing the revision")?;
        self.stored(&revision, &made.component, &files)
    }

    /// Whether who asked may still do so: a spell may have got another owner meanwhile.
    fn check_right(&self) -> Result<(), End> {
        let spell = self.host.spells().spell(&self.order.spell)?;
        Ok(self.order.actor().check(Action::Author(&spell.owner))?)
    }

    /// Says how far it is. An error where it was cancelled.
    fn stage(&self, stage: &str, pct: u8, message: &str) -> Result<Job, End> {
        if self.cancel.is_cancelled() {
            return Err(End::Cancelled);
        }
        self.log(&format!("{stage} {pct} %: {message}"));
        let kept = self.host.store.update_job(
            self.job,
            JobUpdate {
                status: Some(JobStatus::Running),
                stage: Some(stage.into()),
                progress_pct: Some(pct),
                ..JobUpdate::default()
            },
        )?;
        self.host.tell_progress(&kept, message);
        Ok(kept)
    }

    /// A line of the job's log; what does not fit is left out.
    fn log(&self, text: &str) {
        if let Err(error) =
            self.host.store.append_job_log(self.job, format!("{}\n", text.trim_end()).as_bytes())
        {
            tracing::warn!(job = %self.job, %error, "a log is not kept");
        }
    }

    /// The order's own source, compiled.
    fn compiled(&self) -> Result<(Sources, Made), End> {
        let sources = self.order.sources(self.host.spells(), self.order.code.as_deref())?;
        self.stage("prepare", 15, "the source is there")?;
        let made = self.make(&sources)?;
        Ok((sources, made))
    }

    fn make(&self, sources: &Sources) -> Result<Made, End> {
        self.stage("assemble_package", 20, &format!("compiling {}", self.order.language))?;
        let made = self.host.jobs.foundry.make(&self.order.language, sources, self.cancel);
        match &made {
            Ok(made) => {
                let known = if made.known { ", the same source as before" } else { "" };
                self.log(&format!("{}{}", made.rendered, made.toolchain));
                let size = made.component.len();
                self.stage("assemble_package", 55, &format!("a component of {size} bytes{known}"))?;
            }
            Err(MakeError::Failed(failure)) if !failure.rendered.is_empty() => self.log(&failure.rendered),
            Err(_) => {}
        }
        Ok(made?)
    }

    /// Source that a model writes, with a few tries.
    fn written(&self) -> Result<(Sources, Made), End> {
        let Some(model) = &self.host.jobs.settings.model else {
            return Err(End::failed(format!("{}: this host has no model", Code::PromptNotConfigured)));
        };
        let wish = self.order.prompt.as_deref().unwrap_or_default();
        let mut talk = model::Talk::new(&self.order.language, wish);
        for left in (0..=MODEL_REPAIRS).rev() {
            // Stages go on and never back, so a repair belongs to compiling.
            let is_first = left == MODEL_REPAIRS;
            let (stage, pct) = if is_first { ("prepare", 5) } else { ("assemble_package", 20) };
            self.stage(stage, pct, &format!("asking the model {}", model.name))?;
            let code = self.runtime.block_on(talk.ask(model, self.cancel)).map_err(|error| match error {
                model::ModelError::Cancelled => End::Cancelled,
                model::ModelError::Late => End::TimedOut(error.to_string()),
                other => End::failed(format!("the model: {other}")),
            })?;
            self.log(&code);
            let sources = self.order.sources(self.host.spells(), Some(&code))?;
            let pct = if is_first { 15 } else { 20 };
            self.stage(stage, pct, "the model has written source")?;
            let tried = self.make(&sources).and_then(|made| {
                self.host.shelf.take(&self.host.store, &made.component)?;
                Ok(made)
            });
            match tried {
                Ok(made) => return Ok((sources, made)),
                Err(End::Failed { message, diagnostics }) if left > 0 => {
                    self.log(&format!("it is asked again: {message}"));
                    talk.complain(&message, &diagnostics);
                }
                Err(end) => return Err(end),
            }
        }
        Err(End::failed("the model wrote nothing that compiles".into()))
    }

    /// The revision, and the contents of its files beside the component.
    fn revision<'s>(
        &self,
        sources: &'s Sources,
        made: &Made,
        component: &Component,
    ) -> Result<(Revision, Vec<&'s [u8]>), End> {
        let mut files: Vec<(ListedFile, &[u8])> = sources
            .files()
            .map(|(path, content)| {
                let (path, digest) = (revision_path(path), digest_of(content));
                (ListedFile { path, digest, size: content.len() as u64 }, content)
            })
            .collect();
        files.sort();
        let (listed, contents) = files.into_iter().unzip();
        let origin = Origin {
            language: language_named(&self.order.language),
            toolchain: Some(made.toolchain.clone()),
            files: listed,
            ..Origin::default()
        };
        Ok((Revision::new(spell_of(&self.order.spell)?, component, &origin), contents))
    }

    /// How its casts end is told and decides nothing: a spell may rightly refuse an empty plain.
    fn tried(&self, revision: &Revision, component: &Component) {
        let candidate = Candidate { spell: &revision.spell, revision: revision.reference, component };
        let outcomes = candidate.rehearse(self.host.shelf.rehearsing());
        for (number, outcome) in outcomes.iter().take(CALLS_TOLD).enumerate() {
            self.log(&format!("trial, call {}: {}", number + 1, outcome.kind()));
        }
    }

    fn stored(&self, revision: &Revision, component: &[u8], files: &[&[u8]]) -> Result<(), End> {
        let actor = self.order.actor();
        if let Some(metadata) = &self.order.metadata {
            let id = spellhost_store::SpellId::parse(&self.order.spell)?;
            let update = SpellUpdate {
                display_name: metadata.display_name.clone(),
                description: metadata.description.clone(),
                tags: metadata.tags.clone(),
            };
            self.host.store.update_spell(&id, update)?;
        }
        let (uploaded, _) = self.host.spells().keep(&actor, revision, component, files)?;
        self.stage("finalize", 95, "telling everybody")?;
        let sender = Sender { actor, client: String::new(), world: DEFAULT_WORLD.into() };
        let revision_id = spellhost_store::Digest(uploaded.revision_id.0);
        // Told also of a revision that was there: who waits for a build waits for this.
        self.runtime.block_on(self.host.settle(&sender, uploaded, true))?;
        self.log(&format!("done 100 %: revision {revision_id}"));
        let done = JobUpdate {
            status: Some(JobStatus::Succeeded),
            stage: Some("done".into()),
            progress_pct: Some(100),
            result_revision_id: Some(revision_id),
            ..JobUpdate::default()
        };
        let kept = self.host.store.update_job(self.job, done)?;
        self.host.tell_progress(&kept, "done");
        Ok(())
    }
}
