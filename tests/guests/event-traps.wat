;; Asks to be called again, and traps when it is.
;; enters: on-event
;; ends: trapped(unreachable)

(import "spellhost:spell/timers@0.1.0" "wake-after" (func $wake-after (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $wake-after (i32.const 1) (i32.const 7))
  (i32.const 3072))
(func (export "on-event") (param $args i32) (result i32) (unreachable))
