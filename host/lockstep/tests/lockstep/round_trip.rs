//! What was played, as a frame and back: nothing is lost.

use std::collections::BTreeSet;

use proptest::prelude::*;
use spellhost_lockstep::entering;
use spellhost_wire::Frame;

use crate::busy::{pins, play, through_json, through_postcard};
use crate::harness::flat;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn inputs_come_back_as_they_were_through_both_encodings(seed: u64) {
        let pins = pins();
        for played in play(&mut flat(), seed, 60) {
            let (json, packed) = (through_json(&played.frame), through_postcard(&played.frame));
            // Of parameters JSON has no kinds: a block may read as a point until it enters.
            prop_assert_eq!(without_params(&json), without_params(&played.frame));
            prop_assert_eq!(&packed, &played.frame);
            for frame in [json, packed] {
                prop_assert_eq!(entering::inputs(&frame, &pins), Ok(played.inputs.clone()));
            }
        }
    }
}

fn without_params(frame: &Frame) -> Frame {
    let mut frame = frame.clone();
    frame.casts.iter_mut().for_each(|cast| cast.cast_params.params.clear());
    frame
}

#[test]
fn the_busy_worlds_know_every_effect_outcome_and_input() {
    let mut seen = BTreeSet::new();
    for seed in 0..12 {
        for played in play(&mut flat(), seed, 60) {
            let frame = &played.frame;
            seen.extend(frame.casts.iter().filter(|cast| cast.outcome.is_some()).map(|_| "refused".into()));
            seen.extend(frame.inputs.iter().map(word));
            seen.extend(frame.ops.iter().map(word));
            seen.extend(frame.swaps.iter().map(word));
            for call in &frame.calls {
                seen.extend([word(&call.outcome), call.export.clone()]);
                seen.extend(call.effects.iter().flatten().map(word));
                let skips = matches!(call.outcome, spellhost_wire::Outcome::Applied { skipped: 1.. });
                seen.extend(skips.then(|| "skips".into()));
            }
        }
    }
    let words = "SetVoxel FillSphere FillBox WatchBox SpawnProjectile Damage Heal Push Teleport ApplyStatus SpawnNpc \
                 Despawn PlayVfx PlaySound Message WakeAfter CancelTimer Broadcast Send Listen Save Finish Applied Failed \
                 Invalid Trapped OutOfFuel Limit refused skips cast on-event migrate RemoteEvent Spawn ClearTerrain TakeDown Swap";
    for word in words.split_whitespace() {
        assert!(seen.contains(word), "no busy world has {word}: {seen:?}");
    }
}

/// The first word of a value's debug form.
fn word(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(']).next().unwrap_or_default().into()
}
