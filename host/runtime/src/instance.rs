//! A fresh instance of a spell, whichever way it runs: as the component that it is, or as its core module alone.
//!
//! Both ways give the same answers for the same fuel; who calls does not see which it was. Does not know worlds, calls or
//! outcomes.

use wasmtime::Store;
use wasmtime::component::ComponentExportIndex;

use crate::abi;
use crate::direct::Direct;
use crate::session::Session;

/// The parameters of `cast`.
pub(crate) type CastParams<'a> = (&'a abi::CastContext,);
/// The parameters of `on-event`.
pub(crate) type EventParams<'a> = (&'a abi::CastContext, &'a abi::SpellEvent);
/// The parameters of `migrate`.
pub(crate) type MigrateParams<'a> = (&'a str, &'a [u8]);

/// Where the exports of a component are, so that a call looks nothing up by name.
pub(crate) struct Exports {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) cast: ComponentExportIndex,
    pub(crate) on_event: ComponentExportIndex,
    pub(crate) migrate: ComponentExportIndex,
    /// Its core module, where it was compiled to hand it out.
    pub(crate) module: Option<ComponentExportIndex>,
}

/// An instance that has not been called yet.
pub(crate) enum Instance<'a> {
    Component(wasmtime::component::Instance, &'a Exports),
    Direct(wasmtime::Instance, &'a Direct),
}

impl Instance<'_> {
    pub(crate) fn cast(
        self,
        store: &mut Store<Session>,
        context: &abi::CastContext,
    ) -> wasmtime::Result<abi::Answer> {
        match self {
            Self::Component(instance, exports) => {
                let cast = instance.get_typed_func::<CastParams<'_>, _>(&mut *store, exports.cast)?;
                cast.call(store, (context,))
            }
            Self::Direct(instance, direct) => direct.cast(store, instance, context),
        }
    }

    pub(crate) fn on_event(
        self,
        store: &mut Store<Session>,
        context: &abi::CastContext,
        event: &abi::SpellEvent,
    ) -> wasmtime::Result<abi::Answer> {
        match self {
            Self::Component(instance, exports) => {
                let on_event =
                    instance.get_typed_func::<EventParams<'_>, _>(&mut *store, exports.on_event)?;
                on_event.call(store, (context, event))
            }
            Self::Direct(instance, direct) => direct.on_event(store, instance, context, event),
        }
    }

    pub(crate) fn migrate(
        self,
        store: &mut Store<Session>,
        from: &str,
        state: &[u8],
    ) -> wasmtime::Result<abi::Migrated> {
        match self {
            Self::Component(instance, exports) => {
                let migrate =
                    instance.get_typed_func::<MigrateParams<'_>, _>(&mut *store, exports.migrate)?;
                migrate.call(store, (from, state))
            }
            Self::Direct(instance, direct) => direct.migrate(store, instance, from, state),
        }
    }
}
