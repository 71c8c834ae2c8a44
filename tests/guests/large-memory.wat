;; Starts with more memory than a call may have.
;; says: 257 pages of memory to start with; at most 256
;; ends: rejected(limit)

(memory (export "memory") 257)
