;; Traps while it is instantiated.
;; says: unreachable
;; ends: rejected(instantiate)

(start $start)
(func $start (unreachable))
