//! The signer of a component, exactly as it is distributed: a minisign key, or an identity that sigstore
//! knows.
//!
//! Source: minisign, "Signature format". Only prehashed signatures are accepted, the kind that minisign makes
//! since 0.10.

use std::fmt;
use std::str::FromStr;

use minisign_verify::PublicKey;

use super::sigstore::{self, BundleError, Identity, Root};

/// The maximum size of a minisign signature file, which has four lines.
const SIGNATURE_BYTES: usize = 4096;

/// The signer that a component has or must have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// A public key of minisign.
    Minisign(Key),
    /// An identity, written `sigstore:IDENTITY@ISSUER`.
    Sigstore(Identity),
}

/// A public key, as minisign writes it: the last line of `minisign.pub`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

/// The id of a key, which minisign writes into the public key and into each signature by it. Anyone can write
/// an id: it is a name, not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId([u8; 8]);

/// The signatures of one file: at most one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The text of a `.minisig`.
    pub minisign: Option<String>,
    /// The text of a `.sigstore.json`.
    pub sigstore: Option<String>,
}

/// The error for a signer or a signature that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key cannot be read.
    #[error("`{0}` is not a minisign public key")]
    Key(String),
    /// The key is a secret key. Security: the message shows nothing of it.
    #[error(
        "it is a secret key of minisign's, which nobody but its owner may have; its public key is wanted"
    )]
    SecretKey,
    /// The identity cannot be read.
    #[error(
        "`{0}` is not a signer: write sigstore:IDENTITY@ISSUER, where the issuer is an https address"
    )]
    Identity(String),
    /// The signature cannot be read.
    #[error("the signature is not a minisign signature")]
    Malformed,
    /// The signature is by another key.
    #[error("the signature is made by the key {found}, not by `{wanted}`")]
    OtherKey {
        /// The expected signer.
        wanted: Signer,
        /// The key of the signature.
        found: KeyId,
    },
    /// The signature is for another file.
    #[error("the signature by `{0}` is not of this file: either was changed")]
    OtherFile(Signer),
    /// The signature is by another identity.
    #[error("the signature is not made by `{0}` for this file")]
    Wrong(Signer),
    /// The bundle is not accepted.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl Signature {
    /// Returns `text` as a signature: sigstore's signatures are JSON, minisign's are not.
    #[must_use]
    pub fn read(text: String) -> Self {
        if text.trim_start().starts_with('{') {
            Self { sigstore: Some(text), ..Self::default() }
        } else {
            Self { minisign: Some(text), ..Self::default() }
        }
    }

    /// Returns the signatures, or `None` if there are none.
    #[must_use]
    pub(crate) fn if_any(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

impl Signer {
    /// Checks that `signature` (the text of a `.minisig` or a `.sigstore.json`) is by this signer and for
    /// `bytes`.
    ///
    /// # Errors
    /// When the signature cannot be read, is by another signer, or is for another file.
    pub fn check(&self, bytes: &[u8], signature: &str, root: &Root) -> Result<(), SignatureError> {
        match self {
            Self::Minisign(key) => key.check(bytes, signature),
            Self::Sigstore(identity) => {
                let found = sigstore::verify(bytes, signature, root)?;
                identity
                    .covers(&found)
                    .then_some(())
                    .ok_or_else(|| SignatureError::Wrong(self.clone()))
            }
        }
    }

    /// Returns true if `other` is this signer too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sigstore(wide), Self::Sigstore(narrow)) => wide.covers(narrow),
            (one, other) => one == other,
        }
    }

    /// Returns the extension of such a signature, appended to the name of the signed file.
    #[must_use]
    pub fn extension(&self) -> &'static str {
        match self {
            Self::Minisign(_) => "minisig",
            Self::Sigstore(_) => "sigstore.json",
        }
    }
}

impl Key {
    /// Checks that `signature` is by this key and for `bytes`.
    fn check(&self, bytes: &[u8], signature: &str) -> Result<(), SignatureError> {
        let key =
            PublicKey::from_base64(&self.0).map_err(|_| SignatureError::Key(self.0.clone()))?;
        let signer = || Signer::Minisign(self.clone());
        let Some(found) = KeyId::of(signature) else { return Err(SignatureError::Malformed) };
        let signature =
            minisign_verify::Signature::decode(signature).map_err(|_| SignatureError::Malformed)?;
        if KeyId::decoded(&self.0) != Some(found) {
            return Err(SignatureError::OtherKey { wanted: signer(), found });
        }
        key.verify(bytes, &signature, false).map_err(|_| SignatureError::OtherFile(signer()))
    }
}

impl KeyId {
    /// Returns the key that the text of a `.minisig` names, or `None` if the text is not a minisign
    /// signature.
    #[must_use]
    pub fn of(signature: &str) -> Option<Self> {
        if signature.len() > SIGNATURE_BYTES {
            return None;
        }
        Self::decoded(signature.lines().nth(1)?.trim())
    }

    /// Decodes the id, which follows the two bytes of the algorithm in keys and signatures alike.
    fn decoded(base64: &str) -> Option<Self> {
        let bytes = base64_simd::STANDARD.decode_to_vec(base64).ok()?;
        bytes.get(2..10)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    /// Writes the id as minisign prints it: a number, with its bytes in reverse order.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl FromStr for Signer {
    type Err = SignatureError;

    /// Parses a key, the whole file of a key, or an identity.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        let shown = || last.chars().take(80).collect();
        if let Some(identity) = last.strip_prefix(sigstore::PREFIX) {
            return Identity::parse(identity)
                .map(Self::Sigstore)
                .ok_or_else(|| SignatureError::Identity(shown()));
        }
        match PublicKey::from_base64(last) {
            Ok(_) => Ok(Self::Minisign(Key(last.to_owned()))),
            Err(_) if is_secret_key(last) => Err(SignatureError::SecretKey),
            Err(_) => Err(SignatureError::Key(shown())),
        }
    }
}

/// Returns true for the last line of a minisign secret key: the names of three algorithms, and more bytes
/// than in a public key.
///
/// Source: minisign, "Secret key format".
fn is_secret_key(line: &str) -> bool {
    base64_simd::STANDARD
        .decode_to_vec(line)
        .is_ok_and(|bytes| bytes.starts_with(b"Ed") && bytes.get(4..6) == Some(b"B2"))
}

impl fmt::Display for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minisign(Key(key)) => formatter.write_str(key),
            Self::Sigstore(identity) => identity.fmt(formatter),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Signer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signature of the text `component`, made by `tests/support/minisign.py` with a key that was thrown
    /// away.
    const KEY: &str = "RWTDWXfdzKlqjOBWZ4JTy2A0yc5bxfG9USbb7M2xlnI+j0usJUhw64qx";
    const SIGNATURE: &str = "untrusted comment: test\nRUTDWXfdzKlqjGkzOTcZL2dRFLNQfohCibUtiNYDMdswDEiIADV3Y4Lbl4apzImRT3VRq1DjN7f6YdQTbOQHk5pD8Om0wfl6awQ=\ntrusted comment: test\nuSceZxrISxKEpy7wLKedrvzD0Svb2HCydKKxqqSUwW13S14KMst/V6FaoBTKAt916M9Jq47Lg5cD3tjMRuV0Dw==\n";

    #[test]
    fn a_signature_is_good_for_its_file_and_its_key_alone() {
        let signer: Signer = KEY.parse().unwrap();
        let check = |bytes: &[u8], text: &str| signer.check(bytes, text, &Root::PublicGood);
        check(b"component", SIGNATURE).unwrap();
        assert_eq!(check(b"Component", SIGNATURE), Err(SignatureError::OtherFile(signer.clone())));
        let foreign: Signer =
            "RWQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        let error =
            foreign.check(b"component", SIGNATURE, &Root::PublicGood).unwrap_err().to_string();
        assert!(error.contains("made by the key 8C6AA9CCDD7759C3"), "{error}");
        let other = SIGNATURE.replace("trusted comment: test", "trusted comment: tost");
        assert!(check(b"component", &other).is_err(), "the trusted comment is signed too");
        for garbage in
            ["", "x", "untrusted comment: x\nAAAA\ntrusted comment: y\nAAAA\n", &"A".repeat(9000)]
        {
            assert_eq!(check(b"component", garbage), Err(SignatureError::Malformed));
        }
    }

    #[test]
    fn a_key_is_read_from_its_file_or_by_itself() {
        let file = format!("untrusted comment: minisign public key\n{KEY}\n");
        assert_eq!(file.parse::<Signer>().unwrap().to_string(), KEY);
        for text in [
            "",
            "RWQ",
            "not a key",
            "untrusted comment: x",
            "sigstore:",
            "sigstore:me",
            "Sigstore:me@https://x",
        ] {
            assert!(text.parse::<Signer>().is_err(), "{text}");
        }
        let identity = "sigstore:me@example.com@https://accounts.example.com";
        assert_eq!(identity.parse::<Signer>().unwrap().to_string(), identity);
        assert!(!identity.parse::<Signer>().unwrap().covers(&KEY.parse().unwrap()));
    }

    #[test]
    fn a_secret_key_is_none_to_be_named_and_nothing_of_it_is_said() {
        for (kdf, rest) in [(b"Sc", 150), (b"\0\0", 150)] {
            let key = [&b"Ed"[..], kdf, b"B2", &vec![7; rest]].concat();
            let text = base64_simd::STANDARD.encode_to_string(key);
            let file = format!("untrusted comment: minisign encrypted secret key\n{text}\n");
            let error = file.parse::<Signer>().unwrap_err();
            assert_eq!(error, SignatureError::SecretKey);
            assert!(!error.to_string().contains(&text[8..16]), "{error}");
        }
    }

    #[test]
    fn a_signature_is_of_the_kind_it_looks_like() {
        let kinds = |text: &str| {
            let read = Signature::read(text.to_owned());
            (read.minisign.is_some(), read.sigstore.is_some())
        };
        assert_eq!(kinds(SIGNATURE), (true, false));
        assert_eq!(kinds(" {\"mediaType\": 1}"), (false, true));
        assert_eq!(kinds("garbage"), (true, false));
        assert_eq!(Signature::default().if_any(), None);
    }
}
