;; Passes an import a list that begins in its memory and ends beyond.
;; ends: trapped(bad_argument)

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $apply (i32.const 262136) (i32.const 2))
  (i32.const 3072))
