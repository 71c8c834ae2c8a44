//! A certificate of determinism: what was compared, on which engines, and what came of it.
//!
//! A value with one JSON form; parsed once, and held against another one. Makes none.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use spellhost_wire::Digest;

use crate::demo::SEED_MAX;
use crate::difference::Difference;
use crate::file::check_regular;
use crate::panel::EngineNote;
use crate::problem::Problem;

/// The form that this version writes and reads.
pub const FORMAT: u32 = 1;
/// The most casts that are invented for one certificate.
pub const CASTS_MAX: u64 = 10_000;
/// The most bytes of a certificate that are read.
const CERTIFICATE_BYTES_MAX: u64 = 1024 * 1024;

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The form of the certificate.
    pub format: u32,
    /// The component.
    pub component: Digest,
    /// What decides outcomes and prices.
    pub engine_id: Digest,
    /// What was played.
    pub corpus: CorpusNote,
    /// Who played, the one that decides first.
    pub engines: Vec<EngineNote>,
    /// How many calls were compared.
    pub calls: u64,
    /// How many ticks were compared.
    pub ticks: u64,
    /// How many calls ended how.
    pub outcomes: BTreeMap<String, u64>,
    /// How many of the calls ended by a verdict of the deciding engine.
    pub verdicts: u64,
    /// The digest of everything that was compared.
    pub transcript: Digest,
    /// What came of it.
    pub result: Verdict,
    /// The version that made it.
    pub spellhost: String,
}

/// What was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusNote {
    /// Of its bytes.
    pub digest: Digest,
    /// What the invented cases are drawn from.
    pub seed: u64,
    /// How many casts were invented.
    pub casts: u64,
    /// How many cases are scenario files of the spell.
    pub scenarios: u64,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every engine did the same.
    Identical,
    /// Two did not.
    Difference(Box<Difference>),
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// Where there is none, or it is not one.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let mut text = String::new();
        check_regular(path)?;
        let file = File::open(path).map_err(|error| Problem::file("read", path, &error))?;
        BufReader::new(file).take(CERTIFICATE_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
            Problem::failed("bad_certificate", "this is not a certificate").because(&error)
        })?;
        Self::parse(&text).map_err(|mut problem| {
            let place = problem.place.get_or_insert_default();
            place.file = path.display().to_string();
            problem
        })
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let malformed = |error: serde_json::Error| {
            let (line, column) = (error.line() as u32, error.column() as u32);
            Problem::failed("bad_certificate", "this is not a certificate")
                .because(&error)
                .at("", Some(line), Some(column))
                .hint("spellhost certify FILE -o CERTIFICATE makes one")
        };
        let form: Form = serde_json::from_str(text).map_err(malformed)?;
        if form.format != FORMAT {
            let message =
                format!("this certificate has form {}, and this version reads form {FORMAT}", form.format);
            return Err(Problem::failed("bad_certificate", message));
        }
        let certificate: Self = serde_json::from_str(text).map_err(malformed)?;
        let CorpusNote { seed, casts, .. } = certificate.corpus;
        if seed > SEED_MAX || casts > CASTS_MAX {
            let message = format!(
                "this certificate is of {casts} casts drawn from seed {seed}; there are at most {CASTS_MAX}, and the seed is at most {SEED_MAX}"
            );
            return Err(Problem::failed("bad_certificate", message));
        }
        Ok(certificate)
    }

    /// Refuses a certificate of another component or engine, before anything is played.
    ///
    /// # Errors
    /// Both digests.
    pub fn concerns(&self, component: Digest, engine_id: Digest) -> Result<(), Problem> {
        if self.component != component {
            let message = format!(
                "this certificate is for the component {}, and this component is {component}",
                self.component
            );
            return Err(Problem::failed("other_component", message).hint("spellhost certify FILE"));
        }
        if self.engine_id != engine_id {
            let message = format!(
                "this certificate is for the engine id {}, and this engine's is {engine_id}",
                self.engine_id
            );
            let hint = format!("certify again, or use spellhost {}", self.spellhost);
            return Err(Problem::failed("other_engine", message).hint(hint));
        }
        Ok(())
    }

    /// How the calls ended, in words.
    pub fn outcomes_sentence(&self) -> String {
        let kinds = self.outcomes.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " ")));
        kinds.collect::<Vec<_>>().join(", ")
    }

    /// Refuses a certificate of another corpus, before anything is played.
    ///
    /// # Errors
    /// Both, and what may explain it.
    pub fn corpus_is(&self, corpus: &CorpusNote) -> Result<(), Problem> {
        if self.corpus == *corpus {
            return Ok(());
        }
        let message = format!(
            "this certificate is for the corpus {} ({} casts, {} scenarios), and here it is {} ({} casts, {} scenarios)",
            self.corpus.digest,
            self.corpus.casts,
            self.corpus.scenarios,
            corpus.digest,
            corpus.casts,
            corpus.scenarios
        );
        let problem = Problem::failed("other_corpus", message);
        Err(problem.hint("scenario files and limits count: name the spell's folder as it was certified"))
    }

    /// Refuses a certificate that says something else than what was found now. Processors may
    /// differ between machines, and so may the target; everything else may not.
    ///
    /// # Errors
    /// The first thing that differs, with both values.
    pub fn says_the_same_as(&self, found: &Self) -> Result<(), Problem> {
        let names =
            |of: &Self| of.engines.iter().map(|engine| engine.name.as_str()).collect::<Vec<_>>().join(", ");
        let rows = |of: &Self| {
            [
                ("result", of.result.sentence()),
                ("engines", names(of)),
                ("calls", of.calls.to_string()),
                ("ticks", of.ticks.to_string()),
                ("outcomes", of.outcomes_sentence()),
                ("verdicts", of.verdicts.to_string()),
                ("transcript", of.transcript.to_string()),
                ("spellhost", of.spellhost.clone()),
            ]
        };
        let differs = rows(self).into_iter().zip(rows(found)).find(|(said, is)| said != is);
        let Some(((what, said), (_, is))) = differs else { return Ok(()) };
        let message = format!("the certificate does not hold: it says {what} {said}, and here it is {is}");
        Err(Problem::failed("certificate_differs", message))
    }
}

/// What every form of a certificate has.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Verdict {
    /// In one line.
    pub fn sentence(&self) -> String {
        match self {
            Self::Identical => "identical".into(),
            Self::Difference(difference) => difference.sentence(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::difference::Found;

    pub fn certificate() -> Certificate {
        let digest = |byte| Digest([byte; 32]);
        let engine =
            EngineNote { name: "native".into(), target: "x86_64-linux".into(), features: vec!["avx".into()] };
        Certificate {
            format: FORMAT,
            component: digest(1),
            engine_id: digest(2),
            corpus: CorpusNote { digest: digest(3), seed: 1, casts: 200, scenarios: 3 },
            engines: vec![engine],
            calls: 10,
            ticks: 20,
            outcomes: BTreeMap::from([("applied".into(), 7), ("failed".into(), 3)]),
            verdicts: 0,
            transcript: digest(4),
            result: Verdict::Identical,
            spellhost: "0.1.0".into(),
        }
    }

    fn text(certificate: &Certificate) -> String {
        serde_json::to_string_pretty(certificate).expect("a certificate is JSON")
    }

    pub fn difference() -> Verdict {
        let found = Found {
            tick: 7,
            cast_id: Some(1),
            call_id: Some(2),
            export: Some("cast".into()),
            what: "fuel.used".into(),
            values: ["1".into(), "2".into()],
        };
        let engines = ["native".into(), "pulley".into()];
        let difference = Difference { engines, case: 3, case_name: "invented 3".into(), found };
        Verdict::Difference(Box::new(difference))
    }

    #[test]
    fn a_certificate_is_read_as_it_was_written() {
        for result in [Verdict::Identical, difference()] {
            let certificate = Certificate { result, ..certificate() };
            assert_eq!(Certificate::parse(&text(&certificate)).expect("a certificate"), certificate);
        }
        assert!(text(&certificate()).contains("\"result\": \"identical\""));
    }

    #[test]
    fn what_is_no_certificate_is_refused_with_its_place() {
        let whole = text(&certificate());
        let edits = [
            whole[..whole.len() / 2].to_owned(),
            String::new(),
            "[]".into(),
            "{}".into(),
            whole.replace("b3:01", "b3:0x"),
            whole.replace("\"calls\": 10", "\"calls\": -1"),
            whole.replace("\"calls\"", "\"kalls\""),
            whole.replace("\"identical\"", "\"fine\""),
        ];
        for edited in edits {
            let problem = Certificate::parse(&edited).expect_err(&edited);
            assert_eq!((problem.code, problem.exit_code()), ("bad_certificate", 1), "{edited}");
            assert!(problem.place.is_some_and(|place| place.line.is_some()), "{edited}");
        }
        let other = whole.replace("\"format\": 1", "\"format\": 2");
        let problem = Certificate::parse(&other).expect_err("another form");
        assert!(problem.message.contains("form 2"), "{problem}");
    }

    #[test]
    fn a_certificate_of_something_else_is_refused_with_both_names() {
        let certificate = certificate();
        let (own, other) = (certificate.component, Digest([9; 32]));
        assert!(certificate.concerns(own, certificate.engine_id).is_ok());
        for (problem, code) in [
            (certificate.concerns(other, certificate.engine_id), "other_component"),
            (certificate.concerns(own, other), "other_engine"),
            (certificate.corpus_is(&CorpusNote { digest: other, ..certificate.corpus }), "other_corpus"),
        ] {
            let problem = problem.expect_err(code);
            assert_eq!((problem.code, problem.exit_code()), (code, 1));
            assert!(problem.message.contains(&other.to_string()), "{problem}");
        }
    }

    type Edit = fn(&mut Certificate);

    #[test]
    fn a_certificate_that_says_something_else_does_not_hold() {
        let own = certificate();
        assert!(own.says_the_same_as(&own).is_ok());
        let mut elsewhere = own.clone();
        elsewhere.engines[0].features.clear();
        elsewhere.engines[0].target = "aarch64-linux".into();
        assert!(own.says_the_same_as(&elsewhere).is_ok());
        let edits: [(&str, Edit); 8] = [
            ("result", |certificate| certificate.result = difference()),
            ("engines", |certificate| certificate.engines.clear()),
            ("calls", |certificate| certificate.calls += 1),
            ("ticks", |certificate| certificate.ticks -= 1),
            ("outcomes", |certificate| certificate.outcomes.clear()),
            ("verdicts", |certificate| certificate.verdicts = 3),
            ("transcript", |certificate| certificate.transcript = Digest([7; 32])),
            ("spellhost", |certificate| certificate.spellhost = "9".into()),
        ];
        for (what, edit) in edits {
            let mut edited = own.clone();
            edit(&mut edited);
            let problem = edited.says_the_same_as(&own).expect_err(what);
            assert!(problem.message.contains(&format!("it says {what} ")), "{problem}");
            assert_eq!(problem.exit_code(), 1);
        }
    }
}
