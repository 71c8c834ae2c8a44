;; Calls an element of its table that nothing was put into.
;; ends: trapped(indirect_call_to_null)

(table 2 funcref)
(elem (i32.const 0) $takes)
(func $takes (param i32))
(func (export "cast") (param $ctx i32) (result i32)
  (call_indirect (i32.const 1))
  (i32.const 3072))
