//! The answers of `scene`, free of any version of the WIT: arguments are checked here, the world
//! is asked, and nothing is changed.
//!
//! Prices and the shapes of the WIT are the adapter's ([`crate::linking`]).

use spellhost_lockstep::quantise;
use spellhost_sim::limits::{QUERY_ENTITIES_MAX, QUERY_RADIUS_MAX, RAY_BLOCKS_MAX, REGION_EDGE_MAX};
use spellhost_sim::{
    BlockPos, BlockSize, Coord, Direction, EntityInfo, EntityKind, Looked, Material, Point, QuantiseError,
    RayHit,
};

use crate::session::Session;
use crate::stop::Stop;

/// A ray that may be asked for.
pub(crate) struct Ray {
    origin: Point,
    direction: Direction,
    distance: Coord,
}

impl Ray {
    /// How many blocks it is priced for.
    pub(crate) fn blocks(&self) -> u64 {
        whole_blocks(self.distance)
    }
}

/// The blocks that a length is priced for: rounded up.
fn whole_blocks(length: Coord) -> u64 {
    u64::try_from(length.floor()).unwrap_or(0) + 1
}

fn explain(error: QuantiseError) -> &'static str {
    match error {
        QuantiseError::NotFinite => "is not a finite number",
        QuantiseError::OutOfRange => "is far out of range",
    }
}

/// A finite number of blocks, or the error that names `field`.
pub(crate) fn number<T>(
    function: &'static str,
    field: &str,
    value: f64,
    rounded: impl Fn(f64) -> Result<T, QuantiseError>,
) -> Result<T, Stop> {
    rounded(value).map_err(|error| Stop::invalid(function, field, format!("{value:?} {}", explain(error))))
}

/// Three finite numbers, or the error that names `field` and the axis.
pub(crate) fn parts<T>(
    function: &'static str,
    field: &str,
    value: [f64; 3],
    rounded: impl Fn([f64; 3]) -> Result<T, (char, QuantiseError)>,
) -> Result<T, Stop> {
    rounded(value).map_err(|(axis, error)| {
        let part = value["xyz".find(axis).unwrap_or(0)];
        Stop::invalid(function, format!("{field}.{axis}"), format!("{part} {}", explain(error)))
    })
}

/// A point within the world's bounds.
pub(crate) fn point(function: &'static str, field: &str, value: [f64; 3]) -> Result<Point, Stop> {
    let point = parts(function, field, value, quantise::point)?;
    if point.in_bounds() {
        return Ok(point);
    }
    let [x, y, z] = value;
    let message = format!("({x}, {y}, {z}) is outside the world: -2^20 <= x, z < 2^20 and -1024 <= y < 1024");
    Err(Stop::invalid(function, field, message))
}

/// A length from 0 to `most` blocks.
fn length(function: &'static str, field: &str, value: f64, most: i64) -> Result<Coord, Stop> {
    let length = number(function, field, value, quantise::coord)?;
    if (Coord::ZERO..=Coord::from_whole(most)).contains(&length) {
        return Ok(length);
    }
    Err(Stop::invalid(function, field, format!("{value} is not between 0 and {most} blocks")))
}

/// Checks a ray; `item` prefixes its fields.
pub(crate) fn ray(
    function: &'static str,
    item: &str,
    origin: [f64; 3],
    direction: [f64; 3],
    distance: f64,
) -> Result<Ray, Stop> {
    let field = |name: &str| format!("{item}{name}");
    let origin = point(function, &field("origin"), origin)?;
    let direction = parts(function, &field("direction"), direction, quantise::direction)?
        .ok_or_else(|| Stop::invalid(function, field("direction"), "is zero: a ray needs a direction"))?;
    let distance = length(function, &field("max-distance"), distance, RAY_BLOCKS_MAX)?;
    Ok(Ray { origin, direction, distance })
}

/// What the ray hits first, and how many entities were looked at.
pub(crate) fn cast_ray(session: &Session, ray: &Ray) -> Result<Looked<Option<RayHit>>, Stop> {
    Ok(session.world()?.raycast(ray.origin, ray.direction, ray.distance))
}

/// Two points that may be asked about, and the blocks between them that are priced.
pub(crate) fn sight(function: &'static str, a: [f64; 3], b: [f64; 3]) -> Result<(Point, Point, u64), Stop> {
    let (a, b) = (point(function, "a", a)?, point(function, "b", b)?);
    let distance = a.distance(b);
    if distance > Coord::from_whole(RAY_BLOCKS_MAX) {
        let message = format!("is more than {RAY_BLOCKS_MAX} blocks from a");
        return Err(Stop::invalid(function, "b", message));
    }
    Ok((a, b, whole_blocks(distance)))
}

/// Checks a region read; the number of its voxels is what it is priced for.
pub(crate) fn region(function: &'static str, min: BlockPos, size: BlockSize) -> Result<u64, Stop> {
    for (axis, edge) in [("x", size.x), ("y", size.y), ("z", size.z)] {
        if edge == 0 || edge > REGION_EDGE_MAX {
            let message = format!("{edge} is not between 1 and {REGION_EDGE_MAX} blocks");
            return Err(Stop::invalid(function, format!("size.{axis}"), message));
        }
    }
    if !min.in_bounds() {
        let BlockPos { x, y, z } = min;
        return Err(Stop::invalid(function, "min", format!("block ({x}, {y}, {z}) is outside the world")));
    }
    Ok(size.volume())
}

/// Checks a query by radius; the blocks that it is priced for.
pub(crate) fn sphere(
    function: &'static str,
    center: [f64; 3],
    radius: f64,
) -> Result<(Point, Coord, u64), Stop> {
    let center = point(function, "center", center)?;
    let radius = length(function, "radius", radius, QUERY_RADIUS_MAX)?;
    Ok((center, radius, whole_blocks(radius)))
}

/// Checks the limit of a query by kind.
pub(crate) fn entity_limit(function: &'static str, limit: u32) -> Result<usize, Stop> {
    if limit as usize > QUERY_ENTITIES_MAX {
        return Err(Stop::invalid(
            function,
            "limit",
            format!("{limit} is more than {QUERY_ENTITIES_MAX} entities"),
        ));
    }
    Ok(limit as usize)
}

/// The entities of a kind, by id.
pub(crate) fn by_kind(session: &Session, kind: EntityKind, limit: usize) -> Result<Vec<EntityInfo>, Stop> {
    Ok(session.world()?.entities_by_kind(kind, limit))
}

/// The material with this number, or the error that names `field`.
pub(crate) fn material(function: &'static str, field: &str, number: u16) -> Result<Material, Stop> {
    Material::from_number(number).ok_or_else(|| {
        let most = spellhost_sim::MATERIALS.len() - 1;
        Stop::invalid(function, field, format!("{number} is no material: they are 0 to {most}"))
    })
}
