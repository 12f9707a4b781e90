//! Who signed a file by sigstore: an identity that somebody vouched for, in a bundle that is checked offline.
//!
//! Without the cargo feature `sigstore` identities are read and compared all the same, and no bundle is believed.
//!
//! Source: sigstore, "Sigstore Client Spec" and "Bundle format".

#[cfg(feature = "sigstore")]
mod crypto;
#[cfg(feature = "sigstore")]
mod verify;

use std::fmt;
use std::path::PathBuf;

use audex_sdk::pattern;

#[cfg(feature = "sigstore")]
pub use verify::verify;

/// How an identity begins where a signer is named.
pub const PREFIX: &str = "sigstore:";
/// Whether this build verifies bundles.
pub const IS_BUILT: bool = cfg!(feature = "sigstore");
/// A certificate holds one address.
const IDENTITY_BYTES: usize = 1024;

/// Somebody, by an address, and who vouches for it: `IDENTITY@ISSUER`. `*` in the address stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    name: String,
    issuer: String,
}

/// Whose certificates and logs are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// Those of sigstore's public instance, as they were when the verifying crate was released.
    #[default]
    PublicGood,
    /// Those of a `trusted_root.json`.
    File(PathBuf),
}

/// Why a bundle is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// This build cannot tell.
    #[error("this build of tryaudex does not verify sigstore bundles (cargo feature `sigstore`)")]
    NotBuilt,
    /// The trusted root cannot be read.
    #[error("{root} cannot be used: {reason}")]
    Root {
        /// Which.
        root: Root,
        /// Why.
        reason: String,
    },
    /// It is no bundle, or one of a kind that is not taken.
    #[error("the sigstore bundle cannot be used: {0}")]
    Malformed(String),
    /// It holds a statement, which can be anything: that a test failed, for one.
    #[error("the sigstore bundle is a statement about the file (an attestation), not a signature of it")]
    Attestation,
    /// The file was changed, or the bundle is another's.
    #[error("the sigstore bundle is not for this file: {0}")]
    OtherFile(String),
    /// The signature is not by the key of the certificate.
    #[error("the sigstore bundle's signature is wrong: {0}")]
    Signature(String),
    /// The certificate is of no authority that is believed, or was not valid when the file was signed.
    #[error("the signer's certificate is refused by {root}: {reason}")]
    Certificate {
        /// By which root.
        root: Root,
        /// Why.
        reason: String,
    },
    /// It is in no transparency log that is believed.
    #[error("no transparency log of {root} has the signature: {reason}")]
    Log {
        /// By which root.
        root: Root,
        /// Why.
        reason: String,
    },
    /// Nobody who is believed says when it was signed.
    #[error("nobody of {root} says when it was signed: {reason}")]
    Time {
        /// By which root.
        root: Root,
        /// Why.
        reason: String,
    },
    /// The certificate says not who signed, or in a way that cannot be written down.
    #[error("the signer's certificate names nobody by an e-mail or web address and an https issuer")]
    Nobody,
}

impl Identity {
    /// Reads `IDENTITY@ISSUER`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, issuer) = text.rsplit_once('@')?;
        // A pattern that anybody matches is no identity.
        let says_something = !name.trim_matches('*').is_empty();
        let is_issuer = issuer.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
        // Nothing that looks like something else on a terminal, and no other wildcard than `*`.
        let is_plain =
            text.len() <= IDENTITY_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?');
        (says_something && is_issuer && is_plain && !issuer.contains('*'))
            .then(|| Self { name: name.to_owned(), issuer: issuer.to_owned() })
    }

    /// Whether whoever `other` is, is this one too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.issuer == other.issuer && pattern::covers(&self.name, &other.name)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}@{}", self.name, self.issuer)
    }
}

impl fmt::Display for Root {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicGood => formatter.write_str("sigstore's public trusted root"),
            Self::File(path) => write!(formatter, "the trusted root `{}`", path.display()),
        }
    }
}

/// Nobody: this build cannot tell.
///
/// # Errors
/// Always.
#[cfg(not(feature = "sigstore"))]
pub fn verify(_file: &[u8], _bundle: &str, _root: &Root) -> Result<Identity, BundleError> {
    Err(BundleError::NotBuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn an_identity_is_an_address_and_an_issuer_and_is_printed_as_it_is_read() {
        for text in [
            "me@example.com@https://accounts.example.com",
            "https://code.example/o/r/.github/workflows/x.yml@refs/tags/v1@https://tokens.example",
            "https://code.example/o/*@https://tokens.example",
        ] {
            assert_eq!(identity(text).to_string(), format!("sigstore:{text}"));
        }
        let long = format!("{}@https://x.example", "a".repeat(IDENTITY_BYTES));
        for text in [
            "",
            "@",
            "me",
            "me@example.com",
            "@https://x.example",
            "*@https://x.example",
            "**@https://x.example",
            "me@https://",
            "me@http://x.example",
            "me@https://*.example",
            "m?@https://x.example",
            "m e@https://x.example",
            "me\n@https://x.example",
            "m\u{e9}@https://x.example",
            &long,
        ] {
            assert_eq!(Identity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_pattern_is_of_one_issuer_and_never_wider_than_it_says() {
        let tags = identity("https://code.example/o/r/x.yml@refs/tags/*@https://tokens.example");
        for (other, may) in [
            ("https://code.example/o/r/x.yml@refs/tags/v1@https://tokens.example", true),
            ("https://code.example/o/r/x.yml@refs/tags/v*@https://tokens.example", true),
            ("https://code.example/o/r/x.yml@refs/heads/main@https://tokens.example", false),
            ("https://code.example/o/r/x.yml@*@https://tokens.example", false),
            ("https://code.example/o/r/x.yml@refs/tags/v1@https://tokens.example.evil", false),
            ("https://CODE.example/o/r/x.yml@refs/tags/v1@https://tokens.example", false),
        ] {
            assert_eq!(tags.covers(&identity(other)), may, "{other}");
        }
        let exact = identity("me@example.com@https://x.example");
        assert!(exact.covers(&exact) && !exact.covers(&identity("*@example.com@https://x.example")));
    }

    #[cfg(not(feature = "sigstore"))]
    #[test]
    fn a_build_that_cannot_tell_believes_nothing() {
        assert_eq!(verify(b"", "{}", &Root::PublicGood), Err(BundleError::NotBuilt));
    }
}
