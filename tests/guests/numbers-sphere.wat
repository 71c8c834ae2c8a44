;; Fills a sphere.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(terrain.apply)
;; ends: applied

(import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 1))
  (f64.store offset=8 (i32.const 4096) (;try ops[0].center.x: nan inf -inf 1e9 -1e9;) (f64.const 1))
  (f64.store offset=16 (i32.const 4096) (;try ops[0].center.y: nan inf -inf 1e9 -1e9;) (f64.const -5))
  (f64.store offset=24 (i32.const 4096) (;try ops[0].center.z: nan inf -inf 1e9 -1e9;) (f64.const 2))
  (f64.store offset=32 (i32.const 4096) (;try ops[0].radius: nan inf -inf 0 -1 25 1e9;) (f64.const 2))
  (i32.store16 offset=40 (i32.const 4096) (;try ops[0].material: 14 65535;) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
