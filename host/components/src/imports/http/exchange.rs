//! One question of a component's and its answer, asked again where that does no harm.

use std::time::Instant;

use reqwest::Request;
use reqwest::header::HeaderMap;

use super::RESPONSE_BYTES;
use super::retry::Effect;
use crate::bindings::provider::types::Error;
use crate::bindings::provider::types::ErrorKind;
use crate::imports::sts::plain_error;
use crate::outside::Outside;
use audex_wire::client::ClientError;
use audex_wire::patience;
use audex_wire::patience::Patience;

/// A reply, read whole.
pub(super) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Which client a request goes by.
pub(super) enum Way {
    /// To public addresses only.
    Public,
    /// To where the user's variables say that a cloud's host is.
    Routed,
    /// To the configured Vault, which may be private.
    Vault,
}

/// Sends, again where the server is busy and asking twice does no harm.
pub(super) async fn exchange(
    outside: &Outside,
    mut request: Request,
    way: Way,
    effect: Effect,
) -> Result<Reply, Error> {
    let failed = |error: ClientError| plain_error(ErrorKind::InvalidInput, "tls", error.to_string());
    let client = match way {
        Way::Public => outside.http().map_err(failed)?,
        Way::Routed => outside.routed_http().map_err(failed)?,
        Way::Vault => outside.vault().client().map_err(Error::from)?,
    };
    let mut patience = Patience::default();
    loop {
        let copy = request.try_clone();
        let began = Instant::now();
        match once(client, request).await {
            Ok(reply) => match copy {
                Some(copy) if effect.may_repeat(reply.status, &reply.body) => {
                    if !patience.again(patience::retry_after(&reply.headers)).await {
                        return Ok(reply);
                    }
                    request = copy;
                }
                _ => return Ok(reply),
            },
            Err((true, error)) => match copy {
                Some(copy) if patience.again_after_failure(began.elapsed()).await => request = copy,
                _ => return Err(error),
            },
            Err((false, error)) => return Err(error),
        }
    }
}

async fn once(client: &reqwest::Client, request: Request) -> Result<Reply, (bool, Error)> {
    let mut response = client.execute(request).await.map_err(unanswered)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len().saturating_add(chunk.len()) > RESPONSE_BYTES {
            let message = format!("the reply has more than {} MiB", RESPONSE_BYTES / 1024 / 1024);
            return Err((false, plain_error(ErrorKind::Unavailable, "too-large", message)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status: response.status().as_u16(), headers: response.headers().clone(), body })
}

/// Whether nothing was sent, and what to say.
fn unanswered(error: reqwest::Error) -> (bool, Error) {
    let is_connect = error.is_connect();
    // The URL may hold what the guest put there; it knows it anyway.
    let error = error.without_url();
    let code = if error.is_timeout() { "timed-out" } else { "unreachable" };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    (is_connect, plain_error(ErrorKind::Unavailable, code, message))
}
