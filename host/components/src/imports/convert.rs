//! How the errors of the host become errors of a host function: for the guest, or ending the call.

use super::http::ComposeError;
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::import_error::{ImportError, plain_error};
use crate::misbehaved::{LimitReached, Misbehaved};
use crate::network::NetworkError;
use crate::policy_scope::OutsideGrant;
use audex_logins::aws::AwsError;
use audex_logins::secret_source::SecretError;
use audex_logins::token::{TokenError, Why};
use audex_logins::vault::VaultError;
use audex_wire::client::ClientError;

/// Implements the conversion of errors that the guest receives.
macro_rules! guest {
    ($($error:ty)*) => {
        $(impl From<$error> for ImportError {
            fn from(error: $error) -> Self {
                Self::Guest(error.into())
            }
        })*
    };
}

/// Implements the conversion of errors that end the call.
macro_rules! trap {
    ($($error:ty)*) => {
        $(impl From<$error> for ImportError {
            fn from(error: $error) -> Self {
                Self::Trap(error.into())
            }
        })*
    };
}

guest!(AwsError ClientError NetworkError SecretError TokenError VaultError);
trap!(ComposeError LimitReached Misbehaved OutsideGrant);

impl From<NetworkError> for Error {
    fn from(error: NetworkError) -> Self {
        plain_error(ErrorKind::Unavailable, error.code(), error.to_string())
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        plain_error(ErrorKind::InvalidInput, "tls", error.to_string())
    }
}

impl From<SecretError> for Error {
    fn from(error: SecretError) -> Self {
        let hint = Some(error.hint());
        Self { hint, ..plain_error(ErrorKind::Unavailable, "secret-unset", error.to_string()) }
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        let hint = error.hint.map(str::to_owned);
        Self { kind: error.why.into(), code: error.code.to_owned(), message: error.message, hint }
    }
}

impl From<Why> for ErrorKind {
    fn from(why: Why) -> Self {
        match why {
            Why::Config => Self::InvalidInput,
            Why::Unsupported => Self::Unsupported,
            Why::Unavailable => Self::Unavailable,
            Why::Denied => Self::Denied,
        }
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        let (why, code) = error.sort();
        let mut message = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            message = format!("{message}: {cause}");
        }
        Self {
            kind: why.into(),
            code: code.to_owned(),
            message,
            hint: error.hint().map(ToOwned::to_owned),
        }
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        let kind = match &error {
            AwsError::Denied(_) => ErrorKind::Denied,
            AwsError::Unsupported(_) => ErrorKind::Unsupported,
            AwsError::Invalid(_)
            | AwsError::InsecureEndpoint { .. }
            | AwsError::CaBundle(_)
            | AwsError::Endpoint(_) => ErrorKind::InvalidInput,
            AwsError::NoCredentials { .. }
            | AwsError::HalfKeys { .. }
            | AwsError::SourceMalformed { .. }
            | AwsError::Profile(_)
            | AwsError::SourceFailed { .. }
            | AwsError::SourceExpired { .. }
            | AwsError::SourceRejected(_)
            | AwsError::Busy(_)
            | AwsError::Unreachable { .. }
            | AwsError::BadReply { .. } => ErrorKind::Unavailable,
        };
        let mut message = error.to_string();
        // Only the last cause is added: the causes between say "dispatch failure" and the like. If no credentials
        // were found, no cause is added: it would name instance metadata, the last place searched, which is not
        // what is missing.
        let missing = matches!(error, AwsError::NoCredentials { .. });
        let mut source = std::error::Error::source(&error).filter(|_| !missing);
        while let Some(deeper) = source.and_then(std::error::Error::source) {
            source = Some(deeper);
        }
        if let Some(cause) = source {
            message = format!("{message}: {cause}");
        }
        Self { kind, code: error.code().to_owned(), message, hint: error.hint() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_the_network_has_its_own_code() {
        let start = std::io::Error::other("no more files");
        for (error, code) in [
            (NetworkError::Start(start), "network-start"),
            (NetworkError::Interrupted, "interrupted"),
            (NetworkError::TimedOut(3), "timed-out"),
        ] {
            let told = ImportError::from(error).for_guest().unwrap();
            assert_eq!((told.kind, told.code.as_str()), (ErrorKind::Unavailable, code));
        }
    }

    #[test]
    fn a_misbehaviour_is_never_told_to_the_guest() {
        let trap = ImportError::from(Misbehaved::ForeignKeys).for_guest().unwrap_err();
        assert!(trap.is::<Misbehaved>());
    }
}
