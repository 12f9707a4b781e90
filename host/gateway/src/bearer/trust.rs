//! The authorities that a command trusts while connections to its cloud are served here: those of the system and of the user,
//! and the session's own.

use super::session_ca;

/// The variables that tools read a bundle of authorities from. Sources: `OpenSSL`, `SSL_CERT_FILE`; `requests`,
/// `REQUESTS_CA_BUNDLE`; curl(1), `CURL_CA_BUNDLE`; Node.js CLI, `NODE_EXTRA_CA_CERTS`; AWS CLI, `AWS_CA_BUNDLE`; gcloud,
/// `core/custom_ca_certs_file`; httplib2, `HTTPLIB2_CA_CERTS`; git-config, `http.sslCAInfo`; Deno, `DENO_CERT`; gRPC,
/// `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH`.
pub const BUNDLES: [&str; 10] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "HTTPLIB2_CA_CERTS",
    "GIT_SSL_CAINFO",
    "DENO_CERT",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];

/// Returns a bundle in PEM: the session's own authority, those of `files`, and the system's, each once. `SSL_CERT_FILE` of this
/// program takes the place of the system's, as with other programs.
#[must_use]
pub fn bundle(authority: &str, files: &[String]) -> String {
    let system = rustls_native_certs::load_native_certs();
    let system = system.certs.iter().map(session_ca::pem);
    let mut parts = vec![authority.to_owned()];
    parts.extend(files.iter().cloned());
    parts.extend(system);
    let mut bundle = String::new();
    for part in parts {
        if !bundle.contains(part.trim()) {
            bundle.push_str(part.trim());
            bundle.push('\n');
        }
    }
    bundle
}
