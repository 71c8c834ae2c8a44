;; Sets 65 voxels in one list, one more than a call may.
;; ends: limit(commands)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $apply (i32.const 4096) (i32.const 65))
  (i32.const 3072))
