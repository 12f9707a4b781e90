//! What can go wrong between this program and AWS, sorted by what the caller does next.
//!
//! Nothing here formats an SDK error with `Debug`, and every text that came from outside is cut to one line
//! and scrubbed of the secrets that were in play.

mod cause;
mod output;
mod sort;

use std::fmt;

pub use self::cause::Cause;
use super::profile::ProfileError;

/// What a service said about a refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The action that was called, for example `AssumeRole`.
    pub action: &'static str,
    /// The service's error code, for example `AccessDenied`; empty if it gave none.
    pub code: String,
    /// The service's message, one line, free of the secrets in play.
    pub message: String,
    /// HTTP status of the reply.
    pub status: u16,
    /// The service's request id, for a support case.
    pub request_id: Option<String>,
}

/// Why AWS could not be used, by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The default chain found nothing anywhere.
    #[error("no AWS credentials were found")]
    NoCredentials {
        /// `AWS_PROFILE`, if set.
        profile: Option<String>,
        /// What the chain said.
        #[source]
        cause: Option<Cause>,
    },
    /// Half a pair of keys is set: an id without its secret, or a secret without its id where the default chain found nothing.
    #[error("no AWS credentials were found: `{}` is set and `{missing}` is not", other_key(missing))]
    HalfKeys {
        /// The variable that is not set.
        missing: &'static str,
    },
    /// Keys that no request can carry.
    #[error("the {part} from {} has characters that no AWS key has", quoted(origin))]
    SourceMalformed {
        /// Which part of the keys.
        part: &'static str,
        /// The place where it was read: a variable, or words.
        origin: &'static str,
    },
    /// The profile files give no identity, or not a certain one.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A place that should give credentials failed to (configuration, `credential_process`, a metadata service).
    #[error("the AWS credentials could not be loaded")]
    SourceFailed {
        /// `AWS_PROFILE`, if set.
        profile: Option<String>,
        /// What the provider said.
        #[source]
        cause: Option<Cause>,
    },
    /// The source credentials, or the sign-in behind them, ran out.
    #[error("the AWS source credentials have expired")]
    SourceExpired {
        /// `AWS_PROFILE`, if set.
        profile: Option<String>,
        /// The service's answer, if one was asked.
        service: Option<Box<Service>>,
        /// What the provider said, if the chain noticed.
        #[source]
        cause: Option<Cause>,
    },
    /// The service does not accept the keys or the signature.
    #[error("AWS does not accept the credentials: {0}")]
    SourceRejected(Service),
    /// The service refused this caller this call.
    #[error("AWS denied {0}")]
    Denied(Service),
    /// The request itself is wrong: a malformed or too large policy, an impossible duration.
    #[error("AWS refused the request {0}")]
    Invalid(Service),
    /// The endpoint does not know the action.
    #[error("the endpoint does not support {0}")]
    Unsupported(Service),
    /// Throttled, or failing on its side, to the end of the call's time.
    #[error("AWS is not available for {0}")]
    Busy(Service),
    /// No answer: cannot connect, TLS failed, timed out.
    #[error("cannot reach AWS for `{action}`")]
    Unreachable {
        /// The action that was called.
        action: &'static str,
        /// Connection, TLS or time limit.
        #[source]
        cause: Option<Cause>,
    },
    /// Sending would have put a signature or a secret on a network in clear.
    #[error("refused to call `{host}` over plain http")]
    InsecureEndpoint {
        /// The host that was asked for.
        host: String,
    },
    /// `AWS_CA_BUNDLE` names something unusable.
    #[error("{0}")]
    CaBundle(String),
    /// An endpoint or region that makes no URL.
    #[error("the STS endpoint is not usable: {0}")]
    Endpoint(String),
    /// The answer is not what the action answers.
    #[error("the answer to `{action}` is not usable: {reason}")]
    BadReply {
        /// The action that was called.
        action: &'static str,
        /// What is missing or wrong.
        reason: String,
    },
}

impl AwsError {
    /// A stable word for this kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials { .. }
            | Self::HalfKeys { .. }
            | Self::Profile(ProfileError::Missing { .. } | ProfileError::EmptyName) => "no-credentials",
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

    /// What the service said, when it answered.
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

    /// Whether trying again later, unchanged, can help.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unreachable { .. })
    }

    /// What a user can do about it, if there is one thing to do.
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

/// A place as a message has it: the names of variables and settings in backticks.
fn quoted(origin: &str) -> String {
    if origin.contains(' ') || origin == "STS" { origin.to_owned() } else { format!("`{origin}`") }
}

/// The other variable of a pair of keys.
fn other_key(one: &str) -> &'static str {
    if one == super::ACCESS_KEY_ID { super::SECRET_ACCESS_KEY } else { super::ACCESS_KEY_ID }
}

/// The command that renews the sign-in a failing provider speaks of.
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
    let clock = service.code == "RequestTimeTooSkewed" || service.message.contains("Signature expired");
    if service.code == "InvalidSubjectCredentials" {
        // The keys are those of an IAM user or of the root user, or of a session that is not valid.
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
