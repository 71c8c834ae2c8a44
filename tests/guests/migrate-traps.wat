;; Traps instead of migrating.
;; enters: migrate
;; ends: trapped(unreachable)

(func (export "migrate") (param i32 i32 i32 i32) (result i32)
  (unreachable))
