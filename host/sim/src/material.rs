//! The table of materials. The order is part of the engine id and of every stored chunk.

use serde::{Deserialize, Serialize};

/// A material by its place in [`MATERIALS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Material(u16);

/// What is known of a material.
#[derive(Clone, Copy, Debug)]
pub struct MaterialInfo {
    /// The name that JSON and spells use.
    pub name: &'static str,
    /// Whether bodies, projectiles and rays stop at it.
    pub solid: bool,
    /// How hard it is to dig, from 0 (not at all) to 255.
    pub hardness: u8,
    /// How well it withstands explosions, from 0 (not at all) to 255.
    pub blast_resistance: u8,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

const fn row(
    name: &'static str,
    solid: bool,
    hardness: u8,
    blast_resistance: u8,
    colour: [u8; 3],
) -> MaterialInfo {
    MaterialInfo { name, solid, hardness, blast_resistance, colour }
}

/// Every material; a [`Material`] is an index into it.
pub const MATERIALS: [MaterialInfo; 14] = [
    row("air", false, 0, 0, [170, 205, 240]),
    row("stone", true, 60, 60, [125, 125, 130]),
    row("dirt", true, 15, 10, [121, 85, 58]),
    row("grass", true, 15, 10, [93, 150, 60]),
    row("sand", true, 10, 8, [219, 206, 155]),
    row("water", false, 0, 100, [52, 104, 200]),
    row("wood", true, 30, 20, [140, 104, 60]),
    row("leaves", true, 3, 2, [60, 120, 45]),
    row("ice", true, 12, 6, [170, 215, 245]),
    row("lava", false, 0, 100, [235, 95, 25]),
    row("glass", true, 6, 3, [205, 230, 235]),
    row("coal_ore", true, 65, 60, [70, 70, 74]),
    row("iron_ore", true, 75, 65, [176, 142, 120]),
    row("ash", true, 5, 4, [60, 56, 55]),
];

impl Material {
    /// Nothing.
    pub const AIR: Self = Self(0);
    /// Stone.
    pub const STONE: Self = Self(1);
    /// Dirt.
    pub const DIRT: Self = Self(2);
    /// Grass.
    pub const GRASS: Self = Self(3);
    /// Sand.
    pub const SAND: Self = Self(4);
    /// Water.
    pub const WATER: Self = Self(5);
    /// Wood.
    pub const WOOD: Self = Self(6);
    /// Leaves.
    pub const LEAVES: Self = Self(7);
    /// Ice.
    pub const ICE: Self = Self(8);
    /// Lava.
    pub const LAVA: Self = Self(9);
    /// Glass.
    pub const GLASS: Self = Self(10);
    /// Coal ore.
    pub const COAL_ORE: Self = Self(11);
    /// Iron ore.
    pub const IRON_ORE: Self = Self(12);
    /// Ash.
    pub const ASH: Self = Self(13);

    /// The material with this number, where there is one.
    pub fn from_number(number: u16) -> Option<Self> {
        ((number as usize) < MATERIALS.len()).then_some(Self(number))
    }

    /// The material of this name, where there is one.
    pub fn named(name: &str) -> Option<Self> {
        MATERIALS.iter().position(|row| row.name == name).map(|at| Self(at as u16))
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Its row of the table.
    pub fn info(self) -> &'static MaterialInfo {
        &MATERIALS[self.0 as usize]
    }

    /// Whether bodies, projectiles and rays stop at it.
    pub fn is_solid(self) -> bool {
        self.info().solid
    }
}

impl From<Material> for u16 {
    fn from(material: Material) -> u16 {
        material.0
    }
}

impl TryFrom<u16> for Material {
    type Error = &'static str;
    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::from_number(number).ok_or("a material number outside the table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_the_order_of_the_constants() {
        let constants = [
            (Material::AIR, "air"),
            (Material::STONE, "stone"),
            (Material::DIRT, "dirt"),
            (Material::GRASS, "grass"),
            (Material::SAND, "sand"),
            (Material::WATER, "water"),
            (Material::WOOD, "wood"),
            (Material::LEAVES, "leaves"),
            (Material::ICE, "ice"),
            (Material::LAVA, "lava"),
            (Material::GLASS, "glass"),
            (Material::COAL_ORE, "coal_ore"),
            (Material::IRON_ORE, "iron_ore"),
            (Material::ASH, "ash"),
        ];
        assert_eq!(constants.len(), MATERIALS.len());
        for (number, (material, name)) in constants.into_iter().enumerate() {
            assert_eq!(material.number() as usize, number);
            assert_eq!(material.info().name, name);
            assert_eq!(Material::named(name), Some(material));
            assert_eq!(Material::try_from(number as u16), Ok(material));
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_no_material() {
        assert_eq!(Material::from_number(14), None);
        assert_eq!(Material::named("cheese"), None);
        assert!(Material::try_from(u16::MAX).is_err());
        assert!(postcard::from_bytes::<Material>(&[14]).is_err(), "nor when it is read");
    }

    #[test]
    fn bodies_fall_through_air_and_fluids_only() {
        let open: alloc::vec::Vec<&str> =
            MATERIALS.iter().filter(|row| !row.solid).map(|row| row.name).collect();
        assert_eq!(open, ["air", "water", "lava"]);
    }
}
