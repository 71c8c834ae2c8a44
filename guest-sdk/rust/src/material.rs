//! What a block is made of, by number and by name.
//!
//! Promises the fourteen materials of version 0.1. Later ones have numbers too; `scene::material_named` finds
//! them without a new SDK.

use std::fmt;

use crate::host::types::Value;

/// What a block is made of. `Material::AIR` is nothing.
///
/// ```
/// use spellhost_sdk::prelude::*;
/// assert_eq!(Material::ICE.name(), "ice");
/// assert_eq!(Material::named("coal_ore"), Some(Material::COAL_ORE));
/// assert_eq!(Material::named("cheese"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Material(pub u16);

macro_rules! materials {
    ($($number:literal $constant:ident $name:literal $text:literal)*) => {
        impl Material {
            $(#[doc = $text] pub const $constant: Material = Material($number);)*
            /// Every material of this version, in the order of their numbers.
            pub const ALL: [Material; 14] = [$(Material::$constant),*];
        }
        const NAMES: [&str; 14] = [$($name),*];
    };
}

materials! {
    0 AIR "air" "Nothing; not solid."
    1 STONE "stone" "What hills are made of."
    2 DIRT "dirt" "Under the grass."
    3 GRASS "grass" "On top of the ground."
    4 SAND "sand" "At the water's edge."
    5 WATER "water" "Not solid."
    6 WOOD "wood" "Trunks; burns in good stories."
    7 LEAVES "leaves" "Crowns of trees."
    8 ICE "ice" "Frozen water."
    9 LAVA "lava" "Not solid, and hot."
    10 GLASS "glass" "To look through."
    11 COAL_ORE "coal_ore" "Stone with coal."
    12 IRON_ORE "iron_ore" "Stone with iron."
    13 ASH "ash" "What fire leaves."
}

impl Material {
    /// The material with that name, without asking the host. Free of import cost.
    pub fn named(name: &str) -> Option<Material> {
        NAMES.iter().position(|known| *known == name).map(|number| Material(number as u16))
    }

    /// Its name; `unknown` for a material of a later version.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("unknown")
    }

    /// Whether it is air.
    pub fn is_air(self) -> bool {
        self == Material::AIR
    }

    /// Whether a body or a ray is stopped by it: all but air, water and lava.
    pub fn is_solid(self) -> bool {
        !matches!(self, Material::AIR | Material::WATER | Material::LAVA)
    }
}

impl Default for Material {
    fn default() -> Material {
        Material::AIR
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Material> for Value {
    fn from(material: Material) -> Value {
        Value::Material(material.0)
    }
}

/// The material with that name; the same as [`Material::named`].
pub fn material_named(name: &str) -> Option<Material> {
    Material::named(name)
}
