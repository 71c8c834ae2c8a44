;; Imports what no spell may use.
;; says: wasi:sockets/tcp@0.2.0
;; ends: rejected(import)

(component (import "wasi:sockets/tcp@0.2.0" (instance)))
