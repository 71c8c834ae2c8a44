//! The state hash and the tables that keep it up.
//!
//! A [`Table`] is an ordered map that knows which of its rows changed since it was last settled;
//! its sum (of the hashes of its rows, wrapping) then costs what changed, not what is there.
//! Deliberately does not know what the rows mean.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// The hash of a world's state after a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateHash(pub [u8; 16]);

impl core::fmt::Display for StateHash {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl From<u128> for StateHash {
    fn from(sum: u128) -> Self {
        Self(sum.to_be_bytes())
    }
}

/// A row's place in its table: where it stays as long as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub u32);

/// An ordered map with an incremental hash. Rows lie in slots, so that whoever holds one reads a row without a search.
#[derive(Clone, Debug)]
pub(crate) struct Table<K, V> {
    slots: Vec<Option<Row<K, V>>>,
    order: BTreeMap<K, u32>,
    free: Vec<u32>,
    /// Slots whose row is marked dirty, and some whose row is gone.
    dirty: Vec<u32>,
    sum: u128,
}

#[derive(Clone, Debug)]
struct Row<K, V> {
    key: K,
    value: V,
    /// What this row adds to the sum.
    hash: u128,
    /// Whether its slot is among the dirty ones.
    dirty: bool,
}

impl<K: Ord + Clone + Serialize, V: Serialize> Table<K, V> {
    pub fn new() -> Self {
        Self { slots: Vec::new(), order: BTreeMap::new(), free: Vec::new(), dirty: Vec::new(), sum: 0 }
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn contains(&self, key: &K) -> bool {
        self.order.contains_key(key)
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.row(*self.order.get(key)?).map(|row| &row.value)
    }

    /// The row in a slot, where there is one.
    pub fn at(&self, slot: Slot) -> Option<(&K, &V)> {
        self.row(slot.0).map(|row| (&row.key, &row.value))
    }

    /// Where the row of a key lies.
    pub fn slot(&self, key: &K) -> Option<Slot> {
        self.order.get(key).copied().map(Slot)
    }

    fn row(&self, slot: u32) -> Option<&Row<K, V>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// The value for changing it; its hash is taken anew at the next [`Table::settle`].
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = *self.order.get(key)?;
        let row = self.slots[slot as usize].as_mut()?;
        if !row.dirty {
            row.dirty = true;
            self.dirty.push(slot);
        }
        Some(&mut row.value)
    }

    /// Puts a value under a key, in place of what was there.
    pub fn insert(&mut self, key: K, value: V) -> Slot {
        self.remove(&key);
        let row = Some(Row { key: key.clone(), value, hash: 0, dirty: true });
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = row;
                slot
            }
            None => {
                self.slots.push(row);
                (self.slots.len() - 1) as u32
            }
        };
        self.dirty.push(slot);
        self.order.insert(key, slot);
        Slot(slot)
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.order.remove(key)?;
        let row = self.slots[slot as usize].take()?;
        self.free.push(slot);
        self.sum = self.sum.wrapping_sub(row.hash);
        Some(row.value)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.order.values().filter_map(|slot| self.row(*slot)).map(|row| (&row.key, &row.value))
    }

    /// The rows of these keys in order, each with its hash as of the last [`Table::settle`].
    pub fn within<'a>(
        &'a self,
        keys: impl core::ops::RangeBounds<K> + 'a,
    ) -> impl Iterator<Item = (&'a K, &'a V, u128)> + 'a {
        let slots = self.order.range(keys).map(|(_, slot)| *slot);
        slots.filter_map(|slot| self.row(slot)).map(|row| (&row.key, &row.value, row.hash))
    }

    /// A row with its hash as of the last [`Table::settle`].
    pub fn row_of(&self, key: &K) -> Option<(&V, u128)> {
        self.row(*self.order.get(key)?).map(|row| (&row.value, row.hash))
    }

    /// Takes the hashes of the rows that changed, and returns the sum of all.
    pub fn settle(&mut self) -> u128 {
        let mut bytes = Vec::new();
        for slot in self.dirty.drain(..) {
            let Some(row) = self.slots[slot as usize].as_mut().filter(|row| row.dirty) else { continue };
            row.dirty = false;
            let hash = hash_into(&mut bytes, &(&row.key, &row.value));
            self.sum = self.sum.wrapping_sub(row.hash).wrapping_add(hash);
            row.hash = hash;
        }
        self.sum
    }
}

/// The hash of a value's canonical bytes (postcard).
pub(crate) fn hash_of(value: &impl Serialize) -> u128 {
    hash_into(&mut Vec::new(), value)
}

fn hash_into(bytes: &mut Vec<u8>, value: &impl Serialize) -> u128 {
    bytes.clear();
    postcard::serialize_with_flavor(value, Buffer(bytes)).expect("a buffer that grows takes every value");
    xxh3_128(bytes)
}

/// Lets postcard write into a buffer that is used again.
struct Buffer<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Buffer<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn afresh(rows: &[(u32, u32)]) -> u128 {
        let mut table = Table::new();
        for (key, value) in rows {
            table.insert(*key, *value);
        }
        table.settle()
    }

    #[test]
    fn the_sum_depends_on_content_alone() {
        let mut table = Table::new();
        table.insert(1u32, 10u32);
        table.insert(2, 20);
        assert_eq!(table.settle(), afresh(&[(2, 20), (1, 10)]));
        *table.get_mut(&1).expect("it is there") = 11;
        table.remove(&2);
        table.insert(2, 21);
        table.insert(3, 30);
        table.remove(&3);
        assert_eq!(table.settle(), afresh(&[(1, 11), (2, 21)]));
        assert_ne!(table.settle(), afresh(&[(1, 21), (2, 11)]));
        table.remove(&1);
        table.remove(&2);
        assert_eq!(table.settle(), 0);
    }

    #[test]
    fn a_hash_reads_as_lower_hex() {
        assert_eq!(StateHash::from(0xab).to_string(), "000000000000000000000000000000ab");
    }
}
