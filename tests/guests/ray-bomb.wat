;; Asks for more rays than a list of rays may have.
;; ends: invalid(scene.raycasts rays)

(import "spellhost:spell/scene@0.1.0" "raycasts" (func $raycasts (param i32 i32 i32)))
(memory (export "memory") 16)
(func (export "cast") (param $ctx i32) (result i32)
  (call $raycasts (i32.const 65536) (i32.const 1000) (i32.const 4096))
  (i32.const 3072))
