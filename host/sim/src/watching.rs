//! Who watches where: the active spells whose boxes meet a place, and those that count a body as inside.
//!
//! Boxes are kept by cells with an edge of 64 blocks, so that a body that moved is compared with the watches near it,
//! not with all. Promises to agree with the watches that it was told of. Deliberately does not know what a
//! crossing causes.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::active::Watch;
use crate::call::CastId;
use crate::entity::EntityId;
use crate::vector::BlockPos;

/// log2 of a cell's edge, in blocks.
const CELL_BITS: u32 = 6;

type Cell = [i32; 3];

/// The watches of a world, by place and by body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watching {
    /// How many boxes of a cast meet a cell.
    cells: BTreeMap<(Cell, CastId), u32>,
    /// In how many boxes of a cast a body is.
    inside: BTreeMap<(EntityId, CastId), u32>,
    count: usize,
}

impl Watching {
    /// How many boxes are watched.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn insert(&mut self, cast: CastId, watch: &Watch) {
        self.count += 1;
        cells(watch).for_each(|cell| *self.cells.entry((cell, cast)).or_default() += 1);
        watch.inside.iter().for_each(|id| self.enter(cast, *id));
    }

    pub fn remove(&mut self, cast: CastId, watch: &Watch) {
        self.count -= 1;
        cells(watch).for_each(|cell| take(&mut self.cells, (cell, cast)));
        watch.inside.iter().for_each(|id| self.leave(cast, *id));
    }

    /// A body counts as inside of one more box.
    pub fn enter(&mut self, cast: CastId, id: EntityId) {
        *self.inside.entry((id, cast)).or_default() += 1;
    }

    /// A body counts as inside of one box less.
    pub fn leave(&mut self, cast: CastId, id: EntityId) {
        take(&mut self.inside, (id, cast));
    }

    /// Adds every spell that a body may concern which is now at `block`, or gone.
    pub fn concerned(&self, id: EntityId, block: Option<BlockPos>, casts: &mut BTreeSet<CastId>) {
        let of_any = CastId(0)..=CastId(u64::MAX);
        if let Some(block) = block {
            let at = cell(block);
            let near = self.cells.range((at, *of_any.start())..=(at, *of_any.end()));
            casts.extend(near.map(|((_, cast), _)| *cast));
        }
        let left = self.inside.range((id, *of_any.start())..=(id, *of_any.end()));
        casts.extend(left.map(|((_, cast), _)| *cast));
    }
}

fn take<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

fn cell(block: BlockPos) -> Cell {
    [block.x >> CELL_BITS, block.y >> CELL_BITS, block.z >> CELL_BITS]
}

fn cells(watch: &Watch) -> impl Iterator<Item = Cell> + use<> {
    let last = |min: i32, edge: u32| min.saturating_add_unsigned(edge - 1);
    let (min, size) = (watch.min, watch.size);
    let least = cell(min);
    let most = cell(BlockPos::new(last(min.x, size.x), last(min.y, size.y), last(min.z, size.z)));
    (least[0]..=most[0]).flat_map(move |x| {
        (least[1]..=most[1]).flat_map(move |y| (least[2]..=most[2]).map(move |z| [x, y, z]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::BlockSize;

    fn watch(min: i32, edge: u32, inside: &[u64]) -> Watch {
        Watch {
            min: BlockPos::new(min, min, min),
            size: BlockSize::new(edge, edge, edge),
            tag: 0,
            until: 9,
            inside: inside.iter().map(|id| EntityId(*id)).collect(),
        }
    }

    fn concerned(watching: &Watching, id: u64, block: Option<i32>) -> BTreeSet<CastId> {
        let mut casts = BTreeSet::new();
        watching.concerned(EntityId(id), block.map(|at| BlockPos::new(at, at, at)), &mut casts);
        casts
    }

    #[test]
    fn a_body_concerns_who_watches_its_place_and_whose_box_it_was_in() {
        let mut watching = Watching::default();
        let (near, far, twice) = (watch(0, 256, &[7]), watch(1_000, 8, &[]), watch(60, 8, &[7]));
        watching.insert(CastId(1), &near);
        watching.insert(CastId(2), &far);
        watching.insert(CastId(1), &twice);
        assert_eq!(concerned(&watching, 8, Some(255)), BTreeSet::from([CastId(1)]));
        assert_eq!(concerned(&watching, 8, Some(1_007)), BTreeSet::from([CastId(2)]));
        assert_eq!(concerned(&watching, 7, None), BTreeSet::from([CastId(1)]));
        assert_eq!(concerned(&watching, 8, Some(500)), BTreeSet::new());
        watching.remove(CastId(1), &near);
        assert_eq!(
            concerned(&watching, 7, None),
            BTreeSet::from([CastId(1)]),
            "it is still in the other box"
        );
        watching.remove(CastId(1), &twice);
        watching.remove(CastId(2), &far);
        assert_eq!(watching, Watching::default());
    }
}
