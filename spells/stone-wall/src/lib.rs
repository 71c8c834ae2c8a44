//! Raises a wall across the way, carries up whoever stands there, and lowers it again.
//!
//! One course a wake: no memory lasts from call to call, so what the wall displaced is in the state, and what is
//! lowered is exactly what was raised. The caster's client may end it early with the remote event `dismiss`.

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// How wide it is, across the caster's way.
        width: u32 = 9, range = 3..=15, unit = "blocks";
        /// How high it rises above the ground.
        height: u32 = 4, range = 1..=8, unit = "blocks";
        /// How long it stands.
        duration: f64 = 2.0, range = 0.5..=60.0, unit = "seconds";
    }
}

state! {
    /// A wall on its way up or down.
    struct Wall {
        /// The block in the middle of its first course above the ground.
        base: BlockPos,
        /// Whether it runs along x, not along z.
        along_x: bool,
        sinking: bool,
        /// What each course displaced, from the lowest up.
        courses: Vec<Vec<Material>>,
    }
}

/// Ticks from one course to the next.
const STEP: u32 = 5;
/// The one timer's tag.
const NEXT: u32 = 0;
/// How deep the lowest course reaches into the ground, so that the wall has no gaps where it dips.
const FOUNDATION: i32 = 2;
/// How far above and below the target the ground may lie, in blocks.
const GROUND_MAX: i32 = 6;

struct StoneWall;

impl Spell for StoneWall {
    fn describe() -> Info {
        Info::new("Stone wall")
            .description("Raises a wall across the way, and lowers it again; a `dismiss` lowers it at once.")
            .params::<Params>()
            .cooldown(seconds(4.0))
            .mana(30)
            .remote("dismiss")
            .remote("wall-gone")
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        let target = ctx.target_block();
        let Some(ground) = ground_near(target) else {
            fail!("no ground within {GROUND_MAX} blocks of the target to raise a wall from")
        };
        // Boxes lie along the axes: the wall turns with the caster in quarters.
        let along_x = ctx.direction.x.abs() <= ctx.direction.z.abs();
        let mut wall = Wall { base: ground.above(), along_x, ..Wall::default() };
        wall.raise(&params);
        wall.wait(&params);
        wall.save();
        // With a second to spare for wakes that come late; the wall's end is the end of listening too.
        remote_events::listen("dismiss", seconds(params.duration) + 2 * STEP * params.height + seconds(1.0));
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        let params = Params::from(ctx);
        let mut wall = Wall::load()?;
        match event {
            Event::Timer(NEXT) => {
                wall.sinking |= wall.is_complete(&params);
                if wall.sinking {
                    wall.lower(&params)
                } else {
                    wall.raise(&params)
                }
                if wall.courses.is_empty() {
                    remote_events::send(ctx.caster, "wall-gone", ctx.cast.to_string());
                    state::finish();
                    return Ok(());
                }
                wall.wait(&params);
            }
            // Everyone's messages of that name arrive here; the wall is the caster's.
            Event::Remote(message) if message.player == ctx.caster && !wall.sinking => {
                wall.sinking = true;
                timers::cancel(NEXT);
                timers::wake_after(1, NEXT);
            }
            _ => return Ok(()),
        }
        wall.save();
        Ok(())
    }
}

impl Wall {
    fn is_complete(&self, params: &Params) -> bool {
        self.courses.len() == params.height as usize
    }

    /// Asks to be woken for what comes next.
    fn wait(&self, params: &Params) {
        let stands = self.is_complete(params) && !self.sinking;
        timers::wake_after(if stands { seconds(params.duration) } else { STEP }, NEXT);
    }

    /// The box of a course: one block high, but for the lowest.
    fn course(&self, index: usize, params: &Params) -> (BlockPos, BlockSize) {
        let half = (params.width / 2) as i32;
        let (x, z) = if self.along_x { (half, 0) } else { (0, half) };
        let deep = if index == 0 { FOUNDATION } else { 0 };
        let size = |half: i32| if half > 0 { params.width } else { 1 };
        (self.base.offset(-x, index as i32 - deep, -z), BlockSize::new(size(x), 1 + deep as u32, size(z)))
    }

    /// Adds the next course.
    fn raise(&mut self, params: &Params) {
        let (min, size) = self.course(self.courses.len(), params);
        lift(min, size);
        self.courses.push(scene::get_voxels(min, size).iter().map(|(_, material)| material).collect());
        terrain::add_box(min, size, Material::STONE);
        presentation::play_vfx("dust", min.center());
    }

    /// Takes the highest course away. A block that was solid before, or is no longer the wall's stone, stays.
    fn lower(&mut self, params: &Params) {
        let Some(displaced) = self.courses.pop() else { return };
        let (min, size) = self.course(self.courses.len(), params);
        for ((pos, now), before) in scene::get_voxels(min, size).iter().zip(displaced) {
            if now == Material::STONE && !before.is_solid() {
                terrain::set_voxel(pos, before);
            }
        }
        presentation::play_vfx("dust", min.center());
    }
}

/// The highest solid block of a column, near its middle, that has room above it.
fn ground_near(target: BlockPos) -> Option<BlockPos> {
    let height = (2 * GROUND_MAX + 1) as u32;
    let column = scene::get_voxels(target.offset(0, -GROUND_MAX, 0), (1, height, 1));
    let solid = |pos: BlockPos| column.get(pos).is_some_and(Material::is_solid);
    (-GROUND_MAX..GROUND_MAX)
        .rev()
        .map(|y| target.offset(0, y, 0))
        .find(|pos| solid(*pos) && !solid(pos.above()))
}

/// Puts whoever would be walled in on top of the box.
fn lift(min: BlockPos, size: BlockSize) {
    let low = Vec3::from(min);
    let high = low + Vec3::new(f64::from(size.x), f64::from(size.y), f64::from(size.z));
    let middle = low.lerp(high, 0.5);
    for one in scene::living_in_radius(middle, low.distance(high) / 2.0 + 1.5) {
        let (at, reach) = (one.position, Vec3::splat(one.radius));
        let (head, feet) = (at + reach, at - reach);
        let beside = head.x <= low.x || feet.x >= high.x || head.z <= low.z || feet.z >= high.z;
        if !beside && feet.y < high.y && head.y > low.y {
            entities::teleport(one.id, Vec3 { y: high.y + one.radius, ..at });
        }
    }
}

export_spell!(StoneWall);

#[cfg(test)]
mod tests;
