;; Wants to act while it migrates.
;; enters: migrate
;; ends: invalid(timers.wake-after)

(import "spellhost:spell/timers@0.1.0" "wake-after" (func $wake-after (param i32 i32)))
(func (export "migrate") (param i32 i32 i32 i32) (result i32)
  (call $wake-after (i32.const 1) (i32.const 1)) (unreachable))
