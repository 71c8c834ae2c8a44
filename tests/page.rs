//! The page at `/`, as a person sees it in a browser, and as programs see what it is made of.

use serde_json::{Value, json};
use spellhost_sim::{BlockPos, World};

use crate::browser::{Page, browser};
use crate::server::client::Client;
use crate::server::host::Host;
use crate::server::{created, publish, upload};

const READY: &str = "document.querySelector('#connection').dataset.state === 'open' \
    && !document.querySelector('#form').hidden && !!document.querySelector('#legend li')";
/// Where the target goes, as parts of the map's width and height, and two blocks beside it.
const AIMED: (f64, f64) = (0.62, 0.35);

fn opened(host: &Host, size: (u32, u32)) -> Option<Page> {
    let mut page = Page::open(browser()?, &format!("http://{}/", host.address), size);
    page.until(READY);
    // It goes to the player's place once, after it has come there.
    page.until("document.querySelector('#players').textContent === '1'");
    Some(page)
}

/// Whether the map is grey somewhere around the target, where nothing is drawn but terrain: ash is,
/// and nothing that grows on the hills.
fn is_ash() -> String {
    let (across, along) = AIMED;
    format!(
        "(() => {{ const map = document.querySelector('#map'); const beside = 2 * map.width / 64; \
         return [[-1, -1], [1, -1], [-1, 1], [1, 1]].some(([x, z]) => {{ \
         const at = [map.width * {across} + x * beside, map.height * {along} + z * beside]; \
         const [red, green, blue, alpha] = map.getContext('2d').getImageData(...at, 1, 1).data; \
         return alpha === 255 && Math.max(red, green, blue) - Math.min(red, green, blue) < 20; }}); }})()"
    )
}

#[test]
fn a_click_on_the_map_aims_and_what_came_of_the_cast_is_seen() {
    let host = Host::start();
    created(&host, "ember");
    let revision = upload(&host, "ember", "fireball");
    let Some(mut page) = opened(&host, (1280, 900)) else { return };

    let swapped = publish(&host, "ember", &revision);
    page.until(&format!("!!document.querySelector('#swaps li[data-tick=\"{}\"]')", swapped["tick"]));
    page.until("document.querySelector('#channel').textContent.includes('stable')");
    assert!(page.text("#swaps").contains("ember stable"), "{}", page.text("#swaps"));

    let edge = page.value(
        "(() => { const { left, top, width, height } = document.querySelector('#map').getBoundingClientRect(); \
         return [left, top, width, height]; })()",
    );
    let edge = |at: usize| edge[at].as_f64().expect("a number");
    page.click(edge(0) + edge(2) * AIMED.0, edge(1) + edge(3) * AIMED.1);
    assert!(page.text("#target").starts_with("Target: ("), "{}", page.text("#target"));
    assert_eq!(page.value(&is_ash()), false);
    assert!(!page.text("#legend").contains("ash"));
    page.value("document.querySelector('#cast').click()");
    page.until("!!document.querySelector('#casts li[data-outcome=applied]')");
    page.until("document.querySelector('#casts').textContent.includes('turns what is solid in a sphere')");
    assert!(page.text("#answer").contains("applied"), "{}", page.text("#answer"));
    page.until(&is_ash());
    page.until("document.querySelector('#legend').textContent.includes('ash')");
    assert_eq!(page.complaints(), [] as [Value; 0]);
}

#[test]
fn a_form_is_made_from_what_the_spell_says_and_refusals_are_shown_at_their_field() {
    let host = Host::start();
    created(&host, "ember");
    upload(&host, "ember", "fireball");
    let Some(mut page) = opened(&host, (1280, 900)) else { return };
    let radius = "document.querySelector('[data-param=radius]')";
    let field =
        page.value(&format!("(({{ type, min, max, value }}) => ({{ type, min, max, value }}))({radius})"));
    assert_eq!(field, json!({"type": "number", "min": "1", "max": "10", "value": "4"}));
    page.value(&format!("{radius}.value = '99', document.querySelector('#cast').click()"));
    page.until("document.querySelector('#error').textContent.includes('`radius`')");
    page.until(&format!("{radius}.ariaInvalid === 'true' && document.activeElement === {radius}"));
    assert_eq!(page.value("document.querySelector('#casts').children.length"), 0);
    assert_eq!(page.complaints(), [] as [Value; 0]);
}

#[test]
fn the_keyboard_alone_is_enough_and_every_width_is() {
    let host = Host::start();
    created(&host, "wall");
    upload(&host, "wall", "stone-wall");
    let Some(mut page) = opened(&host, (1280, 900)) else { return };
    for _ in 0..30 {
        if page.value("document.activeElement.id") == "map" {
            break;
        }
        page.key("Tab", 9, "");
    }
    assert_eq!(page.value("document.activeElement.id"), "map");
    for _ in 0..5 {
        page.key("ArrowUp", 38, "");
    }
    page.key("Enter", 13, "\r");
    page.until("!!document.querySelector('#casts li[data-outcome=applied]')");
    page.key("Escape", 27, "");
    page.until("document.querySelector('#target').textContent.startsWith('No target')");
    for size in [(1920, 1000), (1280, 900), (768, 1000), (360, 740)] {
        page.resize(size);
        page.until(&format!("innerWidth === {}", size.0));
        let wide = page.value("document.documentElement.scrollWidth");
        assert_eq!(wide, page.value("document.documentElement.clientWidth"), "{size:?}");
    }
    assert_eq!(page.complaints(), [] as [Value; 0]);
}

#[test]
fn the_page_takes_nothing_from_elsewhere_and_is_the_socket_too() {
    let host = Host::start();
    let page = host.request("GET", "/", b"");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let mut files: Vec<String> = quoted(&page.text(), "/page/");
    let mut at = 0;
    while let Some(path) = files.get(at).cloned() {
        at += 1;
        let file = host.request("GET", &path, b"");
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"), "{path}");
        let text = file.text().replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("://") || path.ends_with("socket.js"), "{path} names another host");
        let imports = quoted(&text, "./").into_iter().map(|import| import.replace("./", "/page/"));
        let fresh: Vec<String> = imports.filter(|import| !files.contains(import)).collect();
        files.extend(fresh);
    }
    assert!(files.len() >= 8, "{files:?}");
    assert_eq!(host.request("GET", "/page/nothing.js", b"").status, 404);

    let (mut socket, _) = tungstenite::connect(format!("ws://{}/", host.address)).expect("a WebSocket");
    let greeting: Value =
        serde_json::from_str(&socket.read().expect("a message").into_text().expect("a text"))
            .expect("messages are JSON");
    assert_eq!(greeting["type"], "connected");
}

/// What stands in quotation marks and begins so.
fn quoted(text: &str, beginning: &str) -> Vec<String> {
    text.split('"')
        .filter(|word| word.starts_with(beginning) && !word.ends_with(".json"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_map_and_the_scene_are_those_of_the_world() {
    let host = Host::start();
    let mut client = Client::join(&host, "apply");
    let dig = json!({"spell": {"type": "subtract_sphere", "center": [8.5, 3.0, -3.5], "radius": 5.0}});
    let tick = client.ask("request_spell", dig)["data"]["tick"].as_u64().expect("a tick");
    client.event("tick_frame", |frame| frame["tick"] == tick);

    let seen = host.request("GET", "/worlds/default/map?x=-5&z=-40&size=64", b"");
    let world =
        World::restore(&host.request("GET", "/worlds/default/snapshot", b"").body).expect("a snapshot");
    assert_eq!((seen.status, seen.body.len()), (200, 64 * 64 * 4));
    assert!(seen.header("spellhost-tick").is_some_and(|at| at.parse::<u64>().is_ok_and(|at| at > tick)));
    for (at, column) in seen.body.chunks_exact(4).enumerate() {
        let (x, z) = (at as i32 % 64 - 5, at as i32 / 64 - 40);
        let height = i32::from(i16::from_le_bytes([column[0], column[1]]));
        let top = world.voxels().get(BlockPos::new(x, height - 1, z));
        let above = world.voxels().get(BlockPos::new(x, height, z));
        assert_eq!((u16::from(column[2]), above.number()), (top.number(), 0), "({x}, {z})");
    }

    let scene = host.request("GET", "/worlds/default/scene", b"").json();
    let kinds: Vec<_> =
        scene["entities"].as_array().expect("a list").iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["player"]);
    for (path, status) in [
        ("/worlds/nowhere/map?x=0&z=0&size=1", 404),
        ("/worlds/nowhere/scene", 404),
        ("/worlds/default/map?x=0&z=0", 400),
        ("/worlds/default/map?x=0&z=0&size=257", 400),
        ("/worlds/default/map?x=2000000&z=0&size=16", 400),
    ] {
        assert_eq!(host.request("GET", path, b"").status, status, "{path}");
    }
}
