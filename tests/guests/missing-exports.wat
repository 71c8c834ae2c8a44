;; Is a component, and no spell.
;; says: does not export `describe`, `cast`, `on-event`, `migrate`
;; ends: rejected(export)

(component)
