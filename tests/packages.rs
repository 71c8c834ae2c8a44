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

/// One entry of an archive: its name, its content, and how the system it was packed on calls what it is.
type Entry<'a> = (&'a str, &'a [u8], u32);
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// An archive of anything, by hand: no library writes what is wrong.
fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content, mode) in entries {
        let mut packed = flate2::read::DeflateEncoder::new(*content, flate2::Compression::best());
        let mut data = Vec::new();
        std::io::Read::read_to_end(&mut packed, &mut data).expect("bytes");
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let long = |number: usize| u32::try_from(number).expect("a small archive").to_le_bytes();
        let short = |number: usize| u16::try_from(number).expect("a short name").to_le_bytes();
        let place = long(bytes.len());
        let sizes = [sum.sum().to_le_bytes(), long(data.len()), long(content.len())].concat();
        let head = [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..], &sizes, &short(name.len()), &[0, 0]].concat();
        bytes.extend([b"PK\x03\x04", &head[..], name.as_bytes(), &data].concat());
        let kind = (mode << 16).to_le_bytes();
        directory
            .extend([b"PK\x01\x02\x14\x03", &head[..], &[0; 6], &kind, &place, name.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len()).expect("not so many").to_le_bytes();
    let [size, begin] =
        [directory.len(), bytes.len()].map(|it| u32::try_from(it).expect("small").to_le_bytes());
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &begin, &[0, 0]].concat();
    [bytes, directory, end].concat()
}

#[test]
fn a_hostile_package_is_refused_in_words_by_the_host_and_on_the_command_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spell = root().join("spells/fireball").canonicalize().expect("the spell is there");
    let (code, packed) =
        json(folder.path(), &["pack", &spell.to_string_lossy(), "-o", "a.spellpkg", "--json"]);
    assert_eq!(code, 0, "{packed:#}");
    assert_eq!(json(folder.path(), &["unpack", "a.spellpkg", "--json"]).0, 0);
    let [manifest, component] = ["a/manifest.json", "a/code/spell.wasm"]
        .map(|file| fs::read(folder.path().join(file)).expect("what was unpacked"));
    fs::remove_dir_all(folder.path().join("a")).expect("a folder of our own");
    let good: [Entry<'_>; 2] = [("manifest.json", &manifest, FILE), ("code/spell.wasm", &component, FILE)];
    let with = |more: &[Entry<'_>]| archive(&[&good[..], more].concat());
    let bomb = vec![0; 48 << 20];
    let names: Vec<String> = (0..65_000).map(|number| format!("assets/{number}")).collect();
    let crowd: Vec<Entry<'_>> = names.iter().map(|name| (name.as_str(), &b""[..], FILE)).collect();

    let host = Host::start();
    assert_eq!(host.request("POST", "/api/spells", b"{\"spell_id\": \"fireball\"}").status, 201);
    for (name, bytes, status, word) in [
        ("outside", with(&[("../outside", b"x", FILE)]), 422, "no path below"),
        ("absolute", with(&[("/tmp/outside", b"x", FILE)]), 422, "no path below"),
        ("link", with(&[("assets/link", b"/etc/passwd", LINK)]), 422, "is a link"),
        ("twice", with(&good[1..]), 422, "two entries of one name"),
        ("bomb", with(&[("assets/bomb", &bomb, FILE)]), 413, "times its size"),
        ("crowd", with(&crowd), 413, "at most 4097 files"),
    ] {
        fs::write(folder.path().join("b.spellpkg"), &bytes).expect("a file");
        let output = run(folder.path(), &["unpack", "b.spellpkg", "-o", "out"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(word) && !said.contains("panicked"), "{name}: {said}");
        let answer = host.request("PUT", "/api/spells/fireball/revisions", &bytes);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(answer.text().contains(word), "{name}: {}", answer.text());
    }
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.spellpkg", "b.spellpkg"]);
    assert_eq!(host.request("GET", "/api/spells/fireball/revisions", b"").json()["items"], json!([]));
    // What is whole is taken by who refused all of that.
    let whole = fs::read(folder.path().join("a.spellpkg")).expect("the package");
    assert_eq!(host.request("PUT", "/api/spells/fireball/revisions", &whole).status, 201);
}
