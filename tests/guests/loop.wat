;; Loops for ever.
;; ends: out_of_fuel

(func (export "cast") (param $ctx i32) (result i32)
  (loop $again (br $again))
  (i32.const 3072))
