;; Sets the same voxel for ever.
;; ends: limit(commands)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  ;; One voxel of stone, under the surface.
  (i32.store offset=12 (i32.const 4096) (i32.const -3))
  (i32.store16 offset=20 (i32.const 4096) (i32.const 1))
  (loop $again
    (call $apply (i32.const 4096) (i32.const 1))
    (br $again))
  (i32.const 3072))
