;; Passes an import more operations than any list may have.
;; ends: limit(list)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(memory (export "memory") 200)
(func (export "cast") (param $ctx i32) (result i32)
  (call $apply (i32.const 65536) (i32.const 200000))
  (i32.const 3072))
