;; Describes itself with texts beyond its memory.
;; says: did not return
;; ends: rejected(describe)

(func (export "describe") (result i32)
  (i32.store (i32.const 4096) (i32.const 0x7fff0000))
  (i32.store offset=4 (i32.const 4096) (i32.const 16))
  (i32.const 4096))
