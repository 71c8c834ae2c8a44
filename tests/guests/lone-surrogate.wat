;; Logs half of a surrogate pair, in UTF-16.
;; strings: utf16
;; ends: limit(string)

(import "spellhost:spell/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 4096) "\00\d8")
(func (export "cast") (param $ctx i32) (result i32)
  (call $log (i32.const 0) (i32.const 4096) (i32.const 1))
  (i32.const 3072))
