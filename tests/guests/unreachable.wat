;; Traps at once.
;; ends: trapped(unreachable)

(func (export "cast") (param $ctx i32) (result i32)
  (unreachable)
  (i32.const 3072))
