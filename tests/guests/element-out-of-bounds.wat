;; Calls an element that its table does not have.
;; ends: trapped(table_out_of_bounds)

(table 2 funcref)
(elem (i32.const 0) $takes)
(func $takes (param i32))
(func (export "cast") (param $ctx i32) (result i32)
  (call_indirect (i32.const 2))
  (i32.const 3072))
