;; Migrates to bytes beyond its memory.
;; enters: migrate
;; ends: trapped(bad_argument)

(func (export "migrate") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 4096) (i32.const 0))
  (i32.store offset=4 (i32.const 4096) (i32.const 0x7fff0000))
  (i32.store offset=8 (i32.const 4096) (i32.const 16))
  (i32.const 4096))
