;; Its allocator calls an import while the host hands it an argument.
;; ends: trapped(cannot_leave_component)

(import "spellhost:spell/scene@0.1.0" "tick" (func $tick (result i64)))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (drop (call $tick)) (i32.const 8192))
