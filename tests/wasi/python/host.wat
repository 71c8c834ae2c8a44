;; What MicroPython has of JavaScript where there is none: the object `host`, whose attributes are functions of one
;; letter. Values pass as three words: the kind, and what it holds.
(module
  (import "python" "memory" (memory 1))
  (import "python" "malloc" (func $malloc (param i32) (result i32)))
  (import "python" "proxy_c_to_js_call" (func $python (param i32 i32 i32 i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $chance (param i32 i32) (result i32)))
  (import "spellhost:spell/terrain@0.1.0" "apply" (func $apply (param i32 i32)))
  (import "spellhost:spell/random@0.1.0" "next" (func $next (result i64)))

  ;; The function of Python that answers every export.
  (global $answer (mut i32) (i32.const 0))

  (func $integer (param $out i32) (param $value i32)
    (i32.store (local.get $out) (i32.const 3))
    (i32.store offset=4 (local.get $out) (local.get $value)))
  (func $double (param $out i32) (param $value f64)
    (i32.store (local.get $out) (i32.const 4))
    (f64.store offset=4 align=4 (local.get $out) (local.get $value)))
  (func $int (param $value i32) (result i32) (i32.load offset=4 (local.get $value)))
  (func $number (param $value i32) (result f64)
    (if (result f64) (i32.eq (i32.load (local.get $value)) (i32.const 4))
      (then (f64.load offset=4 align=4 (local.get $value)))
      (else (f64.convert_i32_s (call $int (local.get $value))))))
  (func $copy (param $from i32) (param $bytes i32) (result i32) (local $to i32)
    (local.set $to (call $malloc (i32.add (local.get $bytes) (i32.const 1))))
    (memory.copy (local.get $to) (local.get $from) (local.get $bytes))
    (i32.store8 (i32.add (local.get $to) (local.get $bytes)) (i32.const 0))
    (local.get $to))
  (func $random (result i32) (local $at i32)
    (local.set $at (call $malloc (i32.const 4)))
    (drop (call $chance (local.get $at) (i32.const 4)))
    (i32.load (local.get $at)))
  (func $milliseconds (param $which i32) (result f64) (local $at i32)
    (local.set $at (call $malloc (i32.const 8)))
    (drop (call $clock (local.get $which) (i64.const 0) (local.get $at)))
    (f64.div (f64.convert_i64_u (i64.load (local.get $at))) (f64.const 1e6)))

  (func (export "mp_js_random_u32") (result i32) (call $random))
  (func (export "mp_js_time_ms") (result f64) (call $milliseconds (i32.const 0)))
  (func (export "mp_js_ticks_ms") (result i32) (i32.trunc_sat_f64_u (call $milliseconds (i32.const 1))))

  ;; An attribute is an object by its letter.
  (func (export "lookup_attr") (param $of i32) (param $name i32) (param $out i32) (result i32)
    (i32.store (local.get $out) (i32.const 7))
    (i32.store offset=4 (local.get $out) (i32.add (i32.const 256) (i32.load8_u (local.get $name))))
    (i32.const 1))
  (func (export "has_attr") (param $of i32) (param $name i32) (result i32) (i32.const 1))

  (func (export "call0") (param $f i32) (param $out i32)
    (i32.store (local.get $out) (i32.const 0))
    (local.set $f (i32.sub (local.get $f) (i32.const 256)))
    ;; n: the call's chance, at least 0 and less than 1
    (if (i32.eq (local.get $f) (i32.const 0x6e)) (then (call $double (local.get $out)
      (f64.mul (f64.convert_i64_u (i64.shr_u (call $next) (i64.const 11))) (f64.const 0x1p-53)))))
    ;; r: what seeds Python's own
    (if (i32.eq (local.get $f) (i32.const 0x72)) (then (call $integer (local.get $out) (call $random)))))

  (func (export "call1") (param $f i32) (param $via i32) (param $a i32) (param $out i32) (result i32)
    (local $v i32)
    (i32.store (local.get $out) (i32.const 0))
    (local.set $v (call $int (local.get $a)))
    (local.set $f (i32.sub (local.get $f) (i32.const 256)))
    ;; a: so many bytes, all zero
    (if (i32.eq (local.get $f) (i32.const 0x61)) (then
      (call $integer (local.get $out) (call $malloc (local.get $v)))
      (memory.fill (call $int (local.get $out)) (i32.const 0) (local.get $v))))
    ;; b, i, d: the byte, the integer, the number there
    (if (i32.eq (local.get $f) (i32.const 0x62)) (then (call $integer (local.get $out) (i32.load8_u (local.get $v)))))
    (if (i32.eq (local.get $f) (i32.const 0x69)) (then (call $integer (local.get $out) (i32.load (local.get $v)))))
    (if (i32.eq (local.get $f) (i32.const 0x64)) (then (call $double (local.get $out) (f64.load (local.get $v)))))
    ;; c: the function that answers
    (if (i32.eq (local.get $f) (i32.const 0x63)) (then (global.set $answer (local.get $v))))
    (i32.const 0))

  (func (export "call2") (param $f i32) (param $via i32) (param $a i32) (param $b i32) (param $out i32) (result i32)
    (local $at i32) (local $v i32)
    (i32.store (local.get $out) (i32.const 0))
    (local.set $at (call $int (local.get $a)))
    (local.set $v (call $int (local.get $b)))
    (local.set $f (i32.sub (local.get $f) (i32.const 256)))
    ;; B, H, I, D, S: puts a byte, two, an integer, a number, a text
    (if (i32.eq (local.get $f) (i32.const 0x42)) (then (i32.store8 (local.get $at) (local.get $v))))
    (if (i32.eq (local.get $f) (i32.const 0x48)) (then (i32.store16 (local.get $at) (local.get $v))))
    (if (i32.eq (local.get $f) (i32.const 0x49)) (then (i32.store (local.get $at) (local.get $v))))
    (if (i32.eq (local.get $f) (i32.const 0x44)) (then (f64.store (local.get $at) (call $number (local.get $b)))))
    (if (i32.eq (local.get $f) (i32.const 0x53)) (then
      (i32.store (local.get $at) (call $copy (i32.load offset=8 (local.get $b)) (local.get $v)))
      (i32.store offset=4 (local.get $at) (local.get $v))))
    ;; s: the text of so many bytes there
    (if (i32.eq (local.get $f) (i32.const 0x73)) (then
      (i32.store (local.get $out) (i32.const 5))
      (i32.store offset=4 (local.get $out) (local.get $v))
      (i32.store offset=8 (local.get $out) (call $copy (local.get $at) (local.get $v)))))
    ;; A: terrain.apply
    (if (i32.eq (local.get $f) (i32.const 0x41)) (then (call $apply (local.get $at) (local.get $v))))
    (i32.const 0))

  ;; Which export it is, and its arguments; where the answer lies.
  (func $export (param $which i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
    (local $at i32)
    (local.set $at (call $malloc (i32.const 72)))
    (call $integer (local.get $at) (local.get $which))
    (call $integer (i32.add (local.get $at) (i32.const 12)) (local.get $a))
    (call $integer (i32.add (local.get $at) (i32.const 24)) (local.get $b))
    (call $integer (i32.add (local.get $at) (i32.const 36)) (local.get $c))
    (call $integer (i32.add (local.get $at) (i32.const 48)) (local.get $d))
    (call $python (global.get $answer) (i32.const 5) (local.get $at) (i32.add (local.get $at) (i32.const 60)))
    (if (i32.ne (i32.load offset=60 (local.get $at)) (i32.const 3)) (then unreachable))
    (i32.load offset=64 (local.get $at)))
  (func (export "describe") (result i32)
    (call $export (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "cast") (param i32) (result i32)
    (call $export (i32.const 1) (local.get 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "on-event") (param i32) (result i32)
    (call $export (i32.const 2) (local.get 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "migrate") (param i32 i32 i32 i32) (result i32)
    (call $export (i32.const 3) (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "cabi_realloc") (param $old i32) (param $held i32) (param $align i32) (param $bytes i32) (result i32)
    (local $to i32)
    (local.set $to (call $malloc (i32.add (local.get $bytes) (i32.const 1))))
    (memory.copy (local.get $to) (local.get $old)
      (select (local.get $held) (local.get $bytes) (i32.lt_u (local.get $held) (local.get $bytes))))
    (local.get $to)))
