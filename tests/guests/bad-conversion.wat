;; Turns a NaN into an integer.
;; ends: trapped(bad_conversion_to_integer)

(func (export "cast") (param $ctx i32) (result i32)
  (drop (i32.trunc_f64_s (f64.const nan)))
  (i32.const 3072))
