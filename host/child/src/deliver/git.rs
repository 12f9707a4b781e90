//! Configures `git` to use the session's credentials instead of the user's own logins.
//!
//! A component can declare the credential, but it may not set `GIT_*`, because such variables choose programs.
//! So the host sets them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::{DeliverError, Delivery, SessionDirectory, git_config};
use audex_core::delivery::{GitCredential, ToolLogins};
use audex_core::environment::GIT_CONFIG_GLOBAL;
use audex_core::secret::Secret;
use audex_core::shell::quoted;
use audex_core::variable::tool_login::is_of_git_host;

/// The variable for the number of `GIT_CONFIG_KEY_n` variables (git-config, "ENVIRONMENT"). `git` reads them
/// after all files, so they override a file's section for the same address.
const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

/// The parent's variables that lead to the user's own logins: the settings that `git -c` passes on, which
/// `git` reads last, programs that ask for a password, and a client certificate with its key.
const FOREIGN: [&str; 5] =
    ["GIT_CONFIG_PARAMETERS", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_SSL_CERT", "GIT_SSL_KEY"];

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

/// A header name without a value. With it, curl sends no `Authorization` header, not even one made from
/// `~/.netrc` or from the address. Source: `CURLOPT_HTTPHEADER`.
const NO_LOGIN: &str = "Authorization:";

/// Sets the variables and files for `git` if the session replaces the user's logins at git hosts: the provider
/// declares hosts, or a variable that it delivers (`set`) is a login to one.
///
/// Security: the second condition does not depend on what the provider declares.
pub(super) fn configure(
    environment: &mut BTreeMap<OsString, OsString>,
    delivery: &Delivery<'_>,
    set: &[String],
    directory: &SessionDirectory,
) -> Result<(), DeliverError> {
    let ToolLogins { git_hosts, git: credentials, .. } = delivery.logins;
    if git_hosts.is_empty() && !set.iter().any(|name| is_of_git_host(name)) {
        return Ok(());
    }
    environment.retain(|name, _| !is_foreign(name));
    environment.extend(GIT.map(|(name, value)| (name.into(), value.into())));
    let global = directory.write_new("git-config", &git_config::copied(delivery.parent))?;
    environment.insert(GIT_CONFIG_GLOBAL.into(), global.into());
    let mut settings = everywhere();
    for (number, credential) in credentials.iter().enumerate() {
        let contents =
            format!("username={}\npassword={}\n", credential.username, credential.secret.expose());
        let contents = Secret::new(contents);
        // Security: the file is deleted with the session. A variable would remain in every process that outlives it.
        let file = directory.write_new(&format!("git-credential-{number}"), contents.expose())?;
        settings.extend(settings_of(credential, &file.to_string_lossy()));
    }
    let has_credential =
        |host: &&String| credentials.iter().any(|credential| credential.host == **host);
    for host in git_hosts.iter().filter(|host| !has_credential(host)) {
        settings.extend(anonymous(host));
    }
    environment.insert(GIT_CONFIG_COUNT.into(), settings.len().to_string().into());
    for (number, (key, value)) in settings.into_iter().enumerate() {
        environment.insert(format!("GIT_CONFIG_KEY_{number}").into(), key.into());
        environment.insert(format!("GIT_CONFIG_VALUE_{number}").into(), value.expose().into());
    }
    Ok(())
}

/// Returns the settings with which `git` uses no login at any host, however its address is written. Settings of
/// the repository for a longer address override them, so declared hosts have their own.
fn everywhere() -> Vec<(String, Secret)> {
    let settings = [
        ("core.askPass", ""),
        ("credential.helper", ""),
        ("http.extraheader", ""),
        ("http.extraheader", NO_LOGIN),
        // By default `git` sends the user's Kerberos ticket to a server that asks for one.
        ("http.emptyAuth", "false"),
    ];
    settings.map(|(key, value)| (key.to_owned(), Secret::new(value.to_owned()))).into()
}

/// Returns the settings for a host that `git` reads without a login.
fn anonymous(host: &str) -> Vec<(String, Secret)> {
    let helper = (format!("credential.https://{host}.helper"), Secret::new(String::new()));
    let addresses = [format!("https://{host}"), format!("http://{host}")];
    let headers = addresses.iter().flat_map(|address| without_login(address));
    headers.chain([helper]).collect()
}

/// Returns the settings with which `git` sends no login to `address`.
fn without_login(address: &str) -> [(String, Secret); 2] {
    ["", NO_LOGIN].map(|value| (header(address), Secret::new(value.to_owned())))
}

fn header(address: &str) -> String {
    format!("http.{address}/.extraheader")
}

/// Returns the settings for one credential, which is also in `file`. An empty value removes the values from
/// files (gitcredentials, "helper"; git-config, `http.extraHeader`).
fn settings_of(credential: &GitCredential, file: &str) -> Vec<(String, Secret)> {
    let host = &credential.host;
    let plain = |key: String, value: &str| (key, Secret::new(value.to_owned()));
    let helper = |host: &str| format!("credential.https://{host}.helper");
    // For programs that ask for a credential and do not let `git` make the requests.
    let reader = format!("!f() {{ test \"$1\" = get && cat {}; }}; f", quoted(file));
    let mut settings = vec![plain(helper(host), ""), plain(helper(host), &reader)];
    // Neither the session's credential nor the user's own may be sent over plain http.
    settings.extend(without_login(&format!("http://{host}")));
    let rewrite = format!("url.https://{host}/.insteadOf");
    settings.extend(aliases(host).map(|alias| plain(rewrite.clone(), &alias)));
    let address = format!("https://{host}");
    settings.extend([plain(header(&address), ""), (header(&address), authorization(credential))]);
    // The header alone does not stop curl from answering a Digest or NTLM challenge with `~/.netrc`. `proactiveAuth`
    // does: git then sets the user name first. Git before 2.46 ignores it.
    settings.push(plain(format!("http.{address}/.proactiveAuth"), "basic"));
    // Security: after a redirect, `git` sends the header to the other host, which was not granted.
    settings.push(plain(format!("http.{address}/.followRedirects"), "false"));
    settings
}

/// Returns the other addresses of a host that services use for the same repositories.
fn aliases(host: &str) -> [String; 6] {
    [
        format!("git@{host}:"),
        format!("ssh://git@{host}/"),
        format!("ssh://git@ssh.{host}:443/"),
        format!("git://{host}/"),
        format!("http://{host}/"),
        format!("https://www.{host}/"),
    ]
}

/// Returns the header that `git` sends with every request: with it, curl uses neither `~/.netrc` nor a login
/// in the address.
///
/// Security: the header holds the credential in another encoding. It may appear only in the command's
/// environment.
fn authorization(credential: &GitCredential) -> Secret {
    let login = Secret::new(format!("{}:{}", credential.username, credential.secret.expose()));
    let encoded = Secret::new(base64_simd::STANDARD.encode_to_string(login.expose()));
    Secret::new(format!("AUTHORIZATION: basic {}", encoded.expose()))
}

fn is_foreign(name: &OsStr) -> bool {
    FOREIGN.iter().any(|foreign| name == *foreign)
        || FOREIGN_CONFIG.iter().any(|prefix| name.as_bytes().starts_with(prefix))
}
