//! Builds the command's environment: removes every road to a cloud, then sets the one that was granted.
//!
//! Variables are removed by name (`variable.rs`), by the shape of their value
//! (`shape.rs`) and as copies of what was removed (`copy.rs`); `isolation.rs` has what is set in their place.
//!
//! Security: an environment guides the clouds' own tools; it does not hide files. A command that runs as
//! the same user can still open what that user can: `~/.aws/credentials` and the caches under
//! `~/.aws/sso` and `~/.aws/cli`, `~/.config/gcloud`, `~/.azure`, `~/.vault-token`, a mounted Kubernetes
//! token; and it can call an instance metadata address by hand or, on Linux, read the environment of
//! this user's other processes. Where that matters, the command belongs in a container or under another
//! user. Variables whose names say nothing of a cloud stay too (`SSH_AUTH_SOCK`, `KUBECONFIG`,
//! `ANTHROPIC_API_KEY`, `GITHUB_TOKEN`, `TF_VAR_*`), unless their value is a cloud's credential or a copy of one.

mod copy;
mod forge;
mod identity;
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
use audex_core::environment::{AWS_DEFAULT_REGION, AWS_REGION, Environment};
use audex_core::session::{AUDEX_SESSION_ID, EndpointSettings, SessionFile, Value};
use audex_core::source::Source;

pub use scrub::{Scrubbed, scrub};
pub use session::SessionDirectory;

/// Where in the session directory its files lie, whatever they are called; nothing of the host's is there.
const INSTALLED_DIRECTORY: &str = "provider";

/// An AWS access key, beside which the SDKs read when it ends.
const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// When the AWS keys in the environment end (RFC 3339). Source: botocore, `EnvProvider`; AWS SDKs and Tools Reference Guide,
/// "Process credential provider", for the form.
const AWS_CREDENTIAL_EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";

/// Says why the command's environment could not be built.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// A component asked for a variable that no credential needs, or that isolation relies on.
    #[error("variable `{name}` may not be set by a provider: {reason}")]
    Variable {
        /// The variable's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A component asked for a file outside the session directory, or with an unusable name.
    #[error("file `{name}` may not be written by a provider")]
    File {
        /// The file's name as the component gave it.
        name: String,
    },
    /// The directory for this session's files could not be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Somebody else could read or replace the session's files.
    #[error("directory `{}` must belong to this user and be closed to all others", path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
    },
    /// The system has no random numbers for a name nobody can guess.
    #[error("no random numbers")]
    Random,
}

/// What is to be delivered to the command.
pub struct Delivery<'a> {
    /// The environment Audex was started with.
    pub parent: &'a Environment,
    /// Variables that hold secrets of components; copies of their values are removed too.
    pub withheld: &'a [String],
    /// The session's id, for [`AUDEX_SESSION_ID`].
    pub session: &'a str,
    /// The configuration file of the AWS CLI and SDKs. Security: it must hold no credentials.
    pub aws_config: &'a str,
    /// The region for both spellings of AWS's variable; the parent's is used where it is `None`.
    pub region: Option<&'a str>,
    /// Where the provider came from: an added one may deliver less.
    pub source: Source,
    /// When access ends, in seconds since the Unix epoch.
    pub ends_at: u64,
    /// The credential variables.
    pub variables: &'a [(String, Value)],
    /// The credential files.
    pub files: &'a [SessionFile],
    /// What leads to the session's own endpoints; it wins over all of the above.
    pub lead: &'a EndpointSettings,
}

/// An environment for the command, and the directory its paths point into.
///
/// It has no `Debug`. Security: the environment holds the session's credentials in the clear, as the
/// system's interface for starting processes demands.
pub struct Delivered {
    /// Every variable of the command.
    pub environment: BTreeMap<OsString, OsString>,
    /// The names of the parent's variables the command does not get, in order.
    pub removed: Vec<String>,
    /// The private files; they are removed when this is dropped.
    pub directory: SessionDirectory,
}

/// Builds the command's environment and writes its private files into `directory`.
///
/// # Errors
/// [`DeliverError::Variable`] and [`DeliverError::File`] when a component asks for something it may not
/// set; [`DeliverError::Io`] when a file cannot be written.
pub fn deliver(delivery: &Delivery<'_>, directory: SessionDirectory) -> Result<Delivered, DeliverError> {
    let Scrubbed { mut environment, removed } = scrub(delivery.parent, delivery.withheld);
    isolation::isolate(&mut environment, &directory, delivery.parent, delivery.aws_config)?;
    set_region(&mut environment, delivery);
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
    forge::lead(&mut environment, delivery, &directory)?;
    follow(&mut environment, delivery.lead, &directory)?;
    environment.insert(AUDEX_SESSION_ID.into(), delivery.session.into());
    Ok(Delivered { environment, removed, directory })
}

/// Leads the command to the session's own endpoints. They are the host's: what it isolates from gives way to them.
fn follow(
    environment: &mut BTreeMap<OsString, OsString>,
    lead: &EndpointSettings,
    directory: &SessionDirectory,
) -> Result<(), DeliverError> {
    for (name, value) in &lead.variables {
        environment.insert(name.into(), value.text().into());
    }
    for name in &lead.removed {
        environment.remove(OsStr::new(name));
    }
    for file in &lead.files {
        let path = directory.write_new(&file.name, file.contents.text())?;
        if let Some(variable) = &file.variable {
            environment.insert(variable.into(), path.into());
        }
    }
    Ok(())
}

/// Says when AWS keys end where the session has such keys: SDKs then fail with a clear reason instead of using dead ones. The
/// host knows, so that a provider's own word does not count.
fn set_expiration(environment: &mut BTreeMap<OsString, OsString>, delivery: &Delivery<'_>) {
    if delivery.variables.iter().any(|(name, _)| name == AWS_ACCESS_KEY_ID) {
        environment.insert(AWS_CREDENTIAL_EXPIRATION.into(), clock::rfc3339(delivery.ends_at).into());
    }
}

/// Sets both spellings: AWS CLI v1 and boto3 read one, v2 and most SDKs the other.
fn set_region(environment: &mut BTreeMap<OsString, OsString>, delivery: &Delivery<'_>) {
    let parent = delivery.parent;
    let inherited = parent.get_os(AWS_REGION).or_else(|| parent.get_os(AWS_DEFAULT_REGION));
    if let Some(region) = delivery.region.map(OsStr::new).or(inherited) {
        for name in [AWS_REGION, AWS_DEFAULT_REGION] {
            environment.insert(name.into(), region.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
