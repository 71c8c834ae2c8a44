;; Reads a region.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(scene.get-voxels)
;; ends: applied

(import "spellhost:spell/scene@0.1.0" "get-voxels" (func $get-voxels (param i32 i32 i32 i32 i32 i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $get-voxels (i32.const 0) (i32.const -2) (i32.const 0)
    (;try size.x: 0 33 -1;) (i32.const 2)
    (;try size.y: 0 33 -1;) (i32.const 2)
    (;try size.z: 0 33 -1;) (i32.const 2)
    (i32.const 4096))
  (i32.const 3072))
