//! Publishing: everything that can go wrong goes wrong first, then a channel moves in the store, then
//! in every world.
//!
//! Promises that a publish which fails has changed nothing, that of two who move a channel at once one
//! is told so, and that store and worlds agree on the order. Knows no HTTP.

use std::sync::Arc;

use spellhost_sim::{Digest, SpellId};
use spellhost_wire::message;
use spellhost_wire::reply::{Published, Reason, Report, ReportKind, RevisionReady, Told, Trial, Uploaded};
use spellhost_wire::{Channel, Code};

use crate::failure::Failure;
use crate::guard::{Guard, is_wrong};
use crate::host::{DEFAULT_WORLD, Host, Sender, sim_channel, store_channel};
use crate::limits::TRIAL_CASTS_SHOWN_MAX;
use crate::packages::is_package;
use crate::spells::{Moved, Prepared, spell_of};
use crate::trial::{Candidate, Tried};
use crate::who::{Action, OPERATOR};
use crate::world::ask::{Answer, Ask, Swapping};
use crate::world::backlog::Encoded;
use crate::world::telling::digest;
use crate::world::{WorldHandle, wire_channel};

impl Host {
    /// Admits a component, or what is in a package, as a new revision and points `draft` to it.
    ///
    /// # Errors
    /// As [`crate::spells::Spells::upload`].
    pub async fn upload(
        self: &Arc<Self>,
        sender: &Sender,
        spell: String,
        bytes: Vec<u8>,
    ) -> Result<(Uploaded, bool), Failure> {
        let actor = sender.actor.clone();
        let (uploaded, is_new) = self
            .blocking(move |host| match is_package(&bytes) {
                true => host.spells().upload_package(&actor, &spell, &bytes),
                false => host.spells().upload(&actor, &spell, &bytes),
            })
            .await?;
        self.settle(sender, uploaded, is_new).await
    }

    /// Tells of a revision that is new, and points `draft` to it.
    ///
    /// # Errors
    /// As [`Host::publish`].
    pub async fn settle(
        self: &Arc<Self>,
        sender: &Sender,
        uploaded: Uploaded,
        is_new: bool,
    ) -> Result<(Uploaded, bool), Failure> {
        if is_new {
            self.tell_all(&Told::RevisionReady(RevisionReady {
                spell_id: uploaded.spell_id.clone(),
                revision_id: uploaded.revision_id,
                manifest: uploaded.manifest.clone(),
            }));
        }
        self.point_draft(sender, &uploaded.spell_id, &uploaded.revision_id.to_string()).await?;
        Ok((uploaded, is_new))
    }

    /// Points `draft` to a revision that was just made, whoever else does so: the last one wins.
    ///
    /// # Errors
    /// As [`Host::publish`].
    pub async fn point_draft(
        self: &Arc<Self>,
        sender: &Sender,
        spell: &str,
        revision: &str,
    ) -> Result<Published, Failure> {
        loop {
            let draft = message::Publish {
                spell_id: spell.into(),
                revision_id: revision.into(),
                channel: Channel::Draft,
                note: None,
                trial: None,
                guard: None,
            };
            match self.publish(sender, draft).await {
                Err(failure) if failure.code == Code::PublishConflict => {}
                published => return published,
            }
        }
    }

    /// Points a channel to a revision: admitted, compiled and tried first, in the store then, in every world
    /// between two ticks at last.
    ///
    /// # Errors
    /// No right, an unknown or taken down revision, `trial_failed`, `publish_conflict`, `store_full`; then
    /// nothing has changed anywhere.
    pub async fn publish(
        self: &Arc<Self>,
        sender: &Sender,
        publish: message::Publish,
    ) -> Result<Published, Failure> {
        let message::Publish { spell_id, revision_id, channel, note, trial, guard } = publish;
        let actor = sender.actor.clone();
        let worlds = if trial.is_some() { self.recent().await } else { Vec::new() };
        let prepare = move |host: &Self| {
            let prepared = host.spells().prepare(&actor, &spell_id, &revision_id, store_channel(channel))?;
            let trial = host.try_out(&prepared, trial, &worlds)?;
            Ok((prepared, trial))
        };
        let (prepared, trial) = self.blocking(prepare).await?;
        let _turn = self.moving.lock().await;
        let actor = sender.actor.clone();
        let moved = self.blocking(move |host| host.spells().publish(&actor, prepared, note)).await?;
        let published = self.swap(&sender.world, moved, Reason::Publish, guard).await?;
        Ok(Published { trial, ..published })
    }

    /// Every open world with its last frames, which its log need not have yet.
    async fn recent(&self) -> Vec<(WorldHandle, Vec<Encoded>)> {
        let mut worlds = Vec::new();
        for world in self.worlds.all() {
            // One that closes meanwhile is none.
            if let Ok(recent) = world.ask(Ask::Recent).await {
                worlds.push((world, recent));
            }
        }
        worlds
    }

    /// Tries a revision; the report, where one was asked for.
    fn try_out(
        &self,
        prepared: &Prepared,
        asked: Option<f64>,
        worlds: &[(WorldHandle, Vec<Encoded>)],
    ) -> Result<Option<Trial>, Failure> {
        let caster = self.shelf.rehearsing();
        let candidate =
            Candidate { spell: &prepared.spell, revision: prepared.revision, component: &prepared.component };
        let outcomes = candidate.rehearse(caster);
        // What the host itself could not run, it must not run in a world.
        if let Some(fault) = outcomes.iter().find(|outcome| is_the_hosts(outcome)) {
            let message = format!("a rehearsal of this revision ended as {}", fault.kind());
            return Err(Failure::new(Code::TrialFailed, message));
        }
        let Some(allowed) = asked else { return Ok(None) };
        let mut tried = Vec::new();
        for (world, recent) in worlds {
            tried.extend(self.tried_in(&candidate, world, recent)?);
        }
        let wrong = outcomes.iter().filter(|outcome| is_wrong(outcome)).count();
        let trial = summed(tried, (wrong, outcomes.len()), allowed);
        if trial.rate <= allowed {
            return Ok(Some(trial));
        }
        let (of, trapped, calls) = match trial.calls {
            0 => ("rehearsed", trial.rehearsed_trapped, trial.rehearsed),
            calls => ("recorded", trial.trapped, calls),
        };
        let message = format!(
            "{trapped} of {calls} {of} calls did not end well; at most {} are allowed",
            percent(allowed)
        );
        Err(Failure { trial: Some(Box::new(trial)), ..Failure::new(Code::TrialFailed, message) })
    }

    fn tried_in(
        &self,
        candidate: &Candidate<'_>,
        world: &WorldHandle,
        recent: &[Encoded],
    ) -> Result<Vec<Tried>, Failure> {
        let id = spellhost_store::WorldId::parse(&world.id)?;
        let kept = self.store.world(&id)?;
        let terrain = crate::worlds::terrain_of(&kept.terrain).unwrap_or_default();
        let config = spellhost_sim::WorldConfig { terrain, seed: kept.seed };
        candidate
            .against(&self.store, &id, config, recent, self.shelf.rehearsing())
            .map_err(|error| Failure::internal(&error))
    }

    /// Points a channel to the entry before.
    ///
    /// # Errors
    /// As [`Host::publish`], and `nothing_to_roll_back`.
    pub async fn rollback(
        self: &Arc<Self>,
        sender: &Sender,
        of: message::OfChannel,
    ) -> Result<Published, Failure> {
        let _turn = self.moving.lock().await;
        let actor = sender.actor.clone();
        let moved = self
            .blocking(move |host| host.spells().rollback(&actor, &of.spell_id, store_channel(of.channel)))
            .await?;
        self.swap(&sender.world, moved, Reason::Rollback, None).await
    }

    /// Takes back what a guard found wanting, unless the channel has moved since; tells the owner either way.
    pub async fn roll_back_guarded(self: Arc<Self>, guard: Guard) {
        let found = format!(
            "{} of the first {} calls did not end well, more than the {} that the guard allows",
            guard.wrong,
            guard.calls,
            percent(guard.rate)
        );
        let (message, tick) = match self.take_back(&guard).await {
            Ok(Some(back)) => {
                let channel = text_of(guard.channel);
                (format!("{found}: `{channel}` is back at {}", back.revision_id), Some(back.tick))
            }
            Ok(None) => return,
            Err(failure) => (format!("{found}; it cannot be rolled back: {}", failure.message), None),
        };
        let now = || self.world(DEFAULT_WORLD).map_or(0, |world| world.facts.now().0);
        let report = Report {
            spell_id: guard.spell.as_str().into(),
            revision_id: digest(guard.revision),
            kind: if tick.is_some() { ReportKind::RolledBack } else { ReportKind::Failed },
            cast_id: None,
            tick: tick.unwrap_or_else(now),
            message,
            file: None,
            line: None,
            function: None,
        };
        // What the store refuses is not kept; the author was told.
        let _ = self.blocking(move |host| host.report(report)).await;
    }

    async fn take_back(self: &Arc<Self>, guard: &Guard) -> Result<Option<Published>, Failure> {
        let _turn = self.moving.lock().await;
        let (spell, channel, revision) = (guard.spell.clone(), guard.channel, guard.revision);
        let channel = store_channel(wire_channel(channel));
        let moved = self.blocking(move |host| host.spells().take_back(spell, channel, revision)).await?;
        match moved {
            Some(moved) => self.swap(DEFAULT_WORLD, moved, Reason::Guard, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// Swaps a revision into every world; answers with the tick of one of them.
    async fn swap(
        &self,
        told: &str,
        moved: Moved,
        reason: Reason,
        guard: Option<f64>,
    ) -> Result<Published, Failure> {
        let channel = sim_channel(moved.channel);
        let swapping = Swapping {
            spell: moved.spell.clone(),
            channel,
            revision: moved.revision,
            component: moved.component,
            previous: moved.previous,
            reason,
            guard,
        };
        let tick = self.ask_all(told, |answer| Ask::Swap(Box::new(swapping.clone()), answer)).await;
        Ok(Published {
            spell_id: moved.spell.as_str().into(),
            revision_id: digest(moved.revision.id),
            channel: wire_channel(channel),
            tick,
            manifest: moved.manifest,
            trial: None,
        })
    }

    /// Takes a revision down: nobody casts it any more, and what runs on it ends, in one tick of each world.
    ///
    /// # Errors
    /// `forbidden` but for the operator, an unknown spell or revision.
    pub async fn take_down(
        self: &Arc<Self>,
        sender: &Sender,
        spell: String,
        revision: String,
        why: Option<String>,
    ) -> Result<serde_json::Value, Failure> {
        sender.actor.check(Action::Administer)?;
        let _turn = self.moving.lock().await;
        let (spell, id) = self
            .blocking(move |host| {
                let spell = spell_of(&spell)?;
                let id = host.spells().revision_of(spell.as_str(), &revision)?;
                host.store.take_down(&id, OPERATOR, why.as_deref().unwrap_or_default())?;
                Ok((spell, Digest(id.0)))
            })
            .await?;
        let tick = self.ask_all(&sender.world, |answer| Ask::TakeDown(id, answer)).await;
        Ok(taken(&spell, id, tick))
    }

    /// Asks every world at once, each answers after its next tick; the tick of one of them.
    async fn ask_all(&self, told: &str, ask: impl Fn(Answer<u64>) -> Ask) -> u64 {
        let worlds = self.worlds.all();
        let asked = worlds.iter().map(|world| world.ask(&ask));
        let answered = futures_util::future::join_all(asked).await;
        let mine = worlds.iter().zip(answered).find(|(world, _)| *world.id == *told);
        // A world that closes meanwhile finds everything in the store when it opens again.
        mine.and_then(|(_, tick)| tick.ok()).unwrap_or_default()
    }
}

fn taken(spell: &SpellId, id: Digest, tick: u64) -> serde_json::Value {
    serde_json::json!({"spell_id": spell.as_str(), "revision_id": digest(id), "taken_down": true, "tick": tick})
}

/// Whether an outcome says that the host could not run a call, and nothing about the spell.
fn is_the_hosts(outcome: &spellhost_sim::Outcome) -> bool {
    use spellhost_sim::{LimitKind, Outcome};
    matches!(outcome, Outcome::Limit(LimitKind::Host | LimitKind::Watchdog))
}

fn percent(rate: f64) -> String {
    format!("{} %", (rate * 1000.0).round() / 10.0)
}

fn text_of(channel: spellhost_sim::Channel) -> &'static str {
    store_channel(wire_channel(channel)).as_str()
}

/// The report over everything that was tried.
fn summed(mut tried: Vec<Tried>, (wrong, rehearsed): (usize, usize), allowed: f64) -> Trial {
    let (calls, trapped) = (tried.len(), tried.iter().filter(|one| one.wrong).count());
    let (of, bad) = if calls == 0 { (rehearsed, wrong) } else { (calls, trapped) };
    let is_alike = |one: &Tried| one.call.effects.same && one.call.old.outcome.is_like(&one.call.new.outcome);
    tried.sort_by_key(|one| (!one.wrong, is_alike(one)));
    tried.truncate(TRIAL_CASTS_SHOWN_MAX);
    Trial {
        calls: calls as u64,
        trapped: trapped as u64,
        rate: if of == 0 { 0.0 } else { bad as f64 / of as f64 },
        allowed,
        rehearsed: rehearsed as u64,
        rehearsed_trapped: wrong as u64,
        casts: tried.into_iter().map(|one| one.call).collect(),
    }
}
