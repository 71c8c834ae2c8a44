//! Functions of a core module whose parameters and result are words of 32 bits: `realloc`, and what is behind the exports.
//!
//! Wasmtime's typed functions carry their type along, whose counting of references costs as much as a short function.
//! Here the type is compared once, when a module is linked, and a call is the call alone.

use wasmtime::{
    AsContextMut, Extern, ExternType, Func, FuncType, Instance, Module, ModuleExport, ValRaw, ValType,
    format_err,
};

/// An export of a module that takes so many words, and returns one or nothing.
pub(crate) struct WordExport<const PARAMS: usize>(ModuleExport);

/// A function that takes so many words, and returns one or nothing.
#[derive(Clone, Copy)]
pub(crate) struct WordFunction<const PARAMS: usize>(Func);

impl<const PARAMS: usize> WordExport<PARAMS> {
    const HAS_ROOM_FOR_RESULT: () = assert!(PARAMS > 0, "a result takes the place of a parameter");

    /// Finds it by name.
    ///
    /// # Errors
    /// Where there is none of that type.
    pub(crate) fn find(module: &Module, name: &str) -> wasmtime::Result<Self> {
        let () = Self::HAS_ROOM_FOR_RESULT;
        let is_word = |ty: &ValType| matches!(ty, ValType::I32);
        let fits = |ty: &FuncType| {
            (ty.params().len(), ty.results().len() <= 1) == (PARAMS, true)
                && ty.params().chain(ty.results()).all(|ty| is_word(&ty))
        };
        let fits = module.get_export(name).is_some_and(|ty| matches!(ty, ExternType::Func(ty) if fits(&ty)));
        let export = module.get_export_index(name).filter(|_| fits);
        export
            .map(Self)
            .ok_or_else(|| format_err!("the core module has no function `{name}` of {PARAMS} words"))
    }

    /// The function of an instance of that module.
    ///
    /// # Errors
    /// Where it is the instance of another module.
    pub(crate) fn of(
        &self,
        store: impl AsContextMut,
        instance: Instance,
    ) -> wasmtime::Result<WordFunction<PARAMS>> {
        let function = instance.get_module_export(store, &self.0).and_then(Extern::into_func);
        function.map(WordFunction).ok_or_else(|| format_err!("this is an instance of another core module"))
    }
}

impl<const PARAMS: usize> WordFunction<PARAMS> {
    /// Calls it; the word means nothing where it returns none.
    pub(crate) fn call(self, store: impl AsContextMut, words: [u32; PARAMS]) -> wasmtime::Result<u32> {
        let mut values = words.map(ValRaw::u32);
        // SAFETY: the function's type was compared when its export was found: it reads `PARAMS` words, and writes at most
        // one in the place of the first, which is there. It belongs to the store as its instance does, and wasmtime
        // panics where that is another.
        #[allow(unsafe_code, reason = "wasmtime's typed functions count references at every call")]
        unsafe {
            self.0.call_unchecked(store, &raw mut values[..])?;
        }
        Ok(values[0].get_u32())
    }
}
