//! What is wrong with a frame that came from outside: where, and what.

use spellhost_wire::Digest;

/// A frame that cannot have been written by a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// Item and field, such as `casts[0].caster_id`.
    pub place: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong in one place of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Problem {
    Number(spellhost_sim::QuantiseError),
    NotADirection,
    Name { kind: &'static str, name: String },
    Pin(Digest),
    Component { pinned: Digest },
    Length { length: usize, length_max: usize },
    Count { said: u64, found: u64 },
    NoEffects,
    Command(spellhost_sim::Invalid),
    EntityId { id: u64 },
}

impl FrameError {
    pub(crate) fn new(place: impl Into<String>, problem: Problem) -> Self {
        Self { place: place.into(), problem }
    }

    /// The same below an item, such as `casts[0].`.
    pub(crate) fn within(mut self, item: &str) -> Self {
        self.place.insert_str(0, item);
        self
    }
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for FrameError {}

impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(error) => write!(out, "{error}"),
            Self::NotADirection => out.write_str("a direction has length 1"),
            Self::Name { kind, name } => write!(out, "`{}` is no {kind}", name.escape_debug()),
            Self::Pin(revision) => write!(out, "the revision {revision} is not pinned"),
            Self::Component { pinned } => write!(out, "the component of that revision is {pinned}"),
            Self::Length { length, length_max } => write!(out, "{length} is more than {length_max}"),
            Self::Count { said, found } => write!(out, "{said} is said and {found} found"),
            Self::NoEffects => out.write_str("the effects are left out: this frame can only be verified"),
            Self::Command(invalid) => write!(out, "{}: {}", invalid.field, invalid.message),
            Self::EntityId { id } => write!(out, "the call that spawns has no entity id {id}"),
        }
    }
}
