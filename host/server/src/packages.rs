//! Packages in and out: a revision as one file.
//!
//! Promises that a package which is taken is whole, and that its component takes the same way as any
//! other. What the host finds out for itself (capabilities, description, prices) is never taken from a
//! package. Knows no archive format.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use spellhost_forge::{Bundle, BundleError, PACKAGE_TYPE, Package, Revision as Built};
use spellhost_wire::Code;
use spellhost_wire::reply::Uploaded;

use crate::failure::Failure;
use crate::host::Host;
use crate::spells::{Spells, spell_of};
use crate::who::{Action, Actor};

/// How a package begins, and a component never does.
const BEGIN: &[u8] = b"PK";

/// The routes of packages; they are uploaded as components are.
pub fn router() -> Router<Arc<Host>> {
    Router::new().route("/api/spells/{id}/revisions/{rev}/package", get(package))
}

async fn package(
    State(host): State<Arc<Host>>,
    Path((id, revision)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let name = format!("attachment; filename=\"{}.spellpkg\"", spell_of(&id)?);
    let (etag, bytes) =
        (format!("\"{revision}\""), host.blocking(move |host| host.spells().package(&id, &revision)).await?);
    let headers = [
        (header::CONTENT_TYPE, PACKAGE_TYPE.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::ETAG, etag),
        (HeaderName::from_static("cache-control"), "public, max-age=31536000, immutable".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Whether uploaded bytes are meant as a package.
pub fn is_package(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGIN)
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        let code = if error.code == "too_large" { Code::TooLarge } else { Code::NotASpell };
        Self::new(code, error.message)
    }
}

impl Spells<'_> {
    /// A revision as a package: the same bytes every time.
    ///
    /// # Errors
    /// An unknown spell, revision or file; more than a package holds.
    pub fn package(self, spell: &str, revision: &str) -> Result<Vec<u8>, Failure> {
        let manifest =
            String::from_utf8(self.manifest(spell, revision)?).map_err(|error| Failure::internal(&error))?;
        let mut files = BTreeMap::new();
        for file in self.files(spell, revision)? {
            let (_, content) = self.file(spell, revision, &file.path)?;
            files.insert(file.path, content);
        }
        Ok(Bundle::new(manifest, files)?.write()?)
    }

    /// Admits what is in a package as a new revision of a spell.
    ///
    /// # Errors
    /// `not_a_spell` with what is wrong with it, `too_large`, no right, an unknown spell.
    pub fn upload_package(
        self,
        actor: &Actor,
        spell: &str,
        bytes: &[u8],
    ) -> Result<(Uploaded, bool), Failure> {
        let owner = self.spell(spell)?.owner;
        actor.check(Action::Author(&owner))?;
        let bundle = match Package::read(bytes)? {
            Package::Spell(bundle) => bundle,
            Package::Place(_) => {
                let message = "this package is a place and no spell: POST /worlds makes a world of it";
                return Err(Failure::new(Code::NotASpell, message));
            }
        };
        let origin = bundle.origin()?;
        let component = self.shelf.take(self.store, bundle.component())?;
        let built = Built::new(spell_of(spell)?, &component, &origin);
        let files: Vec<&[u8]> = origin
            .files
            .iter()
            .filter_map(|file| bundle.files().get(&file.path))
            .map(Vec::as_slice)
            .collect();
        self.keep(actor, &built, bundle.component(), &files)
    }
}
