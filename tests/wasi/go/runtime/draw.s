// With this file beside it, runtime.go may declare a function without a body.
