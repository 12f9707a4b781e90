//! The address of Vault, and the check that a token may be sent to it.

use std::net::IpAddr;

use reqwest::Url;

use super::VaultError;
use audex_core::environment::VAULT_ADDR;
use audex_core::shape;

/// The address of a server: https, or plain http on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(Url);

impl Address {
    /// Parses an address as `VAULT_ADDR` contains it.
    ///
    /// # Errors
    /// If the text is not the address of a server, or the token would be sent in clear text.
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
        let malformed = || VaultError::Address { address: shown(text) };
        let url = Url::parse(text.trim()).map_err(|_| malformed())?;
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !matches!(url.scheme(), "https" | "http") || !bare || !matches!(url.path(), "" | "/") {
            return Err(malformed());
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(malformed());
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(VaultError::PlainHttp { address: shown(text) });
        }
        Ok(Self(url))
    }

    /// Returns true if the address uses plain http, which is allowed on this machine only.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Returns the address as text, without a slash at the end.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Returns the URL with the path and query of `asked` at this address.
    pub(super) fn join(&self, asked: &Url) -> Url {
        let mut url = self.0.clone();
        url.set_path(asked.path());
        url.set_query(asked.query());
        url
    }
}

/// Returns true if `url` names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns an address as an error may show it. Security: the text may be a token, or contain a password.
fn shown(text: &str) -> String {
    shape::address(VAULT_ADDR, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine_are_taken() {
        for good in [
            "https://vault.example.com:8200",
            "https://10.0.0.7:8200/",
            "http://127.0.0.1:8200",
            "http://localhost:8200",
            "http://[::1]:8200",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_token_is_not_sent_in_clear() {
        for bad in [
            "http://vault.example.com:8200",
            "http://10.0.0.7:8200",
            "http://127.0.0.1.example.com",
        ] {
            assert!(matches!(Address::parse(bad), Err(VaultError::PlainHttp { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_a_password_in_it_is_not_repeated() {
        for bad in [
            "vault.example.com",
            "ftp://x",
            "https://x/v1",
            "https://x?y=planted",
            "https://u:planted@x",
            "hvs.CAESIJplanted0123456789",
            "s.planted0123456789ABCDEFGH",
            "{\"address\":\"planted\"}",
            "planted",
            "",
        ] {
            let error = Address::parse(bad).unwrap_err();
            assert!(matches!(error, VaultError::Address { .. }), "{bad}");
            assert!(!error.to_string().contains("planted"), "{error}");
        }
    }
}
