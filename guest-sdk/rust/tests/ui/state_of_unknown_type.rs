use spellhost_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq)]
struct Target;

state! {
    struct State {
        target: Option<Target>,
    }
}
