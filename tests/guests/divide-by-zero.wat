;; Divides by zero.
;; ends: trapped(integer_division_by_zero)

(func (export "cast") (param $ctx i32) (result i32)
  (drop (i32.div_u (i32.const 1) (i32.load (i32.const 8192))))
  (i32.const 3072))
