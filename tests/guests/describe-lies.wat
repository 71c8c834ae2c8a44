;; Says that its cooldown is longer than any may be.
;; says: cooldown is 2147483647 ticks; at most 36000
;; ends: rejected(describe)

(data (i32.const 1024) "\00\08\00\00\04\00\00\00\00\08\00\00\04\00\00\00\00\00\00\00\00\00\00\00\ff\ff\ff\7f")
(data (i32.const 2048) "Test")
(func (export "describe") (result i32) (i32.const 1024))
