;; Spawns a creature.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(entities.apply)
;; ends: applied

(import "spellhost:spell/entities@0.1.0" "apply" (func $apply (param i32 i32)))
(data (i32.const 8192) "dummy")
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 5))
  (i32.store offset=8 (i32.const 4096) (i32.const 8192))
  (i32.store offset=12 (i32.const 4096) (i32.const 5))
  (f64.store offset=16 (i32.const 4096) (;try ops[0].position.x: nan inf -inf 1e9 -1e9;) (f64.const 6))
  (f64.store offset=24 (i32.const 4096) (;try ops[0].position.y: nan inf -inf 1e9 -1e9;) (f64.const 3))
  (f64.store offset=32 (i32.const 4096) (;try ops[0].position.z: nan inf -inf 1e9 -1e9;) (f64.const 6))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
