//! `spellhost certify`: does this component do the same on every engine?

use std::path::{Path, PathBuf};

use comfy_table::{Table, presets};
use serde_json::Value;
use spellhost_forge::{Cancel, Folder};
use spellhost_sim::{RevisionRef, SpellId};
use spellhost_wire::Digest;

use crate::allow::AllowFlags;
use crate::certificate::{CASTS_MAX, Certificate, CorpusNote, FORMAT, Verdict};
use crate::corpus::{Case, Corpus, corpus_digest};
use crate::demo::SEED_MAX;
use crate::fields::Text;
use crate::file::{check_apart, write_whole};
use crate::interrupt::Interrupt;
use crate::invention::{Subject, invent};
use crate::panel;
use crate::problem::Problem;
use crate::run::Machine;
use crate::scenario::Scenario;
use crate::screen::{Doing, Screen};
use crate::source::{Making, Ready, Source};
use crate::test::scenario_files;
use crate::words;
use spellhost_forge::{Origin, Revision, digest_of};

const EXAMPLES: &str = "\
Examples:
  spellhost certify fireball.wasm                       200 casts drawn from seed 1
  spellhost certify spells/fireball                     build it, and play its scenario files too
  spellhost certify spells/fireball -o fireball.json    write the certificate
  spellhost certify spells/fireball --certificate fireball.json
                                                        play again: does it hold here?

The same casts are played on native code, on native code without optimisation and on an
interpreter, each in a process of its own. Outcome, fuel, commands, state and the hash of the
world after every tick must be equal; the first difference is named. What differs between
machines by its nature, such as the depth of the stack, is decided by the first engine and
counted as verdicts.";

/// The seed unless told otherwise.
const SEED: u64 = 1;
/// How many casts are invented unless told otherwise.
const CASTS: u64 = 200;
/// How many folders above a component are looked at for the spell that it was built from.
const ANCESTORS: usize = 8;

/// Check that a component does the same on every engine, and print the certificate
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A component, or a spell's folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the invented casts are drawn from [default: 1]
    #[arg(long, env = "SPELLHOST_SEED", value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    seed: Option<u64>,
    /// How many casts to invent beside the spell's scenario files [default: 200]
    #[arg(long, env = "SPELLHOST_CASTS", value_name = "N", value_parser = clap::value_parser!(u64).range(..=CASTS_MAX))]
    casts: Option<u64>,
    /// Where to write the certificate
    #[arg(short, long, env = "SPELLHOST_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,
    /// Check that this certificate holds: for this component, on this machine
    #[arg(long, env = "SPELLHOST_CERTIFICATE", value_name = "CERTIFICATE", conflicts_with_all = ["seed", "casts", "output"])]
    certificate: Option<PathBuf>,
    /// What it may import.
    #[command(flatten)]
    allow: AllowFlags,
}

/// Runs the command; the exit code.
///
/// # Errors
/// What is not a spell, a certificate that does not hold, an engine that fails, or Ctrl-C.
pub fn certify(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let source = Source::at(&args.file)?;
    args.output.iter().try_for_each(|output| check_apart(&args.file, output))?;
    let wanted = args.certificate.as_deref().map(Certificate::read).transpose()?;
    let cancel = Cancel::new();
    let stop = cancel.clone();
    interrupt.tell(move || stop.cancel());
    let machine = Machine::start(Some(1))?;
    let ready = ready(&source, &machine, &args.allow, screen, &cancel)?;
    let (component, engine_id) = (Digest(ready.component.digest().0), Digest(machine.engine.id().0));
    if let Some(wanted) = &wanted {
        wanted.concerns(component, engine_id)?;
    }
    let (seed, casts) = match &wanted {
        Some(wanted) => (wanted.corpus.seed, wanted.corpus.casts),
        None => (args.seed.unwrap_or(SEED), args.casts.unwrap_or(CASTS)),
    };
    let (corpus, note) = corpus(&source, &ready, seed, casts)?;
    if let Some(wanted) = &wanted {
        wanted.corpus_is(&note)?;
    }
    let found = compared(&ready, &corpus, &cancel, screen)?;
    interrupt.check()?;
    let certificate = Certificate {
        format: FORMAT,
        component,
        engine_id,
        corpus: note,
        engines: found.engines,
        calls: found.calls,
        ticks: found.ticks,
        outcomes: found.outcomes,
        verdicts: found.verdicts,
        transcript: found.transcript,
        result: found.difference.map_or(Verdict::Identical, |found| Verdict::Difference(Box::new(found))),
        spellhost: env!("CARGO_PKG_VERSION").into(),
    };
    if let Some(wanted) = &wanted {
        wanted.says_the_same_as(&certificate)?;
    }
    show(args, &certificate, screen)?;
    Ok(u8::from(certificate.result != Verdict::Identical))
}

fn ready(
    source: &Source,
    machine: &Machine,
    allow: &AllowFlags,
    screen: Screen,
    cancel: &Cancel,
) -> Result<Ready, Problem> {
    let policy = &allow.policy();
    let busy = screen.busy();
    let color = screen.ink_is_coloured();
    source.ready(
        &machine.engine,
        &Making { lines: false, warm: None, color, policy, cancel, progress: &|doing| busy.show(doing) },
    )
}

fn compared(
    ready: &Ready,
    corpus: &Corpus,
    cancel: &Cancel,
    screen: Screen,
) -> Result<panel::Findings, Problem> {
    let busy = screen.busy();
    let all = corpus.cases.len();
    let told = |done: usize| busy.show(Doing::Share(&format!("case {done} of {all}")));
    told(0);
    panel::compare(ready.component.admitted().bytes(), corpus, cancel, &told)
}

/// The cases: the spell's scenario files, then the invented ones.
fn corpus(source: &Source, ready: &Ready, seed: u64, casts: u64) -> Result<(Corpus, CorpusNote), Problem> {
    let home = home(source)?;
    // Not the revision that a host would publish: that one changes with the compiler and the
    // comments in the source, and the same component must have the same corpus everywhere.
    let limits = home.as_ref().map(|home| home.manifest.limits).unwrap_or_default();
    let spell = SpellId::parse("certified").ok_or_else(|| Problem::failed("bad_spell_id", "certified"))?;
    let mut revision = Revision::new(spell, &ready.component, &Origin { limits, ..Origin::default() });
    revision.reference.id = ready.component.digest();
    let mut cases = match &home {
        Some(home) => scenarios(&home.root, &revision, ready)?,
        None => Vec::new(),
    };
    let scenarios = cases.len() as u64;
    let id = digest_of(&[b"another revision of ", &ready.component.digest().0[..]].concat());
    let revisions = [revision.reference, RevisionRef { id, ..revision.reference }];
    let subject = Subject { spell: &revision.spell, info: ready.component.info(), revisions };
    cases.extend(invent(&subject, seed, casts)?);
    if cases.is_empty() {
        return Err(Problem::usage(
            "usage",
            "there is nothing to play: no scenario files and no invented casts",
        )
        .hint("--casts 200"));
    }
    let corpus = Corpus { cases };
    let digest = corpus_digest(&corpus.bytes()?);
    Ok((corpus, CorpusNote { digest, seed, casts, scenarios }))
}

/// The spell's folder: the one that was named, or the one that a component lies in.
fn home(source: &Source) -> Result<Option<Folder>, Problem> {
    let folder = match source {
        Source::Folder(path) => Some(path.clone()),
        Source::File(path) => {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            let above = path.ancestors().skip(1).take(ANCESTORS);
            above.filter(|folder| folder.join("spell.toml").is_file()).map(Path::to_owned).next()
        }
    };
    folder.map(|folder| crate::source::open(&folder)).transpose()
}

fn scenarios(folder: &Path, revision: &Revision, ready: &Ready) -> Result<Vec<Case>, Problem> {
    let case = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).map_err(|error| Problem::file("read", &file, &error))?;
        let shown = file.display().to_string();
        let scenario = Scenario::parse(Text { file: &shown, text: &text })?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Case::of_scenario(&name, &scenario, revision, ready.component.info())
    };
    scenario_files(folder)?.into_iter().map(case).collect()
}

fn show(args: &Args, certificate: &Certificate, screen: Screen) -> Result<(), Problem> {
    let broken = |error: serde_json::Error| Problem::failed("json", "no JSON").because(&error);
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(certificate).map_err(broken)?;
        write_whole(path, (text + "\n").as_bytes())?;
    }
    if screen.is_json() {
        let object: Value = serde_json::to_value(certificate).map_err(broken)?;
        screen.object(&object);
    } else {
        screen.print(&told(args, certificate, screen));
    }
    Ok(())
}

fn told(args: &Args, certificate: &Certificate, screen: Screen) -> String {
    let identical = certificate.result == Verdict::Identical;
    let word =
        if identical { "does the same on every engine" } else { "does NOT do the same on every engine" };
    let corpus = &certificate.corpus;
    let scenarios = words::count(corpus.scenarios, "scenario");
    let casts = words::count(corpus.casts, "cast");
    let mut text = format!(
        "{} {}\n  component   {}\n  engine id   {}\n  corpus      {}\n              {scenarios}, {casts} drawn from seed {}\n",
        args.file.display(),
        screen.verdict(identical, word),
        certificate.component,
        certificate.engine_id,
        corpus.digest,
        corpus.seed,
    );
    text.push_str(&format!(
        "  compared    {} in {}: outcome, fuel, commands, state, hash of every tick\n",
        words::count(certificate.calls, "call"),
        words::count(certificate.ticks, "tick")
    ));
    if !certificate.outcomes.is_empty() {
        text.push_str(&format!("  outcomes    {}\n", certificate.outcomes_sentence()));
    }
    text.push_str(&format!("  transcript  {}\n", certificate.transcript));
    if certificate.verdicts > 0 {
        let verdicts = words::count(certificate.verdicts, "call");
        text.push_str(&format!(
            "  verdicts    {verdicts} ended by a limit of the first engine's machine and ran there alone\n"
        ));
    }
    text.push_str(&format!("\n{}\n", engines(certificate)));
    if let Verdict::Difference(difference) = &certificate.result {
        text.push_str(&format!("\n{}\n", difference.sentence()));
    }
    if args.certificate.is_some() {
        text.push_str("\nthe certificate holds\n");
    }
    text
}

fn engines(certificate: &Certificate) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["  engine", "target", "processor"]);
    for engine in &certificate.engines {
        table.add_row([format!("  {}", engine.name), engine.target.clone(), engine.features.join(" ")]);
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::{certificate, difference};
    use expect_test::expect;

    #[test]
    fn a_difference_is_shown_with_both_values() {
        let args = Args {
            file: "a.wasm".into(),
            seed: None,
            casts: None,
            output: None,
            certificate: None,
            allow: AllowFlags::default(),
        };
        let certificate = Certificate { result: difference(), verdicts: 1, ..certificate() };
        let text = told(&args, &certificate, Screen::new(false));
        expect![[r#"
            a.wasm does NOT do the same on every engine
              component   b3:0101010101010101010101010101010101010101010101010101010101010101
              engine id   b3:0202020202020202020202020202020202020202020202020202020202020202
              corpus      b3:0303030303030303030303030303030303030303030303030303030303030303
                          3 scenarios, 200 casts drawn from seed 1
              compared    10 calls in 20 ticks: outcome, fuel, commands, state, hash of every tick
              outcomes    7 applied, 3 failed
              transcript  b3:0404040404040404040404040404040404040404040404040404040404040404
              verdicts    1 call ended by a limit of the first engine's machine and ran there alone

               engine  target        processor
               native  x86_64-linux  avx

            native and pulley differ in case 3 (invented 3), tick 7, cast 1, call 2 (cast): fuel.used is 1 on native and 2 on pulley
        "#]].assert_eq(&text);
    }
}
