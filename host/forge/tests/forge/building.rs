//! Spells through the real cargo.

use std::fs;
use std::path::Path;

use spellhost_forge::{Level, write_atomic};

use crate::project::{Project, holds};

const LIB: &str = "ember/src/lib.rs";
/// A line of the template, and the same after a possible panic.
const PLACE: &str = "        for victim";
const PANIC: &str = "        assert!(radius > 0.5, \"{radius} is too small\");\n        for victim";

#[test]
fn a_new_spell_builds_the_same_anywhere_and_again() {
    let (here, there) = (Project::new(), Project::new());
    here.spell("ember");
    there.spell("some/where/else/ember");
    here.edit(LIB, PLACE, PANIC);
    there.edit("some/where/else/ember/src/lib.rs", PLACE, PANIC);
    let component = here.component("ember");
    assert_eq!(&component[..8], b"\0asm\x0d\0\x01\0", "a component");
    assert!(component == there.component("some/where/else/ember"), "the same source gives the same bytes");
    assert!(component == here.component("ember"), "a repeated build gives the same bytes");
    assert!(holds(&component, "src/lib.rs") && !holds(&component, &here.path("").display().to_string()));
    assert!(!holds(&component, "17h0"), "no hashes in names");
    assert!(component.len() < 100_000, "{} bytes", component.len());
    assert!(!here.notes.borrow().iter().any(|note| note.contains("fetching")), "no network is needed");
    let built = here.build("ember").unwrap();
    assert!(built.toolchain.starts_with("rustc 1.") && built.warnings.is_empty(), "{built:?}");

    write_atomic(&here.path("ember/ember.wasm"), &component).unwrap();
    assert_eq!(spellhost_forge::read_component(&here.path("ember/ember.wasm")).unwrap(), component);
}

#[test]
fn lines_are_kept_on_demand() {
    let mut project = Project::new();
    project.spell("ember");
    let small = project.component("ember");
    project.lines = true;
    let large = project.component("ember");
    assert!(!holds(&small, ".debug_line") && holds(&large, ".debug_line"));
    assert!(!holds(&large, &project.path("").display().to_string()), "no paths of this machine");
    project.lines = false;
    assert!(small == project.component("ember"), "one does not disturb the other");
}

#[test]
fn an_error_names_the_authors_line_and_keeps_the_compilers_text() {
    let project = Project::new();
    project.spell("ember");
    project.edit(LIB, "entities::damage(victim.id, 30.0);", "entities::damage(victim.id, \"30\");");
    let failure = project.failure("ember");
    assert_eq!((failure.code, failure.is_environment()), ("compile_failed", false));
    let first = &failure.diagnostics[0];
    assert_eq!(first.file.as_deref(), Some(Path::new("src/lib.rs")));
    let line = fs::read_to_string(project.path(LIB))
        .unwrap()
        .lines()
        .position(|line| line.contains("\"30\""))
        .unwrap()
        + 1;
    assert_eq!((first.line, first.column, first.level), (Some(line as u32), Some(41), Level::Error));
    assert!(failure.rendered.starts_with("error[E0308]: mismatched types\n"), "{}", failure.rendered);

    project.edit(LIB, "\"30\"", "30.0");
    project.edit(LIB, "let radius", "let unused = 1;\n        let radius");
    let built = project.build("ember").unwrap();
    assert_eq!((built.warnings.len(), built.warnings[0].level), (1, Level::Warning));
    assert!(built.rendered.contains("unused variable: `unused`"));
}

#[test]
fn a_type_that_is_no_spell_is_an_error_at_the_macro() {
    let project = Project::new();
    project.spell("ember");
    project.edit(LIB, "export_spell!(Ember);", "export_spell!(u8);");
    let failure = project.failure("ember");
    assert!(
        failure.diagnostics.iter().any(|one| one.message == "`u8` is not a spell" && one.line.is_some()),
        "{failure:?}"
    );
    let own = |file: &Option<std::path::PathBuf>| file.as_deref() == Some(Path::new("src/lib.rs"));
    assert!(failure.diagnostics.iter().all(|one| own(&one.file)), "{:?}", failure.diagnostics);
}

#[test]
fn what_is_no_spell_says_so() {
    let project = Project::new();
    project.spell("ember");
    project.edit(LIB, "export_spell!(Ember);", "");
    assert_eq!(project.failure("ember").code, "not_a_spell");
    project.write(LIB, "#[unsafe(no_mangle)] pub extern \"C\" fn cast() {}");
    assert_eq!(project.failure("ember").code, "not_a_spell");
}

#[test]
fn an_import_that_no_host_has_is_named() {
    let project = Project::new();
    project.spell("ember");
    project.edit(LIB, "let radius", "unsafe { dial() };\n        let radius");
    project.edit(LIB, "struct Ember;", "unsafe extern \"C\" { fn dial(); }\nstruct Ember;");
    let failure = project.failure("ember");
    assert_eq!(
        (failure.code, failure.message.contains("`env`")),
        ("componentise_failed", true),
        "{failure:?}"
    );
}

#[test]
fn two_spells_of_a_workspace_are_told_apart() {
    let project = Project::new();
    for name in ["ember", "frost"] {
        let root = project.spell(&format!("all/{name}"));
        project.edit(&format!("all/{name}/src/lib.rs"), PLACE, PANIC);
        fs::remove_dir_all(root.join(".spellhost")).unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\nspellhost-sdk.workspace = true\n"
        );
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
    }
    let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"ember\", \"frost\"]\nexclude = [\".spellhost\"]\n[workspace.dependencies]\nspellhost-sdk = { path = \".spellhost/sdk\" }\n";
    project.write("all/Cargo.toml", workspace);
    let (ember, frost) = (project.component("all/ember"), project.component("all/frost"));
    assert!(
        holds(&ember, "Ember")
            && !holds(&ember, "Frost")
            && holds(&frost, "Frost")
            && !holds(&frost, "Ember")
    );
    assert!(
        holds(&ember, "src/lib.rs") && !holds(&ember, "ember/src/lib.rs"),
        "a panic names the spell's own file"
    );
    assert!(project.path("all/.spellhost/sdk").exists());
    let sdk = "compiling spellhost-sdk".to_owned();
    assert_eq!(
        project.notes.borrow().iter().filter(|note| **note == sdk).count(),
        1,
        "{:?}",
        project.notes.borrow()
    );

    project.edit("all/frost/src/lib.rs", "Params::from(ctx).radius", "Params::from(ctx).radios");
    let failure = project.failure("all/frost");
    assert_eq!(failure.diagnostics[0].file.as_deref(), Some(Path::new("src/lib.rs")));
    assert!(project.build("all/ember").is_ok(), "the neighbour's error is not this spell's");
}

#[test]
fn a_build_folder_that_cargo_shares_mixes_nothing_up() {
    let project = Project::new();
    for (place, title) in [("a", "First"), ("b", "Second")] {
        project.spell(&format!("{place}/ember"));
        project.edit(
            &format!("{place}/ember/src/lib.rs"),
            "Info::new(\"Ember\")",
            &format!("Info::new(\"{title}\")"),
        );
    }
    project.write(".cargo/config.toml", "[build]\ntarget-dir = \"shared\"\nbuild-dir = \"shared\"\n");
    for (place, title) in [("a", "First"), ("b", "Second"), ("a", "First")] {
        assert!(holds(&project.component(&format!("{place}/ember")), title));
    }
    assert!(!project.path("shared").exists());
}

#[test]
fn another_sdk_or_none_at_the_link_is_put_right() {
    let project = Project::new();
    let root = project.spell("ember");
    let link = root.join(".spellhost/sdk");
    let component = project.component("ember");
    // The SDK of another version of the binary, unpacked long ago, which this spell was built with.
    let other = project.path("cache/sdk-other/rust");
    fs::create_dir_all(other.join("src")).unwrap();
    fs::copy(link.join("Cargo.toml"), other.join("Cargo.toml")).unwrap();
    fs::write(other.join("src/lib.rs"), "").unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    assert!(component == project.component("ember"), "the link points to the carried SDK again");
    fs::remove_dir_all(project.path("cache")).unwrap();
    assert!(component == project.component("ember"), "a deleted cache is made again");
    fs::remove_dir_all(root.join(".spellhost")).unwrap();
    assert!(component == project.component("ember"), "a fresh clone has no link");
}

#[test]
fn a_spell_uses_the_sdk_that_its_manifest_names() {
    let project = Project::new();
    project.spell("ember");
    let sdk = fs::read_link(project.path("ember/.spellhost/sdk")).unwrap();
    fs::rename(sdk, project.path("sdk")).unwrap();
    project.edit("ember/Cargo.toml", ".spellhost/sdk\" }", "../sdk\" }");
    fs::remove_dir_all(project.path("ember/.spellhost")).unwrap();
    let component = project.component("ember");
    assert!(
        !project.path("ember/.spellhost").exists()
            && !holds(&component, &project.path("").display().to_string())
    );
    fs::remove_dir_all(project.path("sdk")).unwrap();
    let failure = project.failure("ember");
    assert_eq!(failure.code, "manifest_failed");
    assert!(failure.hint.unwrap().contains(".spellhost/sdk"));
}

#[test]
fn a_wrong_cargo_toml_is_explained() {
    let project = Project::new();
    project.spell("ember");
    let good = fs::read_to_string(project.path("ember/Cargo.toml")).unwrap();
    let check = |text: &str, code: &str, words: &str| {
        project.write("ember/Cargo.toml", text);
        let failure = project.failure("ember");
        assert_eq!(failure.code, code, "{failure:?}");
        let all = format!("{} {:?}\n{}", failure.message, failure.hint, failure.rendered);
        assert!(all.contains(words), "`{words}` is in: {all}");
        failure
    };
    let failure = check(&good.replace("edition = \"2024\"", "edition = "), "manifest_failed", "Cargo.toml:4");
    let place = &failure.diagnostics[0];
    assert_eq!((place.file.as_deref(), place.line), (Some(Path::new("Cargo.toml")), Some(4)));
    check("[workspace]\nmembers = []\n", "manifest_failed", "has no [package]");
    check(&good.replace("spellhost-sdk = {", "spellhost-sdk2 = {"), "build_failed", "no matching package");
    check(&(good.clone() + "[lib]\npath = \"src/none.rs\"\n"), "no_library", "src/lib.rs");
    fs::rename(project.path(LIB), project.path("ember/src/main.rs")).unwrap();
    check(&good, "no_library", "spellhost new");
    fs::rename(project.path("ember/src/main.rs"), project.path(LIB)).unwrap();
    project.write("ember/Cargo.toml", &(good + "[lib]\ncrate-type = [\"rlib\"]\n"));
    project.component("ember");
}

#[test]
fn the_entry_of_spell_toml_is_what_cargo_builds() {
    let project = Project::new();
    project.spell("ember");
    fs::copy(project.path(LIB), project.path("ember/src/other.rs")).unwrap();
    project.edit("ember/spell.toml", "language = \"rust\"", "language = \"rust\"\nentry = \"src/other.rs\"");
    let failure = project.failure("ember");
    assert_eq!(
        failure.message,
        "spell.toml says `entry = \"src/other.rs\"`, but Cargo.toml builds `src/lib.rs`"
    );
    project.edit("ember/Cargo.toml", "[workspace]", "[lib]\npath = \"src/other.rs\"\n\n[workspace]");
    project.component("ember");
    fs::remove_file(project.path("ember/Cargo.toml")).unwrap();
    assert_eq!(project.failure("ember").message, "the spell `ember` has no Cargo.toml");
}
