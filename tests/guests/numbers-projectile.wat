;; Spawns a projectile.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(projectiles.spawn)
;; ends: applied

(import "spellhost:spell/projectiles@0.1.0" "spawn" (func $spawn (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (f64.store offset=0 (i32.const 4096) (;try specs[0].position.x: nan inf -inf 1e9 -1e9;) (f64.const 1))
  (f64.store offset=8 (i32.const 4096) (;try specs[0].position.y: nan inf -inf 1e9 -1e9;) (f64.const 5))
  (f64.store offset=16 (i32.const 4096) (;try specs[0].position.z: nan inf -inf 1e9 -1e9;) (f64.const 2))
  (f64.store offset=24 (i32.const 4096) (;try specs[0].velocity.x: nan inf -inf 3841 -1e9;) (f64.const 0))
  (f64.store offset=32 (i32.const 4096) (;try specs[0].velocity.y: nan inf -inf 3841 -1e9;) (f64.const 1))
  (f64.store offset=40 (i32.const 4096) (;try specs[0].velocity.z: nan inf -inf 3841 -1e9;) (f64.const 0))
  (f64.store offset=48 (i32.const 4096) (;try specs[0].gravity: nan inf -inf 3601 -3601;) (f64.const 9))
  (f64.store offset=56 (i32.const 4096) (;try specs[0].radius: nan inf -inf -1 5;) (f64.const 0.25))
  (i32.store offset=64 (i32.const 4096) (;try specs[0].lifetime: 0 3601 -1;) (i32.const 1))
  (call $spawn (i32.const 4096) (i32.const 1))
  (i32.const 3072))
