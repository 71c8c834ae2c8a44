;; Looks for entities.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(scene.entities-in-radius)
;; ends: applied

(import "spellhost:spell/scene@0.1.0" "entities-in-radius" (func $entities-in-radius (param f64 f64 f64 f64 i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $entities-in-radius
    (;try center.x: nan inf -inf 1e9 -1e9;) (f64.const 0)
    (;try center.y: nan inf -inf 1e9 -1e9;) (f64.const 0)
    (;try center.z: nan inf -inf 1e9 -1e9;) (f64.const 0)
    (;try radius: nan inf -inf -1 65;) (f64.const 8)
    (i32.const 0) (i32.const 0) (i32.const 4096))
  (i32.const 3072))
