//! Fetches over https. Sends nothing of the user's, and follows a redirect to another host over https only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Response, StatusCode, Url};

use super::{Fetched, MINISIGN, SIGSTORE, SourceError};
use crate::signature::Signature;
use audex_components::limit;
use audex_core::environment::Environment;
use audex_core::error_chain;
use audex_wire::body::{Unread, whole};
use audex_wire::roots;

/// The time limit of a whole fetch: 16 MiB over a slow line.
const TIME: Duration = Duration::from_mins(2);
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// The maximum number of redirects. Code hosts redirect to the address of the file.
const REDIRECTS: usize = 5;
/// The maximum size of a signature, a manifest or a token.
pub(super) const SMALL_BYTES: u64 = 1024 * 1024;

pub(super) fn fetch(url: &Url, environment: &Environment) -> Result<Fetched, SourceError> {
    let (client, hops) = client(environment, url.as_str())?;
    wait(url.as_str(), async {
        let answer = client.get(url.clone()).send().await;
        let led_to = hops.take();
        let bytes = body(answer, url.as_str(), limit::COMPONENT_BYTES).await?;
        let mut signature =
            Signature { minisign: beside(&client, url, MINISIGN).await?, sigstore: None };
        for ending in SIGSTORE {
            if signature.sigstore.is_none() {
                signature.sigstore = beside(&client, url, ending).await?;
            }
        }
        let (signature, origin) = (signature.if_any(), url.to_string());
        Ok(Fetched { bytes, signature, origin, led_to, is_local: false })
    })
}

/// The addresses to which a client was redirected since the last call of `take`.
///
/// Security: each address names the next one, so each of them is an origin of the file.
#[derive(Clone, Default)]
pub(super) struct Hops(Arc<Mutex<Vec<Url>>>);

impl Hops {
    fn add(&self, url: &Url) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(url.clone());
    }

    /// Returns the addresses without their queries, because a query may hold a key to the file.
    pub(super) fn take(&self) -> Vec<String> {
        let bare = |mut url: Url| {
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        };
        let urls = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        urls.into_iter().map(bare).collect()
    }
}

/// Returns the text of the file whose path has `ending` appended, if there is one.
async fn beside(
    client: &reqwest::Client,
    url: &Url,
    ending: &str,
) -> Result<Option<String>, SourceError> {
    let mut beside = url.clone();
    beside.set_path(&format!("{}{ending}", url.path()));
    match client.get(beside).send().await {
        Ok(answer) if answer.status() == StatusCode::OK => {
            let bytes = body(Ok(answer), url.as_str(), SMALL_BYTES).await?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        // Security: the caller decides if a signature is needed; a missing one never counts as a signature.
        _ => Ok(None),
    }
}

/// Returns a client that trusts the same roots as the user's tools, with its record of redirects.
pub(super) fn client(
    environment: &Environment,
    origin: &str,
) -> Result<(reqwest::Client, Hops), SourceError> {
    let refused = |reason: String| SourceError::Refused { origin: origin.to_owned(), reason };
    // The program has one crypto provider, which may be installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A redirect goes to https, or stays on the loopback server that was asked over plain http: never to
    // another host in clear text.
    let hops = Hops::default();
    let seen = hops.clone();
    let onward = reqwest::redirect::Policy::custom(move |attempt| {
        let first = attempt.previous().first();
        let is_same = first
            .is_some_and(|first| first.host() == attempt.url().host() && first.scheme() == "http");
        let goes_on = attempt.url().scheme() == "https" || is_same;
        if attempt.previous().len() > REDIRECTS || !goes_on {
            return attempt.stop();
        }
        seen.add(attempt.url());
        attempt.follow()
    });
    let builder = reqwest::Client::builder()
        .redirect(onward)
        .referer(false)
        .timeout(TIME)
        .connect_timeout(CONNECT_TIME)
        .user_agent(concat!("audex/", env!("CARGO_PKG_VERSION")));
    let builder =
        match roots::configured(environment).map_err(|error| refused(error.to_string()))? {
            Some(roots) => builder.tls_certs_only(roots),
            None => builder,
        };
    let client = builder.build().map_err(|error| refused(error_chain::innermost(&error)))?;
    Ok((client, hops))
}

/// Returns the body of a successful response.
pub(super) async fn body(
    answer: Result<Response, reqwest::Error>,
    origin: &str,
    most: u64,
) -> Result<Vec<u8>, SourceError> {
    let refused = |reason: String| SourceError::Refused { origin: origin.to_owned(), reason };
    let answer = answer.map_err(|error| refused(error_chain::innermost(&error)))?;
    if answer.status() != StatusCode::OK {
        return Err(refused(format!("the server answered {}", answer.status())));
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    whole(reqwest::Body::from(answer), limit).await.map_err(|unread| match unread {
        Unread::TooLong => SourceError::TooLarge { origin: origin.to_owned(), most },
        Unread::CutOff(error) => refused(error_chain::innermost(&error)),
    })
}

/// Runs `task` to its end, on a runtime of its own.
pub(super) fn wait<T>(
    origin: &str,
    task: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let refused = |error: std::io::Error| SourceError::Refused {
        origin: origin.to_owned(),
        reason: error.to_string(),
    };
    runtime.map_err(refused)?.block_on(task)
}
