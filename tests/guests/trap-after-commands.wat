;; Sets a voxel, saves state, asks to be called again, and traps: nothing of it happens.
;; ends: trapped(unreachable)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(import "spellhost:spell/state@0.1.0" "save" (func $save (param i32 i32)))
(import "spellhost:spell/timers@0.1.0" "wake-after" (func $wake-after (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  ;; One voxel of stone, under the surface.
  (i32.store offset=12 (i32.const 4096) (i32.const -3))
  (i32.store16 offset=20 (i32.const 4096) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (call $save (i32.const 4096) (i32.const 48))
  (call $wake-after (i32.const 1) (i32.const 1))
  (unreachable)
  (i32.const 3072))
