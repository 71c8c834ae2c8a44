;; Reads the largest region for ever; reads are paid for before they act.
;; ends: out_of_fuel

(import "spellhost:spell/scene@0.1.0" "get-voxels" (func $get-voxels (param i32 i32 i32 i32 i32 i32 i32)))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
(func (export "cast") (param $ctx i32) (result i32)
  (loop $again
    (call $get-voxels (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 32) (i32.const 32) (i32.const 32) (i32.const 4096))
    (br $again))
  (i32.const 3072))
