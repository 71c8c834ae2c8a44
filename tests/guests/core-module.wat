;; Is a module, and no component.
;; bytes: module
;; says: core module
;; ends: rejected(not_a_component)


