;; Damages an entity by its number.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(entities.apply)
;; ends: applied

(import "spellhost:spell/entities@0.1.0" "apply" (func $apply (param i32 i32)))
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 0))
  (i64.store offset=8 (i32.const 4096) (;try ops[0].id: 0 999999 -1;) (i64.const 1))
  (f64.store offset=16 (i32.const 4096) (f64.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
