;; Returns a result that is neither ok nor an error.
;; ends: trapped(bad_argument)

(func (export "cast") (param $ctx i32) (result i32) (i32.store8 (i32.const 4096) (i32.const 7)) (i32.const 4096))
