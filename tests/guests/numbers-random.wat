;; Draws numbers.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(random.fill)
;; ends: applied

(import "spellhost:spell/random@0.1.0" "fill" (func $fill (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $fill (;try count: 257;) (i32.const 4) (i32.const 4096))
  (i32.const 3072))
