//! Why a component is not what its author made, for all that is known; each with what to do about it.

use crate::signature::{KeyId, Signer};
use crate::sigstore::BundleError;

/// The reason, and with it the hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Not the digest that was given.
    #[error("its digest is sha256:{0}")]
    Digest(String),
    /// Nobody vouches for it.
    #[error("it comes from elsewhere, is not signed, and no digest was given")]
    Elsewhere,
    /// A minisign key was asked for.
    #[error("it has no minisign signature")]
    NoMinisign,
    /// An identity was asked for.
    #[error("it has no sigstore bundle")]
    NoBundle,
    /// What lies beside it is no signature.
    #[error("the `.minisig` of it is no minisign signature")]
    Malformed,
    /// Of nobody whom the user or the organisation trusts.
    #[error("it is signed by the minisign key {0}, which nobody has named")]
    UnknownKey(KeyId),
    /// Of another than the user named.
    #[error("it is signed by the minisign key {found}, and `{named}` is another")]
    NotNamed {
        /// Whose key was named.
        named: Signer,
        /// The key of the signature.
        found: KeyId,
    },
    /// The key is right, the bytes are not.
    #[error("its signature names `{0}`, and is not of this file: either was changed, or the file built anew")]
    OtherFile(Signer),
    /// An identity that nobody trusts.
    #[error("it is signed by `{0}`, who is not known")]
    UnknownIdentity(Signer),
    /// The bundle says nothing.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Neither signature will do.
    #[error("{0}; {1}")]
    Both(Box<Self>, Box<Self>),
    /// Somebody else's than what is installed.
    #[error("it was signed by `{pinned}` before, and is now by {now}")]
    OtherAuthor {
        /// Whose signature the installed one has.
        pinned: Signer,
        /// Who signed this one.
        now: String,
    },
    /// Nobody's, where what is installed has a signature.
    #[error("it was signed by `{0}` before, and is not signed now")]
    NoLongerSigned(Signer),
    /// There is another component where it came from.
    #[error("`{found}` is at {origin}")]
    OtherName {
        /// Its name.
        found: String,
        /// Where.
        origin: String,
    },
}

impl Distrust {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Elsewhere => "ask its author for the key (--signer) or the digest (--digest)",
            Self::Digest(_) => "ask its author for the digest of this version",
            Self::NoMinisign | Self::Malformed => {
                "make one with `minisign -Sm FILE`; it lies beside the file as FILE.minisig, or give --signature"
            }
            Self::NoBundle => "it lies beside the file as FILE.sigstore.json, or give --signature",
            Self::UnknownKey(_) => "if that is its author's key, name it: --signer THE.pub",
            Self::NotNamed { .. } => "name the key that its author signs with: --signer THE.pub",
            Self::OtherFile(_) => "fetch both again, or have it signed again: minisign -Sm FILE",
            Self::UnknownIdentity(_) => "if that is its author, name it: --signer sigstore:IDENTITY@ISSUER",
            Self::Bundle(BundleError::NotBuilt) => {
                "take a build with the feature, or have it signed by minisign"
            }
            Self::Bundle(_) => "ask its author for another signature",
            Self::Both(first, _) => first.hint(),
            Self::OtherAuthor { .. } | Self::NoLongerSigned(_) => {
                "ask its author; to take it as another author's, remove the installed one first"
            }
            Self::OtherName { .. } => "`tryaudex plugin inspect` shows where each came from",
        }
    }
}
