;; Divides the least integer by minus one.
;; ends: trapped(integer_overflow)

(func (export "cast") (param $ctx i32) (result i32)
  (drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))
  (i32.const 3072))
