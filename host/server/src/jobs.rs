//! Builds that wait, builds that run, and who is told of them.
//!
//! Promises that what was accepted is built or ended, also over a restart; that at most so many
//! wait; and that a cancelled job ends within a moment. A job is a row of the store, and what it was
//! asked for a file beside it. Knows no compiler and no stage: those are in [`pipeline`].

mod model;
mod order;
mod pipeline;
pub mod routes;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use spellhost_forge::{Cancel, Foundry, MakeError, SourceLimits};
use spellhost_store::{JobId, JobStatus, JobUpdate};
use spellhost_wire::Code;
use spellhost_wire::message::StartBuild;
use spellhost_wire::reply::{BuildStarted, Job, JobCancelled, JobProgress, Told};

use crate::config::Builds;
use crate::failure::Failure;
use crate::host::{Host, Sender};
use crate::who::Action;

use order::{Order, Orders};

/// Everything about builds.
pub struct Jobs {
    foundry: Foundry,
    orders: Orders,
    settings: Builds,
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<JobId>,
    /// Places that were given away, to jobs that are still being made.
    reserved: usize,
    running: BTreeMap<JobId, Cancel>,
    /// Set when the host goes down: what runs is built again by the next one.
    closing: bool,
}

impl Jobs {
    /// No job, in a folder of its own within the data directory.
    ///
    /// # Errors
    /// A folder that cannot be used.
    pub fn open(data: &Path, settings: Builds) -> io::Result<Self> {
        let root = data.join("builds");
        let limits = SourceLimits { seconds: settings.seconds, ..SourceLimits::default() };
        let foundry = Foundry::new(root.join("foundry"), limits, settings.unsandboxed)?;
        let orders = Orders::open(root.join("orders"))?;
        let (queue, wake) = Default::default();
        Ok(Self { foundry, orders, settings, queue, wake })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a job and takes it; `None` when the host goes down.
    fn next(&self) -> Option<(JobId, Cancel)> {
        let waits = |queue: &mut Queue| queue.waiting.is_empty() && !queue.closing;
        let mut queue = self.wake.wait_while(self.queue(), waits).unwrap_or_else(PoisonError::into_inner);
        if queue.closing {
            return None;
        }
        let job = queue.waiting.pop_front()?;
        let cancel = Cancel::new();
        queue.running.insert(job, cancel.clone());
        Some((job, cancel))
    }

    /// A place in the queue, until it is dropped; of two for the last one, one is refused.
    fn reserve(&self) -> Result<Place<'_>, Failure> {
        let mut queue = self.queue();
        let most = self.settings.queue;
        if queue.waiting.len() + queue.reserved >= most {
            let reason = format!("{most} builds wait already: try again in a moment");
            return Err(Failure::new(Code::QueueFull, reason));
        }
        queue.reserved += 1;
        Ok(Place(self))
    }

    fn enqueue(&self, job: JobId) {
        self.queue().waiting.push_back(job);
        self.wake.notify_one();
    }

    fn ended(&self, job: JobId) {
        self.queue().running.remove(&job);
        self.orders.forget(job);
    }

    fn is_closing(&self) -> bool {
        self.queue().closing
    }
}

struct Place<'a>(&'a Jobs);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.queue().reserved -= 1;
    }
}

/// The threads that build. Dropping it does not end them: [`Workers::end`] does.
pub struct Workers(Vec<JoinHandle<()>>);

impl Workers {
    /// Starts them, with what an earlier host has not finished.
    ///
    /// # Errors
    /// A store that cannot be read, or no threads.
    pub fn start(
        host: &Arc<Host>,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        for job in host.store.unfinished_jobs()? {
            if host.jobs.orders.read(job.job_id).is_none() {
                let why = "what was asked for was lost with the host".to_owned();
                let failed = JobUpdate {
                    status: Some(JobStatus::Failed),
                    error_message: Some(why),
                    ..JobUpdate::default()
                };
                host.store.update_job(job.job_id, failed)?;
                continue;
            }
            if job.status == JobStatus::Running {
                let again = JobUpdate { status: Some(JobStatus::Queued), ..JobUpdate::default() };
                host.store.update_job(job.job_id, again)?;
            }
            host.jobs.enqueue(job.job_id);
        }
        let work = |number| {
            let (host, runtime) = (host.clone(), runtime.clone());
            let thread = std::thread::Builder::new().name(format!("building {number}"));
            thread.spawn(move || work(&host, &runtime))
        };
        Ok(Self((0..host.jobs.settings.workers).map(work).collect::<io::Result<_>>()?))
    }

    /// Ends them; what they were at is built again by the next host.
    pub fn end(self, host: &Host) {
        {
            let mut queue = host.jobs.queue();
            queue.closing = true;
            queue.running.values().for_each(Cancel::cancel);
        }
        host.jobs.wake.notify_all();
        // A panic in one was reported by its own thread.
        self.0.into_iter().for_each(|thread| drop(thread.join()));
    }
}

fn work(host: &Arc<Host>, runtime: &tokio::runtime::Handle) {
    while let Some((job, cancel)) = host.jobs.next() {
        let built = catch_unwind(AssertUnwindSafe(|| pipeline::run(host, runtime, job, &cancel)));
        let left = match built {
            Ok(pipeline::Left::Again) => true,
            Ok(pipeline::Left::Ended) => false,
            Err(_) => {
                tracing::error!(%job, "a build panicked");
                pipeline::fail(host, job, "the host failed at this build; it is logged");
                false
            }
        };
        if !left {
            host.jobs.ended(job);
        }
    }
}

impl Host {
    /// Queues a build.
    ///
    /// # Errors
    /// An unknown spell, no right, what cannot be built (`bad_param`, `no_source`), what cannot be
    /// built here (`sandbox_unavailable`, `prompt_not_configured`), `queue_full`.
    pub async fn start_build(
        self: &Arc<Self>,
        sender: &Sender,
        request: StartBuild,
    ) -> Result<BuildStarted, Failure> {
        let actor = sender.actor.clone();
        // All of it on one thread: who asks may hang up at any time, and what is kept has to be built.
        self.blocking(move |host| {
            let spell = host.spells().spell(&request.spell_id)?;
            actor.check(Action::Author(&spell.owner))?;
            let order = Order::from_request(host.spells(), &actor, request)?;
            if order.needs_model() && host.jobs.settings.model.is_none() {
                let reason = "this host has no model to write spells: send code, or ask its operator to set \
                                  SPELLHOST_MODEL_URL";
                return Err(Failure::new(Code::PromptNotConfigured, reason));
            }
            host.jobs.foundry.check(&order.language).map_err(|error| refused(&error))?;
            let place = host.jobs.reserve()?;
            let job = host.make_job(&order)?;
            let started = BuildStarted { job_id: job.0, spell_id: spell.spell_id };
            let whom = [actor.name().to_owned(), spell.owner];
            host.tell_accounts(&whom, &Told::BuildStarted(started.clone()));
            host.jobs.enqueue(job);
            drop(place);
            Ok(started)
        })
        .await
    }

    /// Makes a job that is kept, and not queued yet.
    fn make_job(&self, order: &Order) -> Result<JobId, Failure> {
        let id = spellhost_store::SpellId::parse(&order.spell)?;
        let job = self.store.create_job(&id, &order.actor)?.job_id;
        self.jobs.orders.keep(job, order).map_err(|error| {
            pipeline::fail(self, job, "what was asked for could not be kept");
            Failure::internal(&error)
        })?;
        Ok(job)
    }

    /// A job, as anybody may see it.
    ///
    /// # Errors
    /// `unknown_job`.
    pub async fn job(self: &Arc<Self>, job: JobId) -> Result<Job, Failure> {
        self.blocking(move |host| Ok(shown(&host.store.job(job)?))).await
    }

    /// A job's log from a byte on, and its whole length.
    ///
    /// # Errors
    /// `unknown_job`; `forbidden` but for the spell's owner and the operator.
    pub async fn job_log(
        self: &Arc<Self>,
        sender: &Sender,
        job: JobId,
        since: u64,
    ) -> Result<(Vec<u8>, u64), Failure> {
        let actor = sender.actor.clone();
        self.blocking(move |host| {
            let kept = host.store.job(job)?;
            actor.check(Action::Author(&host.store.spell(&kept.spell_id)?.owner))?;
            Ok((host.store.job_log(job, since)?, host.store.job(job)?.log_bytes))
        })
        .await
    }

    /// Ends a job; one that has ended stays as it is.
    ///
    /// # Errors
    /// `unknown_job`; `forbidden` but for the spell's owner and the operator.
    pub async fn cancel_job(self: &Arc<Self>, sender: &Sender, job: JobId) -> Result<JobCancelled, Failure> {
        let actor = sender.actor.clone();
        self.blocking(move |host| {
            let kept = host.store.job(job)?;
            actor.check(Action::Author(&host.store.spell(&kept.spell_id)?.owner))?;
            let cancelled = JobUpdate {
                status: Some(JobStatus::Cancelled),
                error_message: Some("the build was cancelled".into()),
                ..JobUpdate::default()
            };
            let status = match host.store.update_job(job, cancelled) {
                Ok(kept) => {
                    let waited = {
                        let mut queue = host.jobs.queue();
                        queue.waiting.retain(|waiting| *waiting != job);
                        queue.running.get(&job).map(Cancel::cancel).is_none()
                    };
                    if waited {
                        host.jobs.orders.forget(job);
                    }
                    host.tell_progress(&kept, "cancelled");
                    kept.status
                }
                Err(spellhost_store::StoreError::JobEnded { .. }) => host.store.job(job)?.status,
                Err(error) => return Err(error.into()),
            };
            Ok(JobCancelled { job_id: job.0, status: status.as_str().into() })
        })
        .await
    }

    /// Tells who asked for a job and whose spell it is how far it is.
    fn tell_progress(&self, job: &spellhost_store::Job, message: &str) {
        let owner = self.store.spell(&job.spell_id).map(|spell| spell.owner).unwrap_or_default();
        let progress = JobProgress {
            job_id: job.job_id.0,
            spell_id: job.spell_id.to_string(),
            stage: job.stage.clone(),
            pct: job.progress_pct,
            message: message.into(),
            status: job.status.as_str().into(),
        };
        self.tell_accounts(&[job.requested_by.clone(), owner], &Told::JobProgress(progress));
    }
}

/// Why nothing is built here.
fn refused(error: &MakeError) -> Failure {
    match error {
        MakeError::NoSandbox(why) => {
            tracing::warn!(why, "source is not compiled here");
            let reason = format!("{error}; upload a component, or start the host with --unsandboxed-builds");
            Failure::new(Code::SandboxUnavailable, reason)
        }
        other => Failure::internal(other),
    }
}

fn shown(job: &spellhost_store::Job) -> Job {
    let diagnostic = |diagnostic: &spellhost_store::Diagnostic| spellhost_wire::reply::Diagnostic {
        file: diagnostic.file.clone(),
        line: diagnostic.line,
        column: diagnostic.column,
        message: diagnostic.message.clone(),
    };
    Job {
        job_id: job.job_id.0,
        spell_id: job.spell_id.to_string(),
        status: job.status.as_str().into(),
        stage: job.stage.clone(),
        progress_pct: job.progress_pct,
        result_revision_id: job.result_revision_id.map(|id| spellhost_wire::Digest(id.0)),
        error_message: job.error_message.clone(),
        diagnostics: job.diagnostics.iter().map(diagnostic).collect(),
        created_at: crate::time::rfc3339(job.created_at_ms),
        updated_at: crate::time::rfc3339(job.updated_at_ms),
        log_bytes: job.log_bytes,
    }
}
