//! Golden vectors: one frame with one of nearly everything, in both encodings. A change here is a
//! change of the protocol.

use expect_test::expect;
use spellhost_wire::{
    Bytes, Call, Cast, CastParams, Channel, Digest, Effect, Fill, Frame, Fuel, Hash, Input, NamedValue, Op,
    Outcome, Refusal, Swap, Target, Value,
};

fn frame() -> Frame {
    let digest = |byte| Digest([byte; 32]);
    Frame {
        world_id: "default".into(),
        tick: 7,
        inputs: vec![Input::RemoteEvent {
            spell_id: "mirror".into(),
            cast_id: None,
            player: 1,
            name: "ask".into(),
            payload: "{}".into(),
        }],
        casts: vec![Cast {
            cast_id: 2,
            spell_id: "fireball".into(),
            revision_id: digest(0xaa),
            component: digest(0xbb),
            channel: Some(Channel::Draft),
            caster_id: 1,
            cast_params: CastParams {
                origin: None,
                direction: Some([0.0, 0.0, -1.0]),
                target: Some(Target::Entity(3)),
                params: vec![NamedValue { name: "power".into(), value: Value::Number { value: 4.5 } }],
            },
            seed: None,
            outcome: Some(Outcome::Refused { reason: Refusal::Mana }),
        }],
        ops: vec![Op::ClearTerrain {}, Op::Despawn { id: 9 }],
        swaps: vec![Swap {
            spell_id: "fireball".into(),
            channel: Channel::Stable,
            revision_id: digest(1),
            component: digest(2),
        }],
        state_hash: Hash([0x5a; 16]),
        calls: vec![Call {
            call_id: 11,
            cast_id: 2,
            export: "cast".into(),
            spell_id: "fireball".into(),
            revision_id: digest(0xaa),
            outcome: Outcome::Applied { skipped: 1 },
            fuel: Fuel { used: 1_234, granted: 5_000_000 },
            effects_digest: digest(0xcc),
            effects: Some(vec![
                Effect::FillSphere {
                    center: [0.5, 4.0, -11.5],
                    radius: 4.0,
                    material: "air".into(),
                    mode: Fill::Subtract,
                },
                Effect::Save { bytes: 3, data: Bytes(vec![1, 2, 255]) },
                Effect::Finish {},
            ]),
        }],
    }
}

#[test]
fn json() {
    let text = serde_json::to_string_pretty(&frame()).expect("plain data");
    expect![[r#"
        {
          "world_id": "default",
          "tick": 7,
          "inputs": [
            {
              "type": "remote_event",
              "spell_id": "mirror",
              "cast_id": null,
              "player": 1,
              "name": "ask",
              "payload": "{}"
            }
          ],
          "casts": [
            {
              "cast_id": 2,
              "spell_id": "fireball",
              "revision_id": "b3:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
              "component": "b3:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
              "channel": "draft",
              "caster_id": 1,
              "cast_params": {
                "origin": null,
                "direction": [
                  0.0,
                  0.0,
                  -1.0
                ],
                "target": {
                  "entity": 3
                },
                "params": {
                  "power": 4.5
                }
              },
              "seed": null,
              "outcome": {
                "kind": "refused",
                "reason": "mana"
              }
            }
          ],
          "ops": [
            {
              "type": "clear_terrain"
            },
            {
              "type": "despawn",
              "id": 9
            }
          ],
          "swaps": [
            {
              "spell_id": "fireball",
              "channel": "stable",
              "revision_id": "b3:0101010101010101010101010101010101010101010101010101010101010101",
              "component": "b3:0202020202020202020202020202020202020202020202020202020202020202"
            }
          ],
          "state_hash": "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
          "calls": [
            {
              "call_id": 11,
              "cast_id": 2,
              "export": "cast",
              "spell_id": "fireball",
              "revision_id": "b3:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
              "outcome": {
                "kind": "applied",
                "skipped": 1
              },
              "fuel": {
                "used": 1234,
                "granted": 5000000
              },
              "effects_digest": "b3:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
              "effects": [
                {
                  "type": "fill_sphere",
                  "center": [
                    0.5,
                    4.0,
                    -11.5
                  ],
                  "radius": 4.0,
                  "material": "air",
                  "mode": "subtract"
                },
                {
                  "type": "save",
                  "bytes": 3,
                  "data": "AQL/"
                },
                {
                  "type": "finish"
                }
              ]
            }
          ]
        }"#]]
    .assert_eq(&text);
    assert_eq!(serde_json::from_str::<Frame>(&text).expect("just written"), frame());
}

#[test]
fn postcard() {
    let bytes = postcard::to_allocvec(&frame()).expect("plain data");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    expect!["385 bytes, 0764656661756c74070100066d6972726f7200010361736b027b7d0102086669726562616c6caaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb010001000100000000000000000000000000000000000000000000f0bf0101030105706f776572020000000000001240000106010204010901086669726562616c6c02010101010101010101010101010101010101010101010101010101010101010102020202020202020202020202020202020202020202020202020202020202025a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a010b020463617374086669726562616c6caaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001d209c096b102cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc010301000000000000e03f000000000000104000000000000027c0000000000000104003616972011403030102ff15"].assert_eq(&format!("{} bytes, {}", bytes.len(), hex));
    assert_eq!(postcard::from_bytes::<Frame>(&bytes).expect("just written"), frame());
}
