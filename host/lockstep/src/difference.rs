//! Where two frames of one tick differ: what entered first, then what came of it, call by call.
//!
//! Knows nothing of how the frames came about, nor which of them is right.

use spellhost_wire::Frame;

/// The first place in which two frames differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub part: Part,
    /// The place in the list that differs, where it is in one.
    pub at: usize,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The number of the tick.
    Tick,
    /// A message of a player.
    Input,
    /// A cast that entered, or what became of it.
    Cast,
    /// An operation.
    Op,
    /// A swap.
    Swap,
    /// Which call ran: its id, cast, export, spell or revision; or one of the frames has none there.
    Call,
    /// How a call ended.
    Outcome,
    /// What it cost.
    Fuel,
    /// What it did.
    Effects,
    /// The state after the tick.
    Hash,
}

impl Part {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Input => "input",
            Self::Cast => "cast",
            Self::Op => "operation",
            Self::Swap => "swap",
            Self::Call => "call",
            Self::Outcome => "outcome",
            Self::Fuel => "fuel",
            Self::Effects => "effects",
            Self::Hash => "hash",
        }
    }

    /// Whether it is something of a call.
    pub fn is_of_call(self) -> bool {
        matches!(self, Self::Call | Self::Outcome | Self::Fuel | Self::Effects)
    }
}

/// The first difference, inputs included; effects are compared by their digest. Texts that only people
/// read (messages, locations) are not compared: they are in no digest and no hash.
pub fn difference(a: &Frame, b: &Frame) -> Option<Difference> {
    entered(a, b).or_else(|| came(a, b))
}

/// The first difference in what entered.
pub fn entered(a: &Frame, b: &Frame) -> Option<Difference> {
    let place = |part| move |at| Difference { part, at };
    (a.tick != b.tick)
        .then_some(Difference { part: Part::Tick, at: 0 })
        .or_else(|| first(&a.swaps, &b.swaps, |a, b| a == b).map(place(Part::Swap)))
        .or_else(|| first(&a.ops, &b.ops, |a, b| a == b).map(place(Part::Op)))
        .or_else(|| first(&a.casts, &b.casts, |a, b| a == b).map(place(Part::Cast)))
        .or_else(|| first(&a.inputs, &b.inputs, |a, b| a == b).map(place(Part::Input)))
}

/// The first difference in what came of it.
pub fn came(a: &Frame, b: &Frame) -> Option<Difference> {
    let alike = |a: &spellhost_wire::Cast, b: &spellhost_wire::Cast| {
        (a.cast_id, &a.seed, &a.outcome) == (b.cast_id, &b.seed, &b.outcome)
    };
    first(&a.casts, &b.casts, alike)
        .map(|at| Difference { part: Part::Cast, at })
        .or_else(|| calls(a, b))
        .or_else(|| (a.state_hash != b.state_hash).then_some(Difference { part: Part::Hash, at: 0 }))
}

/// The first difference in the calls that ran.
pub fn calls(a: &Frame, b: &Frame) -> Option<Difference> {
    for (at, (a, b)) in a.calls.iter().zip(&b.calls).enumerate() {
        let which = |call: &spellhost_wire::Call| (call.call_id, call.cast_id, call.revision_id);
        let part = if which(a) != which(b) || (&a.export, &a.spell_id) != (&b.export, &b.spell_id) {
            Part::Call
        } else if !a.outcome.is_like(&b.outcome) {
            Part::Outcome
        } else if a.fuel != b.fuel {
            Part::Fuel
        } else if a.effects_digest != b.effects_digest {
            Part::Effects
        } else {
            continue;
        };
        return Some(Difference { part, at });
    }
    let (a, b) = (a.calls.len(), b.calls.len());
    (a != b).then_some(Difference { part: Part::Call, at: a.min(b) })
}

/// The first place in which two lists are not alike.
fn first<T>(a: &[T], b: &[T], alike: impl Fn(&T, &T) -> bool) -> Option<usize> {
    let differs = a.iter().zip(b).position(|(a, b)| !alike(a, b));
    differs.or_else(|| (a.len() != b.len()).then_some(a.len().min(b.len())))
}
