;; Two functions that call each other for ever.
;; ends: out_of_fuel

(func $this (call $that))
(func $that (call $this))
(func (export "cast") (param $ctx i32) (result i32)
  (call $this)
  (i32.const 3072))
