//! The values, private files and endpoint tokens that a session delivers to its command.

use crate::secret::Secret;

/// The variable that names the session to the command.
pub const AUDEX_SESSION_ID: &str = "AUDEX_SESSION_ID";

/// Delivered text, secret or not.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text that may be shown.
    Plain(String),
    /// Text that grants access.
    Secret(Secret),
}

impl Value {
    /// Returns the text, whether it is secret or not.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

/// A file for the command, under the session directory.
#[derive(Debug, Clone)]
pub struct SessionFile {
    /// The file's path relative to the session directory, such as `azure/azureProfile.json`. For an installed provider, the
    /// path is relative to the one subdirectory for such files.
    pub name: String,
    /// The file's contents.
    pub contents: Value,
    /// The variable that is set to the file's absolute path, if any.
    pub variable: Option<String>,
}

/// A login for git over https at one host.
#[derive(Debug, Clone)]
pub struct GitCredential {
    /// The host's name.
    pub host: String,
    /// The user name.
    pub username: String,
    /// The password or token.
    pub secret: Secret,
}

/// The user's own logins that a session replaces for the command's tools.
#[derive(Debug, Clone, Default)]
pub struct ToolLogins {
    /// The hosts at which git uses none of the user's own logins. It reads those without a credential
    /// anonymously.
    pub git_hosts: Vec<String>,
    /// Logins for git.
    pub git: Vec<GitCredential>,
    /// Variables that the command does not get.
    pub hidden: Vec<String>,
    /// Variables that lead to an empty private directory.
    pub config_directories: Vec<String>,
}

/// The variables and files that lead a command to the session's endpoints; they override the isolation from other credentials.
#[derive(Clone, Debug, Default)]
pub struct EndpointSettings {
    /// Variables to set.
    pub variables: Vec<(String, Value)>,
    /// Variables to remove.
    pub removed: Vec<&'static str>,
    /// Private files.
    pub files: Vec<SessionFile>,
}

impl EndpointSettings {
    /// Adds the settings for further endpoints.
    pub fn extend(&mut self, more: &Self) {
        self.variables.extend(more.variables.iter().cloned());
        self.removed.extend(more.removed.iter().copied());
        self.files.extend(more.files.iter().cloned());
    }
}

/// An endpoint to serve.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A Compute Engine metadata server.
    Metadata(Metadata),
    /// An App Service identity endpoint.
    Identity(Identity),
}

impl Endpoint {
    /// Returns the endpoint's tokens.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Metadata(metadata) => vec![metadata.token.clone()],
            Self::Identity(identity) => {
                identity.tokens.iter().map(|token| token.token.clone()).collect()
            }
        }
    }
}

/// The facts that a metadata server reports about its one service account.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The access token.
    pub token: Secret,
    /// The OAuth scopes of the token.
    pub scopes: Vec<String>,
    /// The email address of the service account.
    pub email: String,
    /// The project.
    pub project: Option<String>,
    /// True if requests count for the quota of the project, which needs a permission of its own.
    pub uses_quota: bool,
    /// The end of the token, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// The facts that an identity endpoint reports.
#[derive(Clone, Debug)]
pub struct Identity {
    /// One token for each audience.
    pub tokens: Vec<AudienceToken>,
    /// The identity's client id.
    pub client_id: Option<String>,
}

/// One token for one audience.
#[derive(Clone, Debug)]
pub struct AudienceToken {
    /// The audience as clients request it.
    pub audience: String,
    /// The access token.
    pub token: Secret,
    /// The end of the token, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// Returns `text` without the suffixes that clients append to an audience: `/.default` and slashes.
#[must_use]
pub fn audience(text: &str) -> &str {
    text.trim_end_matches("/.default").trim_end_matches('/')
}
