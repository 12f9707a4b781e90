//! Who signed a component: minisign's Ed25519 signatures, over the component exactly as it is distributed.
//!
//! Source: minisign, "Signature format". Only prehashed signatures are taken, the kind that minisign makes since 0.10.

use std::fmt;
use std::str::FromStr;

use minisign_verify::{PublicKey, Signature};

/// A signature file has four lines.
const SIGNATURE_BYTES: usize = 4096;

/// A public key, as minisign writes it: the last line of `minisign.pub`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer(String);

/// Why a key or a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key cannot be read.
    #[error("`{0}` is no minisign public key")]
    Key(String),
    /// The signature cannot be read.
    #[error("the signature is no minisign signature")]
    Malformed,
    /// It is another key's, or another file's.
    #[error("the signature is not made by `{0}` for this file")]
    Wrong(Signer),
}

impl Signer {
    /// Checks that `signature` (the text of a `.minisig` file) is this key's for `bytes`.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, bytes: &[u8], signature: &str) -> Result<(), SignatureError> {
        let key = PublicKey::from_base64(&self.0).map_err(|_| SignatureError::Key(self.0.clone()))?;
        if signature.len() > SIGNATURE_BYTES {
            return Err(SignatureError::Malformed);
        }
        let signature = Signature::decode(signature).map_err(|_| SignatureError::Malformed)?;
        key.verify(bytes, &signature, false).map_err(|_| SignatureError::Wrong(self.clone()))
    }
}

impl FromStr for Signer {
    type Err = SignatureError;

    /// Takes the key, or the whole file it stands in.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        match PublicKey::from_base64(key) {
            Ok(_) => Ok(Self(key.to_owned())),
            Err(_) => Err(SignatureError::Key(key.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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

    /// Made by `tests/support/minisign.py` with a key that was thrown away: of the text `component`.
    const KEY: &str = "RWTDWXfdzKlqjOBWZ4JTy2A0yc5bxfG9USbb7M2xlnI+j0usJUhw64qx";
    const SIGNATURE: &str = "untrusted comment: test\nRUTDWXfdzKlqjGkzOTcZL2dRFLNQfohCibUtiNYDMdswDEiIADV3Y4Lbl4apzImRT3VRq1DjN7f6YdQTbOQHk5pD8Om0wfl6awQ=\ntrusted comment: test\nuSceZxrISxKEpy7wLKedrvzD0Svb2HCydKKxqqSUwW13S14KMst/V6FaoBTKAt916M9Jq47Lg5cD3tjMRuV0Dw==\n";

    #[test]
    fn a_signature_is_good_for_its_file_and_its_key_alone() {
        let signer: Signer = KEY.parse().unwrap();
        signer.check(b"component", SIGNATURE).unwrap();
        assert_eq!(signer.check(b"Component", SIGNATURE), Err(SignatureError::Wrong(signer.clone())));
        let other = SIGNATURE.replace("trusted comment: test", "trusted comment: tost");
        assert!(signer.check(b"component", &other).is_err(), "the trusted comment is signed too");
        for garbage in ["", "x", "untrusted comment: x\nAAAA\ntrusted comment: y\nAAAA\n", &"A".repeat(9000)]
        {
            assert_eq!(signer.check(b"component", garbage), Err(SignatureError::Malformed));
        }
    }

    #[test]
    fn a_key_is_read_from_its_file_or_by_itself() {
        let file = format!("untrusted comment: minisign public key\n{KEY}\n");
        assert_eq!(file.parse::<Signer>().unwrap().to_string(), KEY);
        for text in ["", "RWQ", "not a key", "untrusted comment: x"] {
            assert!(text.parse::<Signer>().is_err(), "{text}");
        }
    }
}
