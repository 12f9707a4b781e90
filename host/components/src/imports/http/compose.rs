//! Composes a request from guest bytes, and from secrets that may be sent to its host.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use wasmtime::component::Resource;

use super::{REQUEST_BYTES, family};
use crate::bindings::provider::http::{Chunk, Header};
use crate::limit;
use crate::resource::{HeldSecret, Origin};
use crate::state::State;
use audex_core::source::Source;
use audex_core::{percent, printable};

/// The error for a request that cannot be composed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    /// A secret that may not be sent to this host.
    #[error("it tried to send a secret to `{0}`, which that secret does not belong to")]
    SecretAway(String),
    /// A header that only the host may set.
    #[error("it set the header `{0}`, which is the host's to set")]
    Header(String),
    /// A malformed header.
    #[error("it set a malformed header")]
    MalformedHeader,
    /// Too many headers.
    #[error("it set more than {} headers", limit::HEADERS)]
    ManyHeaders,
    /// A request that is too large.
    #[error("its request has more than {} KiB", REQUEST_BYTES / 1024)]
    TooLarge,
}

/// Headers that carry credentials, route, or frame the message.
const RESERVED: [&str; 16] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-amz-security-token",
    "x-vault-token",
];
/// The reserved headers that a guest may fill with a secret that it cannot read.
const FOR_SECRETS: [&str; 2] = ["authorization", "x-vault-token"];

/// Returns the headers of a request to `host`. Headers with secrets are marked as sensitive.
pub(super) fn headers(
    state: &State,
    headers: &[Header],
    host: &str,
) -> wasmtime::Result<HeaderMap> {
    if headers.len() > limit::HEADERS {
        return Err(ComposeError::ManyHeaders.into());
    }
    let mut map = HeaderMap::new();
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        let has_secret = header.value.iter().any(|chunk| !matches!(chunk, Chunk::Plain(_)));
        settable(&name, has_secret)?;
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| ComposeError::MalformedHeader)?;
        let bytes = bytes(state, &header.value, host)?;
        let mut value =
            HeaderValue::from_bytes(&bytes).map_err(|_| ComposeError::MalformedHeader)?;
        value.set_sensitive(has_secret);
        map.append(name, value);
    }
    Ok(map)
}

/// Checks that a guest may set the header `name` (in lower case), directly or with a secret that it cannot
/// read.
pub(super) fn settable(name: &str, has_secret: bool) -> Result<(), ComposeError> {
    if RESERVED.contains(&name) && !(has_secret && FOR_SECRETS.contains(&name)) {
        return Err(ComposeError::Header(printable::line(name)));
    }
    Ok(())
}

/// Returns the bytes of `chunks`, secrets included.
pub(super) fn bytes(state: &State, chunks: &[Chunk], host: &str) -> wasmtime::Result<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in chunks {
        match chunk {
            Chunk::Plain(plain) => out.extend_from_slice(plain),
            Chunk::Secret(secret) => out.extend_from_slice(text(state, secret, host)?.as_bytes()),
            Chunk::FormSecret(secret) => {
                out.extend_from_slice(percent::encode(text(state, secret, host)?).as_bytes());
            }
            Chunk::JsonSecret(secret) => {
                let quoted = serde_json::Value::from(text(state, secret, host)?).to_string();
                let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                out.extend_from_slice(inner.as_bytes());
            }
        }
        if out.len() > REQUEST_BYTES {
            return Err(ComposeError::TooLarge.into());
        }
    }
    Ok(out)
}

/// Security: this is the only place where a guest's secret becomes bytes of a request.
fn text<'a>(
    state: &'a State,
    secret: &Resource<HeldSecret>,
    host: &str,
) -> wasmtime::Result<&'a str> {
    let held = state.table.get(secret)?;
    let may_go = match &held.origin {
        Origin::Guest | Origin::Slot | Origin::Audience { .. } => true,
        Origin::Lifted { host: from } => {
            from == host || (is_built_in(state) && family::may_pass(from, host))
        }
        Origin::Session { .. } | Origin::SigningKey { .. } => false,
    };
    if may_go {
        Ok(held.value.expose())
    } else {
        Err(ComposeError::SecretAway(host.to_owned()).into())
    }
}

fn is_built_in(state: &State) -> bool {
    state.context().is_ok_and(|context| context.source == Source::BuiltIn)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use super::*;
    use crate::context::CallContext;
    use crate::outside::Outside;
    use crate::policy_scope::PolicyScope;
    use audex_core::environment::Environment;
    use audex_core::secret::Secret;

    fn held(state: &mut State, origin: Origin) -> Resource<HeldSecret> {
        state.hold(HeldSecret::whole(Secret::new("a b\"c".to_owned()), origin)).unwrap()
    }

    fn header(name: &str, value: Chunk) -> Header {
        Header { name: name.to_owned(), value: vec![value] }
    }

    #[test]
    fn secrets_are_encoded_for_where_they_stand() {
        let mut state = State::pure(0);
        let secret = held(&mut state, Origin::Guest);
        let again = || Resource::new_borrow(secret.rep());
        let chunks =
            [Chunk::Secret(again()), Chunk::FormSecret(again()), Chunk::JsonSecret(again())];
        assert_eq!(bytes(&state, &chunks, "x.com").unwrap(), b"a b\"ca%20b%22ca b\\\"c");
    }

    #[test]
    fn aws_session_secrets_never_leave_and_lifted_ones_go_home_only() {
        let mut state = State::pure(0);
        let session = held(
            &mut state,
            Origin::Session {
                policy: None,
                expires_at: 0,
                asked_seconds: 900,
                scoped_policies: None,
            },
        );
        let lifted = held(&mut state, Origin::Lifted { host: "api.x.com".to_owned() });
        assert!(bytes(&state, &[Chunk::Secret(session)], "api.x.com").is_err());
        let again = || Chunk::Secret(Resource::new_borrow(lifted.rep()));
        assert!(bytes(&state, &[again()], "api.x.com").is_ok());
        assert!(bytes(&state, &[again()], "evil.com").is_err());
    }

    #[test]
    fn a_lifted_secret_passes_inside_a_family_for_built_ins_only() {
        for (source, passes) in [(Source::BuiltIn, true), (Source::Installed, false)] {
            let mut state = State::with_context(CallContext {
                source,
                capabilities: BTreeSet::new(),
                settings: BTreeMap::new(),
                scope: PolicyScope::look(),
                purpose: None,
                outside: Arc::new(Outside::new(Environment::default(), None)),
            });
            let lifted = Origin::Lifted { host: "iamcredentials.googleapis.com".to_owned() };
            let secret = held(&mut state, lifted);
            let again = || [Chunk::FormSecret(Resource::new_borrow(secret.rep()))];
            assert_eq!(bytes(&state, &again(), "sts.googleapis.com").is_ok(), passes);
            assert!(bytes(&state, &again(), "storage.googleapis.com").is_err());
        }
    }

    #[test]
    fn a_signing_key_leaves_for_nowhere_and_a_token_of_an_audience_for_granted_hosts() {
        let mut state = State::pure(0);
        let host = "acct01.blob.core.windows.net";
        let key = held(&mut state, Origin::SigningKey { host: host.to_owned() });
        assert!(bytes(&state, &[Chunk::Secret(key)], host).is_err());
        let token =
            held(&mut state, Origin::Audience { audience: "https://x".to_owned(), expires_at: 0 });
        assert!(bytes(&state, &[Chunk::Secret(token)], host).is_ok());
    }

    #[test]
    fn reserved_headers_are_refused_unless_a_secret_fills_one_made_for_it() {
        let mut state = State::pure(0);
        let secret = held(&mut state, Origin::Slot);
        for name in RESERVED {
            assert!(
                headers(&state, &[header(name, Chunk::Plain(b"x".to_vec()))], "x.com").is_err(),
                "{name}"
            );
        }
        let filled = [header("Authorization", Chunk::Secret(Resource::new_borrow(secret.rep())))];
        assert!(headers(&state, &filled, "x.com").unwrap()["authorization"].is_sensitive());
        let cookie = [header("Cookie", Chunk::Secret(Resource::new_borrow(secret.rep())))];
        assert!(headers(&state, &cookie, "x.com").is_err());
    }

    #[test]
    fn a_line_break_in_a_header_is_refused() {
        let state = State::pure(0);
        let smuggled = header("x-a", Chunk::Plain(b"1\r\nhost: evil".to_vec()));
        assert!(headers(&state, &[smuggled], "x.com").is_err());
    }
}
