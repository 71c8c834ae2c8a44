//! What worlds notice and may not wait for: reports to authors, and guards that trip.
//!
//! Promises that a world never waits: reports beyond a bound are dropped, a guard that trips is
//! always heard. Connections are known here by account, so that an author is told wherever it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use spellhost_store::NewReport;
use spellhost_wire::reply::{KeptReport, Report, Told};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::guard::Guard;
use crate::host::Host;
use crate::limits::REPORTS_WAITING_MAX;
use crate::spells::Spells;
use crate::time::rfc3339;
use crate::who::{Action, Actor};
use crate::world::subscriber::Queue;
use crate::world::telling::text;

/// A world's end.
#[derive(Clone, Debug)]
pub struct Notices {
    reports: mpsc::Sender<Report>,
    tripped: mpsc::UnboundedSender<Guard>,
}

/// The host's end.
pub struct Noticed {
    reports: mpsc::Receiver<Report>,
    tripped: mpsc::UnboundedReceiver<Guard>,
}

/// The two ends.
pub fn notices() -> (Notices, Noticed) {
    let (reports, reported) = mpsc::channel(REPORTS_WAITING_MAX);
    let (tripped, guards) = mpsc::unbounded_channel();
    (Notices { reports, tripped }, Noticed { reports: reported, tripped: guards })
}

impl Notices {
    /// Hands a report on; dropped where too many wait.
    pub fn report(&self, report: Report) {
        // A host that ends needs no reports, and one that is behind has enough of them.
        let _ = self.reports.try_send(report);
    }

    /// Hands a guard on that has tripped. At most one for each publish.
    pub fn trip(&self, guard: Guard) {
        // A host that ends rolls nothing back.
        let _ = self.tripped.send(guard);
    }
}

/// Connections by account.
#[derive(Default)]
pub struct Listeners(Mutex<BTreeMap<u64, (Actor, Queue)>>);

impl Listeners {
    /// A connection is somebody's.
    pub fn enter(&self, connection: u64, actor: Actor, queue: Queue) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(connection, (actor, queue));
    }

    /// It has closed.
    pub fn leave(&self, connection: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&connection);
    }

    /// Tells every connection of an account, unless it is slow.
    pub fn tell(&self, account: &str, told: Told) {
        let message = text(told, None);
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = listeners.values().filter(|(actor, _)| actor.name() == account);
        // Who does not read misses it; reports are kept.
        own.for_each(|(_, queue)| drop(queue.try_send(message.clone())));
    }
}

impl Host {
    /// Hears what worlds notice, until the host ends.
    pub async fn attend(self: Arc<Self>, mut noticed: Noticed) {
        loop {
            tokio::select! {
                biased;
                Some(guard) = noticed.tripped.recv() => self.clone().roll_back_guarded(guard).await,
                Some(report) = noticed.reports.recv() => {
                    // What the store refuses is not kept; the author was told.
                    let _ = self.blocking(move |host| host.report(report)).await;
                }
                else => return,
            }
        }
    }

    /// Tells a spell's owner, and keeps what was told.
    ///
    /// # Errors
    /// Where the store keeps nothing.
    pub fn report(&self, report: Report) -> Result<(), Failure> {
        let spell = spellhost_store::SpellId::parse(&report.spell_id)?;
        let owner = self.store.spell(&spell)?.owner;
        self.listeners.tell(&owner, Told::Report(report.clone()));
        let revision_id = Some(spellhost_store::Digest(report.revision_id.0));
        let kind = serde_json::to_value(report.kind).map_err(|error| Failure::internal(&error))?;
        let kind = kind.as_str().unwrap_or_default().to_owned();
        let body = serde_json::to_string(&report).map_err(|error| Failure::internal(&error))?;
        self.store.add_report(&spell, NewReport { revision_id, kind, body })?;
        Ok(())
    }
}

impl Spells<'_> {
    /// The last reports about a spell, newest first.
    ///
    /// # Errors
    /// An unknown spell, no right.
    pub fn reports(self, actor: &Actor, spell: &str) -> Result<Vec<KeptReport>, Failure> {
        let id = spellhost_store::SpellId::parse(crate::spells::spell_of(spell)?.as_str())?;
        actor.check(Action::Author(&self.store.spell(&id)?.owner))?;
        let shown = |kept: spellhost_store::SpellReport| {
            let report = serde_json::from_str(&kept.body).ok()?;
            Some(KeptReport { number: kept.number, created_at: rfc3339(kept.at_ms), report })
        };
        Ok(self.store.reports(&id)?.into_iter().rev().filter_map(shown).collect())
    }
}
