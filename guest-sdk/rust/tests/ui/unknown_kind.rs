use spellhost_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq)]
struct Colour;

params! {
    struct Params {
        colour: Colour = Colour;
    }
}
