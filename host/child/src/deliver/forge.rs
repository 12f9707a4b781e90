//! A session's token for GitHub: `gh` and `git` are led to it, and away from what the user is signed in with.
//!
//! A component can hand out the token, and may set neither `GIT_*` nor a configuration directory: both choose programs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::{DeliverError, Delivery, SessionDirectory, identity};
use audex_core::environment::GIT_CONFIG_GLOBAL;
use audex_core::secret::Secret;

/// What `gh` reads first (gh help environment).
const TOKEN: &str = "GH_TOKEN";
/// Where `gh` keeps its logins.
const GH_CONFIG_DIR: &str = "GH_CONFIG_DIR";
/// How many `GIT_CONFIG_KEY_n` there are (git-config, "ENVIRONMENT"). They come after all files, and so win where a file's
/// section names the same address.
const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

/// Variables of the parent that lead to the user's own: tokens of another server, and which one `gh` turns to; what
/// `git -c` hands down, which `git` reads last of all; and programs that ask for a password.
const FOREIGN: [&str; 6] = [
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GH_HOST",
    "GIT_CONFIG_PARAMETERS",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
];

/// Settings of the parent's own, of which any could lead to the user's credential. They are dropped and not sorted.
const FOREIGN_CONFIG: [&[u8]; 2] = [b"GIT_CONFIG_KEY_", b"GIT_CONFIG_VALUE_"];

/// The system's configuration is not read, nobody is asked, and there is no ssh.
const GIT: [(&str, &str); 3] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    // The user's ssh keys are another road to the same repositories, and this wins over `core.sshCommand` and `GIT_SSH`.
    ("GIT_SSH_COMMAND", "false"),
];

const HEADER: &str = "http.https://github.com/.extraheader";
const HELPER: &str = "credential.https://github.com.helper";
const HTTP_HEADER: &str = "http.http://github.com/.extraheader";
const GIST_HELPER: &str = "credential.https://gist.github.com.helper";
const GIST_HEADER: &str = "http.https://gist.github.com/.extraheader";
const REWRITE: &str = "url.https://github.com/.insteadOf";

/// A header without a value is not sent, and curl makes none of its own from `~/.netrc` or the address then (`CURLOPT_HTTPHEADER`).
const NO_LOGIN: &str = "Authorization:";

/// An empty value resets what files name (gitcredentials, "helper"; git-config, `http.extraHeader`).
const SETTINGS: [(&str, &str); 15] = [
    ("core.askPass", ""),
    (HELPER, ""),
    // For what asks for a credential instead of making requests; it takes the token from the command's environment.
    (HELPER, "!f() { test \"$1\" = get && echo username=x-access-token && echo \"password=$GH_TOKEN\"; }; f"),
    // Gists are not part of a repository: they are read as anybody does.
    (GIST_HELPER, ""),
    (GIST_HEADER, ""),
    (GIST_HEADER, NO_LOGIN),
    // The token must not go over plain http, and nor must the user's own.
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

/// Does so if the session has such a token.
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
    let global = directory.write_new("git-config", &identity::copied(delivery.parent))?;
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

/// What `git` sends with every request: curl then uses neither `~/.netrc` nor a name and password in the address.
///
/// Security: this is the token in another spelling; it may go wherever `GH_TOKEN` may, which is the command's environment.
fn header(token: &str) -> Secret {
    let login = Secret::new(format!("x-access-token:{token}"));
    let encoded = Secret::new(base64_simd::STANDARD.encode_to_string(login.expose()));
    Secret::new(format!("AUTHORIZATION: basic {}", encoded.expose()))
}

fn is_foreign(name: &OsStr) -> bool {
    FOREIGN.iter().any(|foreign| name == *foreign)
        || FOREIGN_CONFIG.iter().any(|prefix| name.as_bytes().starts_with(prefix))
}
