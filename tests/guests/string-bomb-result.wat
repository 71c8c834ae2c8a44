;; Fails with a message of half a megabyte.
;; ends: limit(string)

(memory (export "memory") 16)
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store (i32.const 4096) (i32.const 1))
  (i32.store offset=4 (i32.const 4096) (i32.const 65536))
  (i32.store offset=8 (i32.const 4096) (i32.const 524288))
  (i32.const 4096))
