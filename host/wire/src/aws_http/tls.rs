//! The certificate authorities that AWS calls trust.

use std::path::Path;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use audex_core::reachable;
use audex_core::shape::ConfiguredPath;

/// The error for an unusable CA bundle in `AWS_CA_BUNDLE`.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the CA bundle {bundle}: {reason}")]
pub struct CaBundleError {
    bundle: String,
    reason: String,
}

/// Reads the trusted authorities: only those in `ca_bundle` if it is given (as botocore does), else the system's.
///
/// This is the expensive part of a TLS client (about 140 certificates on a usual system), so it runs
/// only when a first `https` request comes.
///
/// # Errors
/// When the file cannot be read or holds no usable certificate.
pub(super) fn trust(ca_bundle: Option<&ConfiguredPath>) -> Result<TlsContext, CaBundleError> {
    let bundle = || ca_bundle.map_or_else(|| "of the system".to_owned(), ToString::to_string);
    let unusable = |reason: String| CaBundleError { bundle: bundle(), reason };
    let store = match ca_bundle {
        Some(path) => read_bundle(path.as_path()).map_err(unusable)?,
        None => TrustStore::default(),
    };
    TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| unusable(error.to_string()))
}

/// Reads the usable certificates of a file. The connector aborts on a certificate that it cannot parse, so each
/// is tried here first. An unusable certificate among others is skipped, as OpenSSL does.
fn read_bundle(path: &Path) -> Result<TrustStore, String> {
    let pem = reachable::required_bytes(path).map_err(|error| error.to_string())?;
    let mut usable = RootCertStore::empty();
    let mut store = TrustStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("malformed PEM ({error})"))?;
        if usable.add(certificate.clone()).is_ok() {
            store.add_pem_certificate(to_pem(&certificate));
        }
    }
    if usable.is_empty() {
        return Err("it holds no usable certificate".to_owned());
    }
    Ok(store)
}

fn to_pem(certificate: &CertificateDer<'_>) -> String {
    let body = aws_smithy_types::base64::encode(certificate.as_ref());
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A self-signed P-256 authority made for this test; its key was thrown away.
    const AUTHORITY: &str = include_str!("tls/authority.pem");

    fn bundle(text: &str) -> Result<TlsContext, CaBundleError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        trust(Some(&ConfiguredPath::new("AWS_CA_BUNDLE", file.path())))
    }

    #[test]
    fn a_bundle_with_a_certificate_is_used() {
        bundle(AUTHORITY).unwrap();
    }

    #[test]
    fn an_unusable_certificate_beside_a_usable_one_is_skipped() {
        let unusable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        bundle(&format!("{unusable}{AUTHORITY}")).unwrap();
        let error = bundle(unusable).unwrap_err().to_string();
        assert!(error.contains("no usable certificate"), "{error}");
    }

    #[test]
    fn an_empty_or_missing_bundle_is_refused_by_name() {
        assert!(bundle("").unwrap_err().to_string().contains("no usable certificate"));
        let missing = ConfiguredPath::new("AWS_CA_BUNDLE", "/nowhere/ca.pem");
        let error = trust(Some(&missing)).unwrap_err().to_string();
        assert!(error.contains("`/nowhere/ca.pem`") && error.contains("No such file"), "{error}");
    }

    #[test]
    fn a_bundle_cut_in_the_middle_is_refused() {
        let error = bundle(&AUTHORITY[..AUTHORITY.len() / 2]).unwrap_err().to_string();
        assert!(error.contains("CA bundle"), "{error}");
    }
}
