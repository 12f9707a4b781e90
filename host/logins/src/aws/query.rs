//! `GetScopedCredentials` (STS, November 2026), which the crate `aws-sdk-sts` does not have yet: a signed query-protocol call.
//!
//! Source: the model of the operation in botocore 1.44.8. Time limits, retries and the handling of
//! a wrong clock follow what the SDK does for the other actions.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http::Uri;
use http_body_util::{BodyExt as _, Limited};
use tokio::time::Instant;

use super::description::description;
use super::error::{AwsError, Cause, Service};
use super::operation::{ScopedCredentials, Session, skew};
use super::reply::Fields;
use super::sign::{form, signed_post};
use super::source::Keys;
use super::{ATTEMPT_TIMEOUT, Aws, CALL_BUDGET, MAX_ATTEMPTS};

const ACTION: &str = "GetScopedCredentials";
const VERSION: &str = "2011-06-15";
/// The code of a refusal because the caller's own session ends before the asked duration.
const TOO_SHORT_A_SESSION: &str = "InsufficientSessionLifetime";
/// A longer reply is not one: the session token is at most 4096 bytes.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// The first pause before trying again; doubled each time, and drawn at random below that.
const BACKOFF: Duration = Duration::from_millis(300);
/// A refused signature is laid to the clock from this difference on: AWS accepts five minutes.
const MIN_SKEW_SECONDS: u64 = 4 * 60;

/// A refusal, and what is needed to decide on the next attempt.
struct Failure {
    error: AwsError,
    skew: Option<i64>,
}

impl Aws {
    /// Narrows temporary credentials by a policy, for the same identity.
    ///
    /// Where the caller's own session ends before the asked duration, the result ends with it.
    ///
    /// # Errors
    /// As [`AwsError`] sorts them; `Unsupported` when the endpoint does not know the action.
    pub async fn scoped_credentials(
        &self,
        keys: &Keys,
        asked: &ScopedCredentials,
    ) -> Result<Session, AwsError> {
        keys.require_sendable()?;
        let deadline = Instant::now() + CALL_BUDGET;
        // Security: without the secrets first and cut then, so that no part of one is left.
        let description = asked.description.as_deref().and_then(|text| description(&keys.redact(text)));
        let body = |duration: Option<&str>| {
            let parameters = [
                ("Action", Some(ACTION)),
                ("Version", Some(VERSION)),
                ("Policy", Some(asked.policy.as_str())),
                ("DurationSeconds", duration),
                ("ScopedSessionDescription", description.as_deref()),
            ];
            let given: Vec<_> =
                parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            form(&given)
        };
        let seconds = asked.duration_seconds;
        match self.scope(keys, &body(Some(&seconds.to_string())), seconds, deadline).await {
            // INVARIANT: what is inherited here ends no later than what was asked for, by the word of STS, whose clock counts.
            Err(AwsError::Invalid(service)) if service.code == TOO_SHORT_A_SESSION => {
                self.scope(keys, &body(None), seconds, deadline).await
            }
            answer => answer,
        }
    }

    /// One call, tried again where that can help; `seconds` is the longest life of the result.
    async fn scope(
        &self,
        keys: &Keys,
        body: &str,
        seconds: u32,
        deadline: Instant,
    ) -> Result<Session, AwsError> {
        let endpoint = self.sts_endpoint().await?;
        let mut correction = 0;
        let mut attempt = 1;
        loop {
            let limit = deadline.min(Instant::now() + ATTEMPT_TIMEOUT);
            let one = self.attempt(&endpoint, body, keys, seconds, correction);
            let failure = match tokio::time::timeout_at(limit, one).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(failure)) => failure,
                Err(_) => Failure { error: timed_out(), skew: None },
            };
            let pause = match clock_correction(&failure) {
                Some(seconds) if correction == 0 => {
                    correction = seconds;
                    Duration::ZERO
                }
                _ if failure.error.is_transient() => jittered(BACKOFF * 2_u32.saturating_pow(attempt - 1)),
                _ => return Err(failure.error),
            };
            if attempt >= MAX_ATTEMPTS || Instant::now() + pause >= deadline {
                return Err(failure.error);
            }
            attempt += 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(
        &self,
        endpoint: &Uri,
        body: &str,
        keys: &Keys,
        duration_seconds: u32,
        correction: i64,
    ) -> Result<Session, Failure> {
        let plain = |error| Failure { error, skew: None };
        let now = audex_core::clock::now();
        let shift = Duration::from_secs(correction.unsigned_abs());
        let shifted = if correction < 0 { now.checked_sub(shift) } else { now.checked_add(shift) };
        let request = signed_post(endpoint, self.region(), body, keys, shifted.unwrap_or(now))
            .map_err(|reason| plain(AwsError::Endpoint(reason)))?;
        let response = self.http.send(request).await;
        let response = response.map_err(|error| plain(AwsError::from_connector(ACTION, &error, keys)))?;

        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).map(str::to_owned);
        let request_id = header("x-amzn-requestid");
        let skew = skew(header("date").as_deref());
        let text = text(response).await.map_err(plain)?;
        if !(200..300).contains(&status) {
            let fields = Fields::read(&text).unwrap_or_default();
            let named = |name| fields.text(name).unwrap_or_default().to_owned();
            let service = Service {
                action: ACTION,
                code: named("Code"),
                message: named("Message"),
                status,
                request_id: request_id.or_else(|| fields.text("RequestId").map(str::to_owned)),
            };
            let error = AwsError::from_service(service, keys, self.profile.as_deref());
            return Err(Failure { error, skew });
        }
        // Asked for and capped, for a reply that does not say when the session ends.
        let asked = super::source::unix(now).saturating_add(u64::from(duration_seconds));
        let latest = keys.expires_at().map_or(asked, |end| asked.min(end));
        Fields::read(&text)
            .and_then(|fields| fields.session(latest))
            .map_err(|reason| plain(AwsError::BadReply { action: ACTION, reason }))
    }
}

async fn text(response: HttpResponse) -> Result<String, AwsError> {
    let unusable = |reason: &str| AwsError::BadReply { action: ACTION, reason: reason.to_owned() };
    let body = Limited::new(response.into_body(), MAX_REPLY_BYTES).collect().await;
    let body = body.map_err(|_| unusable("it is too long or was cut off"))?;
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| unusable("it is not UTF-8"))
}

/// The seconds to shift our clock by, if the signature was refused while the clocks are far apart.
fn clock_correction(failure: &Failure) -> Option<i64> {
    let refused = matches!(failure.error, AwsError::SourceRejected(_) | AwsError::Denied(_));
    failure.skew.filter(|skew| refused && skew.unsigned_abs() >= MIN_SKEW_SECONDS)
}

/// A random part of `longest`, so that many clients refused at once do not come back at once.
fn jittered(longest: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

fn timed_out() -> AwsError {
    AwsError::Unreachable { action: ACTION, cause: Some(Cause::new("no answer in time")) }
}
