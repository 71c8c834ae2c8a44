//! The hash tree: what the state hash is made of, from its parts down to one field of one row, so
//! that two sides find where they differ in a few messages.
//!
//! A node has a path. `""` is the state hash itself: the XXH3 of its parts' hashes, one after the
//! other. A part such as `entities` is a table: the wrapping sum of its rows' hashes, read as
//! big-endian numbers; `entities/40..90` is the sum of the rows from key 40 to below 90, with open
//! ends where a key is left out. A row such as `entities/17` is the XXH3 of its key's bytes and its
//! fields' bytes, one after the other; a field such as `entities/17/health` is the XXH3 of its own
//! bytes (postcard). `world` has fields and no rows; `events` is the XXH3 of its number of rows and
//! their bytes. What is not there hashes to zero.
//!
//! Promises an answer of bounded size for every path, and the hashes that the world already keeps.
//! Deliberately does not know what the other side has.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Bound;

use serde::Serialize;

use crate::active::ActiveSpell;
use crate::budget::Purse;
use crate::call::CastId;
use crate::entity::{Entity, EntityId};
use crate::hash::{StateHash, Table, hash_of};
use crate::input::{Channel, RevisionRef, SpellId};
use crate::material::Material;
use crate::vector::ChunkPos;
use crate::world::{Waiting, World};

/// The most children of a node; a table with more rows has ranges as children.
pub const CHILDREN_MAX: usize = 128;
/// How many ranges a table with more rows is cut into.
const RANGES: usize = 64;
/// The longest path that is read.
pub const PATH_BYTES_MAX: usize = 256;

/// A node of the hash tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its hash; zero where nothing is there.
    pub hash: StateHash,
    /// What it is made of, with their full paths.
    pub children: Vec<(String, StateHash)>,
}

/// Whoever wants to see what lies at a path.
pub trait Reader {
    /// Takes the value.
    fn value(&mut self, value: &impl Serialize);
}

/// A value whose fields have nodes of their own, in the order of their bytes.
trait Fields {
    fn each(&self, out: &mut impl Each);
}

trait Each {
    fn field(&mut self, name: &'static str, value: &impl Serialize);
}

/// Names every field, so that a new one does not compile before it has a node.
macro_rules! fields {
    ($type:ident { $($field:ident),+ $(; $($skipped:ident),+)? }) => {
        impl Fields for $type {
            fn each(&self, out: &mut impl Each) {
                let Self { $($field,)+ $($($skipped: _,)+)? } = self;
                $(out.field(stringify!($field), $field);)+
            }
        }
    };
}

fields!(Entity {
    kind,
    owner,
    spawner,
    tag,
    template,
    position,
    velocity,
    look,
    radius,
    health,
    health_max,
    statuses,
    burner,
    awake,
    home,
    respawn,
    flight
});
fields!(ActiveSpell {
    cast, spell, revision, channel, context, state, born, started, paid, timers, listeners, watches;
    projectiles, queued
});
fields!(Purse { mana, mana_at, fuel, fuel_at, cooldowns; active });
fields!(Waiting { cast, entry });
fields!(RevisionRef { id, component, cooldown, mana, grant, instantiate_fuel, limits });

/// Collects the nodes of fields.
struct Hashes<'a> {
    path: &'a str,
    children: Vec<(String, StateHash)>,
}

impl Each for Hashes<'_> {
    fn field(&mut self, name: &'static str, value: &impl Serialize) {
        self.children.push((format!("{}/{name}", self.path), hash_of(value).into()));
    }
}

/// Finds one field.
struct Find<'a, R> {
    name: &'a str,
    hash: Option<StateHash>,
    reader: &'a mut R,
}

impl<R: Reader> Each for Find<'_, R> {
    fn field(&mut self, name: &'static str, value: &impl Serialize) {
        if self.name == name {
            self.hash = Some(hash_of(value).into());
            self.reader.value(value);
        }
    }
}

/// What stands in a path for a row.
trait Key: Ord + Clone {
    fn text(&self) -> String;
    fn parse(text: &str) -> Option<Self>;
}

impl Key for u64 {
    fn text(&self) -> String {
        self.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Key for EntityId {
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Key for CastId {
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Key for (SpellId, Channel) {
    fn text(&self) -> String {
        let channel = match self.1 {
            Channel::Draft => "draft",
            Channel::Beta => "beta",
            Channel::Stable => "stable",
        };
        format!("{}.{channel}", self.0)
    }
    fn parse(text: &str) -> Option<Self> {
        let (spell, channel) = text.split_once('.')?;
        let channel = match channel {
            "draft" => Channel::Draft,
            "beta" => Channel::Beta,
            "stable" => Channel::Stable,
            _ => return None,
        };
        Some((SpellId::parse(spell)?, channel))
    }
}

impl Key for ChunkPos {
    fn text(&self) -> String {
        format!("{},{},{}", self.x, self.y, self.z)
    }
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',').map(|part| part.parse().ok());
        let at = Self { x: parts.next()??, y: parts.next()??, z: parts.next()?? };
        parts.next().is_none().then_some(at)
    }
}

/// The keys from one to below another; open where there is none.
struct Range<K> {
    from: Option<K>,
    below: Option<K>,
}

impl<K: Key> Range<K> {
    fn all() -> Self {
        Self { from: None, below: None }
    }

    fn parse(text: &str) -> Option<Self> {
        let (from, below) = text.split_once("..")?;
        let end = |text: &str| if text.is_empty() { Some(None) } else { K::parse(text).map(Some) };
        let range = Self { from: end(from)?, below: end(below)? };
        let is_forward = match (&range.from, &range.below) {
            (Some(from), Some(below)) => from < below,
            _ => true,
        };
        is_forward.then_some(range)
    }

    fn bounds(&self) -> (Bound<&K>, Bound<&K>) {
        let from = self.from.as_ref().map_or(Bound::Unbounded, Bound::Included);
        (from, self.below.as_ref().map_or(Bound::Unbounded, Bound::Excluded))
    }

    /// The rows of a part within it, in order, as children: themselves, or ranges of them.
    fn children(&self, part: &str, rows: &[(K, u128)]) -> Vec<(String, StateHash)> {
        if rows.len() <= CHILDREN_MAX {
            return rows
                .iter()
                .map(|(key, hash)| (format!("{part}/{}", key.text()), (*hash).into()))
                .collect();
        }
        let end = |key: Option<&K>| key.map(Key::text).unwrap_or_default();
        let size = rows.len().div_ceil(RANGES);
        let cut = |at: usize| {
            let (first, last) = (at * size, ((at + 1) * size).min(rows.len()));
            let from = if at == 0 { end(self.from.as_ref()) } else { rows[first].0.text() };
            let below = if last == rows.len() { end(self.below.as_ref()) } else { rows[last].0.text() };
            (format!("{part}/{from}..{below}"), sum(&rows[first..last]).into())
        };
        (0..rows.len().div_ceil(size)).map(cut).collect()
    }
}

fn sum<K>(rows: &[(K, u128)]) -> u128 {
    rows.iter().fold(0, |sum, (_, hash)| sum.wrapping_add(*hash))
}

/// What is read of one path.
struct Look<'a, R> {
    path: &'a str,
    part: &'a str,
    /// The part of the path below the part.
    rest: Option<&'a str>,
    reader: &'a mut R,
}

impl<R: Reader> Look<'_, R> {
    /// The node of a table, of a range of it, of a row or of a field of a row.
    fn table<K: Key + Serialize, V: Fields + Serialize>(self, table: &Table<K, V>) -> Option<Node> {
        let Some(rest) = self.rest.filter(|rest| !rest.contains("..")) else {
            return self.rows(|range| {
                table.within(range.bounds()).map(|(key, _, hash)| (key.clone(), hash)).collect()
            });
        };
        let (key, field) = rest.split_once('/').map_or((rest, None), |(key, field)| (key, Some(field)));
        let key = K::parse(key)?;
        let Some((value, hash)) = table.row_of(&key) else { return Some(Node::default()) };
        let Some(field) = field else {
            let mut hashes = Hashes { path: self.path, children: Vec::new() };
            value.each(&mut hashes);
            self.reader.value(value);
            return Some(Node { hash: hash.into(), children: hashes.children });
        };
        let mut find = Find { name: field, hash: None, reader: self.reader };
        value.each(&mut find);
        find.hash.map(|hash| Node { hash, children: Vec::new() })
    }

    fn rows<K: Key>(self, rows: impl FnOnce(&Range<K>) -> Vec<(K, u128)>) -> Option<Node> {
        let range = self.rest.map_or_else(|| Some(Range::all()), Range::parse)?;
        let rows = rows(&range);
        self.reader.value(&Count { rows: rows.len() as u64 });
        Some(Node { hash: sum(&rows).into(), children: range.children(self.part, &rows) })
    }
}

/// What is shown of a table.
#[derive(Serialize)]
struct Count {
    rows: u64,
}

/// What is shown of a changed chunk.
#[derive(Serialize)]
struct ShownChunk {
    version: u32,
    /// How many voxels there are of each material.
    voxels: Vec<(&'static str, u32)>,
}

/// Does not look.
struct Blind;

impl Reader for Blind {
    fn value(&mut self, _: &impl Serialize) {}
}

impl World {
    /// The node of a path of the hash tree; `None` where the path is not of a form that there is.
    ///
    /// # Panics
    /// Where a tick is open.
    pub fn node(&self, path: &str) -> Option<Node> {
        self.look(path, &mut Blind)
    }

    /// As [`World::node`]; `reader` is shown what lies there, unless nothing does.
    ///
    /// # Panics
    /// Where a tick is open.
    pub fn look(&self, path: &str, reader: &mut impl Reader) -> Option<Node> {
        assert!(self.open.is_none(), "the hash tree is that of a world between two ticks");
        if path.len() > PATH_BYTES_MAX {
            return None;
        }
        if path.is_empty() {
            let children = self.parts.iter().map(|(name, hash)| ((*name).to_owned(), *hash)).collect();
            return Some(Node { hash: self.state_hash(), children });
        }
        let (part, rest) = path.split_once('/').map_or((path, None), |(part, rest)| (part, Some(rest)));
        let look = Look { path, part, rest, reader };
        match part {
            "world" => self.look_at_world(look),
            "terrain" => self.look_at_terrain(look),
            "entities" => look.table(self.registry.table()),
            "spells" => look.table(self.spells.table()),
            "casters" => look.table(&self.purses),
            "waiting" => look.table(&self.waiting),
            "channels" => look.table(&self.heads),
            "migrating" => look.table(&self.migrating),
            "events" => self.look_at_events(look),
            _ => None,
        }
    }

    fn look_at_world(&self, look: Look<'_, impl Reader>) -> Option<Node> {
        let Some(field) = look.rest else {
            look.reader.value(&(self.config, self.tick, self.counters));
            let mut hashes = Hashes { path: look.path, children: Vec::new() };
            hashes.field("config", &self.config);
            hashes.field("tick", &self.tick);
            hashes.field("counters", &self.counters);
            let hash = hash_of(&(self.config, self.tick, self.counters)).into();
            return Some(Node { hash, children: hashes.children });
        };
        let mut find = Find { name: field, hash: None, reader: look.reader };
        find.field("config", &self.config);
        find.field("tick", &self.tick);
        find.field("counters", &self.counters);
        find.hash.map(|hash| Node { hash, children: Vec::new() })
    }

    fn look_at_terrain(&self, look: Look<'_, impl Reader>) -> Option<Node> {
        let Some(rest) = look.rest.filter(|rest| !rest.contains("..")) else {
            return look.rows(|range| self.voxels.hashes(range.bounds()).collect());
        };
        let at = ChunkPos::parse(rest)?;
        let Some(hash) = self.voxels.chunk_hash(at) else { return Some(Node::default()) };
        if let Some(chunk) = self.voxels.resident(at) {
            let counted = |(material, count): (Material, u32)| (material.info().name, count);
            let voxels = chunk.counts().into_iter().map(counted).collect();
            look.reader.value(&ShownChunk { version: self.voxels.version(at), voxels });
        }
        Some(Node { hash: hash.into(), children: Vec::new() })
    }

    fn look_at_events(&self, look: Look<'_, impl Reader>) -> Option<Node> {
        let Some(rest) = look.rest.filter(|rest| !rest.contains("..")) else {
            let all = look.rest.is_none();
            let of = |range: &Range<u64>| {
                let from = range.from.unwrap_or(0);
                let rows = self.pending.iter().enumerate().map(|(at, row)| (at as u64, row));
                rows.filter(|(at, _)| *at >= from && range.below.is_none_or(|below| *at < below))
                    .map(|(at, row)| (at, hash_of(row)))
                    .collect()
            };
            let node = look.rows(of)?;
            return Some(if all { Node { hash: hash_of(&self.pending).into(), ..node } } else { node });
        };
        let at = usize::try_from(u64::parse(rest)?).ok()?;
        let Some(row) = self.pending.get(at) else { return Some(Node::default()) };
        look.reader.value(row);
        Some(Node { hash: hash_of(row).into(), children: Vec::new() })
    }
}
