;; Imports what no spell may use unless the operator allows WASI.
;; says: wasi:sockets/tcp@0.2.0
;; ends: rejected(import)

(component (import "wasi:sockets/tcp@0.2.0" (instance)))
