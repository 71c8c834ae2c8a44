//! Calls: order, lanes, timers, listeners, watches, the end of a spell's life.

use crate::harness::*;
use spellhost_sim::*;

fn entries(opened: &Opened) -> Vec<(u64, u64, String)> {
    let calls = opened.lanes.iter().flat_map(|lane| lane.calls.iter().map(move |call| (lane.cast, call)));
    let mut calls: Vec<_> =
        calls.map(|(cast, call)| (call.id.0, cast.0, format!("{:?}", call.entry))).collect();
    calls.sort();
    calls
}

#[test]
fn calls_commit_in_order_whatever_the_order_of_results() {
    let mut world = flat();
    let caster = player(&mut world);
    let pos = BlockPos::new(0, 9, 0);
    let report = play(&mut world, casts([cast(caster), cast(caster)]), |lane, _| {
        let material = if lane.cast.0 == 1 { Material::STONE } else { Material::GLASS };
        ok([Command::SetVoxel { pos, material }])
    });
    assert_eq!(world.voxel(pos), Material::GLASS);
    let change = |from, to| vec![VoxelChange { from, to, count: 1 }];
    assert_eq!(report.calls[0].voxels, change(Material::AIR, Material::STONE));
    assert_eq!(report.calls[1].voxels, change(Material::STONE, Material::GLASS));
    assert_eq!(report.chunks, [(pos.chunk(), 2)]);
}

#[test]
fn entity_ids_are_known_beforehand_and_never_shared() {
    let mut world = flat();
    let caster = player(&mut world);
    let mut firsts = vec![];
    let report = play(&mut world, casts([cast(caster), cast(caster)]), |_, call| {
        firsts.push(call.first_entity.0);
        let position = Point::from_blocks(4, 2, 4);
        ok([0, 1].map(|tag| Command::SpawnNpc { template: Template::DUMMY, position, tag }))
    });
    assert_eq!(firsts[1], firsts[0] + limits::ENTITY_IDS_PER_CALL);
    assert_eq!(report.calls[1].spawned, [EntityId(firsts[1]), EntityId(firsts[1] + 1)]);
    assert_eq!(world.entity(EntityId(firsts[1] + 1)).expect("it was spawned").owner, Some(caster));
}

#[test]
fn a_call_that_is_not_applied_leaves_nothing() {
    let mut world = flat();
    let caster = player(&mut world);
    let before = world.snapshot();
    let trapped = Outcome::Trapped { trap: "unreachable".into(), location: None };
    let report = play(&mut world, casts([cast(caster)]), |_, _| Reply {
        commands: vec![damage(caster, 5), Command::Save { bytes: vec![1] }],
        ..ended(trapped.clone())
    });
    assert_eq!((report.calls[0].effects.len(), report.calls[0].entities.len()), (0, 0));
    assert_eq!(report.calls[0].fuel_used, limits::GRANT_FUEL, "a trap is charged the whole grant");
    assert_eq!((health(&world, caster), report.ended.len()), (100, 1));
    assert_ne!(before, world.snapshot());
}

#[test]
fn timers_come_at_their_tick_by_due_tick_then_creation() {
    let mut world = flat();
    let caster = player(&mut world);
    let wake = |after, tag| Command::WakeAfter { after, tag };
    act(
        &mut world,
        caster,
        vec![wake(3, 1), wake(2, 2), wake(0, 3), wake(2, 4), wake(2, 5), Command::CancelTimer { tag: 4 }],
    );
    let told: Vec<Vec<Event>> = (0..4)
        .map(|_| {
            let mut events = vec![];
            play(&mut world, Inputs::default(), |_, call| {
                if let Entry::Event(event) = &call.entry {
                    events.push(event.clone());
                }
                ok([])
            });
            events
        })
        .collect();
    let timer = |tag| Event::Timer { tag };
    assert_eq!(told, [vec![timer(3)], vec![timer(2), timer(5)], vec![timer(1)], vec![]]);
    assert_eq!(world.active_spells().count(), 0, "nothing is left to wait for");
}

#[test]
fn the_order_of_calls_is_casts_timers_events_remotes() {
    let mut world = flat();
    let caster = player(&mut world);
    let down = bolt(Point::from_blocks(9, 1, 9), per_tick(0, -2, 0));
    let listen = Command::Listen { name: "go".into(), duration: 10 };
    let commands = vec![Command::SpawnProjectile(down), Command::WakeAfter { after: 1, tag: 0 }, listen];
    let light = CastRequest { revision: RevisionRef { grant: 1_000, ..revision(1) }, ..cast(caster) };
    play(&mut world, casts([light]), |_, _| ok(commands.clone()));
    let remote = |cast| RemoteInput {
        spell: spell("ember"),
        cast,
        player: caster,
        name: "go".into(),
        payload: "x".into(),
    };
    let other = CastRequest { spell: spell("other"), ..cast(caster) };
    let inputs = Inputs {
        casts: vec![other],
        remotes: vec![remote(None), remote(Some(CastId(2))), remote(Some(CastId(1)))],
        ..Inputs::default()
    };
    let opened = world.open_tick(inputs);
    let kinds: Vec<(u64, String)> = entries(&opened)
        .into_iter()
        .map(|(_, cast, entry)| {
            (cast, entry.split(['{', '(']).take(2).collect::<String>().trim().to_string())
        })
        .collect();
    let expected =
        [(2, "Cast"), (1, "EventTimer"), (1, "EventProjectileHit"), (1, "EventRemote"), (1, "EventRemote")];
    assert_eq!(kinds, expected.map(|(cast, entry)| (cast, entry.to_string())));
    assert_eq!(opened.lanes.len(), 2, "one lane for each active spell");
}

#[test]
fn state_is_handed_on_and_the_last_applied_save_wins() {
    let mut world = flat();
    let caster = player(&mut world);
    let save = |byte| Command::Save { bytes: vec![byte] };
    let wake = |tag| Command::WakeAfter { after: 1, tag };
    act(&mut world, caster, vec![save(1), wake(1), wake(2), wake(3)]);
    play(&mut world, Inputs::default(), |lane, call| {
        assert_eq!(lane.state, [1]);
        match call.entry {
            Entry::Event(Event::Timer { tag: 1 }) => ok([save(2)]),
            Entry::Event(Event::Timer { tag: 2 }) => ok([save(3), Command::WakeAfter { after: 1, tag: 0 }]),
            _ => Reply { commands: vec![save(4)], ..failed() },
        }
    });
    assert_eq!(world.active_spells().next().expect("it has a timer").state, [3]);
}

#[test]
fn a_finished_spell_acts_no_more_and_its_projectiles_live_on() {
    let mut world = flat();
    let caster = player(&mut world);
    let up = bolt(Point::from_blocks(9, 50, 9), per_tick(0, 1, 0));
    act(
        &mut world,
        caster,
        vec![
            Command::SpawnProjectile(up),
            Command::WakeAfter { after: 1, tag: 1 },
            Command::WakeAfter { after: 1, tag: 2 },
        ],
    );
    let report = play(&mut world, Inputs::default(), |_, call| match call.entry {
        Entry::Event(Event::Timer { tag: 1 }) => ok([Command::Finish, damage(caster, 1)]),
        _ => ok([damage(caster, 50)]),
    });
    assert_eq!(health(&world, caster), 99, "commands after finish in its own call count, later calls do not");
    assert_eq!(report.calls[1].outcome, Outcome::Applied { skipped: 1 });
    assert_eq!((report.ended.len(), world.active_spells().count()), (1, 0));
    assert_eq!(world.entities_by_kind(EntityKind::Projectile, 9).len(), 1);
    let ends: usize = idle(&mut world, 80).iter().map(|report| report.events.len()).sum();
    assert_eq!((ends, world.entities_by_kind(EntityKind::Projectile, 9).len()), (0, 0));
}

#[test]
fn a_watched_box_tells_who_comes_and_goes() {
    let mut world = flat();
    let caster = player(&mut world);
    let [npc] = spawn(&mut world, [body(EntityKind::Npc, 20, 1, 20)]);
    let watch = |duration| Command::WatchBox {
        min: BlockPos::new(10, 0, 10),
        size: BlockSize::new(4, 4, 4),
        tag: 5,
        duration,
    };
    act(
        &mut world,
        caster,
        vec![watch(20), Command::WakeAfter { after: 1, tag: 1 }, Command::WakeAfter { after: 2, tag: 2 }],
    );
    let teleport = |x| Command::Teleport { id: npc, to: Point::from_blocks(x, 1, 11) };
    let inward = play(&mut world, Inputs::default(), |_, _| ok([teleport(11)]));
    let outward = play(&mut world, Inputs::default(), |_, call| match call.entry {
        Entry::Event(Event::Timer { .. }) => ok([teleport(30)]),
        _ => ok([]),
    });
    let trigger = |entered| vec![(CastId(1), Event::Trigger { tag: 5, entity: npc, entered })];
    assert_eq!((inward.events, outward.events), (trigger(true), trigger(false)));
    let ends = idle(&mut world, 30).iter().position(|report| report.ended.len() == 1);
    assert_eq!(ends, Some(17), "the watch is all that keeps it alive: until 20 ticks after tick 2");
}

#[test]
fn an_active_spell_lives_no_longer_than_its_limit() {
    let mut world = flat();
    let caster = player(&mut world);
    let forever = Command::Listen { name: "x".into(), duration: limits::DURATION_TICKS_MAX };
    let born = act(&mut world, caster, vec![forever]).tick;
    let mut reports = idle(&mut world, limits::DURATION_TICKS_MAX);
    let last = reports.pop().expect("many ticks");
    assert!(reports.iter().all(|report| report.ended.is_empty()));
    assert_eq!((last.ended.as_slice(), last.tick), ([CastId(1)].as_slice(), born + 36_000));
}

#[test]
fn the_digest_of_effects_knows_all_but_the_texts_of_messages() {
    let digest = |reply: Reply| {
        let mut world = flat();
        let caster = player(&mut world);
        let mut reply = Some(reply);
        let report = play(&mut world, casts([cast(caster)]), |_, _| reply.take().expect("one call"));
        report.calls[0].effects_digest
    };
    let say = |text: &str| Command::Message { player: EntityId(1), text: text.into() };
    let sound = |asset: &str| Command::PlaySound { asset: asset.into(), at: Point::default() };
    let base = digest(ok([say("a"), sound("a")]));
    assert_eq!(base, digest(ok([say("b"), sound("a")])));
    assert_ne!(base, digest(ok([say("a"), sound("b")])));
    assert_ne!(base, digest(ok([sound("a"), say("a")])));
    assert_ne!(base, digest(ok([sound("a")])));
    assert_ne!(base, digest(Reply { fuel: 1_001, ..ok([say("a"), sound("a")]) }));
    assert_ne!(digest(ok([])), digest(Reply { fuel: 1_000, ..failed() }));
}

#[test]
fn commands_are_refused_with_the_field_and_the_limit() {
    let mut world = flat();
    let caster = player(&mut world);
    world.open_tick(casts([cast(caster)]));
    let said = |issued: &[Command], command: Command| match world.check(CastId(1), issued, &command) {
        Ok(()) => "fine".to_string(),
        Err(Invalid { field, message }) => format!("{field}: {message}"),
    };
    let sphere = |radius: i64| Command::FillSphere {
        center: Point::default(),
        radius: Coord::from_raw(radius),
        material: Material::ICE,
        mode: FillMode::Add,
    };
    assert_eq!(said(&[], sphere(40 << 16)), "radius: 40 is more than 24 blocks");
    assert_eq!(said(&[], sphere(0)), "radius: 0 is not more than 0 blocks");
    assert_eq!(said(&[], sphere((24 << 16) + 32_768)), "radius: 24.5 is more than 24 blocks");
    assert_eq!(said(&[], damage(EntityId(77), 1)), "id: there was no entity 77 when the tick opened");
    assert_eq!(said(&[], damage(caster, 1_000_001)), "points: 1000001 is more than 1000000 points");
    assert_eq!(
        said(&[], Command::Despawn { id: caster }),
        "id: entity 1 is a player, which cannot be removed"
    );
    let set = Command::SetVoxel { pos: BlockPos::new(0, 1_024, 0), material: Material::ICE };
    assert_eq!(said(&[], set), "pos: block (0, 1024, 0) is outside of the world");
    let push = Command::Push { id: caster, velocity: per_tick(0, -65, 0) };
    assert_eq!(said(&[], push), "vector.y: -3900 is beyond 3840 blocks per second either way");
    let wake = Command::WakeAfter { after: 1, tag: 3 };
    let full = vec![wake.clone(); limits::TIMERS_MAX];
    assert_eq!(said(&full, wake.clone()), "after: 16 timers are pending already, and 16 is the most");
    assert_eq!(said(&[full, vec![Command::CancelTimer { tag: 3 }]].concat(), wake), "fine");
    let heavy = ProjectileSpec { gravity: Rate::from_whole(2), ..bolt(Point::default(), Velocity::ZERO) };
    let refused = "gravity: 7200 is beyond 3600 blocks per second squared either way";
    assert_eq!(said(&[], Command::SpawnProjectile(heavy)), refused);
    let listen = |name: &str| Command::Listen { name: name.into(), duration: 1 };
    let many: Vec<Command> = (0..16).map(|name| listen(&name.to_string())).collect();
    assert_eq!(said(&many, listen("3")), "fine");
    assert_eq!(said(&many, listen("x")), "name: 16 names are listened for already, and 16 is the most");
}
