//! Worlds in files: reading a snapshot, the end of a recording or a place, and recording a run.
//!
//! A recording ends with a snapshot of its world, so that it can be entered again with `--world`.
//! Knows the order of records; what is in a frame is the runtime's.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use spellhost_lockstep::{frame, pin};
use spellhost_runtime::{Component, PlayedTick};
use spellhost_sim as sim;
use spellhost_sim::World;
use spellhost_wire::{Digest, FORMAT, Header, Record, RecordingError, RecordingReader, RecordingWriter};

use crate::file::{Draft, check_regular};
use crate::problem::Problem;
use crate::stage::Setting;
use spellhost_forge::{BundleError, Package, Revision, SCENE, Scene};

/// The world's name in a recording.
const WORLD_ID: &str = "demo";
/// The most bytes of a saved world.
const SAVED_BYTES_MAX: u64 = 1 << 30;

/// Reads a saved world: a snapshot, a recording that holds one, or a place that is yet to begin, as a package, a
/// scene or a folder. Of a place the terrain and the entities are taken, not its spells.
///
/// # Errors
/// Where there is no such file, or it is neither.
pub fn world(path: &Path) -> Result<World, Problem> {
    let failed = |error: &std::io::Error| {
        Problem::file("read the world", path, error)
            .hint("use hills, flat, empty, a file that `spellhost run --record` wrote, or a place")
    };
    let inner = path.join(SCENE);
    let path = if inner.is_file() { &inner } else { path };
    check_regular(path)?;
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    BufReader::new(file).take(SAVED_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if let Some(scene) = scene(&bytes) {
        let scene = scene.map_err(|error| broken(path, &format!("is no place: {error}")))?;
        let mut world = World::new(scene.config());
        world.open_tick(scene.inputs(Vec::new()));
        world.close_tick(Vec::new());
        return Ok(world);
    }
    let snapshot = match last_snapshot(&bytes) {
        Err(RecordingError::NotARecording) => bytes,
        Err(error) => return Err(broken(path, "is a damaged recording").because(&error)),
        Ok(None) => {
            return Err(
                broken(path, "is a recording without its world").hint("record it again: it was cut short")
            );
        }
        Ok(Some(snapshot)) => snapshot,
    };
    World::restore(&snapshot).map_err(|error| broken(path, &format!("is not a saved world: {error}")))
}

/// What a place says, where these are the bytes of one.
fn scene(bytes: &[u8]) -> Option<Result<Scene, BundleError>> {
    if bytes.starts_with(b"PK") {
        let place = Package::read(bytes).and_then(Package::place);
        return Some(place.map(|place| place.scene));
    }
    let begin = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    (begin == Some(&b'{')).then(|| Scene::parse(bytes))
}

fn broken(path: &Path, what: &str) -> Problem {
    Problem::failed("bad_world", format!("`{}` {what}", path.display()))
}

fn last_snapshot(bytes: &[u8]) -> Result<Option<Vec<u8>>, RecordingError> {
    let mut reader = RecordingReader::new(bytes)?;
    let mut last = None;
    while let Some(record) = reader.next_record()? {
        match record {
            Record::Snapshot(snapshot) => last = Some(snapshot),
            // What came after a snapshot is not in it.
            Record::Frame(_) => last = None,
            _ => {}
        }
    }
    Ok(last)
}

/// A recording that is being written.
pub struct Recorder {
    out: RecordingWriter<Draft>,
    path: std::path::PathBuf,
    pinned: BTreeSet<sim::Digest>,
}

impl Recorder {
    /// Starts a recording of a world as it is now.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn start(path: &Path, engine_id: sim::Digest, world: &World) -> Result<Self, Problem> {
        let config = world.config();
        let header = Header {
            format: FORMAT,
            engine_id: Digest(engine_id.0),
            world_id: WORLD_ID.into(),
            terrain: Setting::terrain_name(config.terrain).into(),
            seed: config.seed,
        };
        let out =
            RecordingWriter::new(Draft::create(path)?, header).map_err(|error| unwritten(path, &error))?;
        let mut recorder = Self { out, path: path.into(), pinned: BTreeSet::new() };
        if world.tick() > 0 {
            recorder.append(&Record::Snapshot(world.snapshot()))?;
        }
        Ok(recorder)
    }

    fn append(&mut self, record: &Record) -> Result<(), Problem> {
        self.out.append(record).map_err(|error| unwritten(&self.path, &error))
    }

    /// Makes a revision known before its first frame.
    ///
    /// # Errors
    /// Where the file cannot be written; so for those that follow.
    pub fn pin(&mut self, revision: &Revision, component: &Component) -> Result<(), Problem> {
        if self.knows(revision.reference.id) {
            return Ok(());
        }
        self.pin_as(&revision.reference, &revision.manifest, component)
    }

    /// Whether a revision was made known.
    pub fn knows(&self, revision: sim::Digest) -> bool {
        self.pinned.contains(&revision)
    }

    /// As [`Recorder::pin`], by the canonical bytes of its manifest.
    #[allow(clippy::missing_errors_doc, reason = "said at `pin`")]
    pub fn pin_as(
        &mut self,
        own: &sim::RevisionRef,
        manifest: &str,
        component: &Component,
    ) -> Result<(), Problem> {
        self.pinned.insert(own.id);
        if self.pinned.insert(own.component) {
            self.append(&Record::Component(component.admitted().bytes().to_vec()))?;
        }
        self.append(&Record::Pin(pin(own, manifest)))
    }

    /// Writes a played tick.
    #[allow(clippy::missing_errors_doc, reason = "said at `pin`")]
    pub fn frame(&mut self, played: &PlayedTick) -> Result<(), Problem> {
        self.append(&Record::Frame(Box::new(frame::frame(WORLD_ID, &played.inputs, &played.report))))
    }

    /// Ends the recording with the world as it is now, and puts the file into its place.
    #[allow(clippy::missing_errors_doc, reason = "said at `pin`")]
    pub fn finish(mut self, world: &World) -> Result<(), Problem> {
        self.append(&Record::Snapshot(world.snapshot()))?;
        let path = self.path.clone();
        self.out.finish().map_err(|error| unwritten(&path, &error))?.keep()
    }
}

fn unwritten(path: &Path, error: &RecordingError) -> Problem {
    Problem::usage("file", format!("cannot write the recording `{}`", path.display())).because(error)
}
