;; Logs a line of a thousand megabytes, which its memory does not hold.
;; ends: trapped(bad_argument)

(import "spellhost:spell/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $log (i32.const 0) (i32.const 65536) (i32.const 1073741824))
  (i32.const 3072))
