//! The HTTP client of components.

mod address;

pub(crate) use self::address::NotPublic;

use audex_core::environment::Environment;
use audex_wire::client::{ClientError, common};

/// Builds the HTTP client of components: https only, no redirects, no proxy from the environment, and public
/// addresses only.
pub(crate) fn client(environment: &Environment) -> Result<reqwest::Client, ClientError> {
    Ok(common(environment)?.https_only(true).dns_resolver(address::PublicOnly).build()?)
}
