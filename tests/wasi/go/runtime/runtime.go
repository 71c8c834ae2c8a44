// Package runtime is the memory that the bindings of wit-bindgen and the host pass values in.
package runtime

import (
	"runtime"
	"unsafe"
)

func init() { grow() }

// grow makes the stack large once and beforehand: to move it costs a call more than what stands on it.
//
//go:noinline
func grow() (last byte) {
	var room [96 << 10]byte
	for at := range room {
		last = room[at]
	}
	return last
}

// What the host has written for a call that has not begun.
var arguments runtime.Pinner

// Allocate takes `size` bytes, aligned to at most 8, that stay where they are while `pinner` holds them.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(align)
	}
	block := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(block)
	return block
}

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	block := Allocate(&arguments, uintptr(size), uintptr(align))
	copy(unsafe.Slice((*byte)(block), size), unsafe.Slice((*byte)(old), min(oldSize, size)))
	return block
}

// Unpin is where a call begins: the bindings call it once Go holds the arguments.
func Unpin() {
	arguments.Unpin()
	draw()
}

// The function of this name that the build adds to Go's own runtime.
func draw()

// The adapter of WASI's preview 1 keeps its state and its stack here; it asks for them while Go's scheduler is in the
// middle of something, where no Go may run, so that the build asks once and beforehand.
var adapter [3 << 16]byte

//go:wasmexport adapter-memory
func adapterMemory() unsafe.Pointer { return unsafe.Pointer(&adapter) }
