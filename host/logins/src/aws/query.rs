//! `GetScopedCredentials` (STS, November 2026) as a signed query-protocol call. The crate `aws-sdk-sts` does
//! not have this action yet.
//!
//! Source: the model of the operation in botocore 1.44.8. Time limits, retries and the handling of a wrong
//! clock follow the SDK's behaviour for the other actions.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http::Uri;
use tokio::time::Instant;

use super::description::description;
use super::error::{AwsError, Cause, Service};
use super::operation::{ScopedCredentials, Session, skew};
use super::reply::Fields;
use super::sign::{form, signed_post};
use super::source::Keys;
use super::{ATTEMPT_TIMEOUT, Aws, CALL_BUDGET, MAX_ATTEMPTS};
use audex_wire::body::whole;

const ACTION: &str = "GetScopedCredentials";
const VERSION: &str = "2011-06-15";
/// The error code if the caller's own session ends before the requested duration.
const TOO_SHORT_A_SESSION: &str = "InsufficientSessionLifetime";
/// The maximum size of a reply. The session token is at most 4096 bytes, so a longer reply is not a valid
/// one.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// The upper limit of the first pause before a retry, doubled for each retry. The pause is drawn at random
/// below the limit.
const BACKOFF: Duration = Duration::from_millis(300);
/// The clock difference from which a refused signature is attributed to the clock; AWS accepts five minutes.
const MIN_SKEW_SECONDS: u64 = 4 * 60;

/// A failed attempt, with the data that the next attempt is decided on.
struct Failure {
    error: AwsError,
    skew: Option<i64>,
}

impl Aws {
    /// Narrows temporary credentials by a policy, for the same identity.
    ///
    /// If the caller's own session ends before the requested duration, the result ends with it.
    ///
    /// # Errors
    /// Any [`AwsError`] of the call; `Unsupported` if the endpoint does not know the action.
    pub async fn scoped_credentials(
        &self,
        keys: &Keys,
        asked: &ScopedCredentials,
    ) -> Result<Session, AwsError> {
        keys.require_sendable()?;
        let deadline = Instant::now() + CALL_BUDGET;
        // Security: secrets are redacted before the text is cut, so that no part of a secret remains.
        let description =
            asked.description.as_deref().and_then(|text| description(&keys.redact(text)));
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
            // INVARIANT: without a duration, the session ends with the caller's own. By the answer of STS,
            // whose clock counts, that end is not later than the requested one.
            Err(AwsError::Invalid(service)) if service.code == TOO_SHORT_A_SESSION => {
                self.scope(keys, &body(None), seconds, deadline).await
            }
            answer => answer,
        }
    }

    /// Makes one call and retries it if a retry can help. `seconds` is the maximum lifetime of the result.
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
                _ if failure.error.is_transient() => {
                    jittered(BACKOFF * 2_u32.saturating_pow(attempt - 1))
                }
                _ => return Err(self.placed(failure.error)),
            };
            if attempt >= MAX_ATTEMPTS || Instant::now() + pause >= deadline {
                return Err(self.placed(failure.error));
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
        let response =
            response.map_err(|error| plain(AwsError::from_connector(ACTION, &error, keys)))?;

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
        // The requested end, capped at the end of the keys, for a reply that does not name the session's end.
        let asked = super::source::unix(now).saturating_add(u64::from(duration_seconds));
        let latest = keys.expires_at().map_or(asked, |end| asked.min(end));
        Fields::read(&text)
            .and_then(|fields| fields.session(latest))
            .map_err(|reason| plain(AwsError::BadReply { action: ACTION, reason }))
    }
}

async fn text(response: HttpResponse) -> Result<String, AwsError> {
    let unusable = |reason: &str| AwsError::BadReply { action: ACTION, reason: reason.to_owned() };
    let body = whole(response.into_body(), MAX_REPLY_BYTES).await;
    let body = body.map_err(|_| unusable("it is too long or was cut off"))?;
    String::from_utf8(body).map_err(|_| unusable("it is not UTF-8"))
}

/// Returns the seconds to shift the local clock by, if the signature was refused and the clocks are far
/// apart.
fn clock_correction(failure: &Failure) -> Option<i64> {
    let refused = matches!(failure.error, AwsError::SourceRejected(_) | AwsError::Denied(_));
    failure.skew.filter(|skew| refused && skew.unsigned_abs() >= MIN_SKEW_SECONDS)
}

/// Returns a random part of `longest`, so that clients that were refused together do not retry together.
fn jittered(longest: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

fn timed_out() -> AwsError {
    let cause = Some(Cause::new("no answer in time"));
    AwsError::Unreachable { action: ACTION, endpoint: None, cause }
}
