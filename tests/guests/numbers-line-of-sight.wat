;; Looks from one point to another.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(scene.line-of-sight)
;; ends: applied

(import "spellhost:spell/scene@0.1.0" "line-of-sight" (func $line-of-sight (param f64 f64 f64 f64 f64 f64) (result i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (drop (call $line-of-sight
    (;try a.x: nan inf -inf 1e9 -1e9;) (f64.const 5)
    (;try a.y: nan inf -inf 1e9 -1e9;) (f64.const 4)
    (;try a.z: nan inf -inf 1e9 -1e9;) (f64.const 5)
    (;try b.x: nan inf -inf 1e9 -1e9;) (f64.const 9)
    (;try b.y: nan inf -inf 1e9 -1e9;) (f64.const 4)
    (;try b.z: nan inf -inf 1e9 -1e9;) (f64.const 9)))
  (i32.const 3072))
