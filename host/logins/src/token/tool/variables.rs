//! The environment of a tool.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use audex_core::environment::{Environment, PATH};
use audex_sdk::pattern::matches_ignore_ascii_case;

/// The environment variables that every tool gets, in any case; `*` stands for any text. They give the places
/// of the user's files and of the session's sockets, the network settings, the language, and the directory
/// for temporary files.
const PASSED: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "XDG_*",
    "*_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];
/// The tool's own settings, which it gets in addition. A tool that is not listed here has none.
/// Sources: gcloud, "Configurations" and google-auth, `environment_vars.py`; Azure, "Azure CLI configuration"
/// and azure-identity, `_constants.py`; D-Bus specification, "Message Bus Names", and X(7) for the prompt of
/// a keyring.
const OWN: &[(&str, &[&str])] = &[
    ("gcloud", &["CLOUDSDK_*", "GOOGLE_*", "GCE_METADATA_*", "NO_GCE_CHECK"]),
    ("az", &["AZURE_*", "IDENTITY_*", "MSI_*", "IMDS_ENDPOINT", "ACC_CLOUD"]),
    ("secret-tool", &["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"]),
];

/// The variables with the path of a file or a directory, which a tool would read from the directory that it is started in.
/// Sources: as for [`OWN`].
const PATHS: &[&str] = &[
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CONFIG_DIR",
    "AZURE_EXTENSION_DIR",
    "AZURE_FEDERATED_TOKEN_FILE",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CURL_CA_BUNDLE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "HOME",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TMPDIR",
    "XAUTHORITY",
];
/// The variable with a list of directories (OpenSSL, `X509_LOOKUP_hash_dir(3)`).
const PATH_LIST: &str = "SSL_CERT_DIR";

/// Returns `path` without the entries that depend on the working directory.
///
/// Security: an empty entry and `.` are the working directory (POSIX, 8.3). A file `gcloud` of a repository
/// must not run as the user's tool, and a file `python` must not run as the tool's interpreter.
pub(super) fn absolute(path: &OsStr) -> OsString {
    let entries =
        path.as_bytes().split(|byte| *byte == b':').filter(|entry| entry.starts_with(b"/"));
    OsString::from_vec(entries.collect::<Vec<_>>().join(&b':'))
}

/// Returns only the variables that `program` needs, because it is not the user's command. Paths are absolute, because the tool
/// is not started in the working directory.
pub(super) fn least(environment: &Environment, program: &str, path: OsString) -> Environment {
    let name = program.rsplit('/').next().unwrap_or(program);
    let own = OWN.iter().filter(|(tool, _)| *tool == name).flat_map(|(_, patterns)| *patterns);
    let patterns: Vec<&str> = PASSED.iter().chain(own).copied().collect();
    let is_passed = |variable: &OsStr| {
        let variable = variable.to_string_lossy();
        patterns.iter().any(|pattern| matches_ignore_ascii_case(pattern, &variable))
    };
    let passed = environment.iter().filter(|(variable, _)| is_passed(variable));
    let passed = passed.map(|(variable, value)| {
        let value = match variable.to_str() {
            Some(name) if PATHS.contains(&name) => from_root(value),
            Some(PATH_LIST) => all_from_root(value),
            _ => value.to_owned(),
        };
        (variable.to_owned(), value)
    });
    passed.chain([(PATH.into(), path)]).collect()
}

/// Returns a path that does not depend on the working directory. `az` itself replaces a leading `~`.
fn from_root(path: &OsStr) -> OsString {
    if path.is_empty() || path.as_bytes().starts_with(b"~") {
        return path.to_owned();
    }
    std::path::absolute(path).map_or_else(|_| path.to_owned(), PathBuf::into_os_string)
}

/// Returns the list of paths with each as [`from_root`] returns it.
fn all_from_root(paths: &OsStr) -> OsString {
    let entries = paths.as_bytes().split(|byte| *byte == b':').map(OsStr::from_bytes);
    entries.map(from_root).collect::<Vec<_>>().join(OsStr::new(":"))
}
