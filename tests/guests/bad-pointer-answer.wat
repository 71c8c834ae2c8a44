;; Wants an answer at an address beyond its memory.
;; ends: trapped(bad_argument)

(import "spellhost:spell/scene@0.1.0" "raycasts" (func $raycasts (param i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $raycasts (i32.const 4096) (i32.const 0) (i32.const -8))
  (i32.const 3072))
