//! What a session hands to its command: values, private files, and the endpoints that serve its tokens.

use crate::secret::Secret;

/// Names the session in the command's environment; the one variable of ours that the command gets.
pub const AUDEX_SESSION_ID: &str = "AUDEX_SESSION_ID";

/// Text that is delivered, secret or not.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text that may be shown.
    Plain(String),
    /// Text that grants access.
    Secret(Secret),
}

impl Value {
    /// The text in the clear.
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
    /// Its path relative to the session directory, such as `azure/azureProfile.json`; of an added provider's to the one
    /// directory in it that is for these.
    pub name: String,
    /// What is in it.
    pub contents: Value,
    /// The variable that is set to its absolute path, if any.
    pub variable: Option<String>,
}

/// Leads a command to the session's own endpoints; wins over what keeps commands from other credentials.
#[derive(Clone, Debug, Default)]
pub struct EndpointSettings {
    /// Variables to set.
    pub variables: Vec<(String, Value)>,
    /// Variables to remove.
    pub removed: Vec<&'static str>,
    /// Private files.
    pub files: Vec<SessionFile>,
}

/// What is to be served.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A Compute Engine metadata server.
    Metadata(Metadata),
    /// An App Service identity endpoint.
    Identity(Identity),
}

impl Endpoint {
    /// The tokens in it.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Metadata(metadata) => vec![metadata.token.clone()],
            Self::Identity(identity) => identity.tokens.iter().map(|token| token.token.clone()).collect(),
        }
    }
}

/// What it tells about its one service account.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The access token.
    pub token: Secret,
    /// OAuth scopes of the token.
    pub scopes: Vec<String>,
    /// The service account.
    pub email: String,
    /// The project.
    pub project: Option<String>,
    /// Seconds since the Unix epoch.
    pub expires_at: u64,
}

/// What it answers.
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
    /// As clients ask for it.
    pub audience: String,
    /// The access token.
    pub token: Secret,
    /// Seconds since the Unix epoch.
    pub expires_at: u64,
}

/// An audience without what clients write behind it: `/.default`, and slashes.
#[must_use]
pub fn audience(text: &str) -> &str {
    text.trim_end_matches("/.default").trim_end_matches('/')
}
