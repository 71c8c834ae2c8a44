use spellhost_sdk::prelude::*;

struct Ember;

impl Spell for Ember {
    fn cast(ctx: &Context) -> Result {
        terrain::carve_sphere(ctx.target_position, 3.0);
    }
}

export_spell!(Ember);
