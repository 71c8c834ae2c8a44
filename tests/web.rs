//! The HTTP side of the host server from outside: components as browsers and proxies take them, lists
//! in pages, several worlds, what an operator sees, and what a client may not do.
//!
//! Knows the protocol and nothing of the server's inside.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::binary::{command, json as run_json};
use crate::components::spells;
use crate::server::client::Client;
use crate::server::host::{Answer, Host, OPERATOR};

fn post(host: &Host, path: &str, body: Value) -> Answer {
    host.request("POST", path, body.to_string().as_bytes())
}

fn made(host: &Host, body: Value) -> Value {
    let answer = post(host, "/join", body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A host with one spell; the path of its component.
fn with_component() -> (Host, String) {
    let host = Host::start();
    let digest = uploaded(&host, "ember", "fireball").1;
    (host, format!("/components/{digest}"))
}

/// A spell with a revision on `stable`: the ids of the revision and its component.
fn uploaded(host: &Host, spell: &str, component: &str) -> (String, String) {
    post(host, "/api/spells", json!({"spell_id": spell}));
    let answer = host.request("PUT", &format!("/api/spells/{spell}/revisions"), &spells()[component]);
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    let (revision, digest) =
        (answer.json()["revision_id"].clone(), answer.json()["component"]["digest"].clone());
    let published = json!({"revision_id": revision, "channel": "stable"});
    assert_eq!(post(host, &format!("/api/spells/{spell}/publish"), published).status, 200);
    (text(&revision).to_owned(), text(&digest).to_owned())
}

#[test]
fn a_component_is_served_in_parts_and_coded_and_decodes_to_itself() {
    let (host, path) = with_component();
    let component = &spells()["fireball"];
    let get = |headers: &str| host.request_with("GET", &path, headers, b"");
    let whole = get("");
    let etag = whole.header("etag").expect("a tag").to_owned();
    assert_eq!((whole.status, &whole.body), (200, component));
    assert_eq!(whole.header("vary"), Some("accept-encoding"));

    for (coding, decode) in [
        ("zstd", (|body| zstd::stream::decode_all(body).expect("it decodes")) as fn(&[u8]) -> Vec<u8>),
        ("gzip", |body| {
            let mut decoded = Vec::new();
            flate2::read::GzDecoder::new(body).read_to_end(&mut decoded).expect("it decodes");
            decoded
        }),
    ] {
        let coded = get(&format!("accept-encoding: {coding}\r\n"));
        assert_eq!(coded.header("content-encoding"), Some(coding));
        assert!(coded.body.len() < component.len());
        assert_eq!(&decode(&coded.body), component, "{coding}");
        let own = format!("{}-{coding}\"", etag.trim_end_matches('"'));
        assert_eq!(coded.header("etag"), Some(own.as_str()));
        assert_eq!(coded.header("digest"), whole.header("digest"), "it is of the decoded body");
        let known = get(&format!("if-none-match: \"other\", W/{own}\r\n"));
        assert_eq!((known.status, known.body.len()), (304, 0));
        let head = host.request_with("HEAD", &path, &format!("accept-encoding: {coding}\r\n"), b"");
        assert_eq!(head.header("content-length"), Some(coded.body.len().to_string().as_str()));
    }
    assert_eq!(get("if-none-match: *\r\n").status, 304);
    assert_eq!(get("if-none-match: \"other\"\r\n").status, 200);

    // A range is of the body as it is, whatever else is accepted.
    let part = get("range: bytes=8-15\r\naccept-encoding: zstd\r\n");
    assert_eq!((part.status, &part.body[..]), (206, &component[8..16]));
    let range = format!("bytes 8-15/{}", component.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    assert_eq!((part.header("content-encoding"), part.header("etag")), (None, Some(etag.as_str())));
    assert_eq!(get("range: bytes=-4\r\n").body, component[component.len() - 4..]);
    let changed = get("range: bytes=0-3\r\nif-range: \"another\"\r\n");
    assert_eq!((changed.status, &changed.body), (200, component));
    let outside = get(&format!("range: bytes={}-\r\n", component.len()));
    assert_eq!((outside.status, &outside.json()["code"]), (416, &json!("range_not_satisfiable")));
    let size = format!("bytes */{}", component.len());
    assert_eq!(outside.header("content-range"), Some(size.as_str()));
}

#[test]
fn a_blob_that_is_no_component_is_not_served_as_one() {
    let host = Host::start();
    let (revision, _) = uploaded(&host, "ember", "fireball");
    // The manifest is a blob like any other.
    let answer = host.request("GET", &format!("/components/{revision}"), b"");
    assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("unknown_component")));
}

#[test]
fn spells_are_listed_in_pages_and_a_bad_parameter_is_named() {
    let host = Host::start();
    for number in 0..5 {
        post(&host, "/api/spells", json!({"spell_id": format!("spell-{number}")}));
    }
    // The newest first: by milliseconds.
    let made = std::time::Instant::now();
    while made.elapsed().as_millis() < 2 {
        std::thread::yield_now();
    }
    uploaded(&host, "ember", "fireball");
    let get = |query: &str| host.request("GET", &format!("/api/spells?{query}"), b"").json();
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("items");
        items.iter().map(|spell| text(&spell["spell_id"]).to_owned()).collect()
    };
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("limit=2{next}"));
        all.extend(ids(&page));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(all, ["ember", "spell-4", "spell-3", "spell-2", "spell-1", "spell-0"]);
    assert_eq!(ids(&get("channel=stable")), ["ember"]);
    assert_eq!(ids(&get("q=SPELL-3")), ["spell-3"]);
    let mut client = Client::join(&host, "snapshot");
    let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    assert_eq!(cast["type"], "spell.cast_request", "{cast:#}");
    assert_eq!(ids(&get("sort=popular&limit=1")), ["ember"]);
    for (name, query) in
        [("limit", "limit=0"), ("sort", "sort=best"), ("channel", "channel=x"), ("cursor", "cursor=x")]
    {
        let problem = get(query);
        assert_eq!(problem["code"], "bad_param", "{query}");
        assert!(text(&problem["detail"]).starts_with(name), "{problem:#}");
    }
}

#[test]
fn worlds_come_and_go_and_a_swap_reaches_all_of_them() {
    let host = Host::start();
    uploaded(&host, "ember", "fireball");
    let joined = made(&host, json!({"name": "the flat one", "terrain": "flat", "seed": "2a"}));
    let id = text(&joined["world_id"]).to_owned();
    assert_eq!(joined["server_address"], format!("ws://{}/ws?world={id}", host.address));
    let facts = host.request("GET", &format!("/world/{id}"), b"").json();
    assert_eq!(facts["name"], "the flat one");
    assert_eq!((&facts["seed"], &facts["channel"]), (&json!("000000000000002a"), &json!("stable")));
    let listed = host.request("GET", "/worlds", b"").json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));

    // The same spell in both, cast and swapped.
    let mut clients = ["default", &id].map(|world| Client::enter(&host, world));
    for client in &mut clients {
        let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
        assert_eq!(cast["type"], "spell.cast_request", "{cast:#}");
    }
    let (second, _) = uploaded(&host, "ember", "blink");
    for (client, world) in clients.iter_mut().zip(["default", &id]) {
        let update = client.event("spell.active_update", |data| data["revision_id"] == second.as_str());
        assert_eq!(update["world_id"], world);
    }
    let [_, mut client] = clients;

    // Kept now, under another name.
    let saved = post(&host, &format!("/world/{id}"), json!({"name": "renamed"})).json();
    assert_eq!(saved["name"], "renamed");
    assert!(saved["saved_tick"].as_u64() <= saved["tick"].as_u64(), "{saved:#}");

    // Deleted under a client, who goes on elsewhere.
    assert_eq!(host.request("DELETE", &format!("/world/{id}"), b"").status, 200);
    assert_eq!(client.event("world_closed", |_| true)["world_id"], id.as_str());
    let answer = client.ask("handshake", json!({"mode": "snapshot", "world_id": "default"}));
    assert_eq!(answer["type"], "handshake_response", "{answer:#}");
    for (method, path) in [("GET", format!("/world/{id}")), ("DELETE", format!("/world/{id}"))] {
        let answer = host.request(method, &path, b"");
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("unknown_world")));
    }
    let answer = host.request("DELETE", "/world/default", b"");
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")));
    for (body, name) in [
        (json!({"terrain": "moon"}), "terrain"),
        (json!({"seed": "xyz"}), "seed"),
        (json!({"name": ""}), "name"),
    ] {
        let problem = post(&host, "/join", body).json();
        assert_eq!(problem["code"], "bad_param");
        assert!(text(&problem["detail"]).starts_with(name), "{problem:#}");
    }
    assert_eq!(post(&host, "/join", json!({"world_id": "nowhere"})).status, 404);
}

#[test]
fn there_are_only_so_many_worlds_of_one_owner() {
    let host = Host::start();
    let statuses: Vec<u16> =
        (0..17).map(|_| post(&host, "/join", json!({"terrain": "empty"})).status).collect();
    assert_eq!(statuses[..16], [200; 16]);
    assert_eq!(statuses[16], 429, "the default world is not counted");
    // Somebody else still may.
    let answer = host.request_as(&Client::login(&host), "POST", "/join", b"{\"terrain\": \"empty\"}");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn worlds_survive_a_restart_at_their_tick_and_hash() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::at(folder.path());
    let joined = made(&host, json!({"terrain": "flat"}));
    let id = text(&joined["world_id"]).to_owned();
    let owner = text(&joined["session_token"]).to_owned();
    let mut client = Client::enter(&host, &id);
    let frame = client.event("tick_frame", |frame| frame["tick"].as_u64() >= Some(30));
    host.end("TERM");
    let host = Host::at(folder.path());
    let facts = host.request("GET", &format!("/world/{id}"), b"").json();
    assert!(facts["tick"].as_u64() > frame["tick"].as_u64(), "{facts:#}");
    // The state after a frame that was told before the restart.
    let tick = frame["tick"].as_u64().expect("a tick") + 1;
    let answer = host.request("GET", &format!("/worlds/{id}/snapshot?tick={tick}"), b"");
    assert_eq!(answer.header("spellhost-state-hash"), frame["state_hash"].as_str());
    assert_eq!(host.request_as(&owner, "DELETE", &format!("/world/{id}"), b"").status, 200);
    host.end("TERM");
    let host = Host::at(folder.path());
    assert_eq!(host.request("GET", &format!("/world/{id}"), b"").status, 404, "it stays deleted");
}

#[test]
fn the_log_of_a_world_is_a_recording_that_replays() {
    let host = Host::start();
    uploaded(&host, "ember", "fireball");
    let mut client = Client::enter(&host, "default");
    let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    let tick = cast["data"]["tick"].as_u64().expect("a tick");
    let last = client.event("tick_frame", |frame| frame["tick"].as_u64() == Some(tick + 60));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, first) in [("from the cast on", tick), ("in its middle", tick + 5), ("from the beginning", 0)]
    {
        let answer = host.request("GET", &format!("/worlds/default/log?from={first}&to={}", tick + 60), b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("spellhost-tick"), Some(first.to_string().as_str()), "{name}");
        std::fs::write(folder.path().join("world.rec"), &answer.body).expect("a file");
        let (code, verified) = run_json(folder.path(), &["replay", "world.rec", "--json"]);
        assert_eq!(code, 0, "{name}: {verified:#}");
        assert_eq!((&verified["first_tick"], &verified["last_tick"]), (&json!(first), &json!(tick + 60)));
        assert_eq!(verified["state_hash"], last["state_hash"], "{name}");
    }
    for (query, name) in [
        ("log?from=5&to=4", "from"),
        ("log?to=99999999", "to"),
        ("log?from=x", "from"),
        ("snapshot?tick=99999999", "tick"),
        ("snapshot?tick=-1", "tick"),
    ] {
        let answer = host.request("GET", &format!("/worlds/default/{query}"), b"");
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("bad_param")), "{query}");
        assert!(text(&answer.json()["detail"]).starts_with(name), "{query}: {}", answer.text());
    }
}

/// Who may do what over HTTP: one row an action, one cell an actor. The guest is everybody without a token.
#[test]
fn the_table_of_rights_holds_for_every_route() {
    let host = Host::start();
    let spell = json!({"spell_id": "ember"}).to_string();
    let ada = Client::login(&host);
    let answer = host.request_as(&ada, "POST", "/api/spells", spell.as_bytes());
    assert_eq!(answer.status, 201);
    let (revision, _) = uploaded(&host, "frost", "fireball");
    let made = host.request_as(&ada, "POST", "/join", b"{\"terrain\": \"empty\"}").json();
    let world = format!("/world/{}", text(&made["world_id"]));
    let publish = json!({"revision_id": revision, "channel": "beta"}).to_string();
    let (component, nothing) = (&spells()["blink"][..], &b"{}"[..]);
    // Guest, the owner, the operator; in this order, so that the last may delete.
    for (method, path, body, expected) in [
        ("GET", "/api/spells", nothing, [200, 200, 200]),
        ("GET", "/worlds", nothing, [200, 200, 200]),
        ("POST", "/worlds", nothing, [201, 201, 201]),
        ("GET", "/worlds/default/place", nothing, [404, 404, 404]),
        ("GET", &*world, nothing, [200, 200, 200]),
        ("GET", "/openapi.json", nothing, [200, 200, 200]),
        ("GET", "/metrics", nothing, [200, 200, 200]),
        ("PUT", "/api/spells/ember/revisions", component, [403, 201, 200]),
        ("POST", "/api/spells/ember/publish", publish.as_bytes(), [403, 404, 404]),
        ("POST", "/api/spells/frost/publish", publish.as_bytes(), [200, 403, 200]),
        ("POST", "/api/spells/ember/rollback", b"{\"channel\": \"draft\"}", [403, 400, 400]),
        ("POST", &*world, nothing, [403, 200, 200]),
        ("POST", "/world/default", nothing, [200, 403, 200]),
        ("GET", "/admin/servers", nothing, [403, 403, 200]),
        ("GET", "/admin/sessions", nothing, [403, 403, 200]),
        ("POST", "/admin/cleanup", nothing, [403, 403, 200]),
        ("DELETE", "/admin/servers/default", nothing, [403, 403, 403]),
        ("DELETE", &*world, nothing, [403, 200, 404]),
    ] {
        let actors = [String::new(), ada.clone(), OPERATOR.to_owned()];
        let statuses = actors.map(|token| match &*token {
            "" => host.request(method, path, body).status,
            token => host.request_as(token, method, path, body).status,
        });
        assert_eq!(statuses, expected, "{method} {path}");
    }
}

#[test]
fn the_operator_sees_servers_and_sessions_and_stops_one() {
    let host = Host::start();
    let id = made(&host, json!({"terrain": "empty", "username": "ada"}));
    let (world, client) = (text(&id["world_id"]), text(&id["client_id"]));
    let mut ada = Client::enter_as(&host, world, text(&id["session_token"]));
    let entity = ada.event("tick_frame", |_| true)["tick"].clone();
    assert!(entity.is_u64());
    let get = |path| host.request_as(OPERATOR, "GET", path, b"").json();
    let sessions = get("/admin/sessions");
    let own =
        sessions["items"].as_array().expect("items").iter().find(|session| session["client_id"] == client);
    let own = own.unwrap_or_else(|| panic!("{sessions:#}"));
    assert_eq!((&own["username"], &own["state"]), (&json!("ada"), &json!("connected")));
    assert_eq!(own["world_id"], world);
    assert!(own["entity_id"].is_u64() && own["expires_at"].is_string(), "{own:#}");
    let names = |servers: Value| -> Vec<String> {
        let items = servers["items"].as_array().expect("items").clone();
        items.iter().map(|server| text(&server["server_id"]).to_owned()).collect()
    };
    assert_eq!(names(get("/admin/servers")), ["default", world]);
    let stopped = host.request_as(OPERATOR, "DELETE", &format!("/admin/servers/{world}"), b"");
    assert_eq!(stopped.status, 200);
    ada.event("world_closed", |_| true);
    assert_eq!(names(get("/admin/servers")), ["default"]);
    // The world is kept: joining starts it again.
    let again = post(&host, "/join", json!({"world_id": world}));
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(names(get("/admin/servers")), ["default", world]);
    assert_eq!(host.request_as(OPERATOR, "POST", "/admin/cleanup", b"").json(), json!({"removed": 0}));
}

#[test]
fn what_is_measured_is_told_in_the_form_of_prometheus() {
    let host = Host::start();
    uploaded(&host, "ember", "fireball");
    let mut client = Client::enter(&host, "default");
    let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    client.event("tick_frame", |frame| frame["tick"] == cast["data"]["tick"]);
    let answer = host.request("GET", "/metrics", b"");
    let metrics = answer.text();
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    for series in [
        "spellhost_tick_seconds_bucket{le=\"0.0167\"}",
        "spellhost_fuel_total{spell=\"ember\"}",
        "spellhost_calls_total{spell=\"ember\",outcome=\"applied\"}",
        "spellhost_swaps_total",
        "spellhost_bytes_total{mode=\"apply\"}",
        "spellhost_connections 1",
        "spellhost_worlds 1",
        "spellhost_queue_messages",
        "spellhost_components 1",
    ] {
        assert!(metrics.lines().any(|line| line.starts_with(series)), "{series} is not in\n{metrics}");
    }
}

#[test]
fn a_request_has_one_name_in_the_answer_and_in_the_log() {
    let mut host = Host::logging("info");
    let answer = host.request_with("GET", "/world/nowhere", "x-request-id: my-request.1\r\n", b"");
    assert_eq!(answer.header("x-request-id"), Some("my-request.1"));
    assert_eq!(answer.json()["correlation_id"], "my-request.1");
    let answer = host.request_with("GET", "/world/nowhere", "x-request-id: <script>\r\n", b"");
    let own = answer.header("x-request-id").expect("an id").to_owned();
    assert_eq!(
        (own.len(), &answer.json()["correlation_id"]),
        (12, &json!(own)),
        "a bad name is not taken over"
    );
    let log = host.logged();
    let line = log.lines().find(|line| line.contains("my-request.1")).unwrap_or_else(|| panic!("{log}"));
    let line: Value = serde_json::from_str(line).expect("an object a line");
    assert_eq!((&line["span"]["path"], &line["fields"]["status"]), (&json!("/world/nowhere"), &json!(404)));
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let host = Host::start();
    let document = host.request("GET", "/openapi.json", b"").json();
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.len() > 20, "{}", paths.len());
    for (path, item) in paths {
        let filled = path.replace("{digest}", "b3:0").replace("{path}", "a/b").replace(['{', '}'], "");
        // A method that no route has: the answer names those that it has.
        let answer = host.request("TRACE", &filled, b"");
        assert_eq!(answer.status, 405, "{path}");
        let mut allowed: Vec<String> = answer
            .header("allow")
            .unwrap_or_default()
            .split(',')
            .map(|name| name.trim().to_lowercase())
            .collect();
        allowed.retain(|name| name != "head");
        allowed.sort();
        let mut documented: Vec<String> = item.as_object().expect("operations").keys().cloned().collect();
        documented.retain(|name| ["get", "put", "post", "delete", "patch"].contains(&name.as_str()));
        documented.sort();
        assert_eq!(allowed, documented, "{path}");
    }
}

#[test]
fn a_body_that_is_too_large_or_no_json_is_a_problem_like_any_other() {
    let host = Host::start();
    let large = vec![b' '; 1024 * 1024 + 1];
    for (body, status, code) in [
        (&large[..], 413, "too_large"),
        (b"{\"spell_id\": 1}", 400, "bad_message"),
        (b"[", 400, "bad_message"),
    ] {
        let answer = host.request("POST", "/api/spells", body);
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    // What may be read is bounded by the route, not by the host.
    let answer = host.request("PUT", "/api/spells/nobody/revisions", &large);
    assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("unknown_spell")));
}

#[test]
fn an_address_has_so_many_connections_and_the_next_is_told() {
    let host = Host::start();
    let idle: Vec<TcpStream> =
        (0..256).map(|_| TcpStream::connect(&host.address).expect("it listens")).collect();
    let mut one_more = TcpStream::connect(&host.address).expect("it listens");
    let mut told = String::new();
    one_more.read_to_string(&mut told).expect("an answer");
    assert!(told.starts_with("HTTP/1.1 429") && told.contains("rate_limited"), "{told}");
    drop(idle);
}

#[test]
fn casts_and_changes_are_paced() {
    let host = Host::start();
    uploaded(&host, "ember", "fireball");
    let mut client = Client::join(&host, "snapshot");
    let mut cast =
        |spell: &str| client.ask("spell.cast_request", json!({"spell_id": spell}))["data"]["code"].clone();
    assert!((0..20).all(|_| cast("ember").is_null()));
    // What is refused at once comes faster than ticks do.
    let codes: Vec<Value> = (0..240).map(|_| cast("nobody")).collect();
    let limited = codes.iter().filter(|code| **code == "rate_limited").count();
    assert!(limited > 0 && limited < codes.len(), "{codes:?}");
    assert!(codes.iter().all(|code| code == "unknown_spell" || code == "rate_limited"), "{codes:?}");

    // On one connection, without waiting for answers: more than a second's worth.
    let mut stream = TcpStream::connect(&host.address).expect("it listens");
    let one = format!(
        "POST /login HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer x\r\ncontent-length: 1\r\n\r\n[",
        host.address
    );
    let last = one.replacen("host", "connection: close\r\nhost", 1);
    stream.write_all((one.repeat(600) + &last).as_bytes()).expect("it reads");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("answers");
    assert!(answers.contains("rate_limited") && answers.contains("retry-after"), "some were too many");
    assert!(answers.contains("bad_message"), "and some were not");
}

#[test]
fn a_page_elsewhere_reads_and_one_that_is_allowed_changes_things() {
    let host = Host::with(&["--allow-origin", "https://play.example.org"]);
    let ask = |origin: &str, method: &str| {
        let headers = format!("origin: {origin}\r\naccess-control-request-method: {method}\r\n");
        host.request_with("OPTIONS", "/api/spells", &headers, b"")
    };
    assert_eq!(ask("https://evil.example.org", "POST").status, 403);
    assert_eq!(ask("https://evil.example.org", "GET").header("access-control-allow-origin"), Some("*"));
    let allowed = ask("https://play.example.org", "POST");
    assert_eq!(
        (allowed.status, allowed.header("access-control-allow-origin")),
        (204, Some("https://play.example.org"))
    );
    let answer = host.request_from("https://play.example.org", "POST", "/api/spells", b"{}");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://play.example.org"));
    let read = host.request_from("https://evil.example.org", "GET", "/api/spells", b"");
    assert!(read.header("access-control-expose-headers").is_some_and(|names| names.contains("digest")));
}

#[test]
fn ctrl_c_drains_and_ends_with_130() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::at(folder.path());
    let tick = host.request("GET", "/world/default", b"").json()["tick"].as_u64();
    assert_eq!(host.end_with("INT"), Some(130));
    let host = Host::at(folder.path());
    let after = host.request("GET", "/world/default", b"").json()["tick"].as_u64();
    assert!(after >= tick, "its last snapshot was kept: {tick:?} {after:?}");
    host.end("TERM");
}

#[test]
fn behind_a_proxy_sockets_have_the_public_name() {
    let host = Host::with(&["--public-url", "https://spells.example.org"]);
    let joined = made(&host, json!({"world_id": "default"}));
    assert_eq!(joined["server_address"], "wss://spells.example.org/ws?world=default");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = command(folder.path()).args(["serve", "--data", "x", "--public-url", "spells"]).output();
    assert_eq!(output.expect("it starts").status.code(), Some(2));
}

#[test]
fn a_port_in_use_is_said_with_its_address() {
    let host = Host::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = command(folder.path())
        .args(["serve", "--data", "x", "--listen", &host.address])
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(&host.address) && text.contains("in use"), "{text}");
}
