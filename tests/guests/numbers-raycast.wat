;; Casts a ray.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(scene.raycast)
;; ends: applied

(import "spellhost:spell/scene@0.1.0" "raycast" (func $raycast (param f64 f64 f64 f64 f64 f64 f64 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $raycast
    (;try origin.x: nan inf -inf 1e9 -1e9;) (f64.const 5)
    (;try origin.y: nan inf -inf 1e9 -1e9;) (f64.const 4)
    (;try origin.z: nan inf -inf 1e9 -1e9;) (f64.const 5)
    (;try direction.x: nan inf -inf;) (f64.const 0)
    (;try direction.y: nan inf -inf;) (f64.const -3)
    (;try direction.z: nan inf -inf;) (f64.const 1)
    (;try max-distance: nan inf -inf -1 257 1e300;) (f64.const 64)
    (i32.const 4096))
  (i32.const 3072))
