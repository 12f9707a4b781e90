//! Certificate authorities that the user configured instead of the system's.

use reqwest::Certificate;

use audex_core::environment::{
    AWS_CA_BUNDLE, CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE, Environment, REQUESTS_CA_BUNDLE,
};
use audex_core::reachable;
use audex_core::shape::ConfiguredPath;

/// The error for an unusable file of certificate authorities.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the certificates in {path}: {reason}")]
pub struct RootsError {
    path: ConfiguredPath,
    reason: String,
}

/// Reads the authorities in the PEM file at `path`.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub fn read(path: &ConfiguredPath) -> Result<Vec<Certificate>, RootsError> {
    let refused = |reason: String| RootsError { path: path.clone(), reason };
    let pem =
        reachable::required_bytes(path.as_path()).map_err(|error| refused(error.to_string()))?;
    let roots = Certificate::from_pem_bundle(&pem).map_err(|error| refused(error.to_string()))?;
    if roots.is_empty() { Err(refused("it has no certificate".to_owned())) } else { Ok(roots) }
}

/// Reads the authorities for the requests of components, from the variables that the clouds' own tools use. `None` stands
/// for the system's authorities (`SSL_CERT_FILE` replaces those, as for OpenSSL).
///
/// # Errors
/// As [`read`].
pub fn configured(environment: &Environment) -> Result<Option<Vec<Certificate>>, RootsError> {
    let names = [CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE, REQUESTS_CA_BUNDLE, AWS_CA_BUNDLE];
    let path = names.into_iter().find_map(|name| ConfiguredPath::of_variable(environment, name));
    path.map(|path| read(&path)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_an_error_and_no_variable_is_none() {
        assert!(configured(&Environment::default()).unwrap().is_none());
        let file = tempfile::NamedTempFile::new().unwrap();
        let environment = Environment::from_pairs([(REQUESTS_CA_BUNDLE, file.path())]);
        assert!(configured(&environment).unwrap_err().to_string().contains("no certificate"));
        std::fs::write(file.path(), include_str!("aws_http/tls/authority.pem")).unwrap();
        assert_eq!(configured(&environment).unwrap().unwrap().len(), 1);
    }
}
