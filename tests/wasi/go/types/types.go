// Package types holds what the bindings of wit-bindgen know that Go has no word for.
package types

const (
	OptionNone uint8 = iota
	OptionSome
)

const (
	ResultOk uint8 = iota
	ResultErr
)

// Unit is a value without content.
type Unit struct{}

// Tuple2 is two values beside each other.
type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

// Option is a value, or none.
type Option[T any] struct {
	tag  uint8
	some T
}

func None[T any]() Option[T]        { return Option[T]{} }
func Some[T any](value T) Option[T] { return Option[T]{OptionSome, value} }

func (option Option[T]) Tag() uint8 { return option.tag }

// Some is what it holds; it panics for none.
func (option Option[T]) Some() T {
	if option.tag != OptionSome {
		panic("none")
	}
	return option.some
}

// Result is what went well, or what went wrong.
type Result[T, E any] struct {
	tag uint8
	ok  T
	err E
}

func Ok[T, E any](value T) Result[T, E]  { return Result[T, E]{ok: value} }
func Err[T, E any](value E) Result[T, E] { return Result[T, E]{tag: ResultErr, err: value} }

func (result Result[T, E]) Tag() uint8 { return result.tag }

// Ok is what went well; it panics for what went wrong.
func (result Result[T, E]) Ok() T {
	if result.tag != ResultOk {
		panic("not ok")
	}
	return result.ok
}

// Err is what went wrong; it panics for what went well.
func (result Result[T, E]) Err() E {
	if result.tag != ResultErr {
		panic("ok")
	}
	return result.err
}
