//! Name resolution that returns public addresses only.
//!
//! Security: a granted name can resolve to the metadata service or to a neighbouring host (DNS rebinding). So
//! the check uses exactly the addresses that the client then connects to.

use std::net::{IpAddr, SocketAddr};

use audex_wire::public_address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A resolver that uses the system's, and refuses names that resolve to an address which is not public.
pub(super) struct PublicOnly;

/// The error for a name that resolves to a non-public address.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` resolves to {address}, which is not a public address")]
pub(crate) struct NotPublic {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if let Some(inside) = found.iter().find(|address| !is_public(address.ip())) {
                return Err(NotPublic { name, address: inside.ip() }.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_inside_is_not_resolved() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let resolved = runtime.block_on(PublicOnly.resolve("localhost".parse().unwrap()));
        let refused = resolved.err().expect("every machine has this name").to_string();
        assert!(
            refused.starts_with("`localhost` resolves to ")
                && refused.ends_with("not a public address"),
            "{refused}"
        );
    }
}
