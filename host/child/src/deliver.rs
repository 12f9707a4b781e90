//! Builds the command's environment: removes all access to clouds, then sets the access that was granted.
//!
//! Three rules remove variables: by their name (`audex_core::variable`), by the shape of their value
//! (`shape.rs`), and as copies of removed values (`copy.rs`). `isolation.rs` lists the variables that are set
//! in their place. If the session replaces the user's logins of other tools, `git.rs` and the provider's list
//! remove more.
//!
//! Security: an environment guides the clouds' own tools; it does not hide files. A command that runs as the
//! same user can still open that user's files: `~/.aws/credentials` and the caches under `~/.aws/sso` and
//! `~/.aws/cli`, `~/.config/gcloud`, `~/.azure`, `~/.vault-token`, a mounted Kubernetes token. The command
//! can also call an instance metadata address directly or, on Linux, read the environment of this user's
//! other processes. `isolate.rs` keeps all of this from a command. Other variables stay
//! (`SSH_AUTH_SOCK`, `KUBECONFIG`, `ANTHROPIC_API_KEY`, `TF_VAR_*`), unless their value is a cloud's credential,
//! a secret that was granted to a component, or a copy of one.

mod copy;
mod git;
mod git_config;
mod isolation;
mod restriction;
mod scrub;
mod session;
mod shape;
mod view;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use audex_core::clock;
use audex_core::delivery::{AUDEX_SESSION_ID, EndpointSettings, SessionFile, ToolLogins, Value};
use audex_core::environment::{AWS_DEFAULT_REGION, AWS_REGION, Environment};
use audex_core::source::Source;
use audex_core::variable::tool_login::{may_empty, may_hide};

pub use scrub::{removed, scrub};
pub use session::SessionDirectory;

/// The subdirectory of the session directory for files of an installed component. The host writes no file
/// there, so no file name of a component can collide with a file of the host.
const INSTALLED_DIRECTORY: &str = "provider";

/// The beginning of the names of the directories that replace a tool's directory of logins.
const LOGIN_DIRECTORIES: &str = "login";

const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// The time when the AWS keys in the environment expire (RFC 3339). Source: botocore, `EnvProvider`; AWS SDKs
/// and Tools Reference Guide, "Process credential provider", for the form.
const AWS_CREDENTIAL_EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";

/// The error for an environment that could not be built.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// A component requested a variable that no credential needs, or that isolation relies on.
    #[error("variable `{name}` may not be set by a provider: {reason}")]
    Variable {
        /// The variable's name.
        name: String,
        /// The reason for the refusal.
        reason: &'static str,
    },
    /// A component requested a file outside the session directory, or a file with an unusable name.
    #[error("file `{name}` may not be written by a provider")]
    File {
        /// The file's name, as the component wrote it.
        name: String,
    },
    /// The directory for this session's files could not be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// The action that failed, as a verb.
        action: &'static str,
        /// The path of the file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Another user could read or replace the session's files.
    #[error("directory `{}` must belong to this user and be closed to all others", path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system has no random numbers for a directory name that cannot be guessed.
    #[error("no random numbers")]
    Random,
}

/// The input of [`deliver`].
pub struct Delivery<'a> {
    /// The environment that Audex was started with.
    pub parent: &'a Environment,
    /// The variables that hold secrets of components; copies of their values are removed too.
    pub withheld: &'a [String],
    /// The session's id, for [`AUDEX_SESSION_ID`].
    pub session: &'a str,
    /// The configuration file of the AWS CLI and SDKs. Security: it must hold no credentials.
    pub aws_config: &'a str,
    /// The provider's source: an installed provider may set fewer variables than a built-in one.
    pub source: Source,
    /// The end of the access, in seconds since the Unix epoch.
    pub ends_at: u64,
    /// The credential variables.
    pub variables: &'a [(String, Value)],
    /// The credential files.
    pub files: &'a [SessionFile],
    /// The user's own logins that the session replaces.
    pub logins: &'a ToolLogins,
    /// The settings for the session's own endpoints; they override variables, files and isolation.
    pub endpoint_settings: &'a EndpointSettings,
}

/// An environment for the command, with the directory that its paths point into.
///
/// Security: this type has no `Debug`, because the environment holds the session's credentials in the clear,
/// as the operating system's interface for starting processes demands.
pub struct Delivered {
    /// Every variable of the command.
    pub environment: BTreeMap<OsString, OsString>,
    /// The names of the parent's variables whose values the command does not get, sorted.
    pub removed: Vec<String>,
    /// The directory of the private files; dropping it removes them.
    pub directory: SessionDirectory,
}

/// Builds the command's environment and writes its private files into `directory`.
///
/// # Errors
/// [`DeliverError::Variable`] and [`DeliverError::File`] if a component requests a variable or a file that it
/// may not set; [`DeliverError::Io`] if a file cannot be written.
pub fn deliver(
    delivery: &Delivery<'_>,
    directory: SessionDirectory,
) -> Result<Delivered, DeliverError> {
    let mut environment = scrub(delivery.parent, delivery.withheld);
    let set = set(delivery);
    // Before the isolation, so that nothing of it can be hidden.
    for name in delivery.logins.hidden.iter().filter(|name| may_hide(name, &set)) {
        environment.remove(OsStr::new(name));
    }
    isolation::isolate(&mut environment, &directory, delivery.parent, delivery.aws_config)?;
    set_region(&mut environment, delivery.parent);
    for (name, value) in delivery.variables {
        isolation::may_set(name, value.text(), delivery.source)?;
        environment.insert(name.into(), value.text().into());
    }
    for file in delivery.files {
        let (name, contents) = (&file.name, file.contents.text());
        let path = match delivery.source {
            Source::BuiltIn => directory.write_new(name, contents)?,
            Source::Installed => directory.write_below(INSTALLED_DIRECTORY, name, contents)?,
        };
        if let Some(variable) = &file.variable {
            isolation::may_point(variable, delivery.source)?;
            environment.insert(variable.into(), path.into());
        }
    }
    set_expiration(&mut environment, delivery);
    for name in delivery.logins.config_directories.iter().filter(|name| may_empty(name, &set)) {
        let path = directory.reserve(&format!("{LOGIN_DIRECTORIES}-{name}"))?;
        environment.insert(name.into(), path.into());
    }
    git::configure(&mut environment, delivery, &set, &directory)?;
    follow(&mut environment, delivery.endpoint_settings, &directory)?;
    environment.insert(AUDEX_SESSION_ID.into(), delivery.session.into());
    let removed = removed(delivery.parent, &environment);
    Ok(Delivered { environment, removed, directory })
}

/// Returns the names of the variables that the session delivers. Security: the login of a tool is replaced only
/// if the session delivers another one; the provider's declaration alone is not enough.
fn set(delivery: &Delivery<'_>) -> Vec<String> {
    let variables = delivery.variables.iter().map(|(name, _)| name);
    variables
        .chain(delivery.files.iter().filter_map(|file| file.variable.as_ref()))
        .cloned()
        .collect()
}

/// Points the command at the session's own endpoints. The host runs them, so they override the isolation.
fn follow(
    environment: &mut BTreeMap<OsString, OsString>,
    endpoint_settings: &EndpointSettings,
    directory: &SessionDirectory,
) -> Result<(), DeliverError> {
    for (name, value) in &endpoint_settings.variables {
        environment.insert(name.into(), value.text().into());
    }
    for name in &endpoint_settings.removed {
        environment.remove(OsStr::new(name));
    }
    for file in &endpoint_settings.files {
        let path = directory.write_new(&file.name, file.contents.text())?;
        if let Some(variable) = &file.variable {
            environment.insert(variable.into(), path.into());
        }
    }
    Ok(())
}

/// Sets the expiry of AWS keys if the session has such keys: SDKs then fail with a clear reason instead of
/// using expired keys. The host knows the expiry, so it overrides a value from the provider.
fn set_expiration(environment: &mut BTreeMap<OsString, OsString>, delivery: &Delivery<'_>) {
    if delivery.variables.iter().any(|(name, _)| name == AWS_ACCESS_KEY_ID) {
        environment
            .insert(AWS_CREDENTIAL_EXPIRATION.into(), clock::rfc3339(delivery.ends_at).into());
    }
}

/// Sets both variables for the parent's region: AWS CLI v1 and boto3 read one, v2 and most SDKs the other.
fn set_region(environment: &mut BTreeMap<OsString, OsString>, parent: &Environment) {
    let region = parent.get_os(AWS_REGION).or_else(|| parent.get_os(AWS_DEFAULT_REGION));
    if let Some(region) = region {
        for name in [AWS_REGION, AWS_DEFAULT_REGION] {
            environment.insert(name.into(), region.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
