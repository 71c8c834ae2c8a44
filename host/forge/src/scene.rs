//! A place's `scene.json`: seed, terrain, edits, entities and the spells that belong there.
//!
//! Promises that what was read is one world, the same on every machine, within the bounds of the
//! simulation, and that whatever is wrong is named by its place in the file. Makes no world itself, and
//! does not know whether a spell that is named exists.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;
use spellhost_lockstep::quantise;
use spellhost_sim::limits::{
    BOX_EDGE_MAX, HORIZONTAL_BLOCKS, POINTS_MAX, SPHERE_RADIUS_MAX, VERTICAL_BLOCKS,
};
use spellhost_sim::{
    BlockPos, BlockSize, Coord, Digest, Direction, Edit, EntityKind, EntitySpec, FillMode, Inputs, Material,
    Op, Point, Points, SpellId, Swap, Template, Terrain, WorldConfig,
};

use crate::archive::{BundleError, bad, large};
use crate::limits::{
    NAME_BYTES_MAX, SCENE_BYTES_MAX, SCENE_CHUNKS_MAX, SCENE_EDITS_MAX, SCENE_ENTITIES_MAX, SCENE_SPELLS_MAX,
};

/// What the file is called in a folder and in a package.
pub const SCENE: &str = "scene.json";

/// A world as its author wants it to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    config: WorldConfig,
    ops: Vec<Op>,
    /// What belongs there, in the order of the file.
    pub spells: Vec<Binding>,
}

/// A spell that is cast in this place at one revision, wherever its channels point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The spell.
    pub spell: SpellId,
    /// The revision; `None` where the package carries it.
    pub revision: Option<Digest>,
    /// Where the scene says so, for who refuses it.
    pub at: String,
}

impl Scene {
    /// Reads a scene from a stranger.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place in the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > SCENE_BYTES_MAX {
            return Err(large(format!("`{SCENE}` has more than {SCENE_BYTES_MAX} bytes")));
        }
        // Depth is bounded by the reader: 128.
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| bad(format!("`{SCENE}`: {error}")))?;
        let scene = Spot { at: String::new(), value: &value };
        scene.known(&["format", "seed", "world", "terrain", "edits", "entities", "spells"])?;
        if let Some(format) = scene.field("format")?.filter(|format| *format.value != 1) {
            return Err(format.wrong("a format that this version does not know"));
        }
        let seed = scene.field("seed")?.map_or(Ok(1), |seed| seed.seed())?;
        let (terrain, edits) = ground(&scene)?;
        let mut ops = self::edits(edits)?;
        ops.extend(entities(scene.field("entities")?)?);
        let spells = bindings(scene.field("spells")?)?;
        Ok(Self { config: WorldConfig { terrain, seed }, ops, spells })
    }

    /// What its world is made from.
    pub fn config(&self) -> WorldConfig {
        self.config
    }

    /// What enters the world's first tick: the edits, then the entities, and these channels.
    pub fn inputs(&self, swaps: Vec<Swap>) -> Inputs {
        Inputs { swaps, ops: self.ops.clone(), ..Inputs::default() }
    }
}

/// The terrain, and the list of edits: `terrain` may be either.
fn ground<'a>(scene: &Spot<'a>) -> Result<(Terrain, Option<Spot<'a>>), BundleError> {
    let (world, terrain, edits) = (scene.field("world")?, scene.field("terrain")?, scene.field("edits")?);
    let (named, listed) = match terrain {
        Some(terrain) if terrain.value.is_string() => (Some(terrain), None),
        other => (None, other),
    };
    for (one, other) in [(&world, &named), (&edits, &listed)] {
        if let (Some(_), Some(again)) = (one, other) {
            return Err(again.wrong("this is said twice"));
        }
    }
    let name = world.or(named);
    let terrain = name.map_or(Ok(Terrain::Hills), |name| match name.text()? {
        "hills" => Ok(Terrain::Hills),
        "flat" => Ok(Terrain::Flat),
        "empty" => Ok(Terrain::Empty),
        other => Err(name.wrong(format!("`{}` is not hills, flat or empty", shown(other)))),
    })?;
    Ok((terrain, edits.or(listed)))
}

fn edits(list: Option<Spot>) -> Result<Vec<Op>, BundleError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let (mut ops, mut chunks) = (Vec::new(), 0);
    for item in list.items(SCENE_EDITS_MAX)? {
        let (op, edit) = edit(&item)?;
        chunks += edit.chunks().count();
        if chunks > SCENE_CHUNKS_MAX {
            let most = format!("the edits up to here touch more than {SCENE_CHUNKS_MAX} chunks");
            return Err(BundleError { code: "too_large", ..item.wrong(most) });
        }
        ops.push(op);
    }
    Ok(ops)
}

fn edit(item: &Spot) -> Result<(Op, Edit), BundleError> {
    let is_box = item.value.get("min").is_some();
    let extent = if is_box { ["min", "size"] } else { ["center", "radius"] };
    item.known(&[&["op", "type", "material"], &extent[..]].concat())?;
    let op = item.either("op", "type")?;
    let op = op.ok_or_else(|| item.wrong("`op` is missing: add, subtract or paint"))?;
    let text = op.text()?;
    let (verb, shape) = text.split_once('_').unwrap_or((text, ""));
    let mode = match verb {
        "add" => FillMode::Add,
        "subtract" => FillMode::Subtract,
        "paint" => FillMode::Paint,
        _ => return Err(op.wrong(format!("`{}` is not add, subtract or paint", shown(text)))),
    };
    let material = match item.field("material")? {
        Some(name) => name.material()?,
        None if mode == FillMode::Subtract => Material::AIR,
        None => return Err(item.wrong("`material` is missing")),
    };
    if !["", if is_box { "box" } else { "sphere" }].contains(&shape) {
        return Err(op.wrong(format!("`{}` has `center` and `radius`, or `min` and `size`", shown(text))));
    }
    if is_box { filled_box(item, material, mode) } else { sphere(item, material, mode) }
}

fn sphere(item: &Spot, material: Material, mode: FillMode) -> Result<(Op, Edit), BundleError> {
    let center = item.required("center")?.point()?;
    let spot = item.required("radius")?;
    let radius = spot.coord()?;
    if radius <= Coord::ZERO || radius > Coord::from_whole(SPHERE_RADIUS_MAX) {
        return Err(spot.wrong(format!("a radius is above 0 and at most {SPHERE_RADIUS_MAX} blocks")));
    }
    let edit = Edit::Sphere { center, radius, material, mode };
    Ok((Op::FillSphere { center, radius, material, mode }, edit))
}

fn filled_box(item: &Spot, material: Material, mode: FillMode) -> Result<(Op, Edit), BundleError> {
    let spot = item.required("min")?;
    let [x, y, z] = spot.whole()?;
    let inside = |part: i64, bound: i32| (-i64::from(bound)..i64::from(bound)).contains(&part);
    if !inside(x, HORIZONTAL_BLOCKS) || !inside(y, VERTICAL_BLOCKS) || !inside(z, HORIZONTAL_BLOCKS) {
        return Err(spot.wrong("this lies outside of the world"));
    }
    let min = BlockPos::new(x as i32, y as i32, z as i32);
    let spot = item.required("size")?;
    let size = spot.whole()?;
    if size.iter().any(|edge| !(1..=i64::from(BOX_EDGE_MAX)).contains(edge)) {
        return Err(spot.wrong(format!("an edge has 1 to {BOX_EDGE_MAX} blocks")));
    }
    let [x, y, z] = size.map(|edge| edge as u32);
    let size = BlockSize::new(x, y, z);
    Ok((Op::FillBox { min, size, material, mode }, Edit::Box { min, size, material, mode }))
}

fn entities(list: Option<Spot>) -> Result<Vec<Op>, BundleError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    list.items(SCENE_ENTITIES_MAX)?.iter().map(|item| entity(item).map(Op::Spawn)).collect()
}

/// The radius of an item, in blocks: a quarter.
const ITEM_RADIUS: Coord = Coord::from_raw(1 << (Coord::FRACTION_BITS - 2));

fn entity(item: &Spot) -> Result<EntitySpec, BundleError> {
    item.known(&["name", "kind", "template", "creature", "at", "position", "look", "health"])?;
    if let Some(name) = item.field("name")? {
        name.text()?;
    }
    let (kind, template) = kind(item)?;
    let usual = template.map_or(Points::from_whole(100), |template| template.info().health);
    let radius = template.map_or(ITEM_RADIUS, |template| template.info().radius);
    let health = item.field("health")?.map_or(Ok(usual), |health| health.health())?;
    let look = item.field("look")?.map_or(Ok(Direction::FORWARD), |look| look.direction())?;
    // `at` is where it stands, as in a scenario; `position` its centre, as in a frame.
    let at = item.either("at", "position")?.ok_or_else(|| item.wrong("`at` is missing"))?;
    let mut position = at.point()?;
    if item.value.get("at").is_some() {
        position.y = position.y + radius;
    }
    if !position.in_bounds() {
        return Err(at.wrong("this lies outside of the world"));
    }
    let health_max = usual.max(health);
    Ok(EntitySpec { kind, template, position, look, radius, health, health_max })
}

fn kind(item: &Spot) -> Result<(EntityKind, Option<Template>), BundleError> {
    let creature = match item.either("template", "creature")? {
        None => None,
        Some(spot) => {
            let name = spot.text()?;
            let unknown = || spot.wrong(format!("no creature is called `{}`", shown(name)));
            Some(Template::named(name).ok_or_else(unknown)?)
        }
    };
    let Some(spot) = item.field("kind")? else {
        return Ok((EntityKind::Npc, creature.or(Some(Template::DUMMY))));
    };
    match spot.text()? {
        "npc" => Ok((EntityKind::Npc, creature.or(Some(Template::DUMMY)))),
        "item" if creature.is_none() => Ok((EntityKind::Item, None)),
        "item" => Err(spot.wrong("an item is no creature")),
        "player" => Err(spot.wrong("players are those who join; `kind` is npc or item")),
        other => Err(spot.wrong(format!("`{}` is not npc or item", shown(other)))),
    }
}

fn bindings(list: Option<Spot>) -> Result<Vec<Binding>, BundleError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let (mut bound, mut known) = (Vec::new(), BTreeSet::new());
    for item in list.items(SCENE_SPELLS_MAX)? {
        let binding = binding(&item)?;
        if !known.insert(binding.spell.clone()) {
            return Err(item.wrong(format!("`{}` is bound twice", binding.spell)));
        }
        bound.push(binding);
    }
    Ok(bound)
}

/// `"fireball"`, or an object with the spell and its revision.
fn binding(item: &Spot) -> Result<Binding, BundleError> {
    let id = |spot: &Spot| {
        let id = SpellId::parse(spot.text()?);
        id.ok_or_else(|| spot.wrong("a spell id is [a-z0-9][a-z0-9_-]{0,63}"))
    };
    if item.value.is_string() {
        return Ok(Binding { spell: id(item)?, revision: None, at: item.at.clone() });
    }
    item.known(&["spell", "spell_id", "revision", "revision_id", "rev"])?;
    let spell = item.either("spell", "spell_id")?.ok_or_else(|| item.wrong("`spell` is missing"))?;
    let revision = match item.either("revision", "revision_id")? {
        Some(revision) => Some(revision),
        None => item.field("rev")?,
    };
    let revision = revision.map(|revision| revision.digest()).transpose()?;
    Ok(Binding { spell: id(&spell)?, revision, at: item.at.clone() })
}

/// A value of the scene, and where it stands.
struct Spot<'a> {
    at: String,
    value: &'a Value,
}

/// What a stranger wrote, as far as it is worth showing.
fn shown(text: &str) -> String {
    text.escape_debug().take(64).collect()
}

impl<'a> Spot<'a> {
    fn wrong(&self, why: impl Display) -> BundleError {
        let at = if self.at.is_empty() { String::new() } else { format!("{}: ", self.at) };
        bad(format!("`{SCENE}`: {at}{why}"))
    }

    /// That it is an object of these keys and no other.
    fn known(&self, keys: &[&str]) -> Result<(), BundleError> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("not an object"))?;
        match object.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => Err(self.wrong(format!("there is no `{}`, only {}", shown(key), keys.join(", ")))),
            None => Ok(()),
        }
    }

    /// A field of an object; null is none.
    fn field(&self, name: &str) -> Result<Option<Spot<'a>>, BundleError> {
        let dot = if self.at.is_empty() { "" } else { "." };
        let spot = |value| Spot { at: format!("{}{dot}{name}", self.at), value };
        Ok(self.value.get(name).filter(|value| !value.is_null()).map(spot))
    }

    /// The field under one of two names.
    fn either(&self, one: &str, other: &str) -> Result<Option<Spot<'a>>, BundleError> {
        match (self.field(one)?, self.field(other)?) {
            (Some(_), Some(again)) => Err(again.wrong(format!("`{one}` says this already"))),
            (found, None) | (None, found) => Ok(found),
        }
    }

    fn required(&self, name: &str) -> Result<Spot<'a>, BundleError> {
        self.field(name)?.ok_or_else(|| self.wrong(format!("`{name}` is missing")))
    }

    fn items(&self, most: usize) -> Result<Vec<Spot<'a>>, BundleError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("not a list"))?;
        if list.len() > most {
            let many = self.wrong(format!("{} of them, and at most {most} may be", list.len()));
            return Err(BundleError { code: "too_large", ..many });
        }
        let spot = |(at, value)| Spot { at: format!("{}[{at}]", self.at), value };
        Ok(list.iter().enumerate().map(spot).collect())
    }

    fn text(&self) -> Result<&'a str, BundleError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("not a text"))?;
        let most = || self.wrong(format!("a text has at most {NAME_BYTES_MAX} bytes"));
        (text.len() <= NAME_BYTES_MAX).then_some(text).ok_or_else(most)
    }

    fn number(&self) -> Result<f64, BundleError> {
        self.value.as_f64().ok_or_else(|| self.wrong("not a number"))
    }

    fn three(&self) -> Result<[Spot<'a>; 3], BundleError> {
        self.items(3)?.try_into().map_err(|_| self.wrong("not three numbers"))
    }

    /// Three whole numbers.
    fn whole(&self) -> Result<[i64; 3], BundleError> {
        let [x, y, z] = self.three()?;
        let whole = |spot: Spot| spot.value.as_i64().ok_or_else(|| spot.wrong("not a whole number"));
        Ok([whole(x)?, whole(y)?, whole(z)?])
    }

    fn coord(&self) -> Result<Coord, BundleError> {
        quantise::coord(self.number()?).map_err(|error| self.wrong(error))
    }

    fn point(&self) -> Result<Point, BundleError> {
        let [x, y, z] = self.three()?;
        let point = Point { x: x.coord()?, y: y.coord()?, z: z.coord()? };
        let outside = || self.wrong("this lies outside of the world");
        point.in_bounds().then_some(point).ok_or_else(outside)
    }

    fn direction(&self) -> Result<Direction, BundleError> {
        let [x, y, z] = self.three()?;
        let parts = [x.number()?, y.number()?, z.number()?];
        let found = quantise::direction(parts).map_err(|(_, error)| self.wrong(error))?;
        found.ok_or_else(|| self.wrong("a direction has a length"))
    }

    fn health(&self) -> Result<Points, BundleError> {
        let health = quantise::points(self.number()?).map_err(|error| self.wrong(error))?;
        let wrong = || self.wrong(format!("a health is above 0 and at most {POINTS_MAX}"));
        let possible = health > Points::ZERO && health <= Points::from_whole(POINTS_MAX);
        possible.then_some(health).ok_or_else(wrong)
    }

    fn material(&self) -> Result<Material, BundleError> {
        let name = self.text()?;
        Material::named(name).ok_or_else(|| self.wrong(format!("no material is called `{}`", shown(name))))
    }

    /// A number that every JSON reader has exactly, or hex digits.
    fn seed(&self) -> Result<u64, BundleError> {
        let wrong = || self.wrong("a seed is a number below 2^53, or a text of at most 16 hex digits");
        if let Some(text) = self.value.as_str() {
            let is_hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            return u64::from_str_radix(text, 16).ok().filter(|_| is_hex).ok_or_else(wrong);
        }
        self.value.as_u64().filter(|seed| *seed < 1 << 53).ok_or_else(wrong)
    }

    fn digest(&self) -> Result<Digest, BundleError> {
        let hex = self.text()?.strip_prefix("b3:").and_then(|hex| blake3::Hash::from_hex(hex).ok());
        let wrong = || self.wrong("a revision is `b3:` and 64 hex digits");
        hex.map(|hash| Digest(*hash.as_bytes())).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spellhost_sim::World;

    fn message(text: &str) -> String {
        Scene::parse(text.as_bytes()).expect_err(text).message
    }

    #[test]
    fn a_scene_is_one_world() {
        let text = br#"{"seed": "2a", "world": "flat", "terrain": [
            {"op": "add", "min": [-4, 0, -4], "size": [9, 2, 9], "material": "stone"},
            {"type": "subtract_sphere", "center": [0.5, 1, 0.5], "radius": 2.5}],
            "entities": [{"kind": "npc", "creature": "golem", "at": [3, 2, 3], "health": 300, "look": [1, 0, 0]},
                         {"kind": "item", "position": [1, 3, 1]}],
            "spells": ["blink", {"spell": "quake", "rev": "b3:0000000000000000000000000000000000000000000000000000000000000000"}]}"#;
        let scene = Scene::parse(text).expect("a scene");
        assert_eq!(scene.config(), WorldConfig { terrain: Terrain::Flat, seed: 42 });
        assert_eq!(
            scene.spells.iter().map(|bound| bound.revision.is_some()).collect::<Vec<_>>(),
            [false, true]
        );
        let mut world = World::new(scene.config());
        world.open_tick(scene.inputs(Vec::new()));
        world.close_tick(Vec::new());
        assert_eq!(world.voxel(BlockPos::new(-4, 1, -4)), Material::named("stone").expect("stone"));
        assert_eq!(world.voxel(BlockPos::new(0, 1, 0)), Material::AIR);
        let entities: Vec<_> = world.entities().collect();
        assert_eq!(entities.len(), 2);
        assert_eq!(entities[0].health_max, Points::from_whole(300));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        for (text, words) in [
            ("", "`scene.json`: EOF"),
            ("[]", "not an object"),
            (r#"{"x": 1}"#, "there is no `x`"),
            (r#"{"format": 2}"#, "format: a format"),
            (r#"{"seed": 1.5}"#, "seed: a seed is"),
            (r#"{"seed": "-2a"}"#, "seed: a seed is"),
            (r#"{"seed": 9007199254740992}"#, "seed: a seed is"),
            (r#"{"world": "moon"}"#, "world: `moon` is not hills"),
            (r#"{"world": "flat", "terrain": "flat"}"#, "terrain: this is said twice"),
            (r#"{"edits": {}}"#, "edits: not a list"),
            (r#"{"edits": [{}]}"#, "edits[0]: `op` is missing"),
            (r#"{"edits": [{"op": "melt"}]}"#, "edits[0].op: `melt` is not add"),
            (
                r#"{"edits": [{"op": "add", "center": [0,0,0], "radius": 1}]}"#,
                "edits[0]: `material` is missing",
            ),
            (
                r#"{"edits": [{"op": "add", "material": "cheese", "center": [0,0,0], "radius": 1}]}"#,
                "edits[0].material: no material is called `cheese`",
            ),
            (
                r#"{"edits": [{"op": "subtract", "center": [0,0,0], "radius": 25}]}"#,
                "edits[0].radius: a radius",
            ),
            (
                r#"{"edits": [{"op": "subtract", "center": [0,0,0], "radius": -1}]}"#,
                "edits[0].radius: a radius",
            ),
            (
                r#"{"edits": [{"op": "subtract", "center": [0,2000,0], "radius": 1}]}"#,
                "edits[0].center: this lies",
            ),
            (
                r#"{"edits": [{"op": "subtract", "center": [0,0], "radius": 1}]}"#,
                "edits[0].center: not three",
            ),
            (r#"{"edits": [{"op": "subtract", "center": [0,0,NaN], "radius": 1}]}"#, "line 1"),
            (r#"{"edits": [{"op": "subtract", "center": [0,0,1e999], "radius": 1}]}"#, "number out of range"),
            (
                r#"{"edits": [{"op": "subtract", "center": [0,0,1e300], "radius": 1}]}"#,
                "edits[0].center[2]: ",
            ),
            (
                r#"{"edits": [{"op": "subtract", "min": [0,0,0], "radius": 1}]}"#,
                "edits[0]: there is no `radius`",
            ),
            (r#"{"edits": [{"op": "subtract_box", "center": [0,0,0], "radius": 1}]}"#, "edits[0].op: "),
            (
                r#"{"edits": [{"op": "subtract", "min": [0,0.5,0], "size": [1,1,1]}]}"#,
                "edits[0].min[1]: not a whole",
            ),
            (
                r#"{"edits": [{"op": "subtract", "min": [0,0,0], "size": [1,1,257]}]}"#,
                "edits[0].size: an edge",
            ),
            (
                r#"{"edits": [{"op": "subtract", "min": [0,5000,0], "size": [1,1,1]}]}"#,
                "edits[0].min: this lies",
            ),
            (r#"{"entities": [{"kind": "player", "at": [0,0,0]}]}"#, "entities[0].kind: players are"),
            (r#"{"entities": [{"kind": "ghost", "at": [0,0,0]}]}"#, "entities[0].kind: `ghost`"),
            (r#"{"entities": [{"creature": "cow", "at": [0,0,0]}]}"#, "entities[0].creature: no creature"),
            (r#"{"entities": [{"kind": "npc"}]}"#, "entities[0]: `at` is missing"),
            (r#"{"entities": [{"at": [0,0,0], "position": [0,0,0]}]}"#, "`at` says this already"),
            (r#"{"entities": [{"at": [0,0,0], "health": 0}]}"#, "entities[0].health: a health"),
            (r#"{"entities": [{"at": [0,0,0], "health": "1"}]}"#, "entities[0].health: not a number"),
            (r#"{"entities": [{"at": [0,0,0], "look": [0,0,0]}]}"#, "entities[0].look: a direction"),
            (r#"{"spells": ["No"]}"#, "spells[0]: a spell id"),
            (r#"{"spells": ["a", "a"]}"#, "spells[1]: `a` is bound twice"),
            (r#"{"spells": [{"spell": "a", "rev": "b3:0"}]}"#, "spells[0].rev: a revision"),
        ] {
            let found = message(text);
            assert!(found.contains(words), "{text}\n{found}");
        }
    }

    #[test]
    fn a_scene_is_bounded() {
        let deep = format!("{{\"edits\": {}1{}}}", "[".repeat(200), "]".repeat(200));
        assert!(message(&deep).contains("recursion limit"), "{}", message(&deep));
        let million = format!("{{\"entities\": [{}1]}}", "1,".repeat(400_000));
        assert!(message(&million).contains("entities: 400001 of them"), "{}", message(&million));
        let large = Scene::parse(&vec![b' '; SCENE_BYTES_MAX + 1]).expect_err("too large");
        assert_eq!(large.code, "too_large");
        let cube = r#"{"op": "subtract", "min": [0, 0, 0], "size": [256, 256, 256]},"#;
        let cubes =
            format!("{{\"edits\": [{}]}}", cube.repeat(SCENE_CHUNKS_MAX / 512 + 1).trim_end_matches(','));
        assert!(message(&cubes).contains("touch more than"), "{}", message(&cubes));
    }
}
