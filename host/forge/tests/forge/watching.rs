//! Editors, builds and version control against a watch.

use std::fs;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use spellhost_forge::{Watch, WatchEvent};

use crate::project::Project;

/// How long an event may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing has to happen to count as nothing: longer than the slow look of every two seconds.
const SILENCE: Duration = Duration::from_millis(2_600);

fn next(watch: &Watch) -> WatchEvent {
    watch.events().recv_timeout(PATIENCE).expect("an event")
}

fn nothing(watch: &Watch) {
    assert_eq!(watch.events().recv_timeout(SILENCE), Err(RecvTimeoutError::Timeout));
}

fn ember() -> (Project, Watch) {
    let project = Project::new();
    project.write("ember/spell.toml", "id = \"ember\"");
    project.write("ember/src/lib.rs", "one");
    project.write("ember/target/debug/x", "");
    let watch = Watch::start(&project.path("ember")).expect("a watch");
    assert!(!watch.is_polling());
    (project, watch)
}

#[test]
fn every_way_to_save_is_one_change() {
    let (project, watch) = ember();
    let lib = project.path("ember/src/lib.rs");
    let begin = Instant::now();
    fs::write(&lib, "two").unwrap();
    assert_eq!(next(&watch), WatchEvent::Changed);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    // Written beside it and renamed over it, several times: vim, IntelliJ, git.
    for text in ["three", "four"] {
        fs::rename(&lib, project.path("ember/src/lib.rs~")).unwrap();
        fs::write(project.path("ember/src/4913"), "").unwrap();
        fs::write(project.path("ember/src/.lib.rs.swp"), text).unwrap();
        fs::remove_file(project.path("ember/src/4913")).unwrap();
        fs::rename(project.path("ember/src/.lib.rs.swp"), &lib).unwrap();
        assert_eq!(next(&watch), WatchEvent::Changed);
    }
    // A new folder with a file, and the folder of the sources replaced by another one.
    project.write("ember/assets/deep/er/a.txt", "a");
    assert_eq!(next(&watch), WatchEvent::Changed);
    project.write("ember/new/lib.rs", "five");
    assert_eq!(next(&watch), WatchEvent::Changed);
    fs::remove_dir_all(project.path("ember/src")).unwrap();
    fs::rename(project.path("ember/new"), project.path("ember/src")).unwrap();
    assert_eq!(next(&watch), WatchEvent::Changed);
    fs::write(&lib, "six").unwrap();
    assert_eq!(next(&watch), WatchEvent::Changed);
    nothing(&watch);
}

#[test]
fn what_a_build_or_an_editor_leaves_is_no_change() {
    let project = Project::new();
    project.write("ember/src/lib.rs", "one");
    let outputs = [project.path("ember/after.png")];
    let watch = Watch::start_ignoring(&project.path("ember"), &outputs).expect("a watch");
    for name in [
        "target/wasm32/x",
        "Cargo.lock",
        "src/.lib.rs.swp",
        "src/lib.rs~",
        "after.png",
        ".spellhost/sdk/x",
        ".git/index",
    ] {
        project.write(&format!("ember/{name}"), "built");
    }
    fs::write(project.path("ember/src/lib.rs"), "one").unwrap();
    nothing(&watch);
    project.write("ember/src/lib.rs", "two");
    assert_eq!(next(&watch), WatchEvent::Changed);
}

#[test]
fn a_burst_settles_before_it_is_told() {
    let (project, watch) = ember();
    let lib = project.path("ember/src/lib.rs");
    for number in 0..200 {
        fs::write(&lib, number.to_string()).unwrap();
        project.write(&format!("ember/src/{number}.rs"), "");
    }
    let mut events = 0;
    while watch.events().recv_timeout(SILENCE).is_ok() {
        events += 1;
    }
    assert!((1..=5).contains(&events), "{events} events");
}

#[test]
fn a_folder_that_goes_and_comes_back_is_still_watched() {
    let (project, watch) = ember();
    for _ in 0..2 {
        fs::rename(project.path("ember"), project.path("away")).unwrap();
        assert_eq!(next(&watch), WatchEvent::Gone);
        fs::rename(project.path("away"), project.path("ember")).unwrap();
        assert_eq!(next(&watch), WatchEvent::Returned);
    }
    fs::remove_dir_all(project.path("ember")).unwrap();
    assert_eq!(next(&watch), WatchEvent::Gone);
    project.write("ember/src/lib.rs", "again");
    assert_eq!(next(&watch), WatchEvent::Returned);
    project.write("ember/src/lib.rs", "and again");
    assert_eq!(next(&watch), WatchEvent::Changed);
}

#[test]
fn a_path_dependency_is_watched_too() {
    let project = Project::new();
    project.write("ember/Cargo.toml", "[dependencies]\nshared = { path = \"../shared\" }");
    project.write("shared/src/lib.rs", "one");
    let watch = Watch::start(&project.path("ember")).expect("a watch");
    project.write("shared/src/lib.rs", "two");
    assert_eq!(next(&watch), WatchEvent::Changed);
}

#[test]
fn a_component_file_is_watched_by_its_contents() {
    let project = Project::new();
    assert!(Watch::start(&project.path("spell.wasm")).is_err());
    project.write("spell.wasm", "one");
    let watch = Watch::start(&project.path("spell.wasm")).expect("a watch");
    project.write("neighbour.wasm", "x");
    spellhost_forge::write_atomic(&project.path("spell.wasm"), b"two").unwrap();
    assert_eq!(next(&watch), WatchEvent::Changed);
    fs::remove_file(project.path("spell.wasm")).unwrap();
    assert_eq!(next(&watch), WatchEvent::Gone);
    project.write("spell.wasm", "two");
    assert_eq!(next(&watch), WatchEvent::Returned);
    nothing(&watch);
}

#[test]
fn a_relative_path_and_an_own_loop_will_do() {
    let (send, events) = std::sync::mpsc::channel();
    let watch =
        Watch::start_with(Path::new("src"), &[], move |event, _| send.send(event).expect("a listener"))
            .expect("a watch");
    drop(watch);
    assert!(events.recv().is_err(), "it stops when it is dropped");
}
