//! Effects, outcomes and numbers in words.
//!
//! Knows the vocabulary of frames and nothing of how it came about; entities are called what the
//! [`Roster`] calls them.

use std::collections::BTreeMap;
use std::time::Duration;

use spellhost_wire::{Effect, Fill, NamedValue, Outcome, Refusal, Value};

/// What the entities of a scene are called.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    names: BTreeMap<u64, String>,
}

impl Roster {
    /// Gives an entity a name.
    pub fn call(&mut self, id: u64, name: impl Into<String>) {
        self.names.insert(id, name.into());
    }

    /// Its name, or a description by number.
    pub fn name(&self, id: u64) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| format!("entity {id}"))
    }

    /// Whether it has a name.
    pub fn knows(&self, id: u64) -> bool {
        self.names.contains_key(&id)
    }
}

/// One effect as a sentence without a subject: "removes a sphere of radius 3 at (0.5, 64, -11.5)".
pub fn effect(effect: &Effect, roster: &Roster) -> String {
    let name = |id: &u64| roster.name(*id);
    match effect {
        Effect::SetVoxel { pos, material } => format!("sets the block {} to {material}", block(*pos)),
        Effect::FillSphere { center, radius, material, mode } => {
            format!(
                "{} at {}",
                filled(*mode, material, &format!("a sphere of radius {}", number(*radius))),
                point(*center)
            )
        }
        Effect::FillBox { min, size: [x, y, z], material, mode } => {
            format!("{} from {}", filled(*mode, material, &format!("a box of {x} × {y} × {z}")), block(*min))
        }
        Effect::WatchBox { min, size: [x, y, z], tag, duration } => {
            format!(
                "watches a box of {x} × {y} × {z} from {} for {} (tag {tag})",
                block(*min),
                ticks(*duration)
            )
        }
        Effect::SpawnProjectile { id, position, velocity, gravity, radius, lifetime, .. } => {
            let speed = velocity.iter().map(|part| part * part).sum::<f64>().sqrt();
            let falls =
                if *gravity == 0.0 { String::new() } else { format!(", gravity {}", number(*gravity)) };
            format!(
                "shoots projectile {id} from {} at {} blocks/s, radius {}{falls}, for at most {}",
                point(*position),
                number(speed),
                number(*radius),
                ticks(*lifetime)
            )
        }
        Effect::Damage { id, points } => format!("damages {} by {}", name(id), number(*points)),
        Effect::Heal { id, points } => format!("heals {} by {}", name(id), number(*points)),
        Effect::Push { id, vector } => format!("pushes {} by {} blocks/s", name(id), point(*vector)),
        Effect::Teleport { id, position } => format!("moves {} to {}", name(id), point(*position)),
        Effect::ApplyStatus { id, name: status, duration } => {
            format!("makes {} {status} for {}", name(id), ticks(*duration))
        }
        Effect::SpawnNpc { id, template, position, .. } => {
            format!("summons {template} {id} at {}", point(*position))
        }
        Effect::Despawn { id } => format!("removes {}", name(id)),
        Effect::PlayVfx { asset, at, params } => {
            format!("shows `{asset}` at {}{}", point(*at), arguments(params))
        }
        Effect::PlaySound { asset, at } => format!("plays `{asset}` at {}", point(*at)),
        Effect::Message { player, text } => format!("tells {} {text:?}", name(player)),
        Effect::WakeAfter { after, tag } => {
            format!("wakes again after {} (tag {tag})", ticks((*after).max(1)))
        }
        Effect::CancelTimer { tag } => format!("cancels the timer with tag {tag}"),
        Effect::Broadcast { name, payload } => format!("broadcasts `{name}` with {payload:?}"),
        Effect::Send { player, name: event, payload } => {
            format!("sends `{event}` to {} with {payload:?}", name(player))
        }
        Effect::Listen { name, duration } => format!("listens for `{name}` for {}", ticks(*duration)),
        Effect::Save { bytes, .. } => format!("keeps {bytes} bytes of state"),
        Effect::Finish {} => "ends itself".into(),
    }
}

fn filled(mode: Fill, material: &str, shape: &str) -> String {
    match mode {
        Fill::Add => format!("fills {shape} with {material}"),
        Fill::Subtract => format!("removes {shape}"),
        Fill::Paint => format!("turns what is solid in {shape} into {material}"),
    }
}

fn arguments(params: &[NamedValue]) -> String {
    if params.is_empty() {
        return String::new();
    }
    let params: Vec<String> =
        params.iter().map(|param| format!("{} = {}", param.name, value(&param.value))).collect();
    format!(" ({})", params.join(", "))
}

fn value(value: &Value) -> String {
    match value {
        Value::Flag { value } => value.to_string(),
        Value::Integer { value } => value.to_string(),
        Value::Number { value } => number(*value),
        Value::Text { value } => format!("{value:?}"),
        Value::Point { value } => point(*value),
        Value::Block { value } => block(*value),
        Value::Entity { value } => format!("entity {value}"),
        Value::Material { value } => value.clone(),
    }
}

/// An outcome with what is known of it, on one line.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { skipped: 0 } => "applied".into(),
        Outcome::Applied { skipped } => format!("applied, {} skipped", count(*skipped as u64, "command")),
        Outcome::Failed { message } => format!("failed: {message}"),
        Outcome::Invalid { function, field, message } if field.is_empty() => {
            format!("invalid: {function}: {message}")
        }
        Outcome::Invalid { function, field, message } => format!("invalid: {function}, {field}: {message}"),
        Outcome::Trapped { trap, r#where: None } => format!("trapped: {trap}"),
        Outcome::Trapped { trap, r#where: Some(at) } => format!("trapped: {trap} in {at}"),
        Outcome::OutOfFuel {} => "out of fuel".into(),
        Outcome::Limit { which } if which == "host" => "the host could not run it".into(),
        Outcome::Limit { which } => format!("over a limit: {which}"),
        Outcome::Refused { reason } => format!("refused: {}", refusal(*reason)),
    }
}

/// The name of an outcome's kind in frames and scenario files.
pub fn outcome_kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "applied",
        Outcome::Failed { .. } => "failed",
        Outcome::Invalid { .. } => "invalid",
        Outcome::Trapped { .. } => "trapped",
        Outcome::OutOfFuel {} => "out_of_fuel",
        Outcome::Limit { .. } => "limit",
        Outcome::Refused { .. } => "refused",
    }
}

fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Cooldown => "the spell is still cooling down",
        Refusal::Mana => "the caster has too little mana",
        Refusal::Dead => "the caster is dead",
        Refusal::Budget => "the caster or the world has no fuel left for it",
    }
}

/// A number with at most three decimals and no needless ones.
pub fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// `(x, y, z)`.
pub fn point(point: [f64; 3]) -> String {
    format!("({})", point.map(number).join(", "))
}

fn block([x, y, z]: [i32; 3]) -> String {
    format!("({x}, {y}, {z})")
}

/// A duration in ticks as seconds, or as ticks where it is less than a tenth of a second.
pub fn ticks(ticks: u32) -> String {
    if ticks < 6 {
        count(ticks as u64, "tick")
    } else {
        format!("{} s", number((ticks as f64 / 6.0).round() / 10.0))
    }
}

/// `1 voxel`, `2 voxels`, `1,204 voxels`.
pub fn count(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A whole number with commas between the thousands.
pub fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A measured time in the unit that suits it.
pub fn elapsed(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        micros => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// A size in bytes or KiB.
pub fn size(bytes: u64) -> String {
    if bytes < 1_024 { count(bytes, "byte") } else { format!("{:.1} KiB", bytes as f64 / 1_024.0) }
}

/// The first twelve digits of a digest or hash: enough to tell two apart.
pub fn short(digest: &str) -> &str {
    let start = if digest.starts_with("b3:") { 15 } else { 12 };
    digest.get(..start).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(given: Effect, want: Expect) {
        let mut roster = Roster::default();
        roster.call(2, "dummy 1");
        want.assert_eq(&effect(&given, &roster));
    }

    #[test]
    fn effects_read_as_sentences() {
        check(
            Effect::FillSphere {
                center: [0.5, 64.0, -11.5],
                radius: 3.0,
                material: "air".into(),
                mode: Fill::Subtract,
            },
            expect!["removes a sphere of radius 3 at (0.5, 64, -11.5)"],
        );
        check(
            Effect::FillBox { min: [0, 1, -2], size: [3, 4, 1], material: "stone".into(), mode: Fill::Add },
            expect!["fills a box of 3 × 4 × 1 with stone from (0, 1, -2)"],
        );
        check(
            Effect::SpawnProjectile {
                id: 70,
                position: [0.5, 65.5, 0.25],
                velocity: [0.0, 3.0, -4.0],
                gravity: 9.8,
                radius: 0.25,
                lifetime: 120,
                bounces: 0,
                tag: 1,
            },
            expect![
                "shoots projectile 70 from (0.5, 65.5, 0.25) at 5 blocks/s, radius 0.25, gravity 9.8, for at most 2 s"
            ],
        );
        check(Effect::Damage { id: 2, points: 37.5 }, expect!["damages dummy 1 by 37.5"]);
        check(
            Effect::ApplyStatus { id: 9, name: "frozen".into(), duration: 5 },
            expect!["makes entity 9 frozen for 5 ticks"],
        );
        check(
            Effect::Message { player: 2, text: "hi\u{1b}[2J".into() },
            expect![[r#"tells dummy 1 "hi\u{1b}[2J""#]],
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, -0.0001, 4.0, 1.0 / 3.0, 1234.5].map(number), ["0", "0", "4", "0.333", "1234.5"]);
        assert_eq!([0, 7, 999, 1_000, 1_234_567].map(grouped), ["0", "7", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 5, 6, 60, 90].map(ticks), ["1 tick", "5 ticks", "0.1 s", "1 s", "1.5 s"]);
        assert_eq!(short("b3:0123456789abcdef"), "b3:0123456789ab");
    }
}
