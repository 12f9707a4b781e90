//! The signer of a file by sigstore: an identity for which an issuer vouches, in a bundle that is verified
//! offline.
//!
//! Without the cargo feature `sigstore`, identities are still parsed and compared, and no bundle is accepted.
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

/// The prefix of an identity in the name of a signer.
pub(crate) const PREFIX: &str = "sigstore:";
/// True if this build verifies bundles.
pub(crate) const IS_BUILT: bool = cfg!(feature = "sigstore");
/// The maximum size of an identity. A certificate holds one address.
const IDENTITY_BYTES: usize = 1024;

/// An identity: an address, and the issuer that vouches for it, as `IDENTITY@ISSUER`. `*` in the address
/// stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    name: String,
    issuer: String,
}

/// The root whose certificates and logs are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// The root of sigstore's public instance, as it was when the verifying crate was released.
    #[default]
    PublicGood,
    /// The root in a `trusted_root.json`.
    File(PathBuf),
}

/// The error for a bundle that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// This build does not verify bundles.
    #[error("this build of tryaudex does not verify sigstore bundles (cargo feature `sigstore`)")]
    NotBuilt,
    /// The trusted root cannot be read.
    #[error("{root} cannot be used: {reason}")]
    Root {
        /// The root.
        root: Root,
        /// The reason.
        reason: String,
    },
    /// The text is not a bundle, or is a bundle of a kind that is not supported.
    #[error("the sigstore bundle cannot be used: {0}")]
    Malformed(String),
    /// The bundle holds a statement, which can say anything: for example, that a test failed.
    #[error(
        "the sigstore bundle is a statement about the file (an attestation), not a signature of it"
    )]
    Attestation,
    /// The file was changed, or the bundle is for another file.
    #[error("the sigstore bundle is not for this file: {0}")]
    OtherFile(String),
    /// The signature is not by the key of the certificate.
    #[error("the sigstore bundle's signature is wrong: {0}")]
    Signature(String),
    /// The certificate is not from a trusted authority, or was not valid when the file was signed.
    #[error("the signer's certificate is refused by {root}: {reason}")]
    Certificate {
        /// The root that was used.
        root: Root,
        /// The reason.
        reason: String,
    },
    /// No trusted transparency log has the signature.
    #[error("no transparency log of {root} has the signature: {reason}")]
    Log {
        /// The root that was used.
        root: Root,
        /// The reason.
        reason: String,
    },
    /// No trusted timestamp shows when the file was signed.
    #[error("nobody of {root} says when it was signed: {reason}")]
    Time {
        /// The root that was used.
        root: Root,
        /// The reason.
        reason: String,
    },
    /// The certificate does not name the signer, or names the signer in a form that cannot be written.
    #[error(
        "the signer's certificate names nobody by an e-mail or web address and an https issuer"
    )]
    NoSigner,
}

impl Identity {
    /// Parses `IDENTITY@ISSUER`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, issuer) = text.rsplit_once('@')?;
        // A pattern that everyone matches is not an identity.
        let says_something = !name.trim_matches('*').is_empty();
        let is_issuer = issuer.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
        // Characters that can look like others on a terminal are rejected, and so are wildcards other than
        // `*`.
        let is_plain = text.len() <= IDENTITY_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?');
        (says_something && is_issuer && is_plain && !issuer.contains('*'))
            .then(|| Self { name: name.to_owned(), issuer: issuer.to_owned() })
    }

    /// Returns true if `other` is this identity, or matches its pattern.
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

/// Rejects every bundle, because this build does not verify bundles.
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
        assert!(
            exact.covers(&exact) && !exact.covers(&identity("*@example.com@https://x.example"))
        );
    }

    #[cfg(not(feature = "sigstore"))]
    #[test]
    fn a_build_that_cannot_tell_believes_nothing() {
        assert_eq!(verify(b"", "{}", &Root::PublicGood), Err(BundleError::NotBuilt));
    }
}
