;; Listens for an event.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(remote-events.listen)
;; ends: applied

(import "spellhost:spell/remote-events@0.1.0" "listen" (func $listen (param i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $listen (i32.const 2048) (i32.const 4) (;try duration: 0 36001 -1;) (i32.const 1))
  (i32.const 3072))
