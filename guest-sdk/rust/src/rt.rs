//! What the generated bindings need at run time, and no more: memory for values that cross the boundary.
//!
//! Promises the names that `wit-bindgen` calls. Knows nothing about spells.
#![allow(unsafe_code, reason = "the canonical ABI hands over raw memory")]

use std::alloc::Layout;
use std::ptr::NonNull;

/// Memory of a lowered argument; given back when dropped.
#[derive(Debug)]
pub struct Cleanup {
    memory: NonNull<u8>,
    layout: Layout,
}

impl Cleanup {
    /// Memory of that layout; null and nothing to clean up where its size is zero.
    pub fn new(layout: Layout) -> (*mut u8, Option<Cleanup>) {
        if layout.size() == 0 {
            return (std::ptr::null_mut(), None);
        }
        // SAFETY: the layout's size is not zero.
        let Some(memory) = NonNull::new(unsafe { std::alloc::alloc(layout) }) else {
            std::alloc::handle_alloc_error(layout)
        };
        (memory.as_ptr(), Some(Cleanup { memory, layout }))
    }

    /// Leaves the memory to whoever got the pointer.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // SAFETY: `memory` was allocated with this layout, by `new`, and is freed only here.
        unsafe { std::alloc::dealloc(self.memory.as_ptr(), self.layout) }
    }
}

/// Where the host asks for memory to put arguments and results into.
///
/// # Safety
///
/// `old` is null or what an earlier call returned for `old_len` and `align`; `align` is a power of two.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    // SAFETY: the host keeps the contract above; sizes it asks for fit the memory or the allocation fails.
    let memory = unsafe {
        if old_len == 0 {
            if new_len == 0 {
                return std::ptr::without_provenance_mut(align);
            }
            std::alloc::alloc(Layout::from_size_align_unchecked(new_len, align))
        } else {
            std::alloc::realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len)
        }
    };
    if memory.is_null() {
        std::arch::wasm32::unreachable();
    }
    memory
}

/// Keeps `cabi_realloc` in the component: the linker only exports what something refers to.
pub fn maybe_link_cabi_realloc() {
    #[cfg(target_arch = "wasm32")]
    {
        #[used]
        static KEEP: unsafe extern "C" fn(*mut u8, usize, usize, usize) -> *mut u8 = cabi_realloc;
    }
}

/// Runs static constructors on the first call only; by naming the function the module opts out of running them
/// before every export.
#[cfg(target_arch = "wasm32")]
pub fn run_ctors_once() {
    use std::cell::Cell;
    thread_local! {
        static DONE: Cell<bool> = const { Cell::new(false) };
    }
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    if !DONE.replace(true) {
        // SAFETY: the linker provides it; it takes nothing and is called once.
        unsafe { __wasm_call_ctors() }
    }
}
