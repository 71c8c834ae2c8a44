;; Passes an import an operation that the contract does not have.
;; ends: trapped(bad_argument)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 9))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
