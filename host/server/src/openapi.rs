//! `/openapi.json`: the document that utoipa makes of the routes, finished.
//!
//! Promises that every route is in it, since a route exists through what the document says of it; the
//! sockets' messages are not. Knows no route by name.

use std::sync::OnceLock;

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Info, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::routes::{Problem, document};

/// The document as text, made once.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    // A document of strings and maps is always JSON.
    TEXT.get_or_init(|| document().to_pretty_json().unwrap_or_default())
}

/// Adds what holds for every route: the title, the token, and the shape of every refusal.
pub fn finished(mut document: OpenApi) -> OpenApi {
    document.info = Info::new("spellhost", env!("CARGO_PKG_VERSION"));
    document.info.description =
        Some("Worlds that tick, channels that move, clients that follow. Sockets: see /ws.".into());
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into(), Problem::schema());
    let token = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme("token", token);
    let paths = std::mem::take(&mut document.paths.paths);
    // A wildcard is the router's word; to clients it is a parameter.
    let renamed = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item));
    document.paths.paths = renamed.collect();
    document.paths.paths.values_mut().flat_map(operations).for_each(refuse);
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, .. } = item;
    [get, put, post, delete].into_iter().flatten()
}

fn refuse(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    let refusal = ResponseBuilder::new()
        .description("A refusal, with its code")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".into(), RefOr::T(refusal));
    let optional = utoipa::openapi::security::SecurityRequirement::default();
    let token = utoipa::openapi::security::SecurityRequirement::new("token", Vec::<String>::new());
    operation.security = Some(vec![optional, token]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_EXPECT=1 cargo test` writes it anew.
    #[test]
    fn the_document_is_the_one_that_was_published() {
        expect_test::expect_file!["../openapi.json"].assert_eq(text());
    }

    #[test]
    fn every_operation_says_what_it_is_and_how_it_refuses() {
        let mut document = document();
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in &mut document.paths.paths {
            assert!(!path.contains('*'), "{path}");
            for operation in operations(item) {
                let id = operation.operation_id.clone().unwrap_or_default();
                assert!(ids.insert(id.clone()), "two operations are called {id}");
                assert!(operation.summary.is_some(), "{path} {id} has no summary");
                assert!(operation.tags.as_ref().is_some_and(|tags| tags.len() == 1), "{path} {id}");
                assert!(operation.responses.responses.contains_key("default"), "{path} {id}");
            }
        }
    }
}
