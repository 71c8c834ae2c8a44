;; Returns an address that no result may have.
;; ends: trapped(bad_argument)

(func (export "cast") (param $ctx i32) (result i32) (i32.const 4097))
