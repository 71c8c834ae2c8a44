;; Sends twenty messages of a thousand bytes.
;; ends: limit(command_bytes)

(import "spellhost:spell/presentation@0.1.0" "show" (func $show (param i32 i32)))
(data (i32.const 8192) "(;1000 times;)m(;end;)")
(func (export "cast") (param $ctx i32) (result i32)
  (i32.store8 (i32.const 4096) (i32.const 2))
  (i64.store offset=8 (i32.const 4096) (i64.load offset=16 (local.get $ctx)))
  (i32.store offset=16 (i32.const 4096) (i32.const 8192))
  (i32.store offset=20 (i32.const 4096) (i32.const 1000))
  (loop $again
    (call $show (i32.const 4096) (i32.const 1))
    (br $again))
  (i32.const 3072))
