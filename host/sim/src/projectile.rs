//! How a projectile flies through one tick.
//!
//! Its place is kept with 32 fraction bits and shown with 16. Its way is swept, so nothing is passed
//! through at any speed: against entities as a sphere, exactly; against voxels with the line of its
//! centre, lengthened by its radius in front (its flanks may graze a wall without striking it). It never
//! strikes its owner, another projectile or a dead player. A bounce turns round the velocity
//! along the face's normal and loses nothing; what is left of the way shrinks with each, so a tick's way is never longer
//! than the largest speed, however many faces turn it. Terrain on it is asked for and never generated. Deliberately does not know who is told of a hit.

use serde::{Deserialize, Serialize};

use crate::body::into_bounds;
use crate::command::ProjectileSpec;
use crate::entity::{Entity, EntityId, EntityKind};
use crate::event::Hit;
use crate::fixed::{Coord, Rate};
use crate::limits::SPEED_BLOCKS_PER_TICK_MAX;
use crate::registry::Registry;
use crate::status::Status;
use crate::vector::{BlockPos, Direction, Point, Velocity};
use crate::voxels::Voxels;

/// What only a projectile has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flight {
    /// Its centre with 32 fraction bits.
    pub exact: [i64; 3],
    /// Blocks a tick per tick, downward.
    pub gravity: Rate,
    /// The first tick without it.
    pub expires: u64,
    /// How often it may still bounce.
    pub bounces: u8,
}

/// How a projectile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Hit(Hit),
    Expired(Point),
}

/// Where a projectile is after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flown {
    pub flight: Flight,
    pub velocity: Velocity,
    pub end: Option<End>,
}

/// The most bounces within one tick; what is left of the way is then lost.
const BOUNCES_PER_TICK_MAX: u32 = 8;
/// From 16 to 32 fraction bits.
const FINER_BITS: u32 = Rate::FRACTION_BITS - Coord::FRACTION_BITS;

/// What stands in a projectile's way.
enum Obstacle {
    Voxel { block: BlockPos, normal: BlockPos, position: Point },
    Body { id: EntityId, centre: Point },
}

impl Flight {
    /// A flight that starts as the spec says, in this tick.
    pub fn new(spec: &ProjectileSpec, tick: u64) -> Self {
        let (gravity, bounces) = (spec.gravity, spec.bounces);
        Self {
            exact: refine(spec.position),
            gravity,
            expires: tick.saturating_add(spec.lifetime as u64),
            bounces,
        }
    }

    /// Its centre as it is shown.
    pub fn position(&self) -> Point {
        let [x, y, z] = self.exact.map(|part| part >> FINER_BITS);
        Point::from_raw(x, y, z)
    }
}

/// The centre with 32 fraction bits.
pub(crate) fn refine(point: Point) -> [i64; 3] {
    [point.x, point.y, point.z].map(|part| part.raw() << FINER_BITS)
}

/// A velocity with each component within what anything may reach.
pub(crate) fn within_speed(velocity: Velocity) -> Velocity {
    let most = SPEED_BLOCKS_PER_TICK_MAX << Rate::FRACTION_BITS;
    let clamp = |part: Rate| Rate::from_raw(part.raw().clamp(-most, most));
    Velocity { x: clamp(velocity.x), y: clamp(velocity.y), z: clamp(velocity.z) }
}

/// Flies one projectile through one tick.
pub(crate) fn fly(voxels: &Voxels, registry: &Registry, id: EntityId, entity: &Entity, tick: u64) -> Flown {
    let mut flight = entity.flight.expect("a projectile has a flight");
    let mut velocity = entity.velocity;
    let frozen = entity.has(Status::FROZEN, tick);
    let halved = u32::from(entity.has(Status::SLOWED, tick));
    let mut left = [0; 3];
    if !frozen {
        velocity.y = velocity.y - Rate::from_raw(flight.gravity.raw() >> halved);
        velocity = within_speed(velocity);
        left = raw(velocity).map(|part| part >> halved);
    }
    let mut end = None;
    for _ in 0..=BOUNCES_PER_TICK_MAX {
        let Some((obstacle, distance, length)) = obstacle(voxels, registry, entity, flight.position(), left)
        else {
            flight.exact = add(flight.exact, left);
            break;
        };
        let origin = flight.position();
        let contact = match Direction::normalise(left[0], left[1], left[2]) {
            Some(direction) => origin.along(direction, distance),
            None => origin,
        };
        match obstacle {
            Obstacle::Voxel { normal, position, .. }
                if flight.bounces > 0 && normal != BlockPos::default() =>
            {
                flight.bounces -= 1;
                flight.exact = refine(clear_of_face(voxels, contact, position, normal));
                let rest = (length.raw() - distance.raw()).max(0);
                left = left.map(|part| (part as i128 * rest as i128 / length.raw().max(1) as i128) as i64);
                left = reflect(left, normal);
                let [x, y, z] = reflect(raw(velocity), normal);
                velocity = Velocity::from_raw(x, y, z);
            }
            _ => {
                flight.exact = refine(contact);
                end = Some(End::Hit(hit(id, entity.tag, contact, obstacle, left)));
                break;
            }
        }
    }
    if end.is_none() && (tick + 1 >= flight.expires || !flight.position().in_bounds()) {
        end = Some(End::Expired(into_bounds(flight.position())));
    }
    Flown { flight, velocity, end }
}

/// The nearest obstacle on the way, how far the centre comes, and how long the way is.
fn obstacle(
    voxels: &Voxels,
    registry: &Registry,
    entity: &Entity,
    origin: Point,
    left: [i64; 3],
) -> Option<(Obstacle, Coord, Coord)> {
    let squares: u128 = left.iter().map(|part| (part.unsigned_abs() as u128).pow(2)).sum();
    // Rounded up, so that the way never ends before what it was meant to reach.
    let length = Coord::from_raw((squares.isqrt() >> FINER_BITS) as i64 + i64::from(squares > 0));
    let direction = Direction::normalise(left[0], left[1], left[2]);
    let struck = |item: &crate::grid::Item| {
        item.kind != EntityKind::Projectile
            && Some(item.id) != entity.owner
            && registry.of(item).is_some_and(|other| !other.is_dead())
    };
    let toward = direction.unwrap_or(Direction::DOWN);
    let (body, _) = registry.grid().sweep(origin, toward, length, entity.radius, struck);
    let voxel = match direction {
        Some(direction) => voxels.raycast(origin, direction, length + entity.radius),
        None => None,
    };
    let voxel = voxel.and_then(|hit| {
        let distance = (hit.distance - entity.radius).max(Coord::ZERO);
        let (block, normal, position) = (hit.block, hit.normal, hit.position);
        (distance <= length).then_some((Obstacle::Voxel { block, normal, position }, distance, length))
    });
    let body = body.map(|contact| {
        (Obstacle::Body { id: contact.item.id, centre: contact.item.position }, contact.distance, length)
    });
    match (voxel, body) {
        (Some(voxel), Some(body)) => Some(if voxel.1 <= body.1 { voxel } else { body }),
        (voxel, body) => voxel.or(body),
    }
}

fn hit(projectile: EntityId, tag: u32, position: Point, obstacle: Obstacle, left: [i64; 3]) -> Hit {
    let back = left.map(|part| part.saturating_neg());
    let (normal, block, entity) = match obstacle {
        Obstacle::Voxel { block, normal, .. } if normal == BlockPos::default() => {
            (facing(back), Some(block), None)
        }
        Obstacle::Voxel { block, normal, .. } => (normal, Some(block), None),
        Obstacle::Body { id, centre } => {
            let away = position - centre;
            let away = [away.x.raw(), away.y.raw(), away.z.raw()];
            (facing(if away == [0; 3] { back } else { away }), None, Some(id))
        }
    };
    Hit { projectile, tag, position: into_bounds(position), normal, block, entity }
}

/// The unit step along the largest component; up for the zero vector.
pub(crate) fn facing(vector: [i64; 3]) -> BlockPos {
    let size = vector.map(i64::unsigned_abs);
    let sign = |axis: usize| vector[axis].signum() as i32;
    if size == [0; 3] {
        BlockPos::new(0, 1, 0)
    } else if size[0] >= size[1] && size[0] >= size[2] {
        BlockPos::new(sign(0), 0, 0)
    } else if size[1] >= size[2] {
        BlockPos::new(0, sign(1), 0)
    } else {
        BlockPos::new(0, 0, sign(2))
    }
}

/// The point of contact, off the face by the least step, and outside of what was struck.
fn clear_of_face(voxels: &Voxels, contact: Point, position: Point, normal: BlockPos) -> Point {
    let off = Point::from_raw(normal.x as i64, normal.y as i64, normal.z as i64);
    let clear = contact + off;
    if voxels.get(clear.block()).is_solid() { position + off } else { clear }
}

fn reflect(mut vector: [i64; 3], normal: BlockPos) -> [i64; 3] {
    for (part, normal) in vector.iter_mut().zip([normal.x, normal.y, normal.z]) {
        if normal != 0 {
            *part = part.abs() * normal.signum() as i64;
        }
    }
    vector
}

fn raw(velocity: Velocity) -> [i64; 3] {
    [velocity.x.raw(), velocity.y.raw(), velocity.z.raw()]
}

fn add(a: [i64; 3], b: [i64; 3]) -> [i64; 3] {
    [a[0].saturating_add(b[0]), a[1].saturating_add(b[1]), a[2].saturating_add(b[2])]
}
