;; Its allocator hands out the address of its own description, again and again: it harms only itself.
;; ends: applied

(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
