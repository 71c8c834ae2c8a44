//! Places as packages: a scene, the spells that belong to it, and assets, as one archive that says the same
//! on every machine.
//!
//! Promises that what was read is whole and bounded: a `place.toml`, a scene, and nothing that is neither
//! a spell nor an asset. Knows no disk, makes no world, and does not know whether a component is a spell.

use std::collections::BTreeMap;
use std::path::Path;

use spellhost_sim::SpellId;
use toml::de::DeTable;

use crate::archive::{self, BundleError, bad};
use crate::bundle::{Bundle, MANIFEST};
use crate::fields::{Fault, Fields};
use crate::folder::FolderError;
use crate::limits::{
    COMPONENT_BYTES_MAX, LIST_MAX, MANIFEST_BYTES_MAX, NAME_BYTES_MAX, PACKAGE_UNPACKED_BYTES_MAX,
    SCENE_SPELLS_MAX, TEXT_BYTES_MAX,
};
use crate::manifest::id_problem;
use crate::scene::{Binding, SCENE, Scene};

/// What makes a package or a folder a place.
pub const PLACE: &str = "place.toml";

/// What a package turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// A revision of a spell.
    Spell(Bundle),
    /// A place.
    Place(Place),
}

/// What a place says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceManifest {
    /// Its identity, formed as a spell's.
    pub id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Under what terms others may use it.
    pub license: Option<String>,
    /// Where `pack` finds spells to put into it, beside those in its folder `spells`: folders, components and packages.
    /// It is not in a package.
    pub spells: Vec<String>,
}

/// A spell that a place carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A component alone.
    Component(Vec<u8>),
    /// A package, with its source and assets.
    Package(Bundle),
}

/// A place with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it says of itself.
    pub manifest: PlaceManifest,
    /// The world that it begins as; every spell that is carried is bound.
    pub scene: Scene,
    spells: BTreeMap<SpellId, Carried>,
    files: BTreeMap<String, Vec<u8>>,
}

const KEYS: &[&str] = &["id", "name", "description", "tags", "license", "spells"];

impl PlaceManifest {
    /// Reads the text of a `place.toml`.
    ///
    /// # Errors
    /// The first fault, with its place in the text.
    pub fn parse(text: &str) -> Result<Self, FolderError> {
        Self::read(text).map_err(|fault| FolderError::at(Path::new(PLACE), text, fault, "bad_place"))
    }

    fn read(text: &str) -> Result<Self, Fault> {
        if text.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(Fault::new(0..0, format!("a `{PLACE}` has at most {MANIFEST_BYTES_MAX} bytes")));
        }
        let document = DeTable::parse(text).map_err(|error| {
            Fault::new(error.span().unwrap_or(0..0), error.message().lines().collect::<Vec<_>>().join(", "))
        })?;
        let fields = Fields::new("", document.get_ref(), KEYS)?;
        let id = fields.text("id", TEXT_BYTES_MAX)?;
        if let (Some(problem), Some(field)) = (id.as_deref().and_then(id_problem), fields.get("id")) {
            return Err(field.fault(format!("the id {problem}")));
        }
        Ok(Self {
            id,
            name: fields.text("name", NAME_BYTES_MAX)?,
            description: fields.text("description", TEXT_BYTES_MAX)?,
            tags: fields.texts("tags", LIST_MAX, NAME_BYTES_MAX)?,
            license: fields.text("license", NAME_BYTES_MAX)?,
            spells: fields.texts("spells", SCENE_SPELLS_MAX, TEXT_BYTES_MAX)?,
        })
    }

    /// Its text in a package, the same for the same values: without what only its author's disk has.
    pub fn packed(&self) -> String {
        // A text of JSON is one of TOML but for one character, which TOML wants escaped.
        let quoted = |text: &str| serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f");
        let texts = [
            ("id", &self.id),
            ("name", &self.name),
            ("description", &self.description),
            ("license", &self.license),
        ];
        let lines = texts.into_iter().filter_map(|(key, text)| Some((key, quoted(text.as_deref()?))));
        let mut packed: String = lines.map(|(key, text)| format!("{key} = {text}\n")).collect();
        if !self.tags.is_empty() {
            let tags: Vec<String> = self.tags.iter().map(|tag| quoted(tag)).collect();
            packed += &format!("tags = [{}]\n", tags.join(", "));
        }
        packed
    }
}

impl Package {
    /// Reads an archive from a stranger.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        let files = archive::read(bytes, PACKAGE_UNPACKED_BYTES_MAX)?;
        match (files.contains_key(PLACE), files.contains_key(MANIFEST)) {
            (true, false) => Place::new(files).map(Self::Place),
            (false, true) => Bundle::of(files).map(Self::Spell),
            (true, true) => Err(bad(format!("the package has a `{PLACE}` and a `{MANIFEST}`"))),
            (false, false) => {
                Err(bad(format!("the package has no `{MANIFEST}`, as a spell has, and no `{PLACE}`")))
            }
        }
    }

    /// Its files by path, as they are unpacked.
    pub fn files(&self) -> BTreeMap<&str, &[u8]> {
        let (manifest, files) = match self {
            Self::Spell(bundle) => (Some((MANIFEST, bundle.manifest().as_bytes())), bundle.files()),
            Self::Place(place) => (None, &place.files),
        };
        let files = files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
        manifest.into_iter().chain(files).collect()
    }

    /// The place that it is: a spell with a scene is one that carries itself.
    ///
    /// # Errors
    /// A spell without a scene.
    pub fn place(self) -> Result<Place, BundleError> {
        let bundle = match self {
            Self::Place(place) => return Ok(place),
            Self::Spell(bundle) => bundle,
        };
        let scene = bundle.files().get(SCENE);
        let scene =
            scene.ok_or_else(|| bad(format!("this package is a spell and no place: it has no `{SCENE}`")))?;
        let scene = Scene::parse(scene)?;
        let own = bundle.spell().ok_or_else(|| bad("the manifest's `spell_id` is none"))?;
        let manifest = PlaceManifest { id: Some(own.to_string()), ..PlaceManifest::default() };
        let spells = BTreeMap::from([(own, Carried::Package(bundle))]);
        Place { manifest, scene, spells, files: BTreeMap::new() }.bound()
    }
}

impl Place {
    /// A place of its files: `place.toml`, `scene.json`, `spells/ID.wasm` or `spells/ID.spellpkg`, `assets/…`.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn new(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        let of = |name: &str| files.get(name).ok_or_else(|| bad(format!("the place has no `{name}`")));
        let text = std::str::from_utf8(of(PLACE)?).map_err(|_| bad(format!("`{PLACE}` is not UTF-8")))?;
        let manifest = PlaceManifest::parse(text).map_err(|error| {
            let line = error.line.map(|line| format!(" line {line}")).unwrap_or_default();
            bad(format!("`{PLACE}`{line}: {error}"))
        })?;
        let manifest = PlaceManifest { spells: Vec::new(), ..manifest };
        let scene = Scene::parse(of(SCENE)?)?;
        let (mut spells, mut left) = (BTreeMap::new(), PACKAGE_UNPACKED_BYTES_MAX);
        for (path, content) in &files {
            if path == PLACE || path == SCENE || path.starts_with("assets/") {
                continue;
            }
            let (spell, carried) = carried(path, content, &mut left)?;
            if spells.insert(spell.clone(), carried).is_some() {
                return Err(bad(format!("the place carries `{spell}` twice")));
            }
        }
        files.insert(PLACE.into(), manifest.packed().into_bytes());
        Self { manifest, scene, spells, files }.bound()
    }

    /// Binds what is carried; whatever is bound is carried or has a revision.
    fn bound(mut self) -> Result<Self, BundleError> {
        for spell in self.spells.keys() {
            if !self.scene.spells.iter().any(|bound| bound.spell == *spell) {
                let at = format!("spells/{spell}");
                self.scene.spells.push(Binding { spell: spell.clone(), revision: None, at });
            }
        }
        let loose = |bound: &&Binding| bound.revision.is_none() && !self.spells.contains_key(&bound.spell);
        if let Some(Binding { spell, at, .. }) = self.scene.spells.iter().find(loose) {
            return Err(bad(format!(
                "`{SCENE}`: {at}: `{spell}` has no `revision`, and the place does not carry it as `spells/{spell}.wasm` or `spells/{spell}.spellpkg`"
            )));
        }
        if self.scene.spells.len() > SCENE_SPELLS_MAX {
            return Err(archive::large(format!("a place has at most {SCENE_SPELLS_MAX} spells")));
        }
        Ok(self)
    }

    /// The archive: every time the same.
    ///
    /// # Errors
    /// More than a package holds.
    pub fn write(&self) -> Result<Vec<u8>, BundleError> {
        let of = |name: &'static str| self.files.get(name).map(|content| (name, content.as_slice()));
        let rest = self.files.iter().filter(|(path, _)| *path != PLACE && *path != SCENE);
        let rest = rest.map(|(path, content)| (path.as_str(), content.as_slice()));
        archive::write(of(PLACE).into_iter().chain(of(SCENE)).chain(rest))
    }

    /// What people call it, or what it is called at least.
    pub fn name(&self) -> Option<&str> {
        self.manifest.name.as_deref().or(self.manifest.id.as_deref())
    }

    /// Its files by path.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// What it carries of a spell.
    pub fn carried(&self, spell: &SpellId) -> Option<&Carried> {
        self.spells.get(spell)
    }
}

/// A spell by its path in a place. What packages within the package unpack to is counted together.
fn carried(path: &str, content: &[u8], left: &mut u64) -> Result<(SpellId, Carried), BundleError> {
    let unknown = || bad(format!("`{path}` cannot be a file of a place"));
    let name = path.strip_prefix("spells/").ok_or_else(unknown)?;
    let (stem, ending) = name.rsplit_once('.').ok_or_else(unknown)?;
    let spell = SpellId::parse(stem).ok_or_else(|| bad(format!("`{path}`: `{stem}` is no spell id")))?;
    let carried = match ending {
        "wasm" if content.len() as u64 <= COMPONENT_BYTES_MAX => Carried::Component(content.to_vec()),
        "spellpkg" => {
            let inner =
                |error: BundleError| BundleError { message: format!("`{path}`: {}", error.message), ..error };
            let files = archive::read(content, *left).map_err(inner)?;
            *left -= files.values().map(|file| file.len() as u64).sum::<u64>();
            let bundle = Bundle::of(files).map_err(inner)?;
            if bundle.spell().as_ref() != Some(&spell) {
                return Err(bad(format!("`{path}` is a package of another spell")));
            }
            Carried::Package(bundle)
        }
        _ => return Err(unknown()),
    };
    Ok((spell, carried))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::zipped;
    use crate::limits::PACKAGE_BYTES_MAX;
    use crate::revision::Origin;

    fn spell(id: &str) -> Vec<u8> {
        let id = SpellId::parse(id).expect("an id");
        Bundle::of_author(&id, b"\0asm".to_vec(), &Origin::default(), BTreeMap::new())
            .and_then(|bundle| bundle.write())
            .expect("a package")
    }

    const TOML: &[u8] = b"id = \"arena\"\nname = \"The \\\"arena\\\"\"\nspells = [\"../x\"]\n";

    fn place() -> Place {
        let files: [(&str, &[u8]); 5] = [
            (PLACE, TOML),
            (SCENE, b"{\"spells\": [\"ember\"]}"),
            ("spells/ember.wasm", b"\0asm"),
            ("spells/frost.spellpkg", &spell("frost")),
            ("assets/sky.png", b"png"),
        ];
        Place::new(files.map(|(path, content)| (path.to_owned(), content.to_vec())).into()).expect("a place")
    }

    #[test]
    fn a_place_comes_back_and_has_the_same_bytes_every_time() {
        let bytes = place().write().expect("an archive");
        assert_eq!(bytes, place().write().expect("an archive"));
        let Ok(Package::Place(back)) = Package::read(&bytes) else { panic!("it is a place") };
        assert_eq!(back, place());
        assert_eq!(back.write().expect("an archive"), bytes);
        assert_eq!(back.name(), Some("The \"arena\""));
        assert!(back.manifest.spells.is_empty(), "what only the author's disk has stays there");
        let bound: Vec<_> = back.scene.spells.iter().map(|bound| bound.spell.as_str()).collect();
        assert_eq!(bound, ["ember", "frost"]);
    }

    #[test]
    fn every_byte_of_a_place_that_is_flipped_or_cut_is_noticed_or_changes_nothing() {
        let bytes = place().write().expect("an archive");
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            if let Ok(read) = Package::read(&damaged) {
                // Times, versions and attributes say nothing here.
                assert_eq!(read, Package::Place(place()), "byte {at}");
            }
            assert!(Package::read(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(Package::read(&[&bytes[..], b"more"].concat()).is_err(), "bytes behind the end");
    }

    #[test]
    fn a_spell_with_a_scene_is_a_place_that_carries_itself() {
        let id = SpellId::parse("ember").expect("an id");
        let scene = b"{\"world\": \"flat\"}".to_vec();
        let listed = crate::revision::ListedFile {
            path: SCENE.into(),
            digest: crate::revision::digest_of(&scene),
            size: scene.len() as u64,
        };
        let origin = Origin { files: vec![listed], ..Origin::default() };
        let files = BTreeMap::from([(SCENE.to_owned(), scene)]);
        let bundle = Bundle::of_author(&id, b"\0asm".to_vec(), &origin, files).expect("a package");
        let place = Package::Spell(bundle).place().expect("a place");
        assert!(matches!(place.carried(&id), Some(Carried::Package(_))));
        assert_eq!(place.scene.spells[0].spell, id);
        let plain = Package::read(&spell("ember")).expect("a package").place();
        assert!(plain.expect_err("no scene").message.contains("no place"));
    }

    #[test]
    fn a_hostile_place_has_one_clear_error() {
        let with = |more: &[(&str, &[u8])]| {
            zipped(&[&[(PLACE, &b"name = \"a\""[..]), (SCENE, b"{}")], more].concat())
        };
        let bomb = vec![0; 8 << 20];
        // Each unpacks to what a package may, and both together to more.
        let noise: Vec<u8> = (0..40u32 << 20)
            .map(|at| if at % 64 == 0 { (at.wrapping_mul(2_654_435_761) >> 24) as u8 } else { 0 })
            .collect();
        let inner = |id: &str| {
            let id = SpellId::parse(id).expect("an id");
            let bundle = Bundle::of_author(&id, noise.clone(), &Origin::default(), BTreeMap::new());
            bundle.and_then(|bundle| bundle.write()).expect("a package")
        };
        let many: Vec<String> = (0..33).map(|at| format!("spells/s{at}.wasm")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|path| (path.as_str(), &b"\0asm"[..])).collect();
        for (bytes, word) in [
            (with(&[("../outside", b"x")]), "no path below"),
            (with(&[("/etc/passwd", b"x")]), "no path below"),
            (with(&[("assets/../../x", b"x")]), "no path below"),
            (with(&[("link:assets/link", b"")]), "is a link"),
            (with(&[("assets/folder/", b"")]), "is a folder"),
            (with(&[("assets/bomb", &bomb)]), "times its size"),
            (with(&[("readme.md", b"x")]), "cannot be a file of a place"),
            (with(&[("spells/ember.exe", b"x")]), "cannot be a file of a place"),
            (with(&[("spells/../x.wasm", b"x")]), "no path below"),
            (with(&[("spells/Ember.wasm", b"x")]), "no spell id"),
            (with(&[("spells/ember.wasm", b"x"), ("spells/ember.spellpkg", &spell("ember"))]), "twice"),
            (with(&[("spells/ember.spellpkg", &spell("frost"))]), "another spell"),
            (with(&[("spells/ember.spellpkg", b"PK")]), "`spells/ember.spellpkg`: this is no package"),
            (
                with(&[("spells/a.spellpkg", &inner("a")), ("spells/b.spellpkg", &inner("b"))]),
                "unpacks to at most",
            ),
            (with(&[("manifest.json", b"{}")]), "has a `place.toml` and a `manifest.json`"),
            (with(&many), "at most 32 spells"),
            (zipped(&[(PLACE, b"name = 1"), (SCENE, b"{}")]), "`place.toml` line 1"),
            (zipped(&[(PLACE, b"nmae = \"a\""), (SCENE, b"{}")]), "unknown key `nmae`"),
            (zipped(&[(PLACE, b"id = \"A\""), (SCENE, b"{}")]), "the id may only have"),
            (zipped(&[(PLACE, b"\xff"), (SCENE, b"{}")]), "not UTF-8"),
            (zipped(&[(PLACE, b"")]), "no `scene.json`"),
            (zipped(&[(SCENE, b"{}")]), "no `place.toml`"),
            (
                zipped(&[(PLACE, b""), (SCENE, b"{\"spells\": [\"ember\"]}")]),
                "spells[0]: `ember` has no `revision`",
            ),
            (vec![0; PACKAGE_BYTES_MAX + 1], "at most 16 MiB"),
        ] {
            let error = Package::read(&bytes).expect_err(word);
            assert!(error.message.contains(word), "{word}: {error}");
        }
    }
}
