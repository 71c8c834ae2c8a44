use spellhost_sdk::prelude::*;

struct Params {
    radius: f64,
}

fn describe() -> Info {
    Info::new("Ember").params::<Params>()
}
