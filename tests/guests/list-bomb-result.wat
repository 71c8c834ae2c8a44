;; Migrates to half a megabyte of state.
;; enters: migrate
;; ends: limit(list)

(memory (export "memory") 16)
(func (export "migrate") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 4096) (i32.const 0))
  (i32.store offset=4 (i32.const 4096) (i32.const 65536))
  (i32.store offset=8 (i32.const 4096) (i32.const 524288))
  (i32.const 4096))
