;; Logs one line of half a megabyte.
;; ends: limit(string)

(import "spellhost:spell/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(memory (export "memory") 16)
(func (export "cast") (param $ctx i32) (result i32)
  (call $log (i32.const 0) (i32.const 65536) (i32.const 524288))
  (i32.const 3072))
