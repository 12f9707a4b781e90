//! Checks a bundle: the certificate's chain and its log, the signature's log, the time, the file. Nothing is fetched.

use std::io::Read as _;

use sigstore_verify::bundle::Error as Shape;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{Error, SubjectAltName, VerificationPolicy, VerificationResult, Verifier};

use super::{BundleError, Identity, Root, crypto};

/// The maximum size of a bundle. A bundle is some kilobytes; the proof from a large log adds a few.
const BUNDLE_BYTES: usize = 256 * 1024;
/// The maximum size of a trusted root: the keys and certificates of an instance and of its predecessors.
const ROOT_BYTES: u64 = 4 * 1024 * 1024;
/// The maximum length of a reason from the verifying crate, which quotes the bundle.
const REASON_CHARACTERS: usize = 300;

/// Returns the signer of `file`, by the text of a bundle.
///
/// # Errors
/// The reason why the bundle is not accepted.
pub fn verify(file: &[u8], bundle: &str, root: &Root) -> Result<Identity, BundleError> {
    crypto::checking(file, || check(file, bundle, root))
}

fn check(file: &[u8], bundle: &str, root: &Root) -> Result<Identity, BundleError> {
    if bundle.len() > BUNDLE_BYTES {
        return Err(BundleError::Malformed(format!(
            "it has more than {} KiB",
            BUNDLE_BYTES / 1024
        )));
    }
    let bundle =
        Bundle::from_json(bundle).map_err(|error| BundleError::Malformed(short(&error)))?;
    // Security: a signed statement may say anything; only a signature of the file vouches for the file.
    if !matches!(bundle.content, SignatureContent::MessageSignature(_)) {
        return Err(BundleError::Attestation);
    }
    let verifier =
        verifier(root).map_err(|reason| BundleError::Root { root: root.clone(), reason })?;
    // The caller compares the identity; everything else in the policy is checked.
    let policy = VerificationPolicy::any_identity();
    let result = verifier.verify(file, &bundle, &policy).map_err(|error| refused(root, &error))?;
    signer(&result).ok_or(BundleError::NoSigner)
}

fn verifier(root: &Root) -> Result<Verifier, String> {
    let json = match root {
        Root::PublicGood => SIGSTORE_PRODUCTION_TRUSTED_ROOT.to_owned(),
        Root::File(path) => {
            let mut text = String::new();
            let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
            let read = file
                .take(ROOT_BYTES + 1)
                .read_to_string(&mut text)
                .map_err(|error| error.to_string())?;
            if read as u64 > ROOT_BYTES {
                return Err(format!("it has more than {} MiB", ROOT_BYTES / 1024 / 1024));
            }
            text
        }
    };
    let root = TrustedRoot::from_json(&json).map_err(|error| short(&error))?;
    Verifier::new(&root).map_err(|error| short(&error))
}

/// Returns the signer of a verified bundle.
///
/// INVARIANT: everything was checked. A policy that checks less is a defect of this program, and then there
/// is not a signer.
fn signer(result: &VerificationResult) -> Option<Identity> {
    let checked = result.certificate_verified() && result.sct_verified() && result.tlog_verified();
    // Security: an address of one kind that reads like one of the other kind would be mistaken for it.
    let name = match result.identity()? {
        SubjectAltName::Email(name) if name.contains('@') && !name.contains("://") => name,
        SubjectAltName::Uri(name) if name.contains("://") => name,
        _ => return None,
    };
    let identity = Identity::parse(&format!("{name}@{}", result.issuer()?))?;
    // A name in a certificate is not a pattern, and an issuer with `@` would be read as another one.
    (checked && !name.contains('*') && identity.name == *name).then_some(identity)
}

/// The crate's names, which come from webpki, for the two reasons that a user can act on.
const TIMES: [(&str, &str); 2] = [
    ("CertExpired", "it had expired when the file was signed"),
    ("CertNotValidYet", "it was not valid yet when the file was signed"),
];

fn refused(root: &Root, error: &Error) -> BundleError {
    let (root, reason) = (root.clone(), short(error));
    let known = TIMES
        .iter()
        .find(|(name, _)| matches!(error, Error::Certificate(_)) && reason.contains(name));
    let reason = known.map_or(reason, |(_, said)| (*said).to_owned());
    match error {
        Error::ArtifactMismatch(_) => BundleError::OtherFile(reason),
        Error::SignatureInvalid(_) => BundleError::Signature(reason),
        Error::Certificate(_) => BundleError::Certificate { root, reason },
        Error::Timestamp(_) => BundleError::Time { root, reason },
        Error::TransparencyLog(_)
        | Error::Bundle(
            Shape::MissingInclusionProof(_)
            | Shape::MissingInclusionPromise(_)
            | Shape::MissingSigningTimeEvidence
            | Shape::MissingCheckpoint,
        ) => BundleError::Log { root, reason },
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            BundleError::Root { root, reason }
        }
        _ => BundleError::Malformed(reason),
    }
}

fn short(error: &dyn std::error::Error) -> String {
    error.to_string().chars().take(REASON_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bundle that cosign made with sigstore's public instance; tests/sigstore/README.md says where it comes from.
    const FILE: &[u8] = include_bytes!("../../../../tests/sigstore/cosign-v3-blob.txt");
    const BUNDLE: &str = include_str!("../../../../tests/sigstore/cosign-v3-blob.sigstore.json");

    #[test]
    fn a_bundle_of_the_public_instance_says_who_signed() {
        let signer = verify(FILE, BUNDLE, &Root::PublicGood).unwrap();
        assert_eq!(
            signer.to_string(),
            "sigstore:w.vollprecht@gmail.com@https://github.com/login/oauth"
        );
        let other = verify(b"another file", BUNDLE, &Root::PublicGood);
        assert!(matches!(other, Err(BundleError::OtherFile(_))), "{other:?}");
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        let large = format!("{{\"mediaType\":\"{}\"}}", "a".repeat(BUNDLE_BYTES));
        for text in ["", "x", "{}", "[]", "null", &"[".repeat(10_000), &large] {
            let refused = verify(FILE, text, &Root::PublicGood);
            assert!(matches!(refused, Err(BundleError::Malformed(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_flipped_character_anywhere_in_a_bundle_is_never_another_signer() {
        let signer = verify(FILE, BUNDLE, &Root::PublicGood).unwrap();
        for at in (0..BUNDLE.len()).step_by(7).filter(|at| BUNDLE.is_char_boundary(*at)) {
            let mut changed = BUNDLE.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let Ok(changed) = String::from_utf8(changed) else { continue };
            // Some parts of a bundle are there for convenience and are not signed. If such a part changes,
            // the signer stays the same.
            if let Ok(found) = verify(FILE, &changed, &Root::PublicGood) {
                assert_eq!(found, signer, "byte {at}");
            }
        }
    }

    #[test]
    fn a_root_that_cannot_be_read_is_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("root.json");
        let root = Root::File(path.clone());
        for text in [None, Some("{"), Some("{\"mediaType\":1}")] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let refused = verify(FILE, BUNDLE, &root).unwrap_err();
            assert!(matches!(refused, BundleError::Root { .. }), "{refused:?}");
        }
    }
}
