//! Fuel, waiting, mana and cooldown.

use crate::harness::*;
use spellhost_sim::limits::{
    CALL_OVERHEAD_FUEL, GRANT_FUEL, INSTANTIATE_FUEL_MAX, PLAYER_BUCKET_FUEL, TICK_FUEL,
};
use spellhost_sim::*;

fn spend(_: &Lane, call: &Call) -> Reply {
    Reply { fuel: call.grant, ..ok([]) }
}

#[test]
fn an_empty_bucket_waits_and_others_pass() {
    let mut world = flat();
    let [a, b] = spawn(&mut world, [body(EntityKind::Player, 0, 1, 0), body(EntityKind::Player, 5, 1, 0)]);
    let burst = (PLAYER_BUCKET_FUEL / (GRANT_FUEL + CALL_OVERHEAD_FUEL)) as usize;
    let many = std::iter::repeat_n(cast(a), burst + 2).chain([cast(b)]);
    let report = play(&mut world, casts(many), spend);
    let ran: Vec<u64> = report.calls.iter().map(|call| call.cast.0).collect();
    assert_eq!(ran, [1, 2, 3, 4, 7]);
    assert_eq!(report.waiting, 2);
    // A bucket gains a fifth of a grant each tick, and each call takes its overhead beside its grant.
    let mut waited = vec![];
    for _ in 0..10 {
        let report = play(&mut world, Inputs::default(), spend);
        waited.push(report.calls.iter().map(|call| call.cast.0).collect::<Vec<_>>());
    }
    assert_eq!(waited, [vec![], vec![], vec![5], vec![], vec![], vec![], vec![], vec![6], vec![], vec![]]);
}

/// How many casts of one player run in one tick.
fn burst(revision: RevisionRef, reply: fn(&Lane, &Call) -> Reply) -> (usize, TickReport) {
    let mut world = flat();
    let caster = player(&mut world);
    let many = std::iter::repeat_n(CastRequest { revision, ..cast(caster) }, 1_000);
    let report = play(&mut world, casts(many), reply);
    (report.calls.len(), report)
}

#[test]
fn making_an_instance_is_paid_for_and_never_reported() {
    let cheap = RevisionRef { grant: 1, ..revision(1) };
    let costly = RevisionRef { instantiate_fuel: INSTANTIATE_FUEL_MAX, ..cheap };
    let lying = RevisionRef { instantiate_fuel: u64::MAX, ..cheap };
    assert_eq!(burst(cheap, spend).0, (PLAYER_BUCKET_FUEL / (1 + CALL_OVERHEAD_FUEL)) as usize);
    let (calls, report) = burst(costly, spend);
    assert_eq!(calls, (PLAYER_BUCKET_FUEL / (1 + CALL_OVERHEAD_FUEL + INSTANTIATE_FUEL_MAX)) as usize);
    assert_eq!((report.calls[0].fuel_used, report.calls[0].fuel_granted), (1, 1));
    assert_eq!(burst(lying, spend).0, calls, "no revision costs more than an instance may");
}

#[test]
fn only_the_unused_grant_comes_back() {
    let mut world = flat();
    let caster = player(&mut world);
    let costly = RevisionRef { instantiate_fuel: INSTANTIATE_FUEL_MAX, ..revision(1) };
    let unused = |_: &Lane, _: &Call| Reply { fuel: 0, ..ok([]) };
    let request = CastRequest { revision: costly, ..cast(caster) };
    // Two grants and instances are in the bucket; then what the instances took is missing.
    let ran: Vec<usize> = (0..12)
        .map(|_| play(&mut world, casts([request.clone(), request.clone()]), unused).calls.len())
        .collect();
    assert_eq!(ran[..2], [2, 2], "a full bucket");
    assert!(ran[4..].iter().sum::<usize>() < 8, "400,000 fuel a tick do not pay an instance: {ran:?}");
}

#[test]
fn what_was_not_charged_comes_back() {
    let mut world = flat();
    let caster = player(&mut world);
    for _ in 0..30 {
        let report = play(&mut world, casts(std::iter::repeat_n(cast(caster), 4)), |_, _| ok([]));
        assert_eq!((report.calls.len(), report.waiting), (4, 0), "4,000 fuel a tick is less than the refill");
    }
}

#[test]
fn a_spent_tick_makes_everything_behind_wait() {
    const FITS: usize = (TICK_FUEL / (GRANT_FUEL + CALL_OVERHEAD_FUEL)) as usize;
    const BURST: usize = (PLAYER_BUCKET_FUEL / (GRANT_FUEL + CALL_OVERHEAD_FUEL)) as usize;
    let mut world = flat();
    let players = spawn(&mut world, [body(EntityKind::Player, 0, 1, 0); FITS.div_ceil(BURST) + 1]);
    let (last, others) = players.split_last().expect("there are many");
    let cheap = CastRequest { revision: RevisionRef { grant: 1, ..revision(1) }, ..cast(*last) };
    let full = others.iter().flat_map(|id| std::iter::repeat_n(cast(*id), BURST)).take(FITS);
    let many = full.chain([cast(*last), cheap]);
    let report = play(&mut world, casts(many), spend);
    assert_eq!((report.calls.len(), report.waiting), (FITS, 2), "a small call does not pass a large one");
    let report = play(&mut world, Inputs::default(), spend);
    assert_eq!((report.calls.len(), report.waiting), (2, 0));
}

#[test]
fn a_timer_without_budget_comes_later_in_its_turn() {
    let mut world = flat();
    let caster = player(&mut world);
    act(&mut world, caster, vec![Command::WakeAfter { after: 1, tag: 1 }]);
    let report = play(&mut world, casts(std::iter::repeat_n(cast(caster), 5)), spend);
    assert_eq!((report.calls.len(), report.waiting), (4, 2), "casts come before timers");
    assert_eq!(world.active_spells().count(), 2);
    let late = idle(&mut world, 12);
    let order: Vec<u64> =
        late.iter().flat_map(|report| report.calls.iter().map(|call| call.cast.0)).collect();
    assert_eq!(order, [6, 1], "first in, first out");
}

#[test]
fn timers_that_never_find_budget_stay_bounded_and_restorable() {
    let mut world = flat();
    let caster = player(&mut world);
    let mut inputs = casts([cast(caster)]);
    let mut waiting = 0;
    for _ in 0..400 {
        // Every call uses its whole grant and asks for as many timers as there can be.
        let opened = world.open_tick(std::mem::take(&mut inputs));
        let wakes = (0..16).map(|tag| Command::WakeAfter { after: 1, tag }).collect::<Vec<_>>();
        let answer = |call: &Call| CallResult {
            id: call.id,
            outcome: Outcome::Applied { skipped: 0 },
            fuel_used: call.grant,
            commands: wakes.clone(),
        };
        let results = opened.lanes.iter().flat_map(|lane| &lane.calls).map(answer).collect();
        waiting = world.close_tick(results).waiting;
    }
    assert_eq!(waiting as usize, limits::PENDING_EVENTS_MAX);
    let restored = World::restore(&world.snapshot()).expect("a world that was played is sound");
    assert_eq!(restored.state_hash(), world.state_hash());
}

#[test]
fn mana_and_cooldown_come_back_only_for_failed() {
    let mut world = flat();
    let caster = player(&mut world);
    let costly =
        CastRequest { revision: RevisionRef { cooldown: 30, mana: 60, ..revision(1) }, ..cast(caster) };
    let other = CastRequest { spell: spell("other"), ..costly.clone() };
    let report = play(&mut world, casts([costly.clone(), costly.clone(), other.clone()]), |_, _| failed());
    let refused: Vec<_> = report.casts.iter().map(|cast| cast.refused).collect();
    assert_eq!(refused, [None, Some(Refusal::Cooldown), Some(Refusal::Mana)]);
    assert_eq!(world.mana(caster), 100);
    play(&mut world, casts([costly.clone()]), |_, _| ended(Outcome::OutOfFuel));
    assert_eq!(world.mana(caster), 40);
    let again = play(&mut world, casts([costly.clone(), other.clone()]), |_, _| ok([]));
    assert_eq!(
        again.casts.iter().map(|cast| cast.refused).collect::<Vec<_>>(),
        [Some(Refusal::Cooldown), Some(Refusal::Mana)]
    );
    idle(&mut world, 28);
    let late = CastRequest { revision: RevisionRef { mana: 40, ..costly.revision }, ..costly };
    let early = play(&mut world, casts([late]), |_, _| ok([]));
    assert_eq!(early.casts[0].refused, None, "the cooldown of 30 ticks is over");
}

#[test]
fn nobody_casts_who_is_dead_or_gone() {
    let mut world = flat();
    let caster = player(&mut world);
    act(&mut world, caster, vec![damage(caster, 100)]);
    let report = play(&mut world, casts([cast(caster), cast(EntityId(999))]), |_, _| ok([]));
    assert!(report.casts.iter().all(|cast| cast.refused == Some(Refusal::Dead)));
}

#[test]
fn a_world_full_of_active_spells_takes_no_more() {
    let mut world = flat();
    let specs = [0; 1024].map(|_| body(EntityKind::Player, 0, 1, 0));
    let players = spawn(&mut world, specs);
    let light = |caster| CastRequest { revision: RevisionRef { grant: 1, ..revision(1) }, ..cast(caster) };
    let many: Vec<CastRequest> =
        players.iter().flat_map(|id| [light(*id), light(*id), light(*id), light(*id)]).collect();
    let stay = Command::Listen { name: "x".into(), duration: 100 };
    play(&mut world, casts(many), |_, _| ok([stay.clone()]));
    let report = play(&mut world, casts([cast(players[0])]), |_, _| ok([]));
    assert_eq!(report.casts[0].refused, Some(Refusal::Budget));
}
