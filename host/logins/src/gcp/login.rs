//! The login of the gcloud tool: its detection by files, and calls of the tool.
//!
//! Any gcloud command creates the directory, an empty configuration and its databases, so none of these shows
//! a login; an account does. Source: `gcloud topic configurations`.

use std::path::Path;

use crate::token::{TokenError, tool};
use audex_core::environment::{CLOUDSDK_ACTIVE_CONFIG_NAME, CLOUDSDK_CORE_ACCOUNT, Environment};
use audex_core::secret::Secret;

/// Properties that select a login.
const LOGINS: [&str; 3] = ["account", "access_token_file", "credential_file_override"];
/// The prefix of the variables that set the properties in `[auth]`, or a token itself.
const VARIABLES: &str = "CLOUDSDK_AUTH_";
/// The maximum size of a configuration, which has some lines.
const CONFIGURATION_BYTES: u64 = 64 * 1024;

/// Returns true if variables, or the active configuration in `directory`, select a login.
pub(super) fn is_there(environment: &Environment, directory: Option<&Path>) -> bool {
    is_in_variables(environment)
        || directory
            .and_then(|directory| active(environment, directory))
            .is_some_and(|text| selects(&text))
}

/// Returns the output of gcloud for `arguments`. If gcloud has never been used, returns `None` and does not
/// start gcloud, because gcloud would create its directory.
///
/// # Errors
/// If gcloud fails or takes too long.
pub(super) async fn ask(
    environment: &Environment,
    directory: Option<&Path>,
    arguments: &[&str],
) -> Result<Option<Secret>, TokenError> {
    if directory.is_some_and(Path::is_dir) || is_in_variables(environment) {
        return tool::output(environment, "gcloud", arguments, tool::TOOL_TIME).await;
    }
    Ok(None)
}

fn is_in_variables(environment: &Environment) -> bool {
    environment.get_os(CLOUDSDK_CORE_ACCOUNT).is_some()
        || environment.iter().any(|(name, _)| name.to_string_lossy().starts_with(VARIABLES))
}

/// Returns the text of the active configuration.
fn active(environment: &Environment, directory: &Path) -> Option<String> {
    let named = environment.get(CLOUDSDK_ACTIVE_CONFIG_NAME).map(str::to_owned);
    let name = named.or_else(|| read(&directory.join("active_config")));
    let name = name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("default");
    read(&directory.join(format!("configurations/config_{name}")))
}

fn read(path: &Path) -> Option<String> {
    let is_small = std::fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.len() <= CONFIGURATION_BYTES);
    if is_small { std::fs::read_to_string(path).ok() } else { None }
}

fn selects(text: &str) -> bool {
    let properties = text.lines().filter_map(|line| line.split_once('='));
    properties
        .into_iter()
        .any(|(key, value)| LOGINS.contains(&key.trim()) && !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Creates the directory that gcloud leaves after any command of a user without a login.
    fn used() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("configurations")).unwrap();
        for name in
            ["active_config", "configurations/config_default", "credentials.db", "config_sentinel"]
        {
            fs::write(
                directory.path().join(name),
                if name == "active_config" { "default" } else { "" },
            )
            .unwrap();
        }
        directory
    }

    #[test]
    fn that_gcloud_was_called_is_no_login_and_an_account_is_one() {
        let (directory, nothing) = (used(), Environment::default());
        let configuration = |name: &str, text: &str| {
            fs::write(directory.path().join(format!("configurations/config_{name}")), text)
                .unwrap();
        };
        assert!(!is_there(&nothing, Some(directory.path())));
        configuration("default", "[core]\nproject = p\naccount =\n");
        assert!(!is_there(&nothing, Some(directory.path())));
        configuration("default", "[core]\naccount = me@example.com\n");
        assert!(is_there(&nothing, Some(directory.path())));
        // The active configuration is another one, which has no account.
        let other = Environment::from_pairs([(CLOUDSDK_ACTIVE_CONFIG_NAME, "other")]);
        assert!(!is_there(&other, Some(directory.path())));
        let named = Environment::from_pairs([(CLOUDSDK_CORE_ACCOUNT, "me@example.com")]);
        assert!(is_there(&named, None));
    }

    #[test]
    fn gcloud_is_not_called_where_it_would_make_its_directory() {
        let tools = tempfile::tempdir().unwrap();
        let (gcloud, made) = (tools.path().join("gcloud"), tools.path().join("config"));
        fs::write(&gcloud, format!("#!/bin/sh\nmkdir -p {}\necho a-token\n", made.display()))
            .unwrap();
        fs::set_permissions(&gcloud, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", tools.path().display());
        let environment = Environment::from_pairs([("PATH", path)]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let asked = |directory: &Path| {
            runtime.block_on(ask(&environment, Some(directory), &["x"])).unwrap()
        };
        assert!(asked(&made).is_none());
        assert!(!made.exists());
        assert_eq!(asked(used().path()).unwrap().expose(), "a-token");
    }
}
