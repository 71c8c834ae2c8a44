;; Sets timers for ever, more than an active spell may have.
;; ends: invalid(timers.wake-after after)

(import "spellhost:spell/timers@0.1.0" "wake-after" (func $wake-after (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (loop $again (call $wake-after (i32.const 1) (i32.const 1)) (br $again))
  (i32.const 3072))
