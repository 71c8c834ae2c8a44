use spellhost_sdk::prelude::*;

struct Ember;

impl Spell for Ember {
    fn describe() -> Info {
        Info::new("Ember")
    }
}

export_spell!(Ember);
