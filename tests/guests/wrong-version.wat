;; Was built for a version of the contract that this host does not have.
;; says: spellhost:spell/scene@0.9.0`; this host has spellhost:spell@0.1.0
;; ends: rejected(version)

(component (import "spellhost:spell/scene@0.9.0" (instance)))
