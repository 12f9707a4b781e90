//! One request of a component and its reply, repeated where that does no harm.

use std::error::Error as StdError;

use reqwest::Request;

use super::retry::Effect;
use super::{Http, RESPONSE_BYTES};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::http_client::NotPublic;
use crate::import_error::{ImportError, plain_error};
use audex_core::error_chain;
use audex_wire::exchange::ExchangeError;
use audex_wire::patience::Patience;

pub(super) use audex_wire::exchange::Reply;

/// The name that hyper-util gives to the failure of any resolver (`client::legacy::connect::http`, version
/// 0.1).
const RESOLVER: &str = "dns error";

/// The client for a request.
pub(super) enum Way {
    /// A client that connects to public addresses only.
    Public,
    /// A client that also connects to an address which the user configured for a cloud's host.
    Routed,
    /// A client for the configured Vault, whose address may be private.
    Vault,
}

/// Sends a request; repeats it if the server is busy and a second request does no harm.
pub(super) async fn exchange(
    http: &Http,
    request: Request,
    way: Way,
    effect: Effect,
) -> Result<Reply, ImportError> {
    let client = match way {
        Way::Public => http.network.public_http()?,
        Way::Routed => http.network.routed_http()?,
        Way::Vault => http.logins.vault().client()?,
    };
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let may_repeat = |reply: &Reply| effect.may_repeat(reply.status, &reply.body);
    let patience = Patience::default();
    let reply =
        audex_wire::exchange::exchange(client, request, RESPONSE_BYTES, patience, may_repeat).await;
    Ok(reply.map_err(|error| match error {
        ExchangeError::TooLong => {
            let message = format!("the reply has more than {} MiB", RESPONSE_BYTES / 1024 / 1024);
            plain_error(ErrorKind::Unavailable, "too-large", message)
        }
        ExchangeError::Unanswered(error) => unanswered(error, &host),
    })?)
}

fn unanswered(error: reqwest::Error, host: &str) -> Error {
    let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
    let code = if is_timeout { "timed-out" } else { "unreachable" };
    let message = no_answer(host, is_connect, is_timeout, &error.without_url());
    plain_error(ErrorKind::Unavailable, code, message)
}

/// Returns the reason why `host` did not answer: the innermost cause, which comes from the system, without
/// the texts of the libraries around it.
fn no_answer(
    host: &str,
    is_connect: bool,
    is_timeout: bool,
    error: &(dyn StdError + 'static),
) -> String {
    if let Some(inside) = error_chain::links(error).find(|cause| cause.is::<NotPublic>()) {
        return inside.to_string();
    }
    if error_chain::links(error).any(|cause| cause.to_string() == RESOLVER) {
        return format!("cannot find the host `{host}`");
    }
    let cause = error_chain::innermost(error);
    match (is_timeout, is_connect) {
        (true, _) => format!("`{host}` did not answer in time"),
        (false, true) => format!("cannot connect to `{host}`: {cause}"),
        (false, false) => format!("no answer from `{host}`: {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with a source.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<dyn StdError>>);

    fn layers(inner: impl StdError + 'static) -> Layer {
        Layer("client error (Connect)", Some(Box::new(Layer(RESOLVER, Some(Box::new(inner))))))
    }

    #[test]
    fn a_host_that_is_not_found_is_named() {
        let system = std::io::Error::other(
            "failed to lookup address information: Name or service not known",
        );
        let said = no_answer("api.door.example", true, false, &layers(system));
        assert_eq!(said, "cannot find the host `api.door.example`");
    }

    #[test]
    fn a_host_that_leads_inside_was_found() {
        let inside = NotPublic { name: "h.example".to_owned(), address: [127, 0, 0, 1].into() };
        let said = no_answer("h.example", true, false, &layers(inside));
        assert_eq!(said, "`h.example` resolves to 127.0.0.1, which is not a public address");
    }

    #[test]
    fn of_other_failures_the_cause_is_said_and_not_its_layers() {
        let refused = || Layer("client error (Connect)", Some(Box::new(Layer("refused", None))));
        assert_eq!(no_answer("h", true, false, &refused()), "cannot connect to `h`: refused");
        assert_eq!(no_answer("h", false, false, &refused()), "no answer from `h`: refused");
        assert_eq!(no_answer("h", true, true, &refused()), "`h` did not answer in time");
    }
}
