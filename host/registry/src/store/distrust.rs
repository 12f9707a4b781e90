//! The reasons why a component is not trusted, each with a hint.

use crate::signature::{KeyId, Signer};
use crate::sigstore::BundleError;

/// The reason why a component is not trusted. The reason decides the hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The component does not have the given digest.
    #[error("its digest is sha256:{0}")]
    Digest(String),
    /// Neither a signature nor a digest vouches for the component.
    #[error("it comes from elsewhere, is not signed, and no digest was given")]
    Elsewhere,
    /// A minisign key was named, and there is no minisign signature.
    #[error("it has no minisign signature")]
    NoMinisign,
    /// An identity was named, and there is no sigstore bundle.
    #[error("it has no sigstore bundle")]
    NoBundle,
    /// The minisign signature cannot be read.
    #[error("the `.minisig` file is not a minisign signature")]
    Malformed,
    /// Neither the user nor the organisation trusts the key.
    #[error("it is signed by the minisign key {0}, which nobody has named")]
    UnknownKey(KeyId),
    /// The key is not the one that the user named.
    #[error("it is signed by the minisign key {found}, and `{named}` is another")]
    NotNamed {
        /// The signer that the user named.
        named: Signer,
        /// The key of the signature.
        found: KeyId,
    },
    /// The key is right, and the signature does not match the file.
    #[error(
        "its signature names `{0}`, and is not of this file: either was changed, or the file built anew"
    )]
    OtherFile(Signer),
    /// The identity is not trusted.
    #[error("it is signed by `{0}`, who is not known")]
    UnknownIdentity(Signer),
    /// The bundle is not accepted.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Neither signature is accepted.
    #[error("{0}; {1}")]
    Both(Box<Self>, Box<Self>),
    /// The signer is not that of the installed component.
    #[error("it was signed by `{pinned}` before, and is now by {now}")]
    OtherAuthor {
        /// The signer of the installed component.
        pinned: Signer,
        /// The signer of the new component.
        now: String,
    },
    /// The component is not signed, and the installed one is.
    #[error("it was signed by `{0}` before, and is not signed now")]
    NoLongerSigned(Signer),
    /// The origin has another component.
    #[error("`{found}` is at {origin}")]
    OtherName {
        /// The name of that component.
        found: String,
        /// The origin.
        origin: String,
    },
}

impl Distrust {
    /// Returns the hint.
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
            Self::UnknownIdentity(_) => {
                "if that is its author, name it: --signer sigstore:IDENTITY@ISSUER"
            }
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
