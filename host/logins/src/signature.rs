//! Signatures of JSON Web Signatures (RFC 7515) by private keys in PEM.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use audex_core::secret::Secret;

/// The algorithm of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3).
    Rs256,
    /// ECDSA on P-256 with SHA-256 (RFC 7518, 3.4).
    Es256,
    /// Ed25519 (RFC 8037).
    EdDsa,
}

impl Algorithm {
    /// Returns the algorithm with this name, if it is supported.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// The error for text that is not a private key, or not a key for the algorithm. It contains nothing of the
/// key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a private key in PEM for this algorithm")]
pub struct UnusableKey;

/// Returns the signature of `message`, as bytes.
///
/// # Errors
/// If the key cannot be used.
pub fn sign(key: &Secret, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, UnusableKey> {
    let der = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| UnusableKey)?;
    let random = SystemRandom::new();
    match (algorithm, &der) {
        (Algorithm::Rs256, PrivateKeyDer::Pkcs8(_) | PrivateKeyDer::Pkcs1(_)) => {
            let pair = match &der {
                PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
                other => RsaKeyPair::from_pkcs8(other.secret_der()),
            };
            let pair = pair.map_err(|_| UnusableKey)?;
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .map_err(|_| UnusableKey)?;
            Ok(signature)
        }
        (Algorithm::Es256, PrivateKeyDer::Pkcs8(der)) => {
            let der = der.secret_pkcs8_der();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random);
            let signature =
                pair.map_err(|_| UnusableKey)?.sign(&random, message).map_err(|_| UnusableKey)?;
            Ok(signature.as_ref().to_vec())
        }
        (Algorithm::EdDsa, PrivateKeyDer::Pkcs8(der)) => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
            Ok(pair.map_err(|_| UnusableKey)?.sign(message).as_ref().to_vec())
        }
        _ => Err(UnusableKey),
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
        UnparsedPublicKey, VerificationAlgorithm,
    };

    use super::*;

    const RSA: &str = include_str!("gcp/testdata/service-account.pem");

    fn pem(der: &[u8]) -> Secret {
        let text = base64_simd::STANDARD.encode_to_string(der);
        Secret::new(format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"))
    }

    fn holds(algorithm: &'static dyn VerificationAlgorithm, public: &[u8], signature: &[u8]) {
        UnparsedPublicKey::new(algorithm, public).verify(b"a message", signature).unwrap();
    }

    #[test]
    fn each_algorithm_signs_what_its_public_key_accepts() {
        let random = SystemRandom::new();
        let der = PrivateKeyDer::from_pem_slice(RSA.as_bytes()).unwrap();
        let public = RsaKeyPair::from_pkcs8(der.secret_der()).unwrap().public().as_ref().to_vec();
        let signature = sign(&Secret::new(RSA.to_owned()), Algorithm::Rs256, b"a message").unwrap();
        holds(&RSA_PKCS1_2048_8192_SHA256, &public, &signature);

        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random)
                .unwrap();
        let signature = sign(&pem(der.as_ref()), Algorithm::Es256, b"a message").unwrap();
        holds(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref(), &signature);

        let der = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
        let signature = sign(&pem(der.as_ref()), Algorithm::EdDsa, b"a message").unwrap();
        holds(&ED25519, pair.public_key().as_ref(), &signature);
    }

    #[test]
    fn a_key_of_another_algorithm_and_what_is_no_key_are_refused() {
        let rsa = || Secret::new(RSA.to_owned());
        assert_eq!(sign(&rsa(), Algorithm::Es256, b"x"), Err(UnusableKey));
        assert_eq!(sign(&rsa(), Algorithm::EdDsa, b"x"), Err(UnusableKey));
        assert_eq!(
            sign(&Secret::new("secret".to_owned()), Algorithm::Rs256, b"x"),
            Err(UnusableKey)
        );
        assert_eq!(Algorithm::named("none"), None);
    }
}
