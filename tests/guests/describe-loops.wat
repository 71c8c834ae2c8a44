;; Never returns its description.
;; says: all fuel consumed
;; ends: rejected(describe)

(func (export "describe") (result i32) (loop $again (br $again)) (unreachable))
