//! Ember: blasts a crater and hurts whoever stands near.

use spellhost_sdk::prelude::*;

params! {
    /// What a cast may choose.
    pub struct Params {
        /// How wide the crater is.
        radius: f64 = 3.0, range = 1.0..=8.0, unit = "blocks";
    }
}

struct Ember;

impl Spell for Ember {
    fn describe() -> Info {
        Info::new("Ember").description("Blasts a crater and hurts whoever stands near.").params::<Params>()
    }

    fn cast(ctx: &Context) -> Result {
        let radius = Params::from(ctx).radius;
        terrain::carve_sphere(ctx.target_position, radius);
        for victim in scene::living_in_radius(ctx.target_position, radius + 1.0) {
            entities::damage(victim.id, 30.0);
        }
        Ok(())
    }
}

export_spell!(Ember);
