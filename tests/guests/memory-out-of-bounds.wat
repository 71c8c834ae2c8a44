;; Reads beyond its memory.
;; ends: trapped(memory_out_of_bounds)

(func (export "cast") (param $ctx i32) (result i32)
  (drop (i32.load (i32.const -4)))
  (i32.const 3072))
