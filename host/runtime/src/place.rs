//! Where an argument stands in a host call, such as `ops[3].center`: written out only when something is wrong with it,
//! since writing it out costs more than most host calls.

use std::fmt::{Display, Formatter, Result};

/// An item of a list in a call's arguments, or the call itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    within: Option<&'a Place<'a>>,
    list: &'static str,
    at: usize,
}

/// A field at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    place: Place<'a>,
    name: &'static str,
}

impl Place<'static> {
    /// The call's own arguments.
    pub(crate) const CALL: Self = Self { within: None, list: "", at: 0 };
}

impl<'a> Place<'a> {
    /// The item at `at` of a list that stands here.
    pub(crate) fn item(&'a self, list: &'static str, at: usize) -> Self {
        Self { within: Some(self), list, at }
    }

    /// A field here.
    pub(crate) fn field(self, name: &'static str) -> Field<'a> {
        Field { place: self, name }
    }
}

impl Display for Place<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let Some(within) = self.within else { return Ok(()) };
        write!(out, "{within}{}[{}].", self.list, self.at)
    }
}

impl Display for Field<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{}{}", self.place, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_is_written_from_the_outside_in() {
        assert_eq!(Place::CALL.field("radius").to_string(), "radius");
        let item = Place::CALL.item("ops", 3);
        assert_eq!(item.field("center").to_string(), "ops[3].center");
        assert_eq!(item.item("params", 0).to_string(), "ops[3].params[0].");
    }
}
