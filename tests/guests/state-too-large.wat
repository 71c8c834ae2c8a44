;; Saves more than 4 KiB of state.
;; ends: limit(state)

(import "spellhost:spell/state@0.1.0" "save" (func $save (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (call $save (i32.const 0) (i32.const 4097))
  (i32.const 3072))
