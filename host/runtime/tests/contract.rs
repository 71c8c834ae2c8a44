//! The names in the code are those of the released contract.

use spellhost_runtime::{EXPORTS, INTERFACES, PACKAGE, TYPE_INTERFACES, VERSION, WIT, prices::PRICES};
use wit_parser::{Resolve, UnresolvedPackageGroup, WorldItem};

use crate::guest::IMPORTS;

fn resolve() -> Resolve {
    let mut resolve = Resolve::default();
    resolve
        .push_group(UnresolvedPackageGroup::parse("spell.wit", WIT).expect("it parses"))
        .expect("it resolves");
    resolve
}

#[test]
fn interfaces_and_functions_are_the_contracts() {
    let resolve = resolve();
    let (_, package) = resolve.packages.iter().next().expect("one package");
    assert_eq!(package.name.to_string(), format!("{PACKAGE}@{VERSION}"));
    let mut found = Vec::new();
    for (name, id) in &package.interfaces {
        let functions: Vec<_> = resolve.interfaces[*id].functions.keys().map(String::as_str).collect();
        if functions.is_empty() {
            assert!(TYPE_INTERFACES.contains(&name.as_str()), "{name}");
        } else {
            found.push((name.clone(), functions));
        }
    }
    assert_eq!(found.len(), INTERFACES.len());
    for (name, functions) in found {
        let row = INTERFACES.iter().find(|row| row.0 == name).expect("a known interface");
        assert_eq!(row.1, functions, "{name}");
    }
}

#[test]
fn exports_are_the_contracts() {
    let resolve = resolve();
    let (_, world) = resolve.worlds.iter().next().expect("one world");
    let exports: Vec<_> = world
        .exports
        .values()
        .filter_map(|item| match item {
            WorldItem::Function(function) => Some(function.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(exports, EXPORTS);
}

#[test]
fn every_import_has_one_price_and_one_row_in_the_tests() {
    let functions: Vec<_> = INTERFACES
        .iter()
        .flat_map(|(interface, functions)| {
            functions.iter().map(move |function| format!("{interface}.{function}"))
        })
        .collect();
    let mut priced: Vec<_> = PRICES.iter().map(|price| price.function.to_owned()).collect();
    let mut tested: Vec<_> = IMPORTS.iter().map(|row| format!("{}.{}", row.0, row.1)).collect();
    let mut functions = functions;
    functions.sort();
    priced.sort();
    tested.sort();
    assert_eq!(functions, priced);
    assert_eq!(functions, tested);
}
