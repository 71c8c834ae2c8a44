//! The hash tree: every node is made of its children, and what differs is found by walking down.

use crate::harness::*;
use crate::restoring::{busy, inputs};
use serde::Serialize;
use spellhost_sim::*;
use xxhash_rust::xxh3::xxh3_128;

/// Keeps the bytes that a hash is taken of.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Reader for Kept {
    fn value(&mut self, value: &impl Serialize) {
        self.0 = postcard::to_allocvec(value).expect("a buffer that grows");
    }
}

fn number(hash: StateHash) -> u128 {
    u128::from_be_bytes(hash.0)
}

/// The bytes at a path, whose hash has to be that of the node.
fn bytes(world: &World, path: &str, hash: StateHash) -> Vec<u8> {
    let mut kept = Kept::default();
    let node = world.look(path, &mut kept).expect("a path that the world gave");
    assert_eq!(node.hash, hash, "{path}");
    if node.children.is_empty() && !path.starts_with("terrain/") && !path.contains("..") {
        assert_eq!(StateHash::from(xxh3_128(&kept.0)), hash, "{path}");
    }
    kept.0
}

/// Checks what a node is made of; how many nodes there are below it.
fn check(world: &World, path: &str) -> usize {
    let node = world.node(path).expect("a path that the world gave");
    assert!(node.children.len() <= CHILDREN_MAX, "{path}");
    let children = || node.children.iter().map(|(_, hash)| *hash);
    let depth = if path.is_empty() { 0 } else { 1 + path.matches('/').count() };
    let is_table = depth == 1 || path.contains("..");
    if depth == 0 {
        let all: Vec<u8> = children().flat_map(|hash| hash.0).collect();
        assert_eq!(StateHash::from(xxh3_128(&all)), node.hash);
        assert_eq!(node.hash, world.state_hash());
    } else if is_table && !["world", "events"].contains(&path) {
        assert_eq!(children().map(number).fold(0, u128::wrapping_add), number(node.hash), "{path}");
    } else if !node.children.is_empty() && path != "events" {
        let fields = node.children.iter().flat_map(|(path, hash)| bytes(world, path, *hash));
        let key = path.split_once('/').map(|(part, key)| match part {
            "channels" => {
                let (spell, channel) = key.split_once('.').expect("a head");
                let number = ["draft", "beta", "stable"].iter().position(|name| *name == channel);
                postcard::to_allocvec(&(spell, number.expect("a channel") as u8)).expect("a key")
            }
            _ => postcard::to_allocvec(&key.parse::<u64>().expect("a number")).expect("a key"),
        });
        let all: Vec<u8> = key.unwrap_or_default().into_iter().chain(fields).collect();
        assert_eq!(StateHash::from(xxh3_128(&all)), node.hash, "{path}");
    }
    node.children.iter().map(|(path, _)| 1 + check(world, path)).sum()
}

#[test]
fn every_node_is_made_of_its_children() {
    let mut world = flat();
    let mut most = 0;
    for tick in 0..120 {
        let opened = world.clone();
        play(&mut world, inputs(tick), |lane, call| busy(&opened, lane, call));
        most = most.max(check(&world, ""));
    }
    assert!(most > 200, "{most} nodes of a busy world");
}

#[test]
fn a_large_table_is_cut_into_ranges_that_hold_every_row() {
    let mut world = flat();
    let many = (0..1_000).map(|at| Op::Spawn(body(EntityKind::Npc, at % 50, 1, at / 50)));
    play(&mut world, Inputs { ops: many.collect(), ..Inputs::default() }, |_, _| ok([]));
    assert!(check(&world, "entities") > 1_000);
    let node = world.node("entities").expect("a table");
    assert!(
        node.children.len() <= 64 && node.children[0].0.starts_with("entities/.."),
        "{:?}",
        node.children[0]
    );

    // A row that only one side has lies in a range of the other.
    let mut other = world.clone();
    play(&mut world, Inputs::default(), |_, _| ok([]));
    let ops = vec![Op::Despawn(EntityId(700))];
    play(&mut other, Inputs { ops, ..Inputs::default() }, |_, _| ok([]));
    let ranges = world.node("entities").expect("a table").children;
    let differs = |path: &str, hash: StateHash| other.node(path).expect("a range").hash != hash;
    let range = ranges.iter().find(|(path, hash)| differs(path, *hash)).expect("a range that differs");
    let row = world.node(&range.0).expect("a range").children;
    let row = row.iter().find(|(path, hash)| differs(path, *hash)).expect("a row that differs");
    assert_eq!(row.0, "entities/700");
    assert_eq!(other.node("entities/700"), Some(Node::default()), "nothing hashes to zero");
}

#[test]
fn a_path_of_no_form_is_no_node() {
    let world = flat();
    let long = format!("entities/{}", "1".repeat(PATH_BYTES_MAX));
    for path in [
        "nothing",
        "/",
        "entities/",
        "entities/x",
        "entities/1/2/3",
        "entities/9..3",
        "terrain/1,2",
        "terrain/1,2,3,4",
        "channels/Ember.stable",
        "channels/ember.gamma",
        "world/nothing",
        "events/-1",
        &long,
    ] {
        assert_eq!(world.node(path), (path == "entities/1/2/3").then(Node::default), "{path}");
    }
}
