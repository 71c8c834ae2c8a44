;; A function with 50,000 locals.
;; says: 50000 locals in one function; at most 4096
;; ends: rejected(limit)

(func (;50000 times;) (local i64) (;end;))
