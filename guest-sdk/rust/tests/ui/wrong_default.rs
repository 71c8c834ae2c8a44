use spellhost_sdk::prelude::*;

params! {
    struct Params {
        radius: f64 = "wide";
    }
}
