;; Shows an effect.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(presentation.show)
;; ends: applied

(import "spellhost:spell/presentation@0.1.0" "show" (func $show (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 0))
  (i32.store offset=8 (i32.const 4096) (i32.const 2048))
  (i32.store offset=12 (i32.const 4096) (i32.const 4))
  (f64.store offset=16 (i32.const 4096) (;try ops[0].at.x: nan inf -inf 1e9 -1e9;) (f64.const 1))
  (f64.store offset=24 (i32.const 4096) (;try ops[0].at.y: nan inf -inf 1e9 -1e9;) (f64.const 2))
  (f64.store offset=32 (i32.const 4096) (;try ops[0].at.z: nan inf -inf 1e9 -1e9;) (f64.const 3))
  (i32.store offset=40 (i32.const 4096) (i32.const 8192))
  (i32.store offset=44 (i32.const 4096) (i32.const 2))
  ;; A number and a point as its arguments.
  (i32.store offset=0 (i32.const 8192) (i32.const 2048))
  (i32.store offset=4 (i32.const 8192) (i32.const 4))
  (i32.store8 offset=8 (i32.const 8192) (i32.const 2))
  (f64.store offset=16 (i32.const 8192) (;try ops[0].params[0].value: nan inf -inf;) (f64.const 1))
  (i32.store offset=40 (i32.const 8192) (i32.const 2048))
  (i32.store offset=44 (i32.const 8192) (i32.const 4))
  (i32.store8 offset=48 (i32.const 8192) (i32.const 4))
  (f64.store offset=56 (i32.const 8192) (;try ops[0].params[1].value.x: nan inf -inf;) (f64.const 1))
  (f64.store offset=64 (i32.const 8192) (;try ops[0].params[1].value.y: nan inf -inf;) (f64.const 2))
  (f64.store offset=72 (i32.const 8192) (;try ops[0].params[1].value.z: nan inf -inf;) (f64.const 3))
  (call $show (i32.const 4096) (i32.const 1))
  (i32.const 3072))
