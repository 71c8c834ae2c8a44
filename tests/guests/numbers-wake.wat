;; Asks to be called again.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(timers.wake-after)
;; ends: applied

(import "spellhost:spell/timers@0.1.0" "wake-after" (func $wake-after (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $wake-after (;try after: 36001 -1;) (i32.const 1) (i32.const 1))
  (i32.const 3072))
