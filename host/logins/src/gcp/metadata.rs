//! The metadata server of Compute Engine, GKE and Cloud Run.

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Method, Request, Url};

use crate::token::{Token, TokenError, ask, of_reply};
use audex_core::environment::{Environment, GCE_METADATA_HOST};

/// The server's address. Off Google Cloud, a resolver may take seconds to reject the server's name.
const HOST: &str = "169.254.169.254";
/// The time limit of the probe. The server answers in milliseconds or does not exist.
const PROBE_TIME: Duration = Duration::from_secs(1);
const ACCOUNT: &str = "/computeMetadata/v1/instance/service-accounts/default";

/// Returns a token of the machine's service account; `None` if there is no metadata server.
pub(super) async fn token(
    environment: &Environment,
    client: &Client,
    scopes: &[String],
) -> Result<Option<Token>, TokenError> {
    if !is_there(environment, client).await {
        return Ok(None);
    }
    let mut request = request(environment, &format!("{ACCOUNT}/token"))?;
    request.url_mut().query_pairs_mut().append_pair("scopes", &scopes.join(","));
    of_reply(&ask(client, request).await?).map(Some)
}

/// Returns the email of the machine's service account; `None` if there is no metadata server.
pub(super) async fn email(
    environment: &Environment,
    client: &Client,
) -> Result<Option<String>, TokenError> {
    if !is_there(environment, client).await {
        return Ok(None);
    }
    let mut request = request(environment, &format!("{ACCOUNT}/"))?;
    request.url_mut().set_query(Some("recursive=true"));
    let account = ask(client, request).await?;
    Ok(account.get("email").and_then(|email| email.as_str()).map(str::to_owned))
}

async fn is_there(environment: &Environment, client: &Client) -> bool {
    let Ok(mut request) = request(environment, "/") else { return false };
    *request.timeout_mut() = Some(PROBE_TIME);
    let reply = client.execute(request).await;
    // On another network, a different server may answer at this address.
    reply.is_ok_and(|reply| {
        reply.headers().get("metadata-flavor").is_some_and(|flavor| flavor == "Google")
    })
}

fn request(environment: &Environment, path: &str) -> Result<Request, TokenError> {
    let host = environment.get(GCE_METADATA_HOST).unwrap_or(HOST);
    let wrong = |_| {
        TokenError::config(format!("`{GCE_METADATA_HOST}` must be a host, with a port or without"))
    };
    let url: Url = format!("http://{host}{path}").parse().map_err(wrong)?;
    let mut request = Request::new(Method::GET, url);
    request.headers_mut().insert("metadata-flavor", HeaderValue::from_static("Google"));
    Ok(request)
}
