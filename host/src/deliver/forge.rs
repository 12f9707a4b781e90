//! A session's token for GitHub: `gh` and `git` are led to it, and away from what the user is signed in with.
//!
//! A component can hand out the token, and may set neither `GIT_CONFIG_*` nor a configuration directory: both choose programs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::{DeliverError, SessionDirectory, Value};

/// What `gh` reads first (gh help environment).
const TOKEN: &str = "GH_TOKEN";
/// Tokens of another server, and which one `gh` turns to: they are the user's own.
const FOREIGN: [&str; 3] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_HOST"];
/// Where `gh` keeps its logins.
const GH_CONFIG_DIR: &str = "GH_CONFIG_DIR";
/// How many `GIT_CONFIG_KEY_n` there are (git-config, "ENVIRONMENT"). They come last, and so win.
const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

/// An empty value resets what files of lower precedence name (gitcredentials, "helper"; git-config, `http.extraHeader`). The
/// token itself is in no configuration: the helper takes it from the command's environment.
const GIT_CONFIG: [(&str, &str); 3] = [
    ("credential.https://github.com.helper", ""),
    (
        "credential.https://github.com.helper",
        "!f() { test \"$1\" = get && echo username=x-access-token && echo \"password=$GH_TOKEN\"; }; f",
    ),
    ("http.https://github.com/.extraheader", ""),
];

/// Does so if the session has such a token.
pub(super) fn lead(
    environment: &mut BTreeMap<OsString, OsString>,
    variables: &[(String, Value)],
    directory: &SessionDirectory,
) -> Result<(), DeliverError> {
    if variables.iter().all(|(name, _)| name != TOKEN) {
        return Ok(());
    }
    for name in FOREIGN {
        environment.remove(OsStr::new(name));
    }
    environment.insert(GH_CONFIG_DIR.into(), directory.reserve("gh")?.into_os_string());
    let count = environment.get(OsStr::new(GIT_CONFIG_COUNT)).and_then(|count| count.to_str());
    let first: usize = count.and_then(|count| count.parse().ok()).unwrap_or_default();
    for (number, (key, value)) in (first..).zip(GIT_CONFIG) {
        environment.insert(format!("GIT_CONFIG_KEY_{number}").into(), key.into());
        environment.insert(format!("GIT_CONFIG_VALUE_{number}").into(), value.into());
    }
    let count = first.saturating_add(GIT_CONFIG.len());
    environment.insert(GIT_CONFIG_COUNT.into(), count.to_string().into());
    Ok(())
}
