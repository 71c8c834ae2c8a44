//! Where a cast comes from and goes to: fills in what its aim leaves open.
//!
//! Promises a context that a spell can rely on: points within the bounds, a direction of length 1.
//! What does not hold in an aim from outside counts as left open.

use crate::body::into_bounds;
use crate::entity::EntityId;
use crate::fixed::Coord;
use crate::input::{Aim, Target};
use crate::limits::AIM_BLOCKS_MAX;
use crate::vector::{Direction, Point};
use crate::world::World;

/// A resolved aim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aimed {
    pub origin: Point,
    pub direction: Direction,
    pub target_position: Point,
    pub target_entity: Option<EntityId>,
}

impl World {
    /// Resolves an aim in the opened world; the caster must be there.
    pub(crate) fn aim(&self, caster: EntityId, aim: &Aim) -> Option<Aimed> {
        let (eye, look) = self.eye(caster)?;
        let origin = aim.origin.filter(|origin| origin.in_bounds()).unwrap_or(eye);
        let named = match aim.target {
            Some(Target::Point(point)) if point.in_bounds() => Some((point, None)),
            Some(Target::Entity(id)) => self.registry.get(id).map(|entity| (entity.position, Some(id))),
            _ => None,
        };
        let toward = named.and_then(|(position, _)| {
            let way = position - origin;
            Direction::normalise(way.x.raw(), way.y.raw(), way.z.raw())
        });
        let direction = aim.direction.or(toward).map_or(look, |direction| unit(direction).unwrap_or(look));
        let (target_position, target_entity) = named.unwrap_or_else(|| {
            let far = Coord::from_whole(AIM_BLOCKS_MAX);
            match self.raycast_past(origin, direction, far, Some(caster)).answer {
                Some(hit) => (into_bounds(hit.position), hit.entity),
                None => (into_bounds(origin.along(direction, far)), None),
            }
        });
        Some(Aimed { origin, direction, target_position, target_entity })
    }
}

/// The same direction with length 1; `None` for the zero vector. One that has it already stays as it is.
pub(crate) fn unit(direction: Direction) -> Option<Direction> {
    let [x, y, z] = direction.raw().map(i64::from);
    if direction.is_unit() { Some(direction) } else { Direction::normalise(x, y, z) }
}
