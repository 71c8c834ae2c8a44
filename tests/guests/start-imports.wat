;; Calls an import while it is instantiated.
;; says: scene.tick
;; ends: rejected(instantiate)

(import "spellhost:spell/scene@0.1.0" "tick" (func $tick (result i64)))
(start $start)
(func $start (drop (call $tick)))
