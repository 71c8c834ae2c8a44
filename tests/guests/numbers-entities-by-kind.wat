;; Lists entities.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(scene.entities-by-kind)
;; ends: applied

(import "spellhost:spell/scene@0.1.0" "entities-by-kind" (func $entities-by-kind (param i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $entities-by-kind (i32.const 0) (;try limit: 257 -1;) (i32.const 4) (i32.const 4096))
  (i32.const 3072))
