//! The mapping of a refusal, a transport failure or a failed credential chain to an [`AwsError`].

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::cause::{Cause, cause, chain_text, clean};
use super::{AwsError, Service};
use crate::aws::source::Keys;
use audex_core::error_chain::links;
use audex_wire::aws_http::{CaBundleError, InsecureRequest};

impl AwsError {
    /// Classifies a refusal by the service.
    pub(in crate::aws) fn from_service(
        mut service: Service,
        keys: &Keys,
        profile: Option<&str>,
    ) -> Self {
        service.message = clean(&service.message, keys);
        match class(service.status, &service.code) {
            Class::Expired => Self::SourceExpired {
                profile: profile.map(str::to_owned),
                service: Some(Box::new(service)),
                cause: None,
            },
            Class::Rejected => Self::SourceRejected(service),
            Class::Unsupported => Self::Unsupported(service),
            Class::Busy => Self::Busy(service),
            Class::Denied => Self::Denied(service),
            Class::Invalid => Self::Invalid(service),
        }
    }

    /// Classifies an SDK error of `action`, signed with `keys`.
    pub(in crate::aws) fn from_sdk<E>(
        action: &'static str,
        error: &SdkError<E, HttpResponse>,
        keys: &Keys,
        profile: Option<&str>,
    ) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        if let Some(local) = local(error) {
            return local;
        }
        match error {
            // A refusal has status 4xx or 5xx. With another status, a reply that the SDK cannot read is not
            // from STS.
            SdkError::ServiceError(odd) if odd.raw().status().as_u16() < 400 => {
                Self::BadReply { action, reason: "it is not a reply of STS".to_owned() }
            }
            SdkError::ServiceError(refused) => {
                let service = Service {
                    action,
                    code: refused.err().code().unwrap_or_default().to_owned(),
                    message: refused.err().message().unwrap_or_default().to_owned(),
                    status: refused.raw().status().as_u16(),
                    request_id: error.request_id().map(str::to_owned),
                };
                Self::from_service(service, keys, profile)
            }
            SdkError::ResponseError(_) => {
                Self::BadReply { action, reason: "it cannot be parsed".to_owned() }
            }
            SdkError::ConstructionFailure(_) => Self::Endpoint(chain_text(error, keys)),
            _ => Self::Unreachable { action, endpoint: None, cause: cause(error, Some(keys)) },
        }
    }

    /// Classifies a transport failure of a call that was made without the SDK.
    pub(in crate::aws) fn from_connector(
        action: &'static str,
        error: &ConnectorError,
        keys: &Keys,
    ) -> Self {
        local(error).unwrap_or_else(|| Self::Unreachable {
            action,
            endpoint: None,
            cause: cause(error, Some(keys)),
        })
    }

    /// Classifies a failure of the credential chain.
    pub(in crate::aws) fn from_chain(error: &CredentialsError, profile: Option<&str>) -> Self {
        if let Some(local) = local(error) {
            return local;
        }
        let profile = profile.map(str::to_owned);
        let cause = cause(error, None);
        // The helper chose these words, so the checks below for words of the SDK do not apply to them.
        if cause.as_ref().is_some_and(Cause::is_of_process) {
            return Self::SourceFailed { profile, cause };
        }
        if cause.as_ref().is_some_and(|cause| cause.any(says_expired)) {
            return Self::SourceExpired { profile, service: None, cause };
        }
        // Instance metadata is the last source of the chain. A failure there means that no other source had
        // credentials.
        if cause.as_ref().is_some_and(|cause| cause.any(|text| text.contains("IMDS"))) {
            return Self::NoCredentials { profile, cause };
        }
        match error {
            // The text of this error adds nothing.
            CredentialsError::CredentialsNotLoaded(_) => {
                Self::NoCredentials { profile, cause: None }
            }
            _ => Self::SourceFailed { profile, cause },
        }
    }
}

enum Class {
    Expired,
    Rejected,
    Unsupported,
    Busy,
    Denied,
    Invalid,
}

/// Classifies a refusal by its code. The codes are from the STS API reference ("Common errors" and each
/// action's own) and from the answers of emulators.
fn class(status: u16, code: &str) -> Class {
    match code {
        "ExpiredToken" | "ExpiredTokenException" => Class::Expired,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "AuthFailure"
        | "InvalidSubjectCredentials"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "RequestTimeTooSkewed" => Class::Rejected,
        "InvalidAction"
        | "UnknownOperationException"
        | "NotImplemented"
        | "UnsupportedOperation" => Class::Unsupported,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "ServiceUnavailable"
        | "InternalFailure" => Class::Busy,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "RegionDisabledException" => Class::Denied,
        _ if status == 429 || status >= 500 => Class::Busy,
        _ if matches!(status, 401 | 403) => Class::Denied,
        _ if matches!(status, 404 | 405) => Class::Unsupported,
        _ => Class::Invalid,
    }
}

/// Returns true if `text` reports an expired sign-in. The SDK has no public type for this error, only these
/// words. An expired certificate is a different error.
fn says_expired(text: &str) -> bool {
    text.contains("ExpiredToken") || (text.contains("expired") && !text.contains("certificate"))
}

/// Returns the error that this program raised itself, if `error` wraps one.
fn local(error: &(dyn Error + 'static)) -> Option<AwsError> {
    links(error).find_map(|link| {
        if let Some(insecure) = link.downcast_ref::<InsecureRequest>() {
            return Some(AwsError::InsecureEndpoint { host: insecure.host.clone() });
        }
        link.downcast_ref::<CaBundleError>().map(|bundle| AwsError::CaBundle(bundle.to_string()))
    })
}
