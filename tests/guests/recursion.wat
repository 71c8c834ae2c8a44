;; Calls itself for ever. A call costs the most there is, so fuel ends before the stack does.
;; ends: out_of_fuel

(func $down (call $down))
(func (export "cast") (param $ctx i32) (result i32)
  (call $down)
  (i32.const 3072))
