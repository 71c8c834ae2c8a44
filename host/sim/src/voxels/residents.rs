//! The chunks that are in memory, by position.
//!
//! A table with open addressing: a read of a voxel is one probe. Changed chunks stay; of generated
//! ones at most a fixed number is kept, the longest unused make room. Promises that what is kept
//! never depends on anything but the calls made. Does not know how a chunk is generated or changed.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::chunk::Chunk;
use crate::vector::ChunkPos;

/// The most generated chunks that are kept.
pub const GENERATED_MAX: usize = 4_096;

/// Chunks by position.
#[derive(Clone, Debug)]
pub struct Residents {
    /// A power of two long, at most half full.
    slots: Vec<Option<Slot>>,
    length: usize,
    /// Generated chunks in the order in which they came, or were last spared.
    generated: VecDeque<ChunkPos>,
}

#[derive(Clone, Debug)]
struct Slot {
    at: ChunkPos,
    chunk: Arc<Chunk>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Generated { used: bool },
    Changed,
}

impl Default for Residents {
    fn default() -> Self {
        Self { slots: vec![None; 64], length: 0, generated: VecDeque::new() }
    }
}

impl Residents {
    /// The chunk at a position, where it is in memory.
    #[inline]
    pub fn get(&self, at: ChunkPos) -> Option<&Chunk> {
        self.slots[self.find(at)].as_ref().map(|slot| &*slot.chunk)
    }

    /// Notes that a chunk is in use; whether it is in memory.
    pub fn is_used(&self, at: ChunkPos) -> Option<bool> {
        self.slots[self.find(at)].as_ref().map(|slot| slot.kind != Kind::Generated { used: false })
    }

    /// Spares a generated chunk the next time that one must make room.
    pub fn mark_used(&mut self, at: ChunkPos) {
        let place = self.find(at);
        if let Some(Slot { kind: Kind::Generated { used }, .. }) = &mut self.slots[place] {
            *used = true;
        }
    }

    /// Keeps a generated chunk; one that is there already stays.
    pub fn insert_generated(&mut self, at: ChunkPos, chunk: Chunk) {
        if self.get(at).is_some() {
            return;
        }
        while self.generated.len() >= GENERATED_MAX {
            self.evict();
        }
        self.generated.push_back(at);
        self.put(Slot { at, chunk: Arc::new(chunk), kind: Kind::Generated { used: false } });
    }

    /// Keeps a changed chunk in the place of whatever was there.
    pub fn insert_changed(&mut self, at: ChunkPos, chunk: Chunk) {
        self.forget_generated(at);
        self.put(Slot { at, chunk: Arc::new(chunk), kind: Kind::Changed });
    }

    /// The chunk at a position to be changed, copied first where a clone still shares it.
    pub fn get_mut(&mut self, at: ChunkPos) -> Option<&mut Chunk> {
        self.forget_generated(at);
        let place = self.find(at);
        let slot = self.slots[place].as_mut()?;
        slot.kind = Kind::Changed;
        Some(Arc::make_mut(&mut slot.chunk))
    }

    /// Forgets a chunk.
    pub fn remove(&mut self, at: ChunkPos) {
        self.forget_generated(at);
        self.take(at);
    }

    /// Takes a position off the queue of generated chunks, before its chunk counts as changed.
    fn forget_generated(&mut self, at: ChunkPos) {
        let place = self.find(at);
        if matches!(self.slots[place], Some(Slot { kind: Kind::Generated { .. }, .. })) {
            self.generated.retain(|&other| other != at);
        }
    }

    /// Removes the generated chunk that was unused for longest.
    fn evict(&mut self) {
        while let Some(at) = self.generated.pop_front() {
            let place = self.find(at);
            match &mut self.slots[place] {
                Some(Slot { kind: Kind::Generated { used: used @ true }, .. }) => {
                    *used = false;
                    self.generated.push_back(at);
                }
                _ => return self.take(at),
            }
        }
    }

    /// The slot of this position, or the free one where it belongs.
    #[inline]
    fn find(&self, at: ChunkPos) -> usize {
        let mask = self.slots.len() - 1;
        let mut place = self.home(at);
        while let Some(slot) = &self.slots[place] {
            if slot.at == at {
                break;
            }
            place = (place + 1) & mask;
        }
        place
    }

    /// Where the search for this position starts.
    #[inline]
    fn home(&self, at: ChunkPos) -> usize {
        let bits = (at.x as u32 as u64) << 32 ^ (at.z as u32 as u64) << 8 ^ at.y as u32 as u64;
        let bits = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((bits ^ bits >> 32) >> 8) as usize & (self.slots.len() - 1)
    }

    fn put(&mut self, slot: Slot) {
        if 2 * (self.length + 1) > self.slots.len() {
            let longer = vec![None; 2 * self.slots.len()];
            for slot in core::mem::replace(&mut self.slots, longer).into_iter().flatten() {
                let place = self.find(slot.at);
                self.slots[place] = Some(slot);
            }
        }
        let place = self.find(slot.at);
        self.length += self.slots[place].is_none() as usize;
        self.slots[place] = Some(slot);
    }

    /// Empties the slot of a position and closes the gap in its run.
    fn take(&mut self, at: ChunkPos) {
        let mask = self.slots.len() - 1;
        let mut gap = self.find(at);
        if self.slots[gap].take().is_none() {
            return;
        }
        self.length -= 1;
        let mut place = (gap + 1) & mask;
        while let Some(slot) = &self.slots[place] {
            let home = self.home(slot.at);
            // Moves back unless that would put it before its home.
            if place.wrapping_sub(home) & mask >= place.wrapping_sub(gap) & mask {
                self.slots.swap(gap, place);
                gap = place;
            }
            place = (place + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::Material;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_table_is_a_map(steps in proptest::collection::vec((0..6, -3i32..3, -3i32..3, -3i32..3), 1..400)) {
            let (mut table, mut map) = (Residents::default(), BTreeMap::new());
            for (step, x, y, z) in steps {
                let at = ChunkPos { x, y, z };
                match step {
                    0..3 => {
                        table.insert_generated(at, Chunk::uniform(Material::STONE));
                        map.entry(at).or_insert(Material::STONE);
                    }
                    3 => {
                        table.insert_changed(at, Chunk::uniform(Material::ICE));
                        map.insert(at, Material::ICE);
                    }
                    4 => {
                        if let Some(chunk) = table.get_mut(at) {
                            *chunk = Chunk::uniform(Material::ASH);
                            map.insert(at, Material::ASH);
                        }
                    }
                    _ => {
                        table.remove(at);
                        map.remove(&at);
                    }
                }
                prop_assert_eq!(table.length, map.len());
            }
            for (at, material) in map {
                prop_assert_eq!(table.get(at).and_then(Chunk::uniform_material), Some(material));
            }
        }
    }

    #[test]
    fn generated_chunks_are_bounded_and_used_ones_stay() {
        let mut table = Residents::default();
        let at = |x| ChunkPos { x, y: 0, z: 0 };
        table.insert_changed(at(-1), Chunk::uniform(Material::ICE));
        for x in 0..3 * GENERATED_MAX as i32 {
            table.insert_generated(at(x), Chunk::uniform(Material::STONE));
            table.mark_used(at(0));
        }
        assert_eq!(table.generated.len(), GENERATED_MAX);
        assert_eq!(table.length, GENERATED_MAX + 1);
        assert!(table.get(at(-1)).is_some(), "a changed chunk stays");
        assert!(table.get(at(0)).is_some(), "a used chunk stays");
        assert!(table.get(at(1)).is_none(), "an unused chunk made room");
    }
}
