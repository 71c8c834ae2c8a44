;; Uses up most of its grant, then traps; it is charged all of it either way.
;; ends: trapped(unreachable)

(func (export "cast") (param $ctx i32) (result i32)
  (local $n i32)
  (local.set $n (i32.const 100000))
  (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (unreachable)
  (i32.const 3072))
