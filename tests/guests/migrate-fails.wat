;; Refuses to migrate.
;; enters: migrate
;; ends: failed(too old)

(data (i32.const 8192) "too old")
(func (export "migrate") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 4096) (i32.const 1))
  (i32.store offset=4 (i32.const 4096) (i32.const 8192))
  (i32.store offset=8 (i32.const 4096) (i32.const 7))
  (i32.const 4096))
