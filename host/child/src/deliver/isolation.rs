//! Sets variables so that tools find no credentials in their default places.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{DeliverError, SessionDirectory};
use audex_core::environment::{AZURE_CONFIG_DIR, Environment, HOME};
use audex_core::source::Source;
use audex_core::variable::family::{is_governed, matches};
use audex_core::variable::{installed, is_credential};

/// The value of an isolating variable.
enum Shelter {
    /// The path of a private file with these contents.
    File(&'static str, &'static str),
    /// A private path without a file. A tool may create a directory there; its parent directory keeps other
    /// users out.
    Directory(&'static str),
    Text(&'static str),
    /// This text, which a provider may replace with a loopback address and a port.
    Loopback(&'static str),
}

/// A loopback port (tcpmux) on which no service listens: a connection fails at once and not after a timeout.
const CLOSED: &str = "127.0.0.1:1";
const CLOSED_URL: &str = "http://127.0.0.1:1";

const ISOLATION: &[(&str, Shelter)] = &[
    // Profiles of the AWS CLI and SDKs. Without a profile, no tool uses the SSO and CLI caches.
    ("AWS_CONFIG_FILE", Shelter::File(AWS_CONFIG, "")),
    ("AWS_SHARED_CREDENTIALS_FILE", Shelter::File("aws-credentials", "")),
    ("AWS_CREDENTIAL_PROFILES_FILE", Shelter::File("aws-credentials", "")),
    // Tokens of `aws login`.
    ("AWS_LOGIN_CACHE_DIRECTORY", Shelter::Directory("aws-login")),
    // Instance roles. The endpoint is for SDKs that ignore the first variable. The second variable keeps the
    // setting of users who disabled version 1.
    ("AWS_EC2_METADATA_DISABLED", Shelter::Text("true")),
    ("AWS_EC2_METADATA_V1_DISABLED", Shelter::Text("true")),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", Shelter::Text(CLOSED_URL)),
    // Keys in ~/.boto, for gsutil and old Python.
    ("BOTO_CONFIG", Shelter::File("boto", "")),
    // Logins of gcloud, and application default credentials where CLOUDSDK_CONFIG is honoured …
    ("CLOUDSDK_CONFIG", Shelter::Directory("gcloud")),
    // … and where it is not honoured (Go reads ~/.config/gcloud): a file without credentials ends the search.
    ("GOOGLE_APPLICATION_CREDENTIALS", Shelter::File("no-credentials.json", "{}\n")),
    // Service accounts of an instance: gcloud reads ROOT, client libraries read HOST and IP.
    ("GCE_METADATA_ROOT", Shelter::Loopback(CLOSED)),
    ("GCE_METADATA_HOST", Shelter::Loopback(CLOSED)),
    ("GCE_METADATA_IP", Shelter::Loopback(CLOSED)),
    ("NO_GCE_CHECK", Shelter::Text("true")),
    ("METADATA_SERVER_DETECTION", Shelter::Text("none")),
    // Logins of az and azd, and managed identities of an instance.
    ("AZURE_CONFIG_DIR", Shelter::Directory("azure")),
    ("AZD_CONFIG_DIR", Shelter::Directory("azd")),
    ("AZURE_POD_IDENTITY_AUTHORITY_HOST", Shelter::Text(CLOSED_URL)),
    // Restricts the default chain of Azure's client libraries (`az`, `azd`, `pwsh`, editors, instance
    // metadata) to the one credential that reads variables, and the command has none of these variables. The
    // session's own identity endpoint overrides this value.
    // Source: azure-identity 1.27, `process_credential_exclusions`; Microsoft, "Credential chains", AZURE_TOKEN_CREDENTIALS.
    ("AZURE_TOKEN_CREDENTIALS", Shelter::Text("EnvironmentCredential")),
];

/// The file with the session's configuration of AWS tools.
const AWS_CONFIG: &str = "aws-config";

/// The file with addresses of clouds other than the public one, as `az cloud register` writes it. It contains
/// no login.
/// Source: azure-cli-core 2.91, `cloud.py`, `CLOUD_CONFIG_FILE`.
const CLOUDS: &str = "clouds.config";
/// The largest [`CLOUDS`] that is copied; a real file has a few lines for each cloud.
const CLOUDS_BYTES: u64 = 64 * 1024;

/// The variable for the file that names `vault`'s token helper; the built-in helper reads `~/.vault-token`.
const VAULT_CONFIG_PATH: &str = "VAULT_CONFIG_PATH";

/// Programs that serve as an empty token helper: they print no token and store none.
const SILENT_HELPERS: [&str; 2] = ["/usr/bin/true", "/bin/true"];

/// Governed variables that name a program or its code. No credential needs them.
const PROGRAMS: &[&str] = &[
    "AWS_PAGER",
    "AWS_DATA_PATH",
    "CLOUDSDK_PYTHON*",
    "CLOUDSDK_*_PYTHON",
    "CLOUDSDK_ROOT_DIR",
    "AZURE_EXTENSION_DIR",
    VAULT_CONFIG_PATH,
    "AUDEX_*",
];

/// Creates the private files and points the tools at them.
pub(super) fn isolate(
    environment: &mut BTreeMap<OsString, OsString>,
    directory: &SessionDirectory,
    parent: &Environment,
    aws_config: &str,
) -> Result<(), DeliverError> {
    for (variable, shelter) in ISOLATION {
        let value = match shelter {
            Shelter::File(name, contents) => directory.write(name, contents)?.into_os_string(),
            Shelter::Directory(name) => directory.reserve(name)?.into_os_string(),
            Shelter::Text(text) | Shelter::Loopback(text) => text.into(),
        };
        environment.insert(variable.into(), value);
    }
    directory.write(AWS_CONFIG, aws_config)?;
    if let Some(clouds) = clouds(parent) {
        directory.write(&format!("azure/{CLOUDS}"), &clouds)?;
    }
    let helper = SILENT_HELPERS.into_iter().find(|helper| Path::new(helper).is_file());
    let config = helper.map(|helper| format!("token_helper = \"{helper}\"\n")).unwrap_or_default();
    environment.insert(VAULT_CONFIG_PATH.into(), directory.write("vault", &config)?.into());
    Ok(())
}

/// Returns the text of the user's own [`CLOUDS`] file.
fn clouds(parent: &Environment) -> Option<String> {
    let own = parent.get_os(AZURE_CONFIG_DIR).map(PathBuf::from);
    let path =
        own.or_else(|| Some(PathBuf::from(parent.get_os(HOME)?).join(".azure")))?.join(CLOUDS);
    let is_small =
        std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= CLOUDS_BYTES);
    if is_small { std::fs::read_to_string(path).ok() } else { None }
}

/// Checks that a provider of this `source` may set the variable `name` to `value`.
///
/// Security: a provider is trusted with the credentials that it mints, and with nothing else. It must not
/// undo the isolation or choose code that the command runs (`LD_PRELOAD`, `BASH_ENV`, `PATH`).
pub(super) fn may_set(name: &str, value: &str, source: Source) -> Result<(), DeliverError> {
    let refuse = |reason| DeliverError::Variable { name: name.to_owned(), reason };
    if value.contains('\0') {
        return Err(refuse("its value is not text"));
    }
    if source == Source::Installed {
        installed::may_set(name).map_err(refuse)?;
        return may_name(name);
    }
    match ISOLATION.iter().find(|(isolated, _)| *isolated == name) {
        Some((_, Shelter::Loopback(_))) if is_loopback(value) => Ok(()),
        Some((_, Shelter::Loopback(_))) => {
            Err(refuse("it may only be a loopback address with a port"))
        }
        Some(_) => Err(refuse("it keeps the command from other credentials")),
        None => may_name(name),
    }
}

/// Checks that a provider of this `source` may point the variable `name` at one of its private files.
pub(super) fn may_point(name: &str, source: Source) -> Result<(), DeliverError> {
    let refuse = |reason| DeliverError::Variable { name: name.to_owned(), reason };
    if source == Source::Installed {
        installed::may_point(name).map_err(refuse)?;
        return may_name(name);
    }
    match ISOLATION.iter().find(|(isolated, _)| *isolated == name) {
        Some((_, Shelter::File(..))) => Ok(()),
        Some(_) => Err(refuse("it is not the path of a file")),
        None => may_name(name),
    }
}

fn may_name(name: &str) -> Result<(), DeliverError> {
    let refuse = |reason| Err(DeliverError::Variable { name: name.to_owned(), reason });
    let is_letter = |byte: u8| byte == b'_' || byte.is_ascii_uppercase();
    if !name.bytes().next().is_some_and(is_letter)
        || !name.bytes().all(|b| is_letter(b) || b.is_ascii_digit())
    {
        return refuse("its name is not made of capitals, digits and `_`");
    }
    if PROGRAMS.iter().any(|pattern| matches(pattern, name)) {
        return refuse("it chooses what the command runs");
    }
    if is_governed(name) || is_credential(name) {
        return Ok(());
    }
    refuse("its name is not that of a credential")
}

fn is_loopback(value: &str) -> bool {
    value.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_may_set_credentials() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "IDENTITY_ENDPOINT",
            "VAULT_TOKEN",
            "DIGITALOCEAN_TOKEN",
            "ARM_CLIENT_ID",
        ] {
            assert!(may_set(name, "x", Source::BuiltIn).is_ok(), "{name}");
        }
        assert!(may_set("GCE_METADATA_HOST", "127.0.0.1:4711", Source::BuiltIn).is_ok());
        assert!(may_point("AWS_CONFIG_FILE", Source::BuiltIn).is_ok());
    }

    #[test]
    fn a_provider_may_not_undo_isolation_or_choose_code() {
        let isolated = [
            "AWS_CONFIG_FILE",
            "AWS_EC2_METADATA_DISABLED",
            "CLOUDSDK_CONFIG",
            "AZURE_TOKEN_CREDENTIALS",
        ];
        let programs = [
            "LD_PRELOAD",
            "PATH",
            "BASH_ENV",
            "AWS_PAGER",
            "CLOUDSDK_PYTHON",
            "CLOUDSDK_BQ_PYTHON",
        ];
        let odd =
            ["", "a", "A=B", "AWS_É", "AUDEX_CONFIG_DIR", "HOME", "VAULT_CONFIG_PATH", "1_TOKEN"];
        for name in isolated.into_iter().chain(programs).chain(odd) {
            assert!(may_set(name, "x", Source::BuiltIn).is_err(), "{name}");
        }
        assert!(may_set("GCE_METADATA_HOST", "169.254.169.254:80", Source::BuiltIn).is_err());
        assert!(may_set("VAULT_TOKEN", "a\0b", Source::BuiltIn).is_err());
        assert!(
            ["CLOUDSDK_CONFIG", "BASH_ENV", "KUBECONFIG"].iter().all(|name| may_point(
                name,
                Source::BuiltIn
            )
            .is_err())
        );
    }
}
