//! What a scenario expects, and how what happened differs from it.
//!
//! Each expectation keeps its line, so that a difference can be found in the file.

use std::fmt::Write as _;

use toml::de::DeValue;

use crate::fields::{Field, Fields};
use crate::problem::Problem;
use crate::script::Performance;
use crate::stage::Actor;
use crate::words;
use spellhost_wire::{Effect, Outcome};

/// The kinds of outcomes that can be expected.
const OUTCOMES: [&str; 7] = ["applied", "failed", "invalid", "trapped", "out_of_fuel", "limit", "refused"];

/// A bound on a number, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

/// One thing that is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The line it stands on.
    pub line: u32,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Outcome(String),
    VoxelsChanged(Bounds),
    Health { actor: usize, name: String, bounds: Bounds },
    Message(String),
    Hash(String),
}

/// What happened, as far as it can be expected.
pub struct Happened<'a> {
    /// The casts.
    pub performance: &'a Performance,
    /// The actors' ids, in the order of the scenario.
    pub actors: Vec<u64>,
}

impl Expectation {
    /// Parses `[expect]`, in the order of the lines.
    ///
    /// # Errors
    /// The first thing that is wrong in it, with its line.
    pub fn parse_all(field: Field, actors: &[Actor]) -> Result<Vec<Self>, Problem> {
        let mut all = Vec::new();
        for field in field.table()?.rest() {
            let line = field.line();
            let what = match field.key.as_str() {
                "outcome" => What::Outcome(outcome(&field)?),
                "voxels_changed" => What::VoxelsChanged(bounds(field)?),
                "message" => What::Message(field.string()?),
                "hash" => What::Hash(hash(&field)?),
                _ => {
                    all.extend(healths(field, actors)?);
                    continue;
                }
            };
            all.push(Self { line, what });
        }
        all.sort_by_key(|expectation| expectation.line);
        Ok(all)
    }

    /// Whether it is the state hash, which is blessed rather than written.
    pub fn is_hash(&self) -> bool {
        matches!(self.what, What::Hash(_))
    }

    /// How what happened differs from it; `None` where it does not.
    pub fn difference(&self, happened: &Happened) -> Option<String> {
        let performance = happened.performance;
        match &self.what {
            What::Outcome(want) => {
                let found = overall(performance);
                (words::outcome_kind(&found) != want)
                    .then(|| format!("expected outcome {want}, found {}", words::outcome(&found)))
            }
            What::VoxelsChanged(bounds) => {
                let found: u64 = performance.tallies.iter().map(|tally| tally.voxels_changed()).sum();
                bounds.difference("voxels_changed", found as f64)
            }
            What::Health { actor, name, bounds } => {
                let found = happened.actors.get(*actor).and_then(|id| performance.health_after.get(id));
                bounds.difference(&format!("{name}.health"), found.copied().unwrap_or(0.0).max(0.0))
            }
            What::Message(want) => {
                let found = messages(performance);
                let listed = if found.is_empty() { "none".into() } else { format!("{found:?}") };
                (!found.iter().any(|message| message.contains(want.as_str())))
                    .then(|| format!("expected a message with {want:?}, found {listed}"))
            }
            What::Hash(want) => {
                let found = &performance.after.hash;
                (found != want).then(|| format!("expected hash {want}, found {found} (`--bless` writes it)"))
            }
        }
    }
}

/// The outcome of all casts: applied if each was, else the first that was not.
fn overall(performance: &Performance) -> Outcome {
    let outcomes = performance.tallies.iter().map(|tally| tally.outcome());
    let applied = Outcome::Applied { skipped: 0 };
    outcomes.into_iter().find(|outcome| !matches!(outcome, Outcome::Applied { .. })).unwrap_or(applied)
}

/// What was told to players, and the errors that the spell returned.
fn messages(performance: &Performance) -> Vec<String> {
    let mut found = Vec::new();
    for tally in &performance.tallies {
        for (_, effect) in &tally.effects {
            if let Effect::Message { text, .. } = effect {
                found.push(text.clone());
            }
        }
        for call in &tally.calls {
            match &call.outcome {
                Outcome::Failed { message } | Outcome::Invalid { message, .. } => found.push(message.clone()),
                _ => {}
            }
        }
    }
    found
}

fn outcome(field: &Field) -> Result<String, Problem> {
    let kind = field.string()?;
    if OUTCOMES.contains(&kind.as_str()) {
        return Ok(kind);
    }
    Err(field
        .problem(format!("`{kind}` is no outcome"))
        .hint(format!("outcomes are {}", OUTCOMES.join(", "))))
}

fn hash(field: &Field) -> Result<String, Problem> {
    let text = field.string()?;
    if text.is_empty() || text.parse::<spellhost_wire::Hash>().is_ok() {
        return Ok(text);
    }
    Err(field.problem("`hash` is 32 lower-case hex digits").hint("spellhost test DIR --bless"))
}

/// `"dummy.health" = …`, or `dummy.health = …`, which is a table.
fn healths(field: Field, actors: &[Actor]) -> Result<Vec<Expectation>, Problem> {
    let line = field.line();
    let health = |name: &str, field: Field| {
        let actor = actors.iter().position(|actor| actor.name == name).ok_or_else(|| {
            let names: Vec<&str> = actors.iter().map(|actor| actor.name.as_str()).collect();
            field
                .problem(format!("nobody here is called `{name}`"))
                .hint(format!("there are {}", names.join(", ")))
        })?;
        Ok(Expectation { line, what: What::Health { actor, name: name.into(), bounds: bounds(field)? } })
    };
    if let Some(name) = field.key.strip_suffix(".health").map(str::to_owned) {
        return Ok(vec![health(&name, field)?]);
    }
    if matches!(field.value, DeValue::Table(_)) && actors.iter().any(|actor| actor.name == field.key) {
        let name = field.key.clone();
        let mut fields: Fields = field.table()?;
        let found = fields.take("health").map(|field| health(&name, field)).transpose()?;
        fields.done(&["health"])?;
        return Ok(found.into_iter().collect());
    }
    let problem = field.problem(format!("`{}` is nothing that can be expected", field.key));
    Err(problem.hint("outcome, voxels_changed, \"NAME.health\", message and hash can"))
}

/// A number, or `{min, max}`.
fn bounds(field: Field) -> Result<Bounds, Problem> {
    if !matches!(field.value, DeValue::Table(_)) {
        let exactly = Some(field.number()?);
        return Ok(Bounds { min: exactly, max: exactly });
    }
    let mut fields = field.table()?;
    let mut end = |key| fields.take(key).map(|field| field.number()).transpose();
    let bounds = Bounds { min: end("min")?, max: end("max")? };
    fields.done(&["min", "max"])?;
    Ok(bounds)
}

impl Bounds {
    fn difference(self, what: &str, found: f64) -> Option<String> {
        let inside = self.min.is_none_or(|min| min <= found) && self.max.is_none_or(|max| found <= max);
        let shown = words::number(found);
        (!inside).then(|| format!("expected {what} {self}, found {shown}"))
    }
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => write!(text, "{}", words::number(min))?,
            (Some(min), Some(max)) => write!(text, "{} to {}", words::number(min), words::number(max))?,
            (Some(min), None) => write!(text, "at least {}", words::number(min))?,
            (None, Some(max)) => write!(text, "at most {}", words::number(max))?,
            (None, None) => write!(text, "anything")?,
        }
        out.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Text;
    use expect_test::{Expect, expect};
    use spellhost_sim::EntityKind;

    fn check(text: &str, want: Expect) {
        let actors = [Actor::standing("dummy", EntityKind::Npc, [0.5, 0.0, -7.5], None).expect("a place")];
        let mut file = Text { file: "a.cast.toml", text }.parse().expect("TOML");
        let found = match Expectation::parse_all(file.take("expect").expect("a table"), &actors) {
            Ok(all) => all.iter().map(|one| format!("{}: {:?}\n", one.line, one.what)).collect(),
            Err(problem) => problem.to_string(),
        };
        want.assert_eq(&found);
    }

    #[test]
    fn both_spellings_of_health_are_read() {
        check(
            "[expect]\noutcome = \"applied\"\n\"dummy.health\" = { max = 80 }\nvoxels_changed = 12\n",
            expect![[r#"
                2: Outcome("applied")
                3: Health { actor: 0, name: "dummy", bounds: Bounds { min: None, max: Some(80.0) } }
                4: VoxelsChanged(Bounds { min: Some(12.0), max: Some(12.0) })
            "#]],
        );
        check(
            "[expect]\ndummy.health = 0\n",
            expect![[r#"
                2: Health { actor: 0, name: "dummy", bounds: Bounds { min: Some(0.0), max: Some(0.0) } }
            "#]],
        );
    }

    #[test]
    fn what_cannot_be_expected_has_its_line() {
        check(
            "[expect]\nvoxels = 3\n",
            expect![[r#"
            error: `voxels` is nothing that can be expected
              at a.cast.toml:2:10
              next: outcome, voxels_changed, "NAME.health", message and hash can"#]],
        );
        check(
            "[expect]\n\"wolf.health\" = 3\n",
            expect![[r#"
            error: nobody here is called `wolf`
              at a.cast.toml:2:17
              next: there are dummy"#]],
        );
        check(
            "[expect]\nvoxels_changed = { mim = 3 }\n",
            expect![[r#"
            error: unknown key `mim` in `voxels_changed`
              at a.cast.toml:2:20
              next: the keys here are min, max"#]],
        );
        check(
            "[expect]\noutcome = \"ok\"\n",
            expect![[r#"
            error: `ok` is no outcome
              at a.cast.toml:2:11
              next: outcomes are applied, failed, invalid, trapped, out_of_fuel, limit, refused"#]],
        );
    }

    #[test]
    fn differences_say_what_was_wanted() {
        let bounds = |min, max| Bounds { min, max };
        assert_eq!(bounds(Some(1.0), Some(2.0)).difference("x", 2.0), None);
        assert_eq!(
            bounds(None, Some(80.0)).difference("x", 92.5).as_deref(),
            Some("expected x at most 80, found 92.5")
        );
        assert_eq!(
            bounds(Some(1.0), Some(2.0)).difference("x", 0.0).as_deref(),
            Some("expected x 1 to 2, found 0")
        );
    }
}
