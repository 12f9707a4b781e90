//! Points `gh` and `git` at a session's token for GitHub, and away from the user's own logins.
//!
//! A component can provide the token, but it may set neither `GIT_*` nor a configuration directory, because
//! both choose programs. So the host sets them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::{DeliverError, Delivery, SessionDirectory, git_config};
use audex_core::environment::GIT_CONFIG_GLOBAL;
use audex_core::secret::Secret;

/// The variable that `gh` reads first. Source: `gh help environment`.
const TOKEN: &str = "GH_TOKEN";
/// The variable for the directory in which `gh` keeps its logins.
const GH_CONFIG_DIR: &str = "GH_CONFIG_DIR";
/// The variable for the number of `GIT_CONFIG_KEY_n` variables (git-config, "ENVIRONMENT"). `git` reads them
/// after all files, so they override a file's section for the same address.
const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

/// The parent's variables that lead to the user's own logins: tokens of another server and the choice of that
/// server for `gh`; the settings that `git -c` passes on, which `git` reads last; and programs that ask for a
/// password.
const FOREIGN: [&str; 6] = [
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GH_HOST",
    "GIT_CONFIG_PARAMETERS",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
];

/// The prefixes of the parent's own settings for `git`. Any of them could lead to the user's credential, so
/// all are removed.
const FOREIGN_CONFIG: [&[u8]; 2] = [b"GIT_CONFIG_KEY_", b"GIT_CONFIG_VALUE_"];

/// Variables for `git`: it does not read the system's configuration, does not ask for a password and does not
/// use ssh.
const GIT: [(&str, &str); 3] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    // The user's ssh keys give access to the same repositories. This variable overrides `core.sshCommand` and
    // `GIT_SSH`.
    ("GIT_SSH_COMMAND", "false"),
];

const HEADER: &str = "http.https://github.com/.extraheader";
const HELPER: &str = "credential.https://github.com.helper";
const HTTP_HEADER: &str = "http.http://github.com/.extraheader";
const GIST_HELPER: &str = "credential.https://gist.github.com.helper";
const GIST_HEADER: &str = "http.https://gist.github.com/.extraheader";
const REWRITE: &str = "url.https://github.com/.insteadOf";

/// A header without a value: curl does not send it, and does not make a header from `~/.netrc` or from the
/// address in its place. Source: `CURLOPT_HTTPHEADER`.
const NO_LOGIN: &str = "Authorization:";

/// The settings for `git`. An empty value removes the values from files (gitcredentials, "helper";
/// git-config, `http.extraHeader`).
const SETTINGS: [(&str, &str); 15] = [
    ("core.askPass", ""),
    (HELPER, ""),
    // For programs that ask for a credential and do not let `git` make the requests. The helper reads the
    // token from the command's environment.
    (
        HELPER,
        "!f() { test \"$1\" = get && echo username=x-access-token && echo \"password=$GH_TOKEN\"; }; f",
    ),
    // Gists are not part of a repository, so they are read without a login.
    (GIST_HELPER, ""),
    (GIST_HEADER, ""),
    (GIST_HEADER, NO_LOGIN),
    // Neither the session's token nor the user's own may be sent over plain http.
    (HTTP_HEADER, ""),
    (HTTP_HEADER, NO_LOGIN),
    (REWRITE, "git@github.com:"),
    (REWRITE, "ssh://git@github.com/"),
    (REWRITE, "ssh://git@ssh.github.com:443/"),
    (REWRITE, "git://github.com/"),
    (REWRITE, "http://github.com/"),
    (REWRITE, "https://www.github.com/"),
    (HEADER, ""),
];

/// Sets the variables and files for `gh` and `git` if the session has a token for GitHub.
pub(super) fn lead(
    environment: &mut BTreeMap<OsString, OsString>,
    delivery: &Delivery<'_>,
    directory: &SessionDirectory,
) -> Result<(), DeliverError> {
    let Some((_, token)) = delivery.variables.iter().rfind(|(name, _)| name == TOKEN) else {
        return Ok(());
    };
    environment.retain(|name, _| !is_foreign(name));
    environment.insert(GH_CONFIG_DIR.into(), directory.reserve("gh")?.into_os_string());
    environment.extend(GIT.map(|(name, value)| (name.into(), value.into())));
    let global = directory.write_new("git-config", &git_config::copied(delivery.parent))?;
    environment.insert(GIT_CONFIG_GLOBAL.into(), global.into());
    let header = header(token.text());
    let settings = SETTINGS.into_iter().chain([(HEADER, header.expose())]);
    let mut count = 0_usize;
    for (number, (key, value)) in settings.enumerate() {
        environment.insert(format!("GIT_CONFIG_KEY_{number}").into(), key.into());
        environment.insert(format!("GIT_CONFIG_VALUE_{number}").into(), value.into());
        count = number.saturating_add(1);
    }
    environment.insert(GIT_CONFIG_COUNT.into(), count.to_string().into());
    Ok(())
}

/// Returns the header that `git` sends with every request: with it, curl uses neither `~/.netrc` nor a login
/// in the address.
///
/// Security: the header holds the token in another encoding. Like `GH_TOKEN`, it may appear only in the
/// command's environment.
fn header(token: &str) -> Secret {
    let login = Secret::new(format!("x-access-token:{token}"));
    let encoded = Secret::new(base64_simd::STANDARD.encode_to_string(login.expose()));
    Secret::new(format!("AUTHORIZATION: basic {}", encoded.expose()))
}

fn is_foreign(name: &OsStr) -> bool {
    FOREIGN.iter().any(|foreign| name == *foreign)
        || FOREIGN_CONFIG.iter().any(|prefix| name.as_bytes().starts_with(prefix))
}
