//! What a host refuses: values out of range, unknown names, too much of anything.
//!
//! Promises the interface's ranges, in words. Does not know rounding: a value is taken as it is.

use std::fmt::Display;

use super::ask::Call;
use crate::host::types::{BlockPos, BlockSize, EntityId, EntityKind, Vec3};
use crate::material::Material;

/// A value out of range, in words.
pub(super) type Check = Result<(), String>;

pub(super) const DURATION_TICKS_MAX: u32 = 36_000;
pub(super) const NAME_BYTES_MAX: usize = 128;
pub(super) const TEXT_BYTES_MAX: usize = 1024;
pub(super) const SPEED_MAX: f64 = 3_840.0;

/// Whether a value lies in a closed range.
pub(super) fn within<T: PartialOrd + Display>(field: &str, value: T, min: T, max: T) -> Check {
    if value >= min && value <= max {
        Ok(())
    } else {
        Err(format!("`{field}` is {value}, which is outside of {min} to {max}"))
    }
}

/// Whether a length is more than 0 and at most `max`.
pub(super) fn positive(field: &str, value: f64, max: f64) -> Check {
    if value > 0.0 && value <= max {
        Ok(())
    } else {
        Err(format!("`{field}` is {value}: it must be more than 0 and at most {max}"))
    }
}

/// Whether a point lies in the world.
pub(super) fn point(field: &str, value: Vec3) -> Check {
    let inside = |value: f64, edge: f64| value >= -edge && value < edge;
    if inside(value.x, 1_048_576.0) && inside(value.y, 1_024.0) && inside(value.z, 1_048_576.0) {
        Ok(())
    } else {
        Err(format!("`{field}` is ({}, {}, {}), which is outside of the world", value.x, value.y, value.z))
    }
}

/// Whether a block lies in the world.
pub(super) fn block(field: &str, value: BlockPos) -> Check {
    point(field, Vec3::from(value))
}

/// Whether a box has edges of 1 to `max` blocks.
pub(super) fn size(value: BlockSize, max: u32) -> Check {
    within("size.x", value.x, 1, max)?;
    within("size.y", value.y, 1, max)?;
    within("size.z", value.z, 1, max)
}

/// Whether a speed is one that the world can hold.
pub(super) fn speed(field: &str, value: Vec3) -> Check {
    for part in [value.x, value.y, value.z] {
        within(field, part, -SPEED_MAX, SPEED_MAX)?;
    }
    Ok(())
}

/// Whether a text is short enough.
pub(super) fn text(field: &str, value: &str, max: usize) -> Check {
    within(&format!("{field}'s length in bytes"), value.len(), 0, max)
}

/// Whether there is such a material.
pub(super) fn material(value: Material) -> Check {
    if usize::from(value.0) < Material::ALL.len() {
        Ok(())
    } else {
        Err(format!("there is no material {}", value.0))
    }
}

impl Call {
    /// Whether the entity was there when the tick opened.
    pub(super) fn known(&self, id: EntityId) -> Check {
        if self.world.find(id).is_some() {
            Ok(())
        } else {
            Err(format!("entity {id} did not exist when the tick opened"))
        }
    }

    /// Whether the entity is there and a player.
    pub(super) fn player(&self, id: EntityId) -> Check {
        self.known(id)?;
        match self.world.find(id).map(|entity| entity.kind) {
            Some(EntityKind::Player) => Ok(()),
            _ => Err(format!("entity {id} is not a player")),
        }
    }

    /// Whether the call may have one more command.
    pub(super) fn room(&self) -> Check {
        within("the number of commands", self.commands.len() + 1, 1, 64)
    }

    /// Whether the call may cover so many more voxels.
    pub(super) fn cover(&mut self, voxels: u64) -> Check {
        self.covered = self.covered.saturating_add(voxels);
        within("the number of voxels covered", self.covered, 0, 65_536)
    }
}
