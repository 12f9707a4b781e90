//! The HTTP client of components.

mod address;

pub(crate) use self::address::NotPublic;

use audex_core::environment::Environment;
use audex_wire::client::{ClientError, common};

/// The client of components: https only, no redirect, no proxy of the environment, and no
/// address that is not public.
pub(crate) fn client(environment: &Environment) -> Result<reqwest::Client, ClientError> {
    Ok(common(environment)?.https_only(true).dns_resolver(address::PublicOnly).build()?)
}
