;; Calls an element of its table as what it is not.
;; ends: trapped(bad_signature)

(table 2 funcref)
(elem (i32.const 0) $takes)
(func $takes (param i32))
(func (export "cast") (param $ctx i32) (result i32)
  (call_indirect (i32.const 0))
  (i32.const 3072))
