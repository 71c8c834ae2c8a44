//! Where entities are: a uniform grid of cells with an edge of 16 blocks.
//!
//! Cells are kept in a fixed number of buckets, so a lookup is a multiplication and an index.
//! Order within a bucket depends on history; whoever asks sorts or takes the least, so no answer does.
//! Deliberately does not know what an entity is beyond a sphere with an id and a kind.

use alloc::vec;
use alloc::vec::Vec;

use crate::entity::{EntityId, EntityKind};
use crate::fixed::Coord;
use crate::hash::Slot;
use crate::limits::ENTITY_RADIUS_MAX;
use crate::vector::{Direction, Point};

/// An entity's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub id: EntityId,
    /// Its row in the registry.
    pub slot: Slot,
    pub kind: EntityKind,
    pub position: Point,
    pub radius: Coord,
}

/// The first touch of a moving sphere and a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    /// How far the moving centre came.
    pub distance: Coord,
    /// The body.
    pub item: Item,
}

/// Entities by place.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    buckets: Vec<Vec<Item>>,
}

/// log2 of a cell's edge in raw coordinates: 16 blocks.
const CELL_BITS: u32 = 20;
/// How many buckets there are; a power of two.
const BUCKETS: usize = 1 << 12;
/// How far along a sweep is looked at a time: one cell's edge.
const STRIDE: i64 = 1 << CELL_BITS;
/// The longest sweep, in raw parts: 1,024 blocks keep every product of [`touch`] within an `i128`.
const SWEEP_MAX: i64 = 1 << 26;

/// The largest radius of a query, in raw parts: 2^13 blocks keep sums of squares within a `u64`.
const RADIUS_MAX: i64 = 1 << 29;

type Cell = [i64; 3];

impl Grid {
    pub fn new() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS] }
    }

    pub fn insert(&mut self, item: Item) {
        self.buckets[bucket(cell(item.position))].push(item);
    }

    /// Takes out the entity that was put at `position`.
    pub fn remove(&mut self, id: EntityId, position: Point) {
        let bucket = &mut self.buckets[bucket(cell(position))];
        let at = bucket.iter().position(|item| item.id == id);
        bucket.swap_remove(at.expect("an entity is in the bucket of its position"));
    }

    /// Puts the entity that was at `from` to the place of `item`.
    pub fn shift(&mut self, from: Point, item: Item) {
        let (old, new) = (bucket(cell(from)), bucket(cell(item.position)));
        if old != new {
            self.remove(item.id, from);
            return self.insert(item);
        }
        let place = self.buckets[old].iter_mut().find(|place| place.id == item.id);
        *place.expect("an entity is in the bucket of its position") = item;
    }

    /// Calls `visit` at least with every entity whose centre lies within the box, each once.
    pub fn visit(&self, least: Point, most: Point, mut visit: impl FnMut(&Item)) {
        self.visit_cells(
            cell(least),
            cell(most),
            |_| true,
            |item, asked| {
                if asked.is_none_or(|at| cell(item.position) == at) {
                    visit(item);
                }
            },
        );
    }

    /// How many places [`Grid::visit`] looks at for this box: its cells, and the entities in them.
    pub fn looked_at(&self, least: Point, most: Point) -> (u64, u64) {
        let (least, most) = (cell(least), cell(most));
        (cells_between(least, most).min(BUCKETS as u64), self.visit_cells(least, most, |_| true, |_, _| {}))
    }

    /// Calls `visit` with what is in the buckets of those cells of a box that `wants` says. A bucket holds several cells,
    /// so an item counts only where it is in the cell of the second argument; without one, every bucket is looked at
    /// once. Returns how many items there were: a function of what is where, not of how it came there.
    #[inline(always)]
    fn visit_cells(
        &self,
        least: Cell,
        most: Cell,
        wants: impl Fn(Cell) -> bool,
        mut visit: impl FnMut(&Item, Option<Cell>),
    ) -> u64 {
        let mut looked = 0;
        if cells_between(least, most) > BUCKETS as u64 {
            for item in self.buckets.iter().flatten() {
                looked += 1;
                visit(item, None);
            }
            return looked;
        }
        for y in least[1]..=most[1] {
            for z in least[2]..=most[2] {
                for x in least[0]..=most[0] {
                    let at = [x, y, z];
                    if !wants(at) {
                        continue;
                    }
                    let bucket = &self.buckets[bucket(at)];
                    looked += bucket.len() as u64;
                    bucket.iter().for_each(|item| visit(item, Some(at)));
                }
            }
        }
        looked
    }

    /// Calls `visit` with every entity whose centre is within `radius` (at most 8,192 blocks) of `centre`, and the
    /// squared distance in raw parts squared. Returns how many entities were looked at.
    pub fn visit_ball(&self, centre: Point, radius: Coord, mut visit: impl FnMut(&Item, u64)) -> u64 {
        let radius = radius.raw().clamp(-1, RADIUS_MAX);
        let reach = Point::from_raw(radius, radius, radius);
        let within = radius.pow(2) as u64;
        let parts = [centre.x.raw(), centre.y.raw(), centre.z.raw()];
        let reaches = |at: Cell| {
            let gaps = (0..3).map(|axis| {
                let (low, high) = (at[axis] << CELL_BITS, (at[axis] + 1) << CELL_BITS);
                (low - parts[axis]).max(parts[axis] - high).max(0)
            });
            gaps.map(|gap| (gap * gap) as u64).sum::<u64>() <= within
        };
        self.visit_cells(cell(centre - reach), cell(centre + reach), reaches, |item, asked| {
            let part = |a: Coord, b: Coord| a.raw().wrapping_sub(b.raw());
            let [x, y, z] = [
                part(item.position.x, centre.x),
                part(item.position.y, centre.y),
                part(item.position.z, centre.z),
            ];
            // One question an item: most lie elsewhere, and of several questions each would be guessed wrong now and then.
            let beside =
                (x.wrapping_abs() > radius) | (y.wrapping_abs() > radius) | (z.wrapping_abs() > radius);
            // Where it lies beside, this may be anything.
            let square = |part: i64| part.wrapping_mul(part) as u64;
            let squared = square(x).wrapping_add(square(y)).wrapping_add(square(z));
            if beside | (squared > within) {
                return;
            }
            if asked.is_none_or(|at| cell(item.position) == at) {
                visit(item, squared);
            }
        })
    }

    /// The first accepted body that a sphere of `radius` touches on its way from `origin` along
    /// `direction` for `length`; of several at one distance, the one with the least id. And how many entities were
    /// looked at on the way.
    pub fn sweep(
        &self,
        origin: Point,
        direction: Direction,
        length: Coord,
        radius: Coord,
        mut accept: impl FnMut(&Item) -> bool,
    ) -> (Option<Contact>, u64) {
        let length = length.raw().clamp(0, SWEEP_MAX);
        let margin = Coord::from_raw((ENTITY_RADIUS_MAX << Coord::FRACTION_BITS) + radius.raw() + 2);
        let margin = Point { x: margin, y: margin, z: margin };
        let mut first: Option<Contact> = None;
        let (mut from, mut looked) = (0, 0);
        loop {
            let to = (from + STRIDE).min(length);
            let (a, b) = (
                origin.along(direction, Coord::from_raw(from)),
                origin.along(direction, Coord::from_raw(to)),
            );
            let least = Point { x: a.x.min(b.x), y: a.y.min(b.y), z: a.z.min(b.z) };
            let most = Point { x: a.x.max(b.x), y: a.y.max(b.y), z: a.z.max(b.z) };
            let (near, far) = (cell(least - margin), cell(most + margin));
            looked += self.visit_cells(
                near,
                far,
                |_| true,
                |item, asked| {
                    // What is not touched within this stride is left to another.
                    let reach = item.radius + radius + Coord::from_raw(2);
                    let is_beside =
                        |part: Coord, low: Coord, high: Coord| part < low - reach || part > high + reach;
                    let at = item.position;
                    if is_beside(at.x, least.x, most.x)
                        || is_beside(at.y, least.y, most.y)
                        || is_beside(at.z, least.z, most.z)
                        || asked.is_some_and(|asked| cell(at) != asked)
                    {
                        return;
                    }
                    let Some(distance) = touch(origin, direction, item.position, item.radius + radius) else {
                        return;
                    };
                    let sooner = first.is_none_or(|best| (distance, item.id) < (best.distance, best.item.id));
                    if sooner && distance.raw() <= length && accept(item) {
                        first = Some(Contact { distance, item: *item });
                    }
                },
            );
            if to == length || first.is_some_and(|contact| contact.distance.raw() <= to) {
                return (first, looked);
            }
            from = to;
        }
    }
}

/// How many cells the box from one cell to another has.
fn cells_between(least: Cell, most: Cell) -> u64 {
    (0..3).map(|axis| (most[axis] - least[axis] + 1).max(0) as u64).fold(1, u64::saturating_mul)
}

fn cell(point: Point) -> Cell {
    [point.x.raw() >> CELL_BITS, point.y.raw() >> CELL_BITS, point.z.raw() >> CELL_BITS]
}

fn bucket(cell: Cell) -> usize {
    let mixed = (cell[0] as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (cell[1] as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ (cell[2] as u64).wrapping_mul(0x1656_67b1_9e37_79f9);
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % BUCKETS
}

/// How far a point goes from `origin` along `direction` until it is within `reach` of `centre`: zero where it
/// starts within, `None` where it never comes so close. Exact but for one square root, rounded once.
fn touch(origin: Point, direction: Direction, centre: Point, reach: Coord) -> Option<Coord> {
    let toward = centre - origin;
    let toward = [toward.x.raw() as i128, toward.y.raw() as i128, toward.z.raw() as i128];
    let step = direction.raw().map(i128::from);
    let dot = |a: [i128; 3], b: [i128; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let reach = reach.raw() as i128;
    let outside = dot(toward, toward) - reach * reach;
    if outside <= 0 {
        return Some(Coord::ZERO);
    }
    let (ahead, norm) = (dot(toward, step), dot(step, step));
    let within = ahead * ahead - norm * outside;
    if ahead <= 0 || within < 0 || norm == 0 {
        return None;
    }
    let root = within.unsigned_abs().isqrt() as i128;
    let distance = ((ahead - root) << Direction::FRACTION_BITS) / norm;
    Some(Coord::from_raw(distance as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(id: u64, x: i64, y: i64, z: i64, radius: i64) -> Item {
        let position = Point::from_raw(x, y, z);
        Item {
            id: EntityId(id),
            slot: Slot(0),
            kind: EntityKind::Npc,
            position,
            radius: Coord::from_raw(radius),
        }
    }

    fn ids(grid: &Grid, centre: Point, radius: Coord) -> Vec<u64> {
        let mut found = Vec::new();
        grid.visit_ball(centre, radius, |item, _| found.push(item.id.0));
        found.sort_unstable();
        found
    }

    #[test]
    fn a_body_is_touched_at_its_surface() {
        let block = Coord::ONE.raw();
        let ahead = Direction::normalise(1, 0, 0).expect("not zero");
        let centre = Point::from_raw(10 * block, 0, 0);
        let near = touch(Point::default(), ahead, centre, Coord::ONE);
        assert_eq!(near, Some(Coord::from_whole(9)));
        assert_eq!(touch(Point::from_raw(0, 2 * block, 0), ahead, centre, Coord::ONE), None);
        assert_eq!(touch(centre, ahead, centre, Coord::ONE), Some(Coord::ZERO));
        assert_eq!(touch(Point::from_raw(20 * block, 0, 0), ahead, centre, Coord::ONE), None);
    }

    proptest! {
        #[test]
        fn a_ball_finds_what_a_scan_finds(
            places in prop::collection::vec((-4_000_000i64..4_000_000, -500_000i64..500_000, -4_000_000i64..4_000_000), 1..120),
            radius in 0i64..4_000_000,
        ) {
            let mut grid = Grid::new();
            let items: Vec<Item> =
                places.iter().enumerate().map(|(id, &(x, y, z))| item(id as u64, y * 3, x, z, 0)).collect();
            items.iter().for_each(|item| grid.insert(Item { position: Point::default(), ..*item }));
            items.iter().for_each(|item| grid.shift(Point::default(), *item));
            let centre = items[0].position;
            let radius = Coord::from_raw(radius);
            let within = radius.raw() as u128;
            let scanned: Vec<u64> = items
                .iter()
                .filter(|item| item.position.distance_squared(centre) <= within * within)
                .map(|item| item.id.0)
                .collect();
            prop_assert_eq!(ids(&grid, centre, radius), scanned);
            items.iter().for_each(|item| grid.remove(item.id, item.position));
            prop_assert!(grid.buckets.iter().all(Vec::is_empty));
        }

        #[test]
        fn a_sweep_finds_what_a_scan_finds(
            places in prop::collection::vec((-4_000_000i64..4_000_000, -900_000i64..900_000, -4_000_000i64..4_000_000), 1..60),
            towards in (-100i64..100, -100i64..100, 1i64..100),
            length in 0i64..16_000_000,
            radius in 0i64..300_000,
        ) {
            let mut grid = Grid::new();
            let items: Vec<Item> = places
                .iter()
                .enumerate()
                .map(|(id, &(x, y, z))| item(id as u64, x, y, z, 20_000 + 40_000 * (id as i64 % 5)))
                .collect();
            items.iter().for_each(|item| grid.insert(*item));
            let direction = Direction::normalise(towards.0, towards.1, towards.2).expect("z is not zero");
            let radius = Coord::from_raw(radius);
            let scanned = items
                .iter()
                .filter_map(|item| {
                    let distance = touch(Point::default(), direction, item.position, item.radius + radius)?;
                    (distance.raw() <= length).then_some((distance, item.id))
                })
                .min();
            let (swept, _) = grid.sweep(Point::default(), direction, Coord::from_raw(length), radius, |_| true);
            prop_assert_eq!(swept.map(|contact| (contact.distance, contact.item.id)), scanned);
        }
    }
}
