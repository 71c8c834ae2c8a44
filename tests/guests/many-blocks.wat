;; One function of 150,000 tiny blocks, which would compile for minutes.
;; says: 150001 basic blocks in one function body; at most 2000
;; ends: rejected(limit)

(func (;150000 times;) (block) (;end;))
