;; Plays a sound.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(presentation.show)
;; ends: applied

(import "spellhost:spell/presentation@0.1.0" "show" (func $show (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 1))
  (i32.store offset=8 (i32.const 4096) (i32.const 2048))
  (i32.store offset=12 (i32.const 4096) (i32.const 4))
  (f64.store offset=16 (i32.const 4096) (;try ops[0].at.x: nan inf -inf 1e9 -1e9;) (f64.const 1))
  (f64.store offset=24 (i32.const 4096) (;try ops[0].at.y: nan inf -inf 1e9 -1e9;) (f64.const 2))
  (f64.store offset=32 (i32.const 4096) (;try ops[0].at.z: nan inf -inf 1e9 -1e9;) (f64.const 3))
  (call $show (i32.const 4096) (i32.const 1))
  (i32.const 3072))
