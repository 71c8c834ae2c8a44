;; Traps instead of describing itself.
;; says: unreachable
;; ends: rejected(describe)

(func (export "describe") (result i32) (unreachable))
