//! Disks that fail: one that kills the process at an operation, and one in memory that loses power
//! or has no space.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use spellhost_store::{Disk, OsDisk, Tail};

use crate::deeds::Dice;

/// Where a [`FatalDisk`] can kill. `half` is in the middle of a write.
pub const FATAL_POINTS: [&str; 14] = [
    "journal append before",
    "journal append half",
    "journal append after",
    "journal sync after",
    "journal write half",
    "journal write after",
    "journal rename after",
    "journal remove after",
    "blobs write half",
    "blobs rename before",
    "blobs rename after",
    "frames append half",
    "frames append after",
    "frames sync after",
];

/// The operating system's files, and death at the n-th time of one operation.
pub struct FatalDisk(Arc<Fate>);

struct Fate {
    point: String,
    left: AtomicU64,
}

impl FatalDisk {
    pub fn new(point: &str, count: u64) -> Self {
        Self(Arc::new(Fate { point: point.into(), left: AtomicU64::new(count) }))
    }
}

impl Fate {
    fn is(&self, path: &Path, operation: &str, when: &str) -> bool {
        let folder =
            ["journal", "blobs", "frames"].into_iter().find(|name| path.iter().any(|part| part == *name));
        let point = format!("{} {operation} {when}", folder.unwrap_or("other"));
        point == self.point && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }

    fn at(&self, path: &Path, operation: &str, when: &str) {
        if self.is(path, operation, when) {
            std::process::abort();
        }
    }

    fn around<T>(&self, path: &Path, operation: &str, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.at(path, operation, "before");
        let done = run();
        self.at(path, operation, "after");
        done
    }
}

struct FatalTail {
    tail: Box<dyn Tail>,
    path: PathBuf,
    fate: Arc<Fate>,
}

impl Tail for FatalTail {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.fate.is(&self.path, "append", "half") {
            self.tail.append(&bytes[..bytes.len() / 2])?;
            std::process::abort();
        }
        self.fate.around(&self.path, "append", || self.tail.append(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.fate.around(&self.path, "sync", || self.tail.sync())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.tail.truncate(len)
    }
}

impl Disk for FatalDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        OsDisk.read(path)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        OsDisk.len(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.create_dir(dir)
    }

    fn open_tail(&self, path: &Path) -> io::Result<Box<dyn Tail>> {
        let (tail, path, fate) = (OsDisk.open_tail(path)?, path.into(), self.0.clone());
        Ok(Box::new(FatalTail { tail, path, fate }))
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.0.is(path, "write", "half") {
            OsDisk.write_new(path, &bytes[..bytes.len() / 2])?;
            std::process::abort();
        }
        self.0.around(path, "write", || OsDisk.write_new(path, bytes))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.around(to, "rename", || OsDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.around(path, "remove", || OsDisk.remove(path))
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.remove_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.sync_dir(dir)
    }

    fn free(&self, dir: &Path) -> io::Result<u64> {
        OsDisk.free(dir)
    }
}

/// A disk in memory that knows what is durable: content that was synced, names whose folder was.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<Sim>>);

#[derive(Default)]
struct Sim {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names that are not durable, by folder, in order.
    pending: BTreeMap<PathBuf, Vec<(PathBuf, Option<usize>)>>,
    dirs: BTreeSet<PathBuf>,
    /// After so many more operations the power goes.
    operations_left: Option<u64>,
    capacity: Option<u64>,
}

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

impl SimDisk {
    /// The power goes after so many changing operations.
    pub fn fail_after(&self, operations: u64) {
        self.0.lock().unwrap().operations_left = Some(operations);
    }

    /// How much fits, in bytes.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.0.lock().unwrap().capacity = bytes;
    }

    pub fn used(&self) -> u64 {
        self.0.lock().unwrap().used()
    }

    /// Writes what a power loss leaves into real files: of what was not durable any part, torn
    /// anywhere, and with luck nothing.
    pub fn crash_into(&self, from: &Path, to: &Path, dice: &mut Dice) {
        let mut sim = self.0.lock().unwrap();
        let sim = &mut *sim;
        let mut names = sim.durable_names.clone();
        for changes in sim.pending.values() {
            let kept = dice.roll(changes.len() as u64 + 1) as usize;
            for (path, id) in &changes[..kept] {
                match id {
                    Some(id) => names.insert(path.clone(), *id),
                    None => names.remove(path),
                };
            }
        }
        for (path, id) in names {
            let target = to.join(path.strip_prefix(from).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::write(target, torn(&sim.contents[id], dice)).unwrap();
        }
    }
}

fn torn(content: &Content, dice: &mut Dice) -> Vec<u8> {
    let Content { bytes, durable } = content;
    let Some(tail) = bytes.strip_prefix(durable.as_slice()).filter(|tail| !tail.is_empty()) else {
        return if dice.roll(2) == 0 { durable.clone() } else { bytes.clone() };
    };
    let kept = dice.roll(tail.len() as u64 + 1) as usize;
    let mut torn = [durable, &tail[..kept]].concat();
    // The length may be durable before the bytes are.
    match dice.roll(3) {
        0 => torn.resize(bytes.len(), 0),
        1 => torn.extend((0..dice.roll(64)).map(|_| 0xa5)),
        _ => {}
    }
    torn
}

impl Sim {
    fn used(&self) -> u64 {
        self.names.values().map(|id| self.contents[*id].bytes.len() as u64).sum()
    }

    fn tick(&mut self) -> io::Result<()> {
        match &mut self.operations_left {
            Some(0) => Err(io::Error::other("no power")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Appends what fits.
    fn write(&mut self, id: usize, bytes: &[u8]) -> io::Result<()> {
        let room = self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used()));
        let fits = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        self.contents[id].bytes.extend(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn name(&mut self, path: &Path, id: Option<usize>) {
        match id {
            Some(id) => self.names.insert(path.into(), id),
            None => self.names.remove(path),
        };
        let dir = path.parent().unwrap().to_path_buf();
        self.pending.entry(dir).or_default().push((path.into(), id));
    }

    fn id(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn make(&mut self, path: &Path) -> usize {
        self.contents.push(Content::default());
        let id = self.contents.len() - 1;
        self.name(path, Some(id));
        id
    }
}

struct SimTail {
    sim: Arc<Mutex<Sim>>,
    id: usize,
}

impl Tail for SimTail {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sim = self.sim.lock().unwrap();
        // The power may go in the middle of it.
        let powered = sim.tick();
        sim.write(self.id, if powered.is_ok() { bytes } else { &bytes[..bytes.len() / 2] })?;
        powered
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut sim = self.sim.lock().unwrap();
        sim.tick()?;
        let content = &mut sim.contents[self.id];
        content.durable = content.bytes.clone();
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut sim = self.sim.lock().unwrap();
        sim.tick()?;
        sim.contents[self.id].bytes.truncate(len as usize);
        Ok(())
    }
}

impl Disk for SimDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let sim = self.0.lock().unwrap();
        Ok(sim.contents[sim.id(path)?].bytes.clone())
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        let sim = self.0.lock().unwrap();
        if sim.dirs.contains(path) {
            return Ok(0);
        }
        Ok(sim.contents[sim.id(path)?].bytes.len() as u64)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let sim = self.0.lock().unwrap();
        let inside = sim.names.keys().chain(&sim.dirs).filter_map(|path| path.strip_prefix(dir).ok());
        let names = inside.filter_map(|path| Some(path.iter().next()?.to_string_lossy().into_owned()));
        Ok(names.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.lock().unwrap().dirs.insert(dir.into());
        Ok(())
    }

    fn open_tail(&self, path: &Path) -> io::Result<Box<dyn Tail>> {
        let mut sim = self.0.lock().unwrap();
        let id = sim.id(path).unwrap_or_else(|_| sim.make(path));
        Ok(Box::new(SimTail { sim: self.0.clone(), id }))
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut sim = self.0.lock().unwrap();
        let powered = sim.tick();
        let id = sim.make(path);
        sim.write(id, bytes)?;
        powered?;
        sim.contents[id].durable = bytes.to_vec();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut sim = self.0.lock().unwrap();
        sim.tick()?;
        let id = sim.id(from)?;
        sim.name(to, Some(id));
        sim.name(from, None);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut sim = self.0.lock().unwrap();
        sim.tick()?;
        sim.id(path)?;
        sim.name(path, None);
        Ok(())
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.lock().unwrap().dirs.remove(dir);
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut sim = self.0.lock().unwrap();
        sim.tick()?;
        for (path, id) in sim.pending.remove(dir).unwrap_or_default() {
            match id {
                Some(id) => sim.durable_names.insert(path, id),
                None => sim.durable_names.remove(&path),
            };
        }
        Ok(())
    }

    fn free(&self, _: &Path) -> io::Result<u64> {
        // Never says in advance that it is full: the write itself has to find out.
        Ok(u64::MAX / 2)
    }
}
