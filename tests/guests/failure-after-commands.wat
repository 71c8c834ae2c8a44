;; Sets a voxel and returns an error: nothing of it happens, and it is charged what it used.
;; ends: failed(no mana)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(data (i32.const 8192) "no mana")
(func (export "cast") (param $ctx i32) (result i32)
  ;; One voxel of stone, under the surface.
  (i32.store offset=12 (i32.const 4096) (i32.const -3))
  (i32.store16 offset=20 (i32.const 4096) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.store offset=3072 (i32.const 0) (i32.const 1))
  (i32.store offset=3076 (i32.const 0) (i32.const 8192))
  (i32.store offset=3080 (i32.const 0) (i32.const 7))
  (i32.const 3072))
