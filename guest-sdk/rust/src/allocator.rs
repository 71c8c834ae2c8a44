//! The allocator of a spell on wasm: it moves a mark upwards.
//!
//! Memory dies with the call, so giving back is rarely worth its price (the standard allocator costs half a
//! call). Only the newest allocation is given back or grown in place, which covers a vector that grows and a
//! buffer that comes and goes. It does not know threads: a spell has one.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

const PAGE_BYTES: usize = 64 * 1024;

/// The mark, and where memory ends.
struct Bump {
    top: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: a component instance has one thread.
unsafe impl Sync for Bump {}

#[global_allocator]
static ALLOCATOR: Bump = Bump { top: Cell::new(0), end: Cell::new(0) };

unsafe extern "C" {
    /// Where the linker's data ends.
    static __heap_base: u8;
}

impl Bump {
    /// Moves the mark to `start + size`, if there is or can be that much memory.
    fn claim(&self, start: usize, size: usize) -> *mut u8 {
        let Some(top) = start.checked_add(size) else { return refuse(size) };
        if top > self.end.get() {
            let pages = (top - self.end.get()).div_ceil(PAGE_BYTES);
            if std::arch::wasm32::memory_grow(0, pages) == usize::MAX {
                return refuse(size);
            }
            self.end.set(self.end.get() + pages * PAGE_BYTES);
        }
        self.top.set(top);
        std::ptr::with_exposed_provenance_mut(start)
    }
}

// SAFETY: every answer is aligned, inside the memory, and above everything that is in use.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.end.get() == 0 {
            self.top.set((&raw const __heap_base).addr());
            self.end.set(std::arch::wasm32::memory_size(0) * PAGE_BYTES);
        }
        match self.top.get().checked_next_multiple_of(layout.align()) {
            Some(start) => self.claim(start, layout.size()),
            None => refuse(layout.size()),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if memory.addr() + layout.size() == self.top.get() {
            self.top.set(memory.addr());
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if memory.addr() + layout.size() == self.top.get() {
            return self.claim(memory.addr(), size);
        }
        if size <= layout.size() {
            return memory;
        }
        // SAFETY: the old block is in use and as large as its layout says; the new one is larger and apart.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(memory, moved, layout.size());
            }
            moved
        }
    }
}

/// Says so where the author looks (a failed allocation never reaches the panic hook), and returns null.
#[cold]
fn refuse(size: usize) -> *mut u8 {
    #[cfg(feature = "panic-log")]
    {
        // Written by hand: formatting would allocate.
        let mut text = *b"out of memory: a spell asked for            more bytes";
        let mut rest = size;
        for digit in text[33..43].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        // SAFETY: every byte of it is ASCII.
        let text = unsafe { std::str::from_utf8_unchecked(&text) };
        crate::host::log::log(crate::host::log::Level::Error, text);
    }
    #[cfg(not(feature = "panic-log"))]
    let _ = size;
    std::ptr::null_mut()
}
