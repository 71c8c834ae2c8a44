;; Slows its caster.
;; Each number in turn is not finite, or out of range.
;; tried: invalid(entities.apply)
;; ends: applied

(import "spellhost:spell/entities@0.1.0" "apply" (func $apply (param i32 i32)))
(data (i32.const 8192) "burning")
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 4))
  (i64.store offset=8 (i32.const 4096) (i64.load offset=16 (local.get $ctx)))
  (i32.store offset=16 (i32.const 4096) (i32.const 8192))
  (i32.store offset=20 (i32.const 4096) (i32.const 7))
  (i32.store offset=24 (i32.const 4096) (;try ops[0].duration: 0 36001 -1;) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))
