// Added to Go's package runtime.

package runtime

import "unsafe"

// init forgets the table that finds the function of a program counter: for WebAssembly it is half a megabyte, in pieces
// of a few bytes, and a search in the table of functions takes its place (build.mjs).
func init() {
	datap := &firstmoduledata
	buckets := (datap.maxpc - datap.minpc + 4095) / 4096
	memclrNoHeapPointers(unsafe.Pointer(datap.findfunctab), buckets*unsafe.Sizeof(findfuncbucket{}))
}

// draw makes chance that of the call, not that of the build in which the runtime started.
//
//go:linkname draw go.bytecodealliance.org/pkg/wit/runtime.draw
func draw() {
	var seed [4]uint64
	if readRandom((*[32]byte)(unsafe.Pointer(&seed))[:]) != len(seed)*8 {
		throw("there is no chance")
	}
	mp := getg().m
	mp.chacha8.Init64(seed)
	mp.cheaprand = uint32(rand())
	mp.cheaprand64 = rand()
}
