;; Recursion that carries eight numbers along.
;; ends: out_of_fuel

(func $down (param i64 i64 i64 i64 i64 i64 i64 i64)
  (call $down (;8 times;) (local.get #) (;end;))
  (drop (i64.add (local.get 0) (local.get 7))))
(func (export "cast") (param $ctx i32) (result i32)
  (call $down (;8 times;) (i64.const 1) (;end;))
  (i32.const 3072))
