//! A `spell.toml` as a value that cannot be wrong. It promises that every bound holds and that a fault
//! names its place; it does not know files, so whether a named path exists is checked by the folder.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::fields::{Fault, Field, Fields};
use crate::folder::FolderError;
use crate::language::Language;
use crate::limits::{
    COMMANDS_MAX, EDITED_VOXELS_MAX, FUEL_MAX, FUEL_MIN, ID_BYTES_MAX, LIST_MAX, MEMORY_BYTES_MAX,
    MEMORY_BYTES_MIN, NAME_BYTES_MAX, PARAMS_MAX, REMOTES_MAX, STATE_BYTES_MAX, TEXT_BYTES_MAX,
};
use crate::suggestion::nearest;

/// What a spell says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Its identity: lower-case letters, digits, `_` and `-`, at most 64.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// What it is written in.
    pub language: Language,
    /// Where its code begins, relative to its folder.
    pub entry: Option<String>,
    /// Patterns of files that belong to it, relative to its folder.
    pub assets: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Under what terms others may use it.
    pub license: Option<String>,
    /// What it wants to be held to.
    pub limits: Limits,
    /// How it is cast in the demo world.
    pub run: RunDefaults,
}

/// Limits below the host's. `None` is the host's own maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of one call.
    pub fuel: Option<u64>,
    /// Linear memory, in bytes.
    pub memory: Option<u64>,
    /// Commands of one call.
    pub commands: Option<u32>,
    /// Voxels that the commands of one call cover.
    pub edited_voxels: Option<u64>,
    /// State of one active spell, in bytes.
    pub state: Option<u32>,
}

/// Defaults of a cast in the demo world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunDefaults {
    /// The world.
    pub world: Option<RunWorld>,
    /// The world's seed.
    pub seed: Option<u64>,
    /// What the cast is aimed at, in blocks.
    pub target: Option<[f64; 3]>,
    /// Parameters by name.
    pub params: BTreeMap<String, ParamValue>,
    /// Messages from the game client.
    pub remote: Vec<RunRemote>,
}

/// A world to cast in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunWorld {
    /// Rolling hills.
    Hills,
    /// A plain at height 0.
    Flat,
    /// Nothing but air.
    Empty,
    /// A file.
    File(PathBuf),
}

/// A parameter as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamValue {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// At most 1,024 bytes.
    Text(String),
    /// Three finite numbers.
    List([f64; 3]),
}

/// A message from the game client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRemote {
    /// When it comes, in ticks from the start of the world.
    pub tick: u32,
    /// Its name, at most 128 bytes.
    pub name: String,
    /// At most 1,024 bytes.
    pub payload: String,
}

/// A manifest, and where the paths that it names stand in the text.
pub(crate) struct Parsed {
    pub(crate) manifest: Manifest,
    pub(crate) entry: Option<Range<usize>>,
    pub(crate) world: Option<Range<usize>>,
}

impl Manifest {
    /// Reads the text of a `spell.toml`. Paths in it stay as they are written: whether they exist is
    /// [`crate::Folder`]'s to say.
    ///
    /// # Errors
    /// The first fault, with its place in the text.
    pub fn parse(text: &str) -> Result<Self, FolderError> {
        let wrong = |(fault, code)| FolderError::at(Path::new("spell.toml"), text, fault, code);
        parse(text).map(|parsed| parsed.manifest).map_err(wrong)
    }
}

const KEYS: &[&str] =
    &["id", "name", "description", "language", "entry", "assets", "tags", "license", "limits", "run"];

/// Reads the text of a `spell.toml`. The fault of a language says so in its second part.
pub(crate) fn parse(text: &str) -> Result<Parsed, (Fault, &'static str)> {
    let wrong = |fault| (fault, "bad_manifest");
    let document = DeTable::parse(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        wrong(Fault::new(error.span().unwrap_or(0..0), message))
    })?;
    let fields = Fields::new("", document.get_ref(), KEYS).map_err(wrong)?;
    let language = match fields.get("language") {
        None => Language::default(),
        Some(field) => {
            let name = field.text(NAME_BYTES_MAX).map_err(wrong)?;
            Language::parse(&name).map_err(|message| (field.fault(message), "unsupported_language"))?
        }
    };
    let read = || -> Result<Manifest, Fault> {
        Ok(Manifest {
            id: id(&fields)?,
            name: fields.text("name", NAME_BYTES_MAX)?,
            description: fields.text("description", TEXT_BYTES_MAX)?,
            language,
            entry: fields.get("entry").map(inner_path).transpose()?,
            assets: assets(&fields)?,
            tags: fields.texts("tags", LIST_MAX, NAME_BYTES_MAX)?,
            license: fields.text("license", NAME_BYTES_MAX)?,
            limits: fields.get("limits").map(limits).transpose()?.unwrap_or_default(),
            run: fields.get("run").map(run).transpose()?.unwrap_or_default(),
        })
    };
    let manifest = read().map_err(wrong)?;
    let world = fields.get("run").and_then(|run| run.table().ok()?.get("world").map(|value| value.span()));
    Ok(Parsed { manifest, entry: fields.get("entry").map(|field| field.span()), world })
}

/// What is wrong with an id, or nothing.
pub(crate) fn id_problem(id: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if id.is_empty() {
        Some("is empty".into())
    } else if id.len() > ID_BYTES_MAX {
        Some(format!("has {} characters, at most {ID_BYTES_MAX} are allowed", id.len()))
    } else if !id.bytes().all(|byte| allowed(byte) || byte == b'_' || byte == b'-')
        || !allowed(id.as_bytes()[0])
    {
        Some(
            "may only have lower-case letters, digits, `_` and `-`, and begins with a letter or digit".into(),
        )
    } else {
        None
    }
}

/// The valid id nearest to what somebody wrote.
pub(crate) fn id_suggestion(wanted: &str) -> Option<String> {
    let mut id = String::new();
    for letter in wanted.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' | '_' => id.push(letter),
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id.truncate(ID_BYTES_MAX);
    let id = id.trim_matches(['-', '_']);
    id_problem(id).is_none().then(|| id.to_owned())
}

fn id(fields: &Fields<'_, '_>) -> Result<String, Fault> {
    let field = fields
        .required("id", 0..0)
        .map_err(|fault| fault.hint("every spell has an identity, such as `id = \"fireball\"`"))?;
    let id = field.text(TEXT_BYTES_MAX)?;
    let Some(problem) = id_problem(&id) else { return Ok(id) };
    let fault = field.fault(format!("the id {problem}"));
    Err(match id_suggestion(&id) {
        Some(valid) => fault.hint(format!("`id = \"{valid}\"` is valid")),
        None => fault,
    })
}

/// A path that stays in the spell's folder.
fn inner_path(field: Field<'_, '_>) -> Result<String, Fault> {
    let path = field.text(TEXT_BYTES_MAX)?;
    let leaves = path.is_empty()
        || path.contains('\\')
        || path.starts_with('/')
        || path.split('/').any(|part| part == "..");
    if leaves || path.contains('\0') {
        return Err(field.fault(format!(
            "`{}` must be a path inside the spell's folder, with `/` between its parts",
            field.key
        )));
    }
    Ok(path)
}

fn assets(fields: &Fields<'_, '_>) -> Result<Vec<String>, Fault> {
    let patterns = fields.texts("assets", LIST_MAX, TEXT_BYTES_MAX)?;
    if let Some(field) = fields.get("assets") {
        for value in field.list("a list of texts")? {
            inner_path(Field { key: "assets", value })?;
        }
    }
    Ok(patterns)
}

fn limits(field: Field<'_, '_>) -> Result<Limits, Fault> {
    let fields =
        Fields::new("limits", field.table()?, &["fuel", "memory", "commands", "edited_voxels", "state"])?;
    let lowered = |key, unit: &str, min: u64, max: u64| -> Result<Option<u64>, Fault> {
        let Some(field) = fields.get(key) else { return Ok(None) };
        field.number(min..=max).map(Some).map_err(|fault| {
            fault.hint(format!("a spell may only lower its limits; the host's `{key}` is {max}{unit}"))
        })
    };
    let small = |limit: Option<u64>| limit.and_then(|limit| u32::try_from(limit).ok());
    Ok(Limits {
        fuel: lowered("fuel", "", FUEL_MIN, FUEL_MAX)?,
        memory: lowered("memory", " bytes", MEMORY_BYTES_MIN, MEMORY_BYTES_MAX)?,
        commands: small(lowered("commands", "", 0, COMMANDS_MAX)?),
        edited_voxels: lowered("edited_voxels", "", 0, EDITED_VOXELS_MAX)?,
        state: small(lowered("state", " bytes", 0, STATE_BYTES_MAX)?),
    })
}

fn run(field: Field<'_, '_>) -> Result<RunDefaults, Fault> {
    let fields = Fields::new("run", field.table()?, &["world", "seed", "target", "params", "remote"])?;
    Ok(RunDefaults {
        world: fields.get("world").map(world).transpose()?,
        seed: fields.number("seed", 0..=u64::MAX)?,
        target: fields.get("target").map(|field| field.triple()).transpose()?,
        params: fields.get("params").map(params).transpose()?.unwrap_or_default(),
        remote: fields.get("remote").map(remotes).transpose()?.unwrap_or_default(),
    })
}

fn world(field: Field<'_, '_>) -> Result<RunWorld, Fault> {
    let name = field.text(TEXT_BYTES_MAX)?;
    Ok(match name.as_str() {
        "hills" => RunWorld::Hills,
        "flat" => RunWorld::Flat,
        "empty" => RunWorld::Empty,
        "" => return Err(field.fault("`world` is empty").hint("hills, flat, empty, or a file")),
        _ => RunWorld::File(PathBuf::from(name)),
    })
}

/// The fault of a world that is neither a known one nor a file.
pub(crate) fn no_such_world(name: &str, span: Range<usize>) -> Fault {
    let fault = Fault::new(span, format!("`{name}` is neither a world (hills, flat, empty) nor a file"));
    match nearest(name, &["hills", "flat", "empty"]) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None => fault,
    }
}

fn params(field: Field<'_, '_>) -> Result<BTreeMap<String, ParamValue>, Fault> {
    let all = Fields::all(field.table()?);
    if all.len() > PARAMS_MAX {
        return Err(
            field.fault(format!("`params` has {} entries, at most {PARAMS_MAX} are allowed", all.len()))
        );
    }
    let read = |field: Field<'_, '_>| {
        let value = match field.value.get_ref() {
            DeValue::Boolean(flag) => ParamValue::Flag(*flag),
            DeValue::Integer(written) => match i64::from_str_radix(written.as_str(), written.radix()) {
                Ok(whole) => ParamValue::Integer(whole),
                Err(_) => return Err(field.fault(format!("`{}` does not fit 64 bits", field.key))),
            },
            DeValue::Float(_) => ParamValue::Number(field.finite()?),
            DeValue::String(_) => ParamValue::Text(field.text(TEXT_BYTES_MAX)?),
            DeValue::Array(_) => ParamValue::List(field.triple()?),
            _ => return Err(field.other_kind("true or false, a number, a text or three numbers")),
        };
        if field.key.len() > NAME_BYTES_MAX {
            return Err(field.fault(format!("a parameter's name has at most {NAME_BYTES_MAX} bytes")));
        }
        Ok((field.key.to_owned(), value))
    };
    all.into_iter().map(read).collect()
}

fn remotes(field: Field<'_, '_>) -> Result<Vec<RunRemote>, Fault> {
    let items = field.list("a list of tables, such as [[run.remote]]")?;
    if items.len() > REMOTES_MAX {
        return Err(
            field.fault(format!("`remote` has {} entries, at most {REMOTES_MAX} are allowed", items.len()))
        );
    }
    let read = |value| {
        let item = Field { key: "remote", value };
        let fields = Fields::new("run.remote", item.table()?, &["tick", "name", "payload"])?;
        fields.required("tick", item.span())?;
        fields.required("name", item.span())?;
        Ok(RunRemote {
            tick: fields
                .number("tick", 0..=u64::from(u32::MAX))?
                .and_then(|tick| u32::try_from(tick).ok())
                .unwrap_or(0),
            name: fields.text("name", NAME_BYTES_MAX)?.unwrap_or_default(),
            payload: fields.text("payload", TEXT_BYTES_MAX)?.unwrap_or_default(),
        })
    };
    items.iter().map(read).collect()
}
