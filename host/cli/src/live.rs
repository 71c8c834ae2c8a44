//! The half of `run` that stays: a world that ticks at 60 Hz, and a spell that is rebuilt, swapped
//! in between two ticks and cast again on every save.
//!
//! The world is served at an address of this machine while it stays: who joins there is in it.
//!
//! One loop over one closed [`Event`]. The world is never lost: whatever goes wrong with a build is
//! told, and the revision before goes on. The ticks of a cast are played as fast as they can be, so
//! that a save is answered at once; the clock holds for the ticks between casts.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spellhost_forge::{Watch, WatchEvent};
use spellhost_server::{Config, Guide};
use spellhost_sim::limits::TICKS_PER_SECOND;
use spellhost_sim::{CallReport, Inputs, Migration};
use spellhost_wire::{Outcome, Refusal};

use crate::builder::Builder;
use crate::demo::{demo, script};
use crate::interrupt::Interrupt;
use crate::keys::Keys;
use crate::problem::{Kind, Problem};
use crate::run::{Args, Machine, enter, object, show};
use crate::screen::Screen;
use crate::script::{Performance, Script, perform};
use crate::serve::unserved;
use crate::session::Session;
use crate::source::{Ready, Source};
use crate::stage::Stage;
use crate::{view, words};

/// The time of one tick.
const TICK: Duration = Duration::from_nanos(1_000_000_000 / TICKS_PER_SECOND as u64);
/// How many ticks may be late before time is dropped.
const LATE_TICKS_MAX: u32 = 5;
/// How often a cast on save is tried again while the caster lacks mana or the spell cools down.
const RECASTS_MAX: u32 = 16;
/// Ticks between two such tries.
const RECAST_PAUSE_TICKS: u32 = 300;

/// Everything that can wake the loop.
enum Event {
    /// The next tick is due.
    Tick,
    /// The source or component on the disk changed.
    Saved(Save),
    /// A build ended.
    Built(u64, Box<Result<Ready, Problem>>),
    /// A key was pressed.
    Key(char),
    /// Ctrl-C.
    Interrupt,
    /// The source or component is not there any more.
    Gone,
    /// It is there again.
    Returned(Save),
}

/// When something was saved.
#[derive(Clone, Copy)]
struct Save {
    /// When the file system told of it.
    told: Instant,
    /// When it had settled, so that a build could begin.
    detected: Instant,
}

/// A world that is being played, and by what.
struct Playing {
    session: Session,
    stage: Stage,
    script: Script,
    ready: Ready,
    last: Performance,
}

/// The watch mode.
pub struct Live<'a> {
    args: &'a Args,
    machine: Machine,
    screen: Screen,
    interrupt: &'a Interrupt,
    builder: Builder,
    events: Receiver<Event>,
    send: Sender<Event>,
    playing: Option<Playing>,
    /// The newest save; nothing before the first.
    save: Option<Save>,
    next_tick: Instant,
    /// Where the world is served; `None` where it cannot be.
    guide: Option<Guide>,
    /// Where the guide keeps what a host keeps: gone with it.
    _kept: Option<tempfile::TempDir>,
    _keys: Option<Keys>,
    _watch: Watch,
}

impl<'a> Live<'a> {
    /// Starts to watch, to build, and to listen at `address` for those who want to see the world.
    ///
    /// # Errors
    /// Where the path cannot be watched, or the address that somebody asked for cannot be had.
    pub fn start(
        args: &'a Args,
        source: Source,
        machine: Machine,
        address: SocketAddr,
        screen: Screen,
        interrupt: &'a Interrupt,
    ) -> Result<Self, Problem> {
        let (send, events) = channel();
        let own: Vec<_> = [&args.picture, &args.record].into_iter().flatten().cloned().collect();
        let saved = send.clone();
        let watch = Watch::start_with(source.path(), &own, move |event, told| {
            let save = Save { told, detected: Instant::now() };
            // The loop has ended where nobody listens.
            let _ = saved.send(match event {
                WatchEvent::Changed => Event::Saved(save),
                WatchEvent::Gone => Event::Gone,
                WatchEvent::Returned => Event::Returned(save),
            });
        })
        .map_err(|error| Problem::usage("watch", "cannot watch the spell for saves").because(&error))?;
        let stop = send.clone();
        interrupt.tell(move || drop(stop.send(Event::Interrupt)));
        let pressed = send.clone();
        let keys = screen
            .is_interactive()
            .then(|| Keys::start(interrupt, move |key| drop(pressed.send(Event::Key(key)))));
        let builder = Builder::new(source, machine.engine.clone(), args.allow.policy(), screen, interrupt);
        let mut live = Self {
            args,
            machine,
            screen,
            interrupt,
            builder,
            events,
            send,
            playing: None,
            save: None,
            next_tick: Instant::now(),
            guide: None,
            _kept: None,
            _keys: keys.flatten(),
            _watch: watch,
        };
        live.build();
        live.serve(address)?;
        Ok(live)
    }

    /// Starts the host that serves the world, while the first build runs.
    fn serve(&mut self, address: SocketAddr) -> Result<(), Problem> {
        match guide(self.args, &self.machine, address) {
            Ok((guide, kept)) => (self.guide, self._kept) = (Some(guide), Some(kept)),
            Err(problem) if self.args.listen.is_some() => return Err(problem),
            // Nobody asked for it.
            Err(problem) => self.screen.problem(&problem),
        }
        Ok(())
    }

    /// Stays until it is told to end; the exit code.
    ///
    /// # Errors
    /// Ctrl-C, a first build that cannot start, or a file that cannot be written.
    pub fn stay(mut self) -> Result<u8, Problem> {
        let result = self.turns();
        self.builder.stop();
        if let Some(playing) = &mut self.playing {
            playing.session.finish()?;
        }
        result
    }

    fn turns(&mut self) -> Result<u8, Problem> {
        loop {
            match self.next_event() {
                Event::Tick => self.tick()?,
                Event::Saved(save) => self.saved(save),
                Event::Built(number, result) => self.built(number, *result)?,
                Event::Key('q' | 'Q') => return Ok(0),
                Event::Key(key) => self.key(key)?,
                Event::Interrupt => return Err(Problem::interrupted()),
                Event::Gone => {
                    self.tell("gone", "the spell is gone from the disk: the world goes on with what it has")
                }
                Event::Returned(save) => {
                    self.tell("returned", "the spell is back");
                    self.saved(save);
                }
            }
        }
    }

    /// Waits for what comes first: an event or the next tick.
    fn next_event(&mut self) -> Event {
        let wait = if self.playing.is_some() {
            let late = self.next_tick.elapsed();
            if late > TICK * LATE_TICKS_MAX {
                self.next_tick = Instant::now();
            }
            self.next_tick.saturating_duration_since(Instant::now())
        } else {
            Duration::from_secs(3_600)
        };
        match self.events.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Tick,
            Err(RecvTimeoutError::Disconnected) => Event::Interrupt,
        }
    }

    fn tick(&mut self) -> Result<(), Problem> {
        self.next_tick += TICK;
        let Some(playing) = &mut self.playing else { return Ok(()) };
        let told = playing.session.play(Inputs::default())?;
        playing.session.take_chunks();
        told.strays.iter().for_each(|call| self.stray(call));
        Ok(())
    }

    fn saved(&mut self, save: Save) {
        self.save = Some(save);
        self.build();
    }

    fn build(&mut self) {
        let send = self.send.clone();
        // The loop has ended where nobody listens.
        self.builder.start(move |number, result| drop(send.send(Event::Built(number, Box::new(result)))));
    }

    fn built(&mut self, number: u64, result: Result<Ready, Problem>) -> Result<(), Problem> {
        if !self.builder.is_newest(number) {
            return Ok(());
        }
        let done = match result {
            Ok(ready) => self.enter_or_swap(ready),
            Err(problem) => Err(problem),
        };
        self.next_tick = Instant::now() + TICK;
        match done {
            Err(problem) if problem.kind == Kind::Interrupted => Err(problem),
            Err(problem) if self.playing.is_none() && problem.kind == Kind::Usage => Err(problem),
            Err(problem) => {
                self.screen.problem(&problem);
                let place = problem
                    .place
                    .as_ref()
                    .map_or_else(String::new, |place| format!(" ({place}: {})", problem.message));
                match &self.playing {
                    Some(playing) => {
                        let running = words::short(&playing.ready.revision.id()).to_owned();
                        self.screen
                            .note(&format!("the world goes on with {running}; waiting for a save{place}"));
                    }
                    None => self.screen.note(&format!("waiting for a save{place}")),
                }
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn enter_or_swap(&mut self, ready: Ready) -> Result<(), Problem> {
        if !ready.warnings.is_empty() {
            self.screen.note(ready.warnings.trim_end());
        }
        if self.playing.is_some() { self.swap(ready) } else { self.open(ready) }
    }

    /// A new world, and the first cast in it.
    fn open(&mut self, ready: Ready) -> Result<(), Problem> {
        let (stage, script) = demo(&self.args.demo, &ready)?;
        let mut session = enter(self.args, &self.machine, stage.clone())?;
        // The world before it, where there is one, ends here: only one is served.
        self.playing = None;
        if let Some(Err(error)) = self.guide.as_ref().map(|guide| session.serve(guide)) {
            self.guide = None;
            self.screen.problem(&unserved(&error));
        }
        session.install(&ready)?;
        let last = perform(&mut session, &script, &ready.revision, self.interrupt)?;
        self.playing = Some(Playing { session, stage, script, ready, last });
        self.report("cast")
    }

    /// Swaps a revision in between two ticks and casts it at the same spot.
    fn swap(&mut self, ready: Ready) -> Result<(), Problem> {
        let Some(playing) = &mut self.playing else { return Ok(()) };
        let script = script(&self.args.demo, &ready.run, ready.component.info(), &playing.stage)?;
        let before = playing.ready.revision.id();
        let fuel_before = used(&playing.last);
        let started = Instant::now();
        let told = playing.session.swap(&ready)?;
        let tick = told.tick;
        let (swap_time, swapped) = (started.elapsed(), Instant::now());
        playing.ready = ready;
        playing.script = script;
        told.strays.iter().for_each(|call| stray(self.screen, call));
        playing.cast(self.interrupt)?;
        let migrations = told.migrations;
        let line = SwapLine { before, tick, save: self.save, swapped, swap_time, fuel_before, migrations };
        self.screen_swap(&line);
        self.report("cast")
    }

    fn screen_swap(&self, line: &SwapLine) {
        let Some(playing) = &self.playing else { return };
        if self.screen.is_json() {
            self.screen.object(&line.json(playing));
        } else {
            self.screen.print(&format!("\n{}\n", line.text(playing)));
        }
    }

    fn report(&self, event: &str) -> Result<(), Problem> {
        let Some(playing) = &self.playing else { return Ok(()) };
        show(self.args, &playing.ready, &playing.session, &playing.last, self.screen)?;
        if self.screen.is_json() {
            let mut value = object(&self.machine, &playing.ready, &playing.session, &playing.last);
            value["event"] = json!(event);
            if let Some(guide) = &self.guide {
                value["address"] = json!(format!("http://{}", guide.address()));
            }
            self.screen.object(&value);
        } else {
            let keys = if self._keys.is_some() { "; h for keys" } else { "" };
            let served =
                self.guide.as_ref().map(|guide| format!("; the world is at http://{}", guide.address()));
            let line = format!("watching for saves{}{keys}", served.unwrap_or_default());
            self.screen.print(&format!("{}\n", self.screen.faint(&line)));
        }
        Ok(())
    }

    fn key(&mut self, key: char) -> Result<(), Problem> {
        match key {
            'c' | 'C' | ' ' => {
                if let Some(playing) = &mut self.playing {
                    playing.cast(self.interrupt)?;
                    self.report("cast")?;
                }
            }
            'r' | 'R' => self.reset()?,
            'p' | 'P' => {
                if let Some(playing) = &self.playing {
                    let title = playing.ready.revision.spell.as_str();
                    let (ink, columns) = (self.screen.ink(), self.screen.columns());
                    self.screen.print(&view::terminal(title, &playing.last, ink, columns));
                }
            }
            'h' | 'H' | '?' => {
                self.screen.print("c or space: cast again   r: reset the world   p: picture   q: quit   (a save rebuilds and casts)\n");
            }
            _ => {}
        }
        self.next_tick = Instant::now() + TICK;
        Ok(())
    }

    /// The world from its first tick on, with the revision that runs now.
    fn reset(&mut self) -> Result<(), Problem> {
        let Some(playing) = &mut self.playing else { return Ok(()) };
        let ready = playing.ready.clone();
        // A recording holds one world: it starts over with it.
        playing.session.finish()?;
        self.tell("reset", "the world is reset");
        match self.open(ready) {
            Err(problem) if problem.kind != Kind::Interrupted => {
                self.screen.problem(&problem);
                Ok(())
            }
            done => done,
        }
    }

    fn tell(&self, event: &str, text: &str) {
        if self.screen.is_json() {
            self.screen.object(&json!({ "event": event, "message": text }));
        } else {
            self.screen.print(&format!("{text}\n"));
        }
    }

    fn stray(&self, call: &CallReport) {
        stray(self.screen, call);
    }
}

/// A call of an earlier cast is worth a line only where it went wrong.
fn stray(screen: Screen, call: &CallReport) {
    if !call.outcome.is_applied() {
        let outcome = words::outcome(&spellhost_lockstep::frame::outcome(&call.outcome));
        screen.note(&format!("cast {}, {}: {outcome}", call.cast.0, call.entry.export()));
    }
}

/// A host for the world, and the folder that it keeps things in.
fn guide(args: &Args, machine: &Machine, address: SocketAddr) -> Result<(Guide, tempfile::TempDir), Problem> {
    let kept = tempfile::Builder::new().prefix("spellhost-run-").tempdir().map_err(|error| {
        Problem::usage("serve", "there is no room for what a host keeps: the world is not served")
            .because(&error)
    })?;
    let config = Config {
        listen: address,
        allow: args.allow.interfaces().to_vec(),
        ..Config::local(kept.path().into())
    };
    let guide = Guide::start(config, machine.engine.clone(), machine.caster.clone());
    guide.map(|guide| (guide, kept)).map_err(|error| unserved(&error))
}

impl Playing {
    /// Casts again at the same spot; a caster without mana and a spell that cools down are given time.
    fn cast(&mut self, interrupt: &Interrupt) -> Result<(), Problem> {
        for _ in 0..RECASTS_MAX {
            self.last = perform(&mut self.session, &self.script, &self.ready.revision, interrupt)?;
            let waits = |reason: &Refusal| matches!(reason, Refusal::Mana | Refusal::Cooldown);
            if !self
                .last
                .tallies
                .iter()
                .any(|tally| matches!(&tally.outcome(), Outcome::Refused { reason } if waits(reason)))
            {
                break;
            }
            for _ in 0..RECAST_PAUSE_TICKS {
                interrupt.check()?;
                self.session.play(Inputs::default())?;
            }
        }
        Ok(())
    }
}

/// What is said of a swap.
struct SwapLine {
    before: String,
    tick: u64,
    save: Option<Save>,
    /// When the tick with the swap had been played.
    swapped: Instant,
    swap_time: Duration,
    fuel_before: u64,
    migrations: Vec<Migration>,
}

impl SwapLine {
    fn migrated(&self) -> (u64, u64) {
        let migrated = self.migrations.iter().filter(|migration| migration.migrated).count() as u64;
        (migrated, self.migrations.len() as u64 - migrated)
    }

    fn text(&self, playing: &Playing) -> String {
        let ready = &playing.ready;
        let (spell, after) = (&ready.revision.spell, ready.revision.id());
        let built =
            ready.build_time.map_or_else(String::new, |time| format!("built in {}, ", words::elapsed(time)));
        let (migrated, kept) = self.migrated();
        let spells = match (migrated, kept) {
            (0, 0) => String::new(),
            (migrated, 0) => format!(", {} migrated", words::count(migrated, "active spell")),
            (migrated, kept) => {
                format!(", {} migrated, {kept} kept the old revision", words::count(migrated, "active spell"))
            }
        };
        format!(
            "swapped {spell} {} → {} at tick {}: {built}swapped in {}{spells}, fuel {} → {}",
            words::short(&self.before),
            words::short(&after),
            self.tick,
            words::elapsed(self.swap_time),
            words::grouped(self.fuel_before),
            words::grouped(used(&playing.last))
        )
    }

    fn json(&self, playing: &Playing) -> Value {
        let ready = &playing.ready;
        let (migrated, kept) = self.migrated();
        json!({
            "event": "swap",
            "spell_id": ready.revision.spell.as_str(),
            "tick": self.tick,
            "previous_revision_id": self.before,
            "revision_id": ready.revision.id(),
            "build_micros": ready.build_time.map(micros),
            "swap_micros": micros(self.swap_time),
            "since_save_micros": self.save.map(|save| micros(self.swapped - save.told)),
            "stages": self.stages(ready),
            "migrated": migrated,
            "kept": kept,
            "fuel": {"before": self.fuel_before, "after": used(&playing.last)},
        })
    }

    /// What the time from the save to the swap went into.
    fn stages(&self, ready: &Ready) -> Value {
        let stages = ready.stages;
        json!({
            "detect_micros": self.save.map(|save| micros(save.detected - save.told)),
            "compile_micros": stages.compile.map(micros),
            "componentise_micros": stages.componentise.map(micros),
            "admit_micros": micros(stages.admit),
            "translate_micros": micros(stages.translate),
            "swap_micros": micros(self.swap_time),
        })
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

fn used(performance: &Performance) -> u64 {
    performance.tallies.iter().map(|tally| tally.fuel().used).sum()
}
