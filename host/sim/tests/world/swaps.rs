//! Swaps and migrations.

use crate::harness::*;
use spellhost_sim::*;

fn swap(number: u8) -> Inputs {
    let swap = Swap { spell: spell("ember"), channel: Channel::Draft, revision: revision(number) };
    Inputs { swaps: vec![swap], ..Inputs::default() }
}

fn stay() -> Command {
    Command::Listen { name: "x".into(), duration: 1_000 }
}

/// `count` active spells, each by a player of its own.
fn populate<const N: usize>(world: &mut World) -> [EntityId; N] {
    let players = spawn(world, [0; N].map(|_| body(EntityKind::Player, 0, 1, 0)));
    for few in players.chunks(8) {
        play(world, casts(few.iter().map(|id| cast(*id))), |_, _| {
            ok([stay(), Command::Save { bytes: vec![1] }])
        });
    }
    players
}

fn migrate(bytes: &[u8]) -> Reply {
    ok([Command::Save { bytes: bytes.to_vec() }])
}

#[test]
fn a_lane_begins_with_its_migration_and_goes_on_with_the_new_revision() {
    let mut world = flat();
    let caster = player(&mut world);
    act(&mut world, caster, vec![stay(), Command::WakeAfter { after: 1, tag: 0 }]);
    let fresh = CastRequest { revision: revision(2), ..cast(caster) };
    let report = play(&mut world, Inputs { casts: vec![fresh], ..swap(2) }, |lane, call| match &call.entry {
        Entry::Migrate { from } => {
            assert_eq!(
                (*from, lane.revision, lane.migrate_to),
                (revision(1).id, revision(1), Some(revision(2)))
            );
            migrate(b"new")
        }
        _ => ok([]),
    });
    let order: Vec<_> =
        report.calls.iter().map(|call| (call.entry.export(), call.cast.0, call.revision.id)).collect();
    let new = revision(2).id;
    assert_eq!(order, [("migrate", 1, new), ("cast", 2, new), ("on-event", 1, new)]);
    let migrated =
        Migration { cast: CastId(1), spell: spell("ember"), from: revision(1).id, to: new, migrated: true };
    assert_eq!(report.migrations, [migrated]);
    assert_eq!(world.active_spells().next().expect("it listens").state, b"new");
}

#[test]
fn calls_behind_a_migration_run_on_the_grant_of_the_revision_that_runs() {
    for (migrates, before, after) in [(true, 50_000, 90_000), (true, 90_000, 50_000), (false, 50_000, 90_000)]
    {
        let mut world = flat();
        let caster = player(&mut world);
        let old = RevisionRef { grant: before, ..revision(1) };
        let new = RevisionRef { grant: after, ..revision(2) };
        let request = CastRequest { revision: old, ..cast(caster) };
        play(&mut world, casts([request]), |_, _| ok([stay(), Command::WakeAfter { after: 1, tag: 0 }]));
        let swaps = vec![Swap { spell: spell("ember"), channel: Channel::Draft, revision: new }];
        let report = play(&mut world, Inputs { swaps, ..Inputs::default() }, |lane, call| match call.entry {
            Entry::Migrate { .. } if migrates => migrate(b""),
            Entry::Migrate { .. } => failed(),
            _ => Reply { fuel: lane.grant(call, migrates), ..ok([]) },
        });
        let runs = if migrates { new } else { old };
        let call = &report.calls[1];
        assert_eq!((call.revision, call.fuel_granted, call.fuel_used), (runs, runs.grant, runs.grant));
    }
}

#[test]
fn a_failed_migration_leaves_everything_until_the_next_swap() {
    let mut world = flat();
    populate::<1>(&mut world);
    let too_large = vec![0; limits::STATE_BYTES_MAX];
    let report = play(&mut world, swap(2), |_, _| Reply {
        commands: vec![Command::Save { bytes: too_large.clone() }],
        ..failed()
    });
    assert!(!report.migrations[0].migrated);
    let still = world.active_spells().next().expect("it listens").clone();
    assert_eq!((still.revision, still.state), (revision(1), vec![1]));
    assert!(idle(&mut world, 3).iter().all(|report| report.migrations.is_empty()), "no second try by itself");
    let report = play(&mut world, swap(3), |_, _| migrate(b""));
    assert_eq!((report.migrations[0].to, report.migrations[0].migrated), (revision(3).id, true));
}

#[test]
fn sixty_four_migrate_in_a_tick_and_the_rest_wait_their_turn() {
    let mut world = flat();
    populate::<80>(&mut world);
    let first = play(&mut world, swap(2), |_, _| migrate(b""));
    assert_eq!(
        first.migrations.iter().map(|row| row.cast.0).collect::<Vec<_>>(),
        (1..=64).collect::<Vec<_>>()
    );
    let saved = World::restore(&world.snapshot()).expect("a sound snapshot");
    for mut world in [world, saved] {
        let second = play(&mut world, Inputs::default(), |_, _| migrate(b""));
        assert_eq!(second.migrations.len(), 16);
        assert!(world.active_spells().all(|spell| spell.revision == revision(2)));
    }
}

#[test]
fn the_last_swap_wins_and_a_pinned_spell_stays() {
    let mut world = flat();
    let [a, b] = spawn(&mut world, [body(EntityKind::Player, 0, 1, 0), body(EntityKind::Player, 3, 1, 0)]);
    let pinned = CastRequest { channel: None, ..cast(b) };
    play(&mut world, casts([cast(a), pinned]), |_, _| ok([stay()]));
    let swaps = [swap(2), swap(3)].map(|inputs| inputs.swaps).concat();
    let report = play(&mut world, Inputs { swaps, ..Inputs::default() }, |_, _| migrate(b""));
    assert_eq!(
        report.migrations.iter().map(|row| (row.cast.0, row.to)).collect::<Vec<_>>(),
        [(1, revision(3).id)]
    );
    let back = play(&mut world, swap(3), |_, _| migrate(b""));
    assert_eq!(back.migrations, [], "who runs it already does not migrate");
}

#[test]
fn a_waiting_cast_keeps_its_revision() {
    let mut world = flat();
    let caster = player(&mut world);
    play(&mut world, casts(std::iter::repeat_n(cast(caster), 5)), |_, call| Reply {
        fuel: call.grant,
        ..ok([])
    });
    let mut ran = play(&mut world, swap(2), |_, _| ok([])).calls;
    ran.extend(idle(&mut world, 6).into_iter().flat_map(|report| report.calls));
    assert_eq!(ran.iter().map(|call| (call.cast.0, call.revision)).collect::<Vec<_>>(), [(5, revision(1))]);
}

#[test]
fn a_cast_that_waited_through_a_swap_migrates_after_its_first_call() {
    let mut world = flat();
    let caster = player(&mut world);
    let spend = |_: &Lane, call: &Call| Reply { fuel: call.grant, ..ok([]) };
    play(&mut world, casts(std::iter::repeat_n(cast(caster), 5)), spend);
    play(&mut world, swap(2), |_, _| ok([]));
    let listen = || Command::Listen { name: "ask".into(), duration: 100 };
    let mut ran = Vec::new();
    for _ in 0..8 {
        let report = play(&mut world, Inputs::default(), |_, call| match call.entry {
            Entry::Cast => ok([listen()]),
            _ => ok([Command::Save { bytes: vec![] }]),
        });
        ran.extend(report.calls.into_iter().map(|call| (call.cast.0, call.entry.export(), call.revision)));
    }
    assert_eq!(ran, [(5, "cast", revision(1)), (5, "migrate", revision(2))]);
    assert_eq!(world.active_spells().map(|spell| spell.revision).collect::<Vec<_>>(), [revision(2)]);
}

#[test]
fn a_revision_that_is_taken_down_ends_in_that_tick_and_nothing_migrates_to_it() {
    let mut world = flat();
    let [first, second] = populate(&mut world);
    let wake = Command::WakeAfter { after: 1, tag: 0 };
    act(&mut world, first, vec![stay(), wake]);
    let pinned = CastRequest { revision: revision(2), channel: None, ..cast(second) };
    play(&mut world, casts([pinned]), |_, _| ok([stay()]));
    assert_eq!(world.active_spells().count(), 4);
    let take = |number| Inputs { ops: vec![Op::TakeDown(revision(number).id)], ..Inputs::default() };
    let report = play(&mut world, take(1), |_, call| panic!("{call:?} runs"));
    assert_eq!(report.ended, [CastId(1), CastId(2), CastId(3)]);
    assert!(world.active_spells().all(|spell| spell.revision == revision(2)));
    // What a channel pointed to is forgotten, before anything has migrated to it.
    let both = Inputs { ops: take(3).ops, ..swap(3) };
    play(&mut world, both, |_, call| panic!("{call:?} runs"));
    assert_eq!(world.head(&spell("ember"), Channel::Draft), None);
    assert_eq!(World::restore(&world.snapshot()).expect("a snapshot").state_hash(), world.state_hash());
}
