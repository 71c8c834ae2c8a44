;; Returns an address beyond its memory.
;; ends: trapped(bad_argument)

(func (export "cast") (param $ctx i32) (result i32) (i32.const -16))
