//! The imports of components: for each, its context, its functions and the tests of what it denies. Named as in
//! the contract.

pub(crate) mod clock;
mod convert;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod keep;
pub(crate) mod keys;
pub(crate) mod leases;
pub(crate) mod log;
pub(crate) mod secrets;
pub(crate) mod settings;
mod settle;
mod slot;
pub(crate) mod sts;
pub mod tape;
pub(crate) mod transport;

pub use self::http::route::configured;

use std::marker::PhantomData;
use std::sync::Arc;

use wasmtime::component::HasData;

use self::clock::Clock;
use self::http::Http;
use self::identity::Identity;
use self::keep::Keep;
use self::keys::Keys;
use self::sts::Sts;
use self::transport::Transport;
use crate::bindings::provider::types;
use crate::context::CallContext;
use crate::import_error::ImportError;
use crate::leases::Leases;
use crate::logins::Logins;
use crate::network::Network;

/// The contexts of one component's imports, which outlive a call.
pub(crate) struct Imports {
    pub clock: Clock,
    pub http: Http,
    pub identity: Identity,
    pub keep: Keep,
    pub keys: Keys,
    pub leases: Leases,
    pub sts: Sts,
}

/// What one import sees: the call, and the import's own context.
pub(crate) struct View<'a, C> {
    pub call: &'a mut CallContext,
    pub own: &'a C,
}

/// The name of the import with the context `C` for the linker.
pub(crate) struct Import<C>(PhantomData<C>);

impl<C: 'static> HasData for Import<C> {
    type Data<'a> = View<'a, C>;
}

impl<C> types::Host for View<'_, C> {
    fn convert_error(&mut self, error: ImportError) -> wasmtime::Result<types::Error> {
        error.for_guest()
    }
}

impl Imports {
    pub(crate) fn new(
        network: &Arc<Network>,
        logins: &Arc<Logins>,
        transport: &Arc<dyn Transport>,
    ) -> Self {
        let (network, logins) = (|| Arc::clone(network), || Arc::clone(logins));
        Self {
            clock: Clock { transport: Arc::clone(transport) },
            http: Http::new(network(), logins(), Arc::clone(transport)),
            identity: Identity { network: network(), logins: logins() },
            keep: Keep::default(),
            keys: Keys { transport: Arc::clone(transport) },
            leases: Leases::default(),
            sts: Sts { network: network(), logins: logins() },
        }
    }
}

#[cfg(test)]
impl<'a, C> View<'a, C> {
    pub(crate) fn new(call: &'a mut CallContext, own: &'a C) -> Self {
        Self { call, own }
    }
}
