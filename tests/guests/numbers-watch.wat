;; Watches a box.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(terrain.watch-box)
;; ends: applied

(import "spellhost:spell/terrain@0.1.0" "watch-box" (func $watch-box (param i32 i32 i32 i32 i32 i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $watch-box
    (;try min.x: 1048576 -1048577 2147483647;) (i32.const 1)
    (;try min.y: 1024 -1025 2147483647;) (i32.const -5)
    (;try min.z: 1048576 -1048577 2147483647;) (i32.const 2)
    (;try size.x: 0 257 -1;) (i32.const 2)
    (;try size.y: 0 257 -1;) (i32.const 2)
    (;try size.z: 0 257 -1;) (i32.const 2)
    (i32.const 1) (;try duration: 0 36001 -1;) (i32.const 1))
  (i32.const 3072))
