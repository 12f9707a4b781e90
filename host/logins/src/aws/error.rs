//! Errors between this program and AWS, sorted by what the caller does next.
//!
//! Nothing here formats an SDK error with `Debug`. Every text from outside is cut to one line and scrubbed of
//! the secrets in use.

mod cause;
mod output;
mod sort;

use std::fmt;

pub use self::cause::Cause;
use super::profile::ProfileError;

/// A service's answer to a refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The called action, for example `AssumeRole`.
    pub action: &'static str,
    /// The service's error code, for example `AccessDenied`; empty if the service gave none.
    pub code: String,
    /// The service's message: one line, without the secrets in use.
    pub message: String,
    /// HTTP status of the reply.
    pub status: u16,
    /// The service's request id, for a support case.
    pub request_id: Option<String>,
}

/// The reason why AWS could not be used, sorted by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The default chain found no credentials.
    #[error("no AWS credentials were found")]
    NoCredentials {
        /// `AWS_PROFILE`, if set.
        profile: Option<String>,
        /// The chain's error.
        #[source]
        cause: Option<Cause>,
    },
    /// Only one of the two key variables is set: an id without its secret, or a secret without its id where
    /// the default chain found nothing.
    #[error(
        "no AWS credentials were found: `{}` is set and `{missing}` is not",
        other_key(missing)
    )]
    HalfKeys {
        /// The variable that is not set.
        missing: &'static str,
    },
    /// The keys have characters that no request can carry.
    #[error("the {part} from {} has characters that no AWS key has", quoted(origin))]
    SourceMalformed {
        /// The malformed part of the keys.
        part: &'static str,
        /// The origin of the part: the name of a variable or setting, or a description.
        origin: &'static str,
    },
    /// The profile files give no identity, or an ambiguous one.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A source of credentials failed (configuration, `credential_process`, a metadata service).
    #[error("the AWS credentials could not be loaded")]
    SourceFailed {
        /// `AWS_PROFILE`, if set.
        profile: Option<String>,
        /// The provider's error.
        #[source]
        cause: Option<Cause>,
    },
    /// The source credentials, or the sign-in behind them, have expired.
    #[error("the AWS source credentials have expired")]
    SourceExpired {
        /// `AWS_PROFILE`, if set.
        profile: Option<String>,
        /// The service's answer, if a service was called.
        service: Option<Box<Service>>,
        /// The provider's error, if the chain detected the expiry.
        #[source]
        cause: Option<Cause>,
    },
    /// The service does not accept the keys or the signature.
    #[error("AWS does not accept the credentials: {0}")]
    SourceRejected(Service),
    /// The service does not allow the caller to make this call.
    #[error("AWS denied {0}")]
    Denied(Service),
    /// The request is invalid: a malformed or too large policy, an impossible duration.
    #[error("AWS refused the request {0}")]
    Invalid(Service),
    /// The endpoint does not know the action.
    #[error("the endpoint does not support {0}")]
    Unsupported(Service),
    /// The service throttled the call or failed, and further attempts did not help.
    #[error("AWS is not available for {0}")]
    Busy(Service),
    /// The service did not answer: no connection, a TLS failure or a timeout.
    #[error("cannot reach AWS{} for `{action}`", at(endpoint.as_ref()))]
    Unreachable {
        /// The called action.
        action: &'static str,
        /// The endpoint as a message shows it, if the environment or the profile names it.
        endpoint: Option<String>,
        /// The connection error, the TLS error or the time limit.
        #[source]
        cause: Option<Cause>,
    },
    /// The call would have sent a signature or a secret over a network in clear text.
    #[error("refused to call `{host}` over plain http")]
    InsecureEndpoint {
        /// The host of the endpoint.
        host: String,
    },
    /// `AWS_CA_BUNDLE` names an unusable file.
    #[error("{0}")]
    CaBundle(String),
    /// The endpoint or the region does not make a URL.
    #[error("the STS endpoint is not usable: {0}")]
    Endpoint(String),
    /// The reply is not a valid answer to the action.
    #[error("the answer to `{action}` is not usable: {reason}")]
    BadReply {
        /// The called action.
        action: &'static str,
        /// The defect of the reply.
        reason: String,
    },
}

impl AwsError {
    /// Returns a stable word for this kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials { .. }
            | Self::HalfKeys { .. }
            | Self::Profile(ProfileError::Missing { .. } | ProfileError::EmptyName) => {
                "no-credentials"
            }
            Self::SourceMalformed { .. } => "source-malformed",
            Self::Profile(_) => "profile",
            Self::SourceFailed { .. } => "source-failed",
            Self::SourceExpired { .. } => "source-expired",
            Self::SourceRejected(_) => "source-rejected",
            Self::Denied(_) => "denied",
            Self::Invalid(_) => "invalid-request",
            Self::Unsupported(_) => "unsupported-action",
            Self::Busy(_) => "busy",
            Self::Unreachable { .. } => "unreachable",
            Self::InsecureEndpoint { .. } => "insecure-endpoint",
            Self::CaBundle(_) => "ca-bundle",
            Self::Endpoint(_) => "endpoint",
            Self::BadReply { .. } => "bad-reply",
        }
    }

    /// Returns the service's answer, if the service answered.
    #[must_use]
    pub fn service(&self) -> Option<&Service> {
        match self {
            Self::SourceRejected(service)
            | Self::Denied(service)
            | Self::Invalid(service)
            | Self::Unsupported(service)
            | Self::Busy(service) => Some(service),
            Self::SourceExpired { service, .. } => service.as_deref(),
            _ => None,
        }
    }

    /// Returns true if a later retry of the unchanged call can help.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unreachable { .. })
    }

    /// Returns one action that can help the user, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoCredentials { profile: Some(profile), .. } => {
                format!(
                    "run `aws sso login --profile {profile}` or `aws configure --profile {profile}`, or set AWS_PROFILE to another profile"
                )
            }
            Self::NoCredentials { .. } => {
                "run `aws configure` or `aws sso login`, or set AWS_PROFILE to a profile that has credentials"
                    .to_owned()
            }
            Self::HalfKeys { missing } => {
                format!("set `{missing}` too, or unset `{}`", other_key(missing))
            }
            Self::SourceMalformed { part, .. } => {
                format!("write the {part} again, without line ends, blanks and quotes")
            }
            Self::Profile(error) => error.hint(),
            Self::SourceExpired { profile, cause, .. } => {
                let sign_in = sign_in(cause.as_ref()).unwrap_or("aws sso login");
                let sign_in = with_profile(sign_in, profile.as_deref());
                format!("run `{sign_in}`, or renew the keys in the environment or profile")
            }
            Self::SourceFailed { profile, cause } => match sign_in(cause.as_ref()) {
                Some(sign_in) => format!("run `{}`", with_profile(sign_in, profile.as_deref())),
                None => {
                    "run `aws sts get-caller-identity` to see whether the AWS CLI can load them".to_owned()
                }
            },
            Self::SourceRejected(service) => rejected_hint(service),
            Self::Denied(service) if service.code == "RegionDisabledException" => {
                "enable STS for this region in the account, or choose another with --region".to_owned()
            }
            Self::Unreachable { endpoint: Some(_), .. } => {
                "check AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and the profile's `endpoint_url`: one of them names this address"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "check the network and the region; behind a TLS-inspecting proxy set AWS_CA_BUNDLE".to_owned()
            }
            Self::InsecureEndpoint { .. } => {
                "use an https endpoint; plain http is for loopback addresses only".to_owned()
            }
            Self::Invalid(service) if service.code == "InsufficientSessionLifetime" => {
                "renew the source credentials, which end too early, or ask for a shorter --ttl".to_owned()
            }
            Self::CaBundle(_) => "fix or unset AWS_CA_BUNDLE".to_owned(),
            Self::Endpoint(_) => "check --region, AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL".to_owned(),
            Self::Denied(_)
            | Self::Invalid(_)
            | Self::Unsupported(_)
            | Self::Busy(_)
            | Self::BadReply { .. } => return None,
        };
        Some(text)
    }
}

fn at(endpoint: Option<&String>) -> String {
    endpoint.map(|endpoint| format!(" at {endpoint}")).unwrap_or_default()
}

/// Formats an origin for a message: names of variables and settings are put in backticks.
fn quoted(origin: &str) -> String {
    if origin.contains(' ') || origin == "STS" { origin.to_owned() } else { format!("`{origin}`") }
}

fn other_key(one: &str) -> &'static str {
    if one == super::ACCESS_KEY_ID { super::SECRET_ACCESS_KEY } else { super::ACCESS_KEY_ID }
}

/// Returns the command that renews the sign-in, if the provider's error mentions a sign-in.
fn sign_in(cause: Option<&Cause>) -> Option<&'static str> {
    let cause = cause?;
    if cause.any(|text| text.contains("Login token")) {
        return Some("aws login");
    }
    cause.any(|text| text.contains("SSO")).then_some("aws sso login")
}

fn with_profile(command: &str, profile: Option<&str>) -> String {
    format!("{command} --profile {}", profile.unwrap_or("<name>"))
}

fn rejected_hint(service: &Service) -> String {
    let clock =
        service.code == "RequestTimeTooSkewed" || service.message.contains("Signature expired");
    if service.code == "InvalidSubjectCredentials" {
        // The keys belong to an IAM user, to the root user or to an invalid session.
        "sign in again to get the credentials of a session, or pass --method auto"
    } else if clock {
        "set this machine's clock"
    } else {
        "check the keys with `aws sts get-caller-identity`; new IAM keys need some seconds"
    }
    .to_owned()
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` (", self.action)?;
        match self.code.as_str() {
            "" => write!(formatter, "status {}", self.status)?,
            code => formatter.write_str(code)?,
        }
        if let Some(id) = &self.request_id {
            write!(formatter, ", request {id}")?;
        }
        formatter.write_str(")")?;
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}
