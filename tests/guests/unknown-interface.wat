;; Imports an interface that the contract does not have.
;; says: economy
;; ends: rejected(import)

(component (import "spellhost:spell/economy@0.1.0" (instance)))
