//! Addresses that the user configured by a variable or a file: https anywhere, plain http on loopback only.

use reqwest::Url;

use crate::shape;

/// An address that credentials cannot be sent to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` must be an https address, or http on loopback, without user, query and fragment")]
pub struct AddressError {
    name: String,
}

/// The address in `text`, which `name` says where it comes from.
///
/// # Errors
/// When it is none. Security: its text is not repeated, as a password may be in it.
pub fn parse(name: &str, text: &str) -> Result<Url, AddressError> {
    let wrong = || AddressError { name: name.to_owned() };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.host_str().is_some()
        // Security: whoever cannot reach a host names it, so that it must not be a token.
        && shape::has_host(text.trim());
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if plain && safe { Ok(url) } else { Err(wrong()) }
}

/// Whether the host is this machine for certain. `localhost` is what the system's resolver makes of it, by RFC 6761 loopback.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_loopback_are_accepted() {
        for text in [
            "https://x.example/a",
            "http://127.0.0.1:1/",
            "http://[::1]:1",
            "http://localhost:1",
            "https://my_vault:8200/",
            "https://größe.example",
        ] {
            assert!(parse("X", text).is_ok(), "{text}");
        }
    }

    #[test]
    fn http_elsewhere_and_what_looks_like_loopback_is_refused() {
        for text in [
            "http://x.example",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "https://a@b",
            "https://hvs.CAESIJ0123456789abcdef",
            "https://AKIAIOSFODNN7EXAMPLE/",
            "https://Ab12Cd34Ef56Gh78Ij90Kl12",
        ] {
            assert!(parse("X", text).is_err(), "{text}");
        }
    }
}
