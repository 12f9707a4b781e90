//! Managed identities of App Service and similar platforms, and of virtual machines.
//!
//! `azure_identity` writes the query and reads the reply. Platform, address and header are checked here: the
//! library takes any endpoint, and every machine for a virtual machine of Azure.

use std::net::IpAddr;
use std::time::Duration;

use azure_core::credentials::TokenCredential as _;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use reqwest::header::HeaderValue;
use reqwest::{Client, Method, Request, Url};

use super::reply;
use super::transport::HostTransport;
use crate::token::{Token, TokenError, Why};
use audex_core::environment::{Environment, IDENTITY_ENDPOINT, IDENTITY_HEADER};

/// The metadata service of virtual machines.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// The asset tag in the firmware of every Azure virtual machine; Microsoft's own agents recognise their host
/// by it.
const ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";
const ASSET_FILE: &str = "/sys/class/dmi/id/chassis_asset_tag";
/// The time limit of the metadata service, which is nearby: a machine without an identity gets an error at
/// once.
const MACHINE_TIME: Duration = Duration::from_secs(3);

/// Returns a token of the managed identity, or of the user-assigned identity `id` if one is given; `None` if
/// the platform has no managed identities.
pub(super) async fn token(
    environment: &Environment,
    client: &Client,
    id: Option<&str>,
    audience: &str,
) -> Result<Option<Token>, TokenError> {
    let service = environment.get(IDENTITY_ENDPOINT).zip(environment.get(IDENTITY_HEADER));
    let request = match service {
        Some((endpoint, header)) => of_service(endpoint, header)?,
        None if is_machine() => of_machine()?,
        None => return Ok(None),
    };
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: id.map(|id| UserAssignedId::ClientId(id.to_owned())),
        client_options: HostTransport::new(client, request).options(),
    };
    let login = ManagedIdentityCredential::new(Some(options));
    let login = login.map_err(|error| unsupported(&error))?;
    let reply = login.get_token(&[&format!("{audience}/.default")], None).await;
    reply::token(reply, reply::unreadable).map(Some)
}

/// Converts the library's error for a platform, such as Service Fabric, whose name is all that the error says.
fn unsupported(error: &azure_core::Error) -> TokenError {
    TokenError::new(Why::Unsupported, "source-type", error.to_string())
}

fn of_service(endpoint: &str, header: &str) -> Result<Request, TokenError> {
    let mut request = Request::new(Method::GET, local(endpoint)?);
    let mut header = HeaderValue::from_str(header)
        .map_err(|_| TokenError::config(format!("`{IDENTITY_HEADER}` cannot stand in a header")))?;
    header.set_sensitive(true);
    request.headers_mut().insert("x-identity-header", header);
    Ok(request)
}

/// Parses the address of the platform's endpoint.
///
/// Security: the header is a secret, so the endpoint must be on this machine or its link.
fn local(endpoint: &str) -> Result<Url, TokenError> {
    let wrong = || {
        TokenError::config(format!(
            "`{IDENTITY_ENDPOINT}` must be http on loopback or the local link"
        ))
    };
    let url = Url::parse(endpoint).map_err(|_| wrong())?;
    let is_near = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback(),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let near = host == "localhost" || host.parse().is_ok_and(is_near);
    if near && url.scheme() == "http" && url.username().is_empty() { Ok(url) } else { Err(wrong()) }
}

fn is_machine() -> bool {
    std::fs::read_to_string(ASSET_FILE).is_ok_and(|tag| tag.trim() == ASSET_TAG)
}

fn of_machine() -> Result<Request, TokenError> {
    let url = Url::parse(MACHINE).map_err(TokenError::config)?;
    let mut request = Request::new(Method::GET, url);
    request.headers_mut().insert("metadata", HeaderValue::from_static("true"));
    *request.timeout_mut() = Some(MACHINE_TIME);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_goes_to_this_machine_or_its_link_only() {
        for near in
            ["http://127.0.0.1:41/msi/token", "http://169.254.129.1/msi", "http://localhost:1/x"]
        {
            assert!(local(near).is_ok(), "{near}");
        }
        for far in
            ["http://10.0.0.1/x", "https://evil.example/x", "http://127.0.0.1.evil.example/", "x"]
        {
            assert!(local(far).is_err(), "{far}");
        }
    }
}
