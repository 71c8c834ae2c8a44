use spellhost_sdk::prelude::*;

fn dice() -> i32 {
    random::range("1 to 6")
}
