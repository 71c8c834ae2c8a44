;; A function that calls itself through a table for ever.
;; ends: out_of_fuel

(table 1 funcref)
(elem (i32.const 0) $down)
(func $down (call_indirect (i32.const 0)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $down)
  (i32.const 3072))
