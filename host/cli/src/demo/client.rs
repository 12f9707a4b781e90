//! A small S3 client for the command of a demo step. It shows the access that the credentials give.
//!
//! The client finds its credentials as any SDK would, in its own environment or in a named profile, and gets
//! no other help.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_xml::decode::{Document, try_data};
use http::{Request, StatusCode, Uri};

use super::{DemoError, REGION};
use audex_core::clock;
use audex_core::environment::{AWS_ENDPOINT_URL, AWS_REGION, Environment};
use audex_core::percent::encode_path;
use audex_wire::aws_http::AwsHttp;
use audex_wire::body::whole;
use audex_wire::sigv4::{Scope, settings, sign};

/// The maximum size of a response body. Objects of the demo are small.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A call to the cloud.
#[derive(Clone, Debug)]
pub struct Call {
    /// The HTTP method, `GET` or `DELETE`.
    pub method: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// The profile whose credentials are used. If `None`, those in the environment are used.
    pub profile: Option<String>,
    /// The pause before the call is made a second time, if it is.
    pub again_after: Option<Duration>,
}

/// The cloud's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The text to show: status and content, or status, error code and message.
    pub text: String,
}

impl Answer {
    /// Returns true if the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Makes the calls and passes each answer to `show`. Returns true if the last call succeeded.
///
/// # Errors
/// [`DemoError`] when there are no credentials, or the cloud does not answer.
pub fn call(
    environment: &Environment,
    call: &Call,
    show: impl Fn(&Answer),
) -> Result<bool, DemoError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DemoError::Program)?;
    runtime.block_on(async {
        let credentials = credentials(call.profile.as_deref()).await?;
        let mut answer = exchange(environment, call, &credentials).await?;
        show(&answer);
        if let Some(pause) = call.again_after {
            tokio::time::sleep(pause).await;
            answer = exchange(environment, call, &credentials).await?;
            show(&answer);
        }
        Ok(answer.is_success())
    })
}

async fn credentials(profile: Option<&str>) -> Result<Credentials, DemoError> {
    let (found, place) = if let Some(name) = profile {
        // A profile may name an SSO session or a role, which needs further calls.
        let config = ProviderConfig::without_region().with_http_client(AwsHttp::new(None));
        let provider =
            ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build();
        (provider.provide_credentials().await, format!("in the profile `{name}`"))
    } else {
        let provider = EnvironmentVariableCredentialsProvider::new();
        (provider.provide_credentials().await, "in the environment".to_owned())
    };
    found.map_err(|source| DemoError::NoCredentials { place, source })
}

async fn exchange(
    environment: &Environment,
    call: &Call,
    credentials: &Credentials,
) -> Result<Answer, DemoError> {
    let endpoint = environment.get(AWS_ENDPOINT_URL).ok_or(DemoError::NoEndpoint)?;
    let region = environment.get(AWS_REGION).unwrap_or(REGION);
    let unreachable = |source| DemoError::Unreachable { endpoint: endpoint.to_owned(), source };
    let request =
        signed(endpoint, region, call, credentials).map_err(|reason| unreachable(reason.into()))?;
    let response =
        AwsHttp::new(None).send(request).await.map_err(|error| unreachable(error.into()))?;
    let status = response.status().as_u16();
    let body = whole(response.into_body(), MAX_BODY_BYTES).await;
    let body = body.map_err(|error| unreachable(error.to_string().into()))?;
    Ok(Answer { status, text: text(status, &String::from_utf8_lossy(&body)) })
}

/// Returns a request without a body, signed for S3 (Signature Version 4). An error is a reason without a
/// secret.
fn signed(
    endpoint: &str,
    region: &str,
    call: &Call,
    credentials: &Credentials,
) -> Result<HttpRequest, String> {
    let uri = format!(
        "{}/{}/{}",
        endpoint.trim_end_matches('/'),
        encode_path(&call.bucket),
        encode_path(&call.key)
    );
    let parsed: Uri = uri.parse().map_err(|_| "the URL cannot be parsed".to_owned())?;
    let host = parsed.authority().ok_or("the endpoint has no host")?.as_str();
    let mut request = Request::builder()
        .method(call.method)
        .uri(&parsed)
        .header(http::header::HOST, host)
        .body(SdkBody::empty())
        .map_err(|error| error.to_string())?;

    // S3 differs from the other services: the body's digest is signed too.
    let mut settings = settings("s3");
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let scope = Scope { service: "s3", region, time: clock::now(), settings };
    let (headers, body) = ([("host", host)].into_iter(), SignableBody::Bytes(&[]));
    let instructions = sign(call.method, &uri, headers, body, credentials, scope)?;
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|error| error.to_string())
}

fn text(status: u16, body: &str) -> String {
    let phrase = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("");
    if (200..300).contains(&status) {
        return format!("{status} {phrase}\n{body}");
    }
    match error(body) {
        Some((code, message)) => format!("{status} {code}: {message}"),
        None => format!("{status} {phrase}"),
    }
}

/// Returns code and message of an S3 error (Amazon S3 API Reference, "REST Error Responses").
fn error(xml: &str) -> Option<(String, String)> {
    let mut document = Document::new(xml);
    let mut root = document.root_element().ok()?;
    let (mut code, mut message) = (None, String::new());
    while let Some(mut child) = root.next_tag() {
        match child.start_el().local() {
            "Code" => code = Some(try_data(&mut child).ok()?.into_owned()),
            "Message" => message = try_data(&mut child).ok()?.into_owned(),
            _ => {}
        }
    }
    Some((code?, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_code_and_message() {
        let body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>User: a is not &quot;b&quot;\
                    </Message></Error>";
        assert_eq!(text(403, body), "403 AccessDenied: User: a is not \"b\"");
        assert_eq!(text(404, "not XML"), "404 Not Found");
        assert_eq!(text(200, "a,b\n"), "200 OK\na,b\n");
    }

    #[test]
    fn a_key_is_encoded_and_its_slashes_are_kept() {
        assert_eq!(encode_path("2026/a b+é"), "2026/a%20b%2B%C3%A9");
    }
}
