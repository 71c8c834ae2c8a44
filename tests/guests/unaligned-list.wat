;; Passes an import a list at an address that no list may have.
;; ends: trapped(bad_argument)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $apply (i32.const 4097) (i32.const 1))
  (i32.const 3072))
