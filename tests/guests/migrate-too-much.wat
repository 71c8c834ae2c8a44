;; Migrates to more than 4 KiB of state.
;; enters: migrate
;; ends: limit(state)

(func (export "migrate") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 4096) (i32.const 0))
  (i32.store offset=4 (i32.const 4096) (i32.const 0))
  (i32.store offset=8 (i32.const 4096) (i32.const 4097))
  (i32.const 4096))
