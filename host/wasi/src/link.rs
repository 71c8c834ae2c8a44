//! Linking one function or resource: paid for, told, and then acted.

use wasmtime::StoreContextMut;
use wasmtime::component::{
    ComponentNamedList, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType, Val, types,
};

use crate::VERSION;
use crate::host::{Host, Reason};
use crate::prices::{BYTE, BYTES_MAX, CALL, HANDLE, HANDLES_MAX};

/// The interface of this name, to be filled.
pub(crate) fn interface<'a, H: Host>(
    linker: &'a mut Linker<H>,
    name: &str,
) -> wasmtime::Result<LinkerInstance<'a, H>> {
    linker.instance(&format!("{name}@{VERSION}"))
}

/// A function as its interface knows it, from `interface.function`.
fn own_name(function: &'static str) -> &'static str {
    function.split_once('.').map_or(function, |(_, own)| own)
}

/// One call of a function of an interface.
pub(crate) struct Call<'a, 'b, H: Host> {
    pub(crate) cx: &'a mut StoreContextMut<'b, H>,
    function: &'static str,
}

impl<H: Host> Call<'_, '_, H> {
    /// The error that ends the call.
    pub(crate) fn end(&self, reason: Reason) -> wasmtime::Error {
        H::end(self.function, reason)
    }

    /// Takes the price of `bytes`, if they are not too many.
    pub(crate) fn bytes(&mut self, bytes: u64) -> wasmtime::Result<()> {
        if bytes > BYTES_MAX {
            return Err(self.end(Reason::TooMany));
        }
        H::charge(self.cx, self.function, BYTE * bytes)
    }

    /// Takes the price of polling `handles`, if they are not too many.
    pub(crate) fn polled(&mut self, handles: usize) -> wasmtime::Result<()> {
        if handles > HANDLES_MAX as usize {
            return Err(self.end(Reason::TooMany));
        }
        H::charge(self.cx, self.function, HANDLE * handles as u64)
    }

    /// Makes a handle that means `rep`.
    pub(crate) fn handle<R: 'static>(&mut self, rep: u32) -> wasmtime::Result<Resource<R>> {
        H::charge(self.cx, self.function, HANDLE)?;
        let handles = self.cx.data_mut().handles();
        if *handles >= HANDLES_MAX {
            return Err(self.end(Reason::TooMany));
        }
        *handles += 1;
        Ok(Resource::new_own(rep))
    }
}

/// Links a function under the name that stands behind the dot of `function`.
pub(crate) fn function<H: Host, P, R>(
    interface: &mut LinkerInstance<'_, H>,
    function: &'static str,
    act: impl Fn(&mut Call<'_, '_, H>, P) -> wasmtime::Result<R> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + 'static,
    R: ComponentNamedList + Lower + 'static,
{
    interface.func_wrap(own_name(function), move |mut cx: StoreContextMut<'_, H>, arguments: P| {
        paid(&mut cx, function, |cx| act(&mut Call { cx, function }, arguments))
    })
}

/// Links a function of any signature that always refuses: with its own error where it has one.
pub(crate) fn refusal<H: Host>(
    interface: &mut LinkerInstance<'_, H>,
    function: &'static str,
) -> wasmtime::Result<()> {
    let act = move |mut cx: StoreContextMut<'_, H>,
                    ty: types::ComponentFunc,
                    arguments: &[Val],
                    results: &mut [Val]| {
        paid(&mut cx, function, |cx| {
            // What was lent is given back, as the canonical ABI wants it.
            for argument in arguments {
                if let Val::Resource(lent) = argument {
                    lent.resource_drop(&mut *cx)?;
                }
            }
            let refused = ty.results().next().and_then(|ty| denied(&ty));
            match (results.first_mut(), refused) {
                (Some(result), Some(refused)) => {
                    *result = refused;
                    Ok(())
                }
                _ => Err(H::end(function, Reason::Misuse("there are no files and no sockets here"))),
            }
        })
    };
    interface.func_new(own_name(function), act)
}

/// The refusal that a function of this result has: `access` of files, `access-denied` of sockets.
fn denied(result: &types::Type) -> Option<Val> {
    let types::Type::Result(result) = result else { return None };
    let Some(types::Type::Enum(codes)) = result.err() else { return None };
    let code = codes.names().find(|name| matches!(*name, "access" | "access-denied"))?;
    Some(Val::Result(Err(Some(Box::new(Val::Enum(code.into()))))))
}

/// Links a resource type of which handles are made.
pub(crate) fn resource<H: Host, R: 'static>(
    interface: &mut LinkerInstance<'_, H>,
    name: &str,
) -> wasmtime::Result<()> {
    interface.resource(name, ResourceType::host::<R>(), |mut cx: StoreContextMut<'_, H>, _| {
        let handles = cx.data_mut().handles();
        *handles = handles.saturating_sub(1);
        Ok(())
    })
}

fn paid<H: Host, R>(
    cx: &mut StoreContextMut<'_, H>,
    function: &'static str,
    act: impl FnOnce(&mut StoreContextMut<'_, H>) -> wasmtime::Result<R>,
) -> wasmtime::Result<R> {
    // Fuel is always enabled.
    let before = cx.get_fuel().unwrap_or(0);
    let result = H::charge(cx, function, CALL).and_then(|()| act(cx));
    H::told(cx, function, before, result.as_ref().err());
    result
}
