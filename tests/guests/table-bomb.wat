;; A table that would take more than all tables of a call may.
;; says: 100000 table elements; at most 16384
;; ends: rejected(limit)

(table 100000 funcref)
