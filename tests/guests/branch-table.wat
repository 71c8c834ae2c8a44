;; A branch table with 100,000 targets.
;; says: 100000 targets in one branch table; at most 1024
;; ends: rejected(limit)

(func (br_table (;100000 times;) 0 (;end;) 0 (i32.const 0)))
