use spellhost_sdk::prelude::*;

struct Ember;

export_spell!(Ember);
