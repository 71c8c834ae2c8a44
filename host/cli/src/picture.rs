//! Pictures of what a cast did: the same piece of terrain before and after, seen obliquely from above as
//! a block cut out of the world, for a terminal and as a PNG file. The same worlds give the same bytes.
//! It deliberately knows nothing of the simulation, of files or of terminals: voxels come through
//! [`Scene`], colours through [`Subject::look`], and what is drawn is returned.

mod camera;
mod canvas;
mod font;
mod legend;
mod render;
mod sheet;
mod sight;
mod stage;
mod terminal;

pub use sheet::png;
pub use terminal::terminal;

/// Where voxels come from.
pub trait Scene {
    /// The material of a block by its number; 0 is air. Asked some hundred thousand times a picture.
    fn material(&self, x: i32, y: i32, z: i32) -> u16;
}

/// How a material looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Its name, for the legend.
    pub name: &'static str,
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// Whether one sees through it, as through water and glass.
    pub clear: bool,
}

/// What a marker stands for. A later kind is drawn over an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkerKind {
    /// Where something was hit.
    Impact,
    /// Something in flight.
    Projectile,
    /// Someone who has died.
    Dead,
    /// A dummy, an ally or a monster.
    Npc,
    /// A player.
    Player,
}

impl MarkerKind {
    /// Every kind, in the order of a legend.
    const ALL: [Self; 5] = [Self::Player, Self::Npc, Self::Dead, Self::Impact, Self::Projectile];

    fn name(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Npc => "npc",
            Self::Dead => "dead",
            Self::Impact => "impact",
            Self::Projectile => "projectile",
        }
    }

    fn glyph(self) -> char {
        match self {
            Self::Player => '@',
            Self::Npc => '&',
            Self::Dead => 'x',
            Self::Impact => '*',
            Self::Projectile => 'o',
        }
    }

    fn colour(self) -> [u8; 3] {
        match self {
            Self::Player => [70, 150, 255],
            Self::Npc => [255, 205, 60],
            Self::Dead => [205, 205, 210],
            Self::Impact => [255, 80, 50],
            Self::Projectile => [255, 255, 255],
        }
    }

    /// How high above its position the middle of the thing is, in blocks.
    fn middle(self) -> f64 {
        match self {
            Self::Player | Self::Npc => 0.9,
            Self::Dead => 0.3,
            Self::Impact | Self::Projectile => 0.0,
        }
    }
}

/// Something to point at.
#[derive(Clone, Debug)]
pub struct Marker {
    /// Where it is, in blocks; of a body, its feet.
    pub position: [f64; 3],
    /// What it is.
    pub kind: MarkerKind,
    /// What to call it; may be empty.
    pub label: String,
}

/// A box of blocks; both corners belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// The lowest block on every axis.
    pub min: [i32; 3],
    /// The highest block on every axis.
    pub max: [i32; 3],
}

/// The world at one tick.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The heading, "before" or "after".
    pub name: &'a str,
    /// The tick whose end is shown.
    pub tick: u64,
    /// The state hash, of any length; its beginning is shown.
    pub hash: &'a str,
    /// The voxels.
    pub scene: &'a dyn Scene,
    /// What to point at.
    pub markers: &'a [Marker],
}

/// What a picture shows.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The spell's id.
    pub title: &'a str,
    /// The world before the cast.
    pub before: Moment<'a>,
    /// The world after it.
    pub after: Moment<'a>,
    /// The bounds of the changed blocks, where any changed.
    pub changed: Option<Region>,
    /// Where to look when nothing changed, in blocks.
    pub focus: [f64; 3],
    /// Where the caster stands, in blocks; the camera prefers to stand on that side.
    pub viewer: [f64; 3],
    /// How a material looks; never asked of air.
    pub look: fn(u16) -> Look,
}

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// 24-bit colour.
    True,
    /// The 256 indexed colours.
    Indexed,
    /// ASCII and no escape sequences.
    Plain,
}

/// A caller's text without anything that could move a cursor or turn the writing direction, cut to `max`
/// characters.
fn printable(text: &str, max: usize) -> String {
    let safe = |c: char| if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() { c } else { '?' };
    text.chars().take(max).map(safe).collect()
}

/// The same for what stands in headings: ASCII only, so that one character is one column.
fn heading(text: &str, max: usize) -> String {
    printable(text, max).chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
