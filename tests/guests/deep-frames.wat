;; Recursion with frames of several kilobytes: a frame is as large as the hungriest path through the body, and a
;; path that is not taken costs no fuel. The stack overflows before the fuel is used up, on every engine.
;; ends: limit(stack)

(;900 times;) (global $g# (mut i64) (i64.const #)) (;end;)
(func $down (result i64)
  (if (i32.load (i32.const 100000)) (then
    (;900 times;) (global.get $g#) (;end;)
    (call $down)
    (;900 times;) (i64.add) (;end;)
    (return)))
  (i64.add (call $down) (i64.const 1)))
(func (export "cast") (param $ctx i32) (result i32)
  (drop (call $down))
  (i32.const 3072))
