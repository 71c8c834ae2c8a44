;; A function with a thousand results.
;; says: 1000 results of one function; at most 16
;; ends: rejected(limit)

(func (;1000 times;) (result i32) (;end;) (unreachable))
