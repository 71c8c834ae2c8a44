;; A function of more than 64 KiB.
;; says: 70002 bytes in one function body; at most 65536
;; ends: rejected(limit)

(func (;70000 times;) (nop) (;end;))
