;; Passes an import a list of a thousand million operations, which its memory does not hold.
;; ends: trapped(bad_argument)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $apply (i32.const 65536) (i32.const 1000000000))
  (i32.const 3072))
