//! Signature Version 4: signing of requests that no SDK client makes, and verification of signed requests.

mod claim;
mod verify;

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningInstructions, SigningSettings,
    UriPathNormalizationMode, sign as sign_http,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

pub use self::claim::{Claim, Rejected};
pub use self::verify::Reading;

/// The service, region and time that a signature is valid for.
pub struct Scope<'a> {
    /// The service's signing name, such as `sts`.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
    /// The time of signing.
    pub time: SystemTime,
    /// The service's rules for signing paths and bodies.
    pub settings: SigningSettings,
}

/// Returns the settings for signing a request to `service`: S3 signs paths as they are, all other services encode them once
/// more. Source: AWS, "Create a signed AWS API request", canonical URI.
#[must_use]
pub fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if is_s3(service) {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

/// Returns true if the bodies of this service's requests are objects.
#[must_use]
pub fn is_s3(service: &str) -> bool {
    matches!(service, "s3" | "s3express" | "s3-object-lambda" | "s3-outposts")
}

/// Returns the additions that sign a request with these parts.
///
/// # Errors
/// A reason without secrets, when the parts or the credentials do not make a valid request.
pub fn sign<'a>(
    method: &'a str,
    uri: &'a str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: SignableBody<'a>,
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Result<SigningInstructions, String> {
    require_sendable(credentials)?;
    signing(method, uri, headers, body, credentials, scope).map(|(instructions, _)| instructions)
}

/// Returns the additions that sign a request, and the signature.
fn signing<'a>(
    method: &'a str,
    uri: &'a str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: SignableBody<'a>,
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Result<(SigningInstructions, String), String> {
    let identity: Identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(scope.settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let signable =
        SignableRequest::new(method, uri, headers, body).map_err(|error| error.to_string())?;
    Ok(sign_http(signable, &params).map_err(|error| error.to_string())?.into_parts())
}

/// Returns the part of `credentials` that a header cannot carry, with the variable that holds this part.
///
/// Keys and tokens of AWS are visible ASCII (STS API reference, `Credentials`: `[\w]*` and base64).
#[must_use]
pub fn malformed(credentials: &Credentials) -> Option<(&'static str, &'static str)> {
    let parts = [
        ("access key id", "AWS_ACCESS_KEY_ID", credentials.access_key_id()),
        ("secret access key", "AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
        // Some tools write an absent token as an empty one.
        (
            "session token",
            "AWS_SESSION_TOKEN",
            credentials.session_token().filter(|token| !token.is_empty()).unwrap_or("-"),
        ),
    ];
    let is_malformed =
        |text: &str| text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic());
    let found = parts.into_iter().find(|(_, _, text)| is_malformed(text));
    found.map(|(part, variable, _)| (part, variable))
}

/// Checks that a request can carry `credentials`.
///
/// # Errors
/// A reason without the text of the credentials.
pub fn require_sendable(credentials: &Credentials) -> Result<(), String> {
    match malformed(credentials) {
        Some((part, _)) => Err(format!("the {part} has characters that no AWS key has")),
        None => Ok(()),
    }
}
