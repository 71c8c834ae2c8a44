//! What a spell's `Cargo.toml` says about where its code and its SDK are. It promises only what can be
//! read without cargo; a `Cargo.toml` that is wrong reads as one that says nothing, for cargo explains
//! it better.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use crate::limits::{MANIFEST_BYTES_MAX, WATCHED_PACKAGES_MAX};
use crate::sdk;

/// The parts of a `Cargo.toml` that matter here.
#[derive(Debug, Default)]
pub(crate) struct Package {
    /// Whether it may lie in a workspace whose root is elsewhere.
    pub(crate) may_be_member: bool,
    /// The folder of the SDK, if it depends on one by path.
    pub(crate) sdk: Option<PathBuf>,
    /// The folders of its other path dependencies.
    paths: Vec<PathBuf>,
}

impl Package {
    /// Reads the `Cargo.toml` of a folder.
    pub(crate) fn read(root: &Path) -> Self {
        let Some(manifest) = table(&root.join("Cargo.toml")) else { return Self::default() };
        let elsewhere = manifest.get("package").is_some_and(|package| package.get("workspace").is_some());
        let above = root.ancestors().skip(1).find_map(|folder| {
            let manifest = table(&folder.join("Cargo.toml"))?;
            manifest.contains_key("workspace").then_some((folder, manifest))
        });
        let mut package = Self {
            may_be_member: !manifest.contains_key("workspace") && (elsewhere || above.is_some()),
            ..Self::default()
        };
        let own = (root, &manifest);
        let shared = if manifest.contains_key("workspace") {
            Some(own)
        } else {
            above.as_ref().map(|(root, table)| (*root, table))
        };
        for (name, dependency) in dependencies(&manifest) {
            let inherited = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
            let (base, dependency) = match shared {
                Some((base, manifest)) if inherited => {
                    let shared = manifest
                        .get("workspace")
                        .and_then(|workspace| workspace.get("dependencies")?.get(name));
                    let Some(dependency) = shared else { continue };
                    (base, dependency)
                }
                _ => (root, dependency),
            };
            let Some(path) = dependency.get("path").and_then(Value::as_str) else { continue };
            let path = normal(&base.join(path));
            if dependency.get("package").and_then(Value::as_str).unwrap_or(name) == "spellhost-sdk" {
                package.sdk = Some(path);
            } else {
                package.paths.push(path);
            }
        }
        package
    }

    /// The link to the SDK that this crate makes and keeps up to date, if the spell uses one.
    pub(crate) fn link(&self) -> Option<&Path> {
        self.sdk.as_deref().filter(|path| path.ends_with(sdk::LINK))
    }
}

/// The folders whose files become a spell: its own, and those of its path dependencies, of theirs, and
/// so on. The SDK counts where it is not the one that this crate unpacks.
pub(crate) fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut seen: BTreeSet<PathBuf> = found.iter().cloned().collect();
    let mut next = 0;
    while next < found.len() && found.len() < WATCHED_PACKAGES_MAX {
        let package = Package::read(&found[next]);
        let sdk = package.sdk.clone().filter(|_| package.link().is_none());
        found.extend(package.paths.into_iter().chain(sdk).filter(|path| seen.insert(path.clone())));
        next += 1;
    }
    // What lies inside another one is read with it.
    let all = found.clone();
    found.retain(|path| !all.iter().any(|other| other != path && path.starts_with(other)));
    found
}

fn table(path: &Path) -> Option<Table> {
    let small = path.metadata().is_ok_and(|found| found.is_file() && found.len() <= MANIFEST_BYTES_MAX);
    if small { fs::read_to_string(path).ok()?.parse().ok() } else { None }
}

/// Every dependency, also those of one target only.
fn dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = targets.filter_map(Value::as_table).chain([manifest]);
    places
        .flat_map(|place| {
            ["dependencies", "build-dependencies"].into_iter().filter_map(|kind| place.get(kind)?.as_table())
        })
        .flat_map(|table| table.iter().map(|(name, value)| (name.as_str(), value)))
        .collect()
}

/// A path without `.` and `..`, the way cargo writes it: links are not followed.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::{Package, folders};
    use std::fs;
    use std::path::Path;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn path_dependencies_are_followed_and_the_carried_sdk_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(
            root,
            "Cargo.toml",
            "[workspace]\n[workspace.dependencies]\nspellhost-sdk = { path = \".spellhost/sdk\" }",
        );
        write(
            root,
            "ember/Cargo.toml",
            "[dependencies]\nspellhost-sdk.workspace = true\nshared = { path = \"../shared\" }\nown = { path = \"own\" }",
        );
        write(
            root,
            "shared/Cargo.toml",
            "[dependencies]\nember = { path = \"../ember\" }\nsdk = { path = \"../sdk\", package = \"spellhost-sdk\" }",
        );
        let ember = Package::read(&root.join("ember"));
        assert_eq!(ember.link(), Some(root.join(".spellhost/sdk").as_path()));
        assert!(ember.may_be_member);
        assert_eq!(folders(&root.join("ember")), [root.join("ember"), root.join("shared"), root.join("sdk")]);
        assert!(!Package::read(&root.join("nowhere")).may_be_member);
    }
}
