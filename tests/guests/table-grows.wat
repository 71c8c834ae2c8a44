;; Wants to grow a table, which takes a feature that no spell has.
;; ends: rejected(unsupported_feature)

(table 1 funcref)
(func (export "cast") (param $ctx i32) (result i32)
  (drop (table.grow (ref.null func) (i32.const 1000000)))
  (i32.const 3072))
