//! What a build was asked for, and where that is kept until the job has ended.
//!
//! Promises that an order which was read is one that was checked. Knows neither queue nor compiler.

use std::fs;
use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use spellhost_forge::{Sources, bad_path, built_languages, entry_of, write_atomic};
use spellhost_store::JobId;
use spellhost_wire::Code;
use spellhost_wire::message::{Asset, Metadata, StartBuild};
use spellhost_wire::reply::File;

use crate::failure::Failure;
use crate::limits::{ASSETS_MAX, PROMPT_BYTES_MAX, SOURCE_CODE_BYTES_MAX};
use crate::spells::Spells;
use crate::who::Actor;

/// A build that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The spell.
    pub spell: String,
    /// Who asked.
    pub actor: String,
    /// What it is written in.
    pub language: String,
    /// The file that the spell begins in.
    pub code: Option<String>,
    /// What a model is to write.
    pub prompt: Option<String>,
    /// The revision whose other files stay.
    pub base: Option<String>,
    /// Files that go with it.
    pub assets: Vec<Asset>,
    /// What is said about the spell.
    pub metadata: Option<Metadata>,
}

impl Order {
    /// An order that can be built, from a request.
    ///
    /// # Errors
    /// `bad_param`, `too_large`, `no_source`.
    pub fn from_request(spells: Spells<'_>, actor: &Actor, request: StartBuild) -> Result<Self, Failure> {
        let StartBuild { spell_id, code, prompt, language, options } = request;
        let options = options.unwrap_or_default();
        let prompt = prompt.filter(|prompt| !prompt.trim().is_empty());
        let most = |what: &str, text: &Option<String>, most: usize| match text {
            Some(text) if text.len() > most => {
                Err(Failure::new(Code::TooLarge, format!("{what} has at most {most} bytes")))
            }
            _ => Ok(()),
        };
        most("code", &code, SOURCE_CODE_BYTES_MAX)?;
        most("prompt", &prompt, PROMPT_BYTES_MAX)?;
        let last = last_source(spells, &spell_id)?;
        let language = match (language, &last) {
            (Some(language), _) => language,
            (None, Some((_, known))) if code.is_none() && prompt.is_none() => known.clone(),
            (None, _) => "rust".into(),
        };
        if entry_of(&language).is_none() {
            let known = built_languages().collect::<Vec<_>>().join(", ");
            let reason = format!("language: `{}` is not built here ({known})", language.escape_debug());
            return Err(Failure::new(Code::BadParam, reason));
        }
        let base = last.filter(|(_, known)| *known == language).map(|(revision, _)| revision);
        if code.is_none() && prompt.is_none() && base.is_none() {
            let reason = format!("spell `{spell_id}` has no {language} source yet: send code or a prompt");
            return Err(Failure::new(Code::NoSource, reason));
        }
        let assets = options.assets.unwrap_or_default();
        let actor = actor.name().to_owned();
        let metadata = options.metadata;
        check_metadata(metadata.as_ref())?;
        let order = Self { spell: spell_id, actor, language, code, prompt, base, assets, metadata };
        // Whatever is wrong with the files is said now, not by the job.
        order.sources(spells, order.code.as_deref())?;
        Ok(order)
    }

    /// Whether a model writes the source.
    pub fn needs_model(&self) -> bool {
        self.code.is_none() && self.prompt.is_some()
    }

    /// Who asked, with the rights that a name has.
    pub fn actor(&self) -> Actor {
        match self.actor.as_str() {
            crate::who::OPERATOR => Actor::Operator,
            name => Actor::Account(name.into()),
        }
    }

    /// The files to be built: those of the base, the assets, and the code where there is some.
    ///
    /// # Errors
    /// `bad_param` for a path or content, `too_large`.
    pub fn sources(&self, spells: Spells<'_>, code: Option<&str>) -> Result<Sources, Failure> {
        let mut sources = Sources::default();
        let wrong = |what: &str, why: String| Failure::new(Code::BadParam, format!("{what}: {why}"));
        if let Some(base) = &self.base {
            for file in spells.files(&self.spell, base)? {
                let Some(path) = source_path(&file) else { continue };
                let (_, content) = spells.file(&self.spell, base, &file.path)?;
                sources.put(path, content).map_err(|why| wrong("the last source", why))?;
            }
        }
        if self.assets.len() > ASSETS_MAX {
            return Err(wrong("options.assets", format!("at most {ASSETS_MAX} files")));
        }
        for asset in &self.assets {
            if let Some(why) = bad_path(&asset.path) {
                return Err(wrong("options.assets", why));
            }
            let content = STANDARD
                .decode(&asset.content_base64)
                .map_err(|error| wrong("options.assets", format!("`{}`: {error}", asset.path)))?;
            sources.put(&asset_path(&asset.path), content).map_err(|why| wrong("options.assets", why))?;
        }
        if let (Some(code), Some(entry)) = (code, entry_of(&self.language)) {
            sources.put(entry, code.into()).map_err(|why| wrong("code", why))?;
        }
        Ok(sources)
    }
}

/// Where an asset stands in a revision.
fn asset_path(path: &str) -> String {
    if path.starts_with("assets/") { path.into() } else { format!("assets/{path}") }
}

/// Where a file of a revision stands in the spell's folder; `None` for what is no source.
fn source_path(file: &File) -> Option<&str> {
    if file.path.starts_with("assets/") {
        return Some(&file.path);
    }
    file.path.strip_prefix("source/")
}

/// Where a file of the spell's folder stands in a revision.
pub fn revision_path(path: &str) -> String {
    if path.starts_with("assets/") { path.into() } else { format!("source/{path}") }
}

/// The newest revision with source, and its language.
fn last_source(spells: Spells<'_>, spell: &str) -> Result<Option<(String, String)>, Failure> {
    for revision in spells.revisions(spell)? {
        let id = revision.revision_id.to_string();
        let manifest = spells.manifest(spell, &id)?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
        let Some(language) = manifest["language"].as_str() else { continue };
        if !manifest["build"]["source"].is_null() {
            return Ok(Some((id, language.to_owned())));
        }
    }
    Ok(None)
}

fn check_metadata(metadata: Option<&Metadata>) -> Result<(), Failure> {
    let Some(Metadata { display_name, description, tags }) = metadata else { return Ok(()) };
    let wrong =
        |what: &str, why: &str| Err(Failure::new(Code::BadParam, format!("options.metadata.{what}: {why}")));
    let is_line = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
    if display_name.as_ref().is_some_and(|name| name.is_empty() || !is_line(name, 128)) {
        return wrong("display_name", "one line of at most 128 bytes");
    }
    if description.as_ref().is_some_and(|text| text.len() > 1_024) {
        return wrong("description", "at most 1024 bytes");
    }
    if tags.as_ref().is_some_and(|tags| tags.len() > 32 || tags.iter().any(|tag| !is_line(tag, 128))) {
        return wrong("tags", "at most 32, each one line of at most 128 bytes");
    }
    Ok(())
}

/// Orders by job, as files.
#[derive(Debug)]
pub struct Orders(PathBuf);

impl Orders {
    /// Those of a folder.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn place(&self, job: JobId) -> PathBuf {
        self.0.join(format!("{}.json", job.0))
    }

    /// Keeps an order.
    ///
    /// # Errors
    /// The disk.
    pub fn keep(&self, job: JobId, order: &Order) -> io::Result<()> {
        write_atomic(&self.place(job), &serde_json::to_vec(order).map_err(io::Error::other)?)
    }

    /// The order of a job; `None` where it was never kept.
    pub fn read(&self, job: JobId) -> Option<Order> {
        serde_json::from_slice(&fs::read(self.place(job)).ok()?).ok()
    }

    /// Forgets the order of a job that has ended.
    pub fn forget(&self, job: JobId) {
        // What is left is taken for nobody's.
        let _ = fs::remove_file(self.place(job));
    }
}
