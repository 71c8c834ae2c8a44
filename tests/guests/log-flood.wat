;; Logs a thousand lines: those beyond the 64th drop, at the same price, with one notice.
;; ends: applied

(import "spellhost:spell/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 4096) "tick")
(func (export "cast") (param $ctx i32) (result i32)
  (local $n i32)
  (local.set $n (i32.const 1000))
  (loop $again
    (call $log (i32.const 2) (i32.const 4096) (i32.const 4))
    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (i32.const 3072))
