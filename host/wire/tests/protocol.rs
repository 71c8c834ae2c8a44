//! The protocol page says what the types say: every message has an example there that is read by its
//! type and comes out as it went in, and the table of error codes is the closed list.

use std::collections::BTreeSet;

use serde_json::Value;
use spellhost_wire::Code;
use spellhost_wire::message::Request;
use spellhost_wire::reply::Message;

const PAGE: &str = include_str!("../../PROTOCOL.md");
const REPLIES: &str = include_str!("../src/reply.rs");

fn examples(side: &str) -> impl Iterator<Item = &'static str> {
    PAGE.lines().filter_map(move |line| line.strip_prefix(side))
}

fn kind(example: &str) -> String {
    let json: Value = serde_json::from_str(example).expect("an example is JSON");
    json["type"].as_str().expect("a message has a type").to_owned()
}

#[test]
fn every_request_has_an_example_that_is_read() {
    let shown: BTreeSet<String> = examples("> ").map(kind).collect();
    let all: BTreeSet<String> = Request::TYPES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(shown, all);
    for example in examples("> ") {
        let (id, request) = Request::parse(example).unwrap_or_else(|error| panic!("{example}: {error:?}"));
        let again = request.text(id).expect("it was JSON");
        assert_eq!(Request::parse(&again), Ok((id, request)), "{example}");
    }
}

#[test]
fn everything_that_a_host_says_has_an_example_that_says_the_same() {
    let (_, told) = REPLIES.split_once("pub enum Told {").expect("the list of what is told");
    let names = told.split("#[serde(rename = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let all: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(all.len() > 20, "{all:?}");
    let shown: BTreeSet<String> = examples("< ").map(kind).collect();
    assert_eq!(shown, all);
    for example in examples("< ") {
        let message: Message =
            serde_json::from_str(example).unwrap_or_else(|error| panic!("{example}: {error}"));
        let again = serde_json::to_value(&message).expect("plain data");
        let meant: Value = serde_json::from_str(example).expect("it was read");
        assert_eq!(again, meant, "a field that is missing, or that no host sends");
    }
}

#[test]
fn the_table_of_codes_is_the_closed_list() {
    let rows = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let code = cells.next()?.strip_suffix('`')?;
        Some((code.to_owned(), cells.next()?.parse::<u16>().ok()?))
    });
    let all: Vec<_> = Code::ALL.iter().map(|code| (code.text().to_owned(), code.status())).collect();
    assert_eq!(rows.collect::<Vec<_>>(), all);
}
