;; Fills the largest sphere twice: more voxels than one call may cover.
;; ends: limit(edited_voxels)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 1))
  (f64.store offset=32 (i32.const 4096) (f64.const 24))
  (i32.store16 offset=40 (i32.const 4096) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
