;; Sets a voxel.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(terrain.apply)
;; ends: applied

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store offset=8 (i32.const 4096) (;try ops[0].pos.x: 1048576 -1048577 2147483647;) (i32.const 1))
  (i32.store offset=12 (i32.const 4096) (;try ops[0].pos.y: 1024 -1025 2147483647;) (i32.const -5))
  (i32.store offset=16 (i32.const 4096) (;try ops[0].pos.z: 1048576 -1048577 2147483647;) (i32.const 2))
  (i32.store16 offset=20 (i32.const 4096) (;try ops[0].material: 14 65535;) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
