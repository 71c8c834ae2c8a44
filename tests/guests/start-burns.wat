;; Loops while it is instantiated.
;; says: all fuel consumed
;; ends: rejected(instantiate)

(start $start)
(func $start (loop $again (br $again)))
