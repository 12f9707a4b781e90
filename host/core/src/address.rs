//! Addresses that the user configured in a variable or a file: https anywhere, plain http on loopback only.

use reqwest::Url;

use crate::shape;

/// The error for an address to which credentials cannot be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` must be an https address, or http on loopback, without user, query and fragment")]
pub struct AddressError {
    name: String,
}

/// Parses the address in `text`; `name` is the variable or key that holds it.
///
/// # Errors
/// When `text` is not a permitted address. Security: the error does not repeat the text, which may contain a password.
pub fn parse(name: &str, text: &str) -> Result<Url, AddressError> {
    let wrong = || AddressError { name: name.to_owned() };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.host_str().is_some()
        // Security: an error about an unreachable host names the host, so a token must not pass as a host.
        && shape::has_host(text.trim());
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if plain && safe { Ok(url) } else { Err(wrong()) }
}

/// Returns true for a host that is certainly this machine. The system's resolver maps `localhost` to loopback (RFC 6761).
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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
