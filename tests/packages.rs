//! Packages, from outside: packed and unpacked on the command line, uploaded and fetched.
//!
//! Knows the command line and the protocol. What a hostile archive is refused for, the forge's own
//! tests say; here it has to leave nothing.

use std::fs;

use serde_json::json;

use crate::binary::{json, root, run};
use crate::server::host::Host;

#[test]
fn a_spell_is_packed_unpacked_and_uploaded_and_stays_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spell = root().join("spells/fireball").canonicalize().expect("the spell is there");
    let spell = spell.to_string_lossy().into_owned();
    let pack = |name: &str| {
        let (code, packed) = json(folder.path(), &["pack", &spell, "-o", name, "--json"]);
        assert_eq!(code, 0, "{packed:#}");
        (packed, fs::read(folder.path().join(name)).expect("the package"))
    };
    let (packed, bytes) = pack("a.spellpkg");
    assert_eq!(pack("b.spellpkg").1, bytes, "the same bytes every time");
    let revision = packed["revision_id"].as_str().expect("a revision").to_owned();

    let (code, unpacked) = json(folder.path(), &["unpack", "a.spellpkg", "--json"]);
    assert_eq!((code, &unpacked["path"]), (0, &json!("a")));
    let source = fs::read(root().join("spells/fireball/src/lib.rs")).expect("the source");
    assert_eq!(fs::read(folder.path().join("a/source/src/lib.rs")).expect("the source"), source);
    let component = fs::read(folder.path().join("a/code/spell.wasm")).expect("the component");
    assert_eq!(run(folder.path(), &["unpack", "a.spellpkg"]).status.code(), Some(2), "the folder is there");

    let host = Host::start();
    assert_eq!(host.request("POST", "/api/spells", b"{\"spell_id\": \"fireball\"}").status, 201);
    let put = |bytes: &[u8]| host.request("PUT", "/api/spells/fireball/revisions", bytes);
    let answer = put(&bytes);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["revision_id"], revision.as_str(), "the same revision everywhere");
    assert_eq!(put(&bytes).status, 200);
    let fetched = host.request("GET", &format!("/api/spells/fireball/revisions/{revision}/package"), b"");
    assert_eq!(fetched.header("content-type"), Some("application/vnd.spellhost.package"));
    assert_eq!(fetched.body, bytes);
    let file = format!("/api/spells/fireball/revisions/{revision}/files/source/src/lib.rs");
    assert_eq!(host.request("GET", &file, b"").body, source);
    // Its source is the spell's last source; a bare component is a package without one.
    assert_eq!(host.request("POST", "/api/spells/fireball/build", b"{}").status, 202);
    let bare = put(&component).json();
    let package = host.request(
        "GET",
        &format!(
            "/api/spells/fireball/revisions/{}/package",
            bare["revision_id"].as_str().expect("a revision")
        ),
        b"",
    );
    assert_eq!(put(&package.body).json()["revision_id"], bare["revision_id"]);
}

#[test]
fn a_damaged_package_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spell = root().join("spells/fireball").canonicalize().expect("the spell is there");
    let (code, packed) =
        json(folder.path(), &["pack", &spell.to_string_lossy(), "-o", "a.spellpkg", "--json"]);
    assert_eq!(code, 0, "{packed:#}");
    let bytes = fs::read(folder.path().join("a.spellpkg")).expect("the package");
    let host = Host::start();
    assert_eq!(host.request("POST", "/api/spells", b"{\"spell_id\": \"fireball\"}").status, 201);
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x10;
    for (name, damaged) in
        [("flipped", flipped), ("cut", bytes[..bytes.len() - 9].to_vec()), ("noise", b"PK".repeat(99))]
    {
        fs::write(folder.path().join("b.spellpkg"), &damaged).expect("a file");
        let output = run(folder.path(), &["unpack", "b.spellpkg", "-o", "out"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let answer = host.request("PUT", "/api/spells/fireball/revisions", &damaged);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (422, &json!("not_a_spell")),
            "{name}: {}",
            answer.text()
        );
    }
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.spellpkg", "b.spellpkg"]);
    assert_eq!(host.request("GET", "/api/spells/fireball/revisions", b"").json()["items"], json!([]));
}
