;; Casts a list of rays.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(scene.raycasts)
;; ends: applied

(import "spellhost:spell/scene@0.1.0" "raycasts" (func $raycasts (param i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (f64.store offset=0 (i32.const 4096) (;try rays[0].origin.x: nan inf -inf 1e9 -1e9;) (f64.const 5))
  (f64.store offset=8 (i32.const 4096) (;try rays[0].origin.y: nan inf -inf 1e9 -1e9;) (f64.const 4))
  (f64.store offset=16 (i32.const 4096) (;try rays[0].origin.z: nan inf -inf 1e9 -1e9;) (f64.const 5))
  (f64.store offset=24 (i32.const 4096) (;try rays[0].direction.x: nan inf -inf;) (f64.const 0))
  (f64.store offset=32 (i32.const 4096) (;try rays[0].direction.y: nan inf -inf;) (f64.const -3))
  (f64.store offset=40 (i32.const 4096) (;try rays[0].direction.z: nan inf -inf;) (f64.const 1))
  (f64.store offset=48 (i32.const 4096) (;try rays[0].max-distance: nan inf -inf -1 257;) (f64.const 64))
  (call $raycasts (i32.const 4096) (i32.const 1) (i32.const 4000))
  (i32.const 3072))
