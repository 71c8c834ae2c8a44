;; Looks at the world to describe itself.
;; says: scene.tick
;; ends: rejected(describe)

(import "spellhost:spell/scene@0.1.0" "tick" (func $tick (result i64)))
(func (export "describe") (result i32) (drop (call $tick)) (i32.const 1024))
