//! User delegation keys: the keys with which Azure Storage signs for blobs, in the name of the caller.

use audex_sdk::provider::http::{self, Chunk, Header, Request};
use audex_sdk::provider::{Error, ErrorKind, Secret};

use crate::mint::bearer;
use crate::sas::{self, Key};
use crate::{refusal, xml};

/// A key without its value, and the value.
pub struct Delegation {
    pub key: Key,
    pub value: Secret,
}

/// Requests a key from `account` that is valid between two instants. Source: Blob service REST API, "Get User
/// Delegation Key".
///
/// # Errors
/// If the account cannot be reached, or returns no key.
pub fn ask(account: &str, token: &Secret, start: &str, expiry: &str) -> Result<Delegation, Error> {
    let plain = |name: &str, text: &str| Header {
        name: name.to_owned(),
        value: vec![Chunk::Plain(text.as_bytes().to_vec())],
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>{start}</Start><Expiry>{expiry}</Expiry></KeyInfo>"
    );
    let mut response = http::send(&Request {
        method: "POST".to_owned(),
        url: format!(
            "https://{account}.blob.core.windows.net/?restype=service&comp=userdelegationkey"
        ),
        headers: vec![
            bearer(token),
            plain("x-ms-version", sas::VERSION),
            plain("content-type", "application/xml"),
        ],
        body: vec![Chunk::Plain(body.into_bytes())],
        auth: None,
        lift: vec!["<Value>".to_owned()],
        timeout_ms: None,
    })
    .map_err(|error| unreachable(error, account))?;
    let reply = String::from_utf8_lossy(&response.body);
    if response.status != 200 {
        return Err(refused(response.status, &reply, account));
    }
    let key = read(&reply).ok_or_else(|| unreadable(account))?;
    let value = response.lifted.pop().flatten().ok_or_else(|| unreadable(account))?;
    Ok(Delegation { key, value })
}

/// Returns the fields of a key. Security: the fields become lines of the signed text and parts of a query, so
/// only identifiers, instants and versions are accepted.
fn read(reply: &str) -> Option<Key> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let field = |name: &str| {
        xml::element(reply, name)
            .filter(|text| !text.is_empty() && text.chars().all(sound))
            .map(str::to_owned)
    };
    Some(Key {
        oid: field("SignedOid")?,
        tid: field("SignedTid")?,
        start: field("SignedStart")?,
        expiry: field("SignedExpiry")?,
        service: field("SignedService")?,
        version: field("SignedVersion")?,
    })
}

/// Returns the error for a refusal. Source of the codes: Azure Storage, "Common REST API error codes" and
/// "Status and error codes" of Blob storage.
fn refused(status: u16, reply: &str, account: &str) -> Error {
    let code = xml::element(reply, "Code").unwrap_or("no reason given");
    let message = format!("the account `{account}` gave no delegation key: {status} ({code})");
    match (status, code) {
        (403, "AuthorizationFailure") => refusal(
            ErrorKind::Denied,
            "account-closed",
            message,
            "the account's firewall or network rules keep this machine out, or you have no role there",
        ),
        (401 | 403, _) => refusal(
            ErrorKind::Denied,
            "no-delegation-key",
            message,
            "you need the role `Storage Blob Delegator` on the account, and one for the blobs themselves; a new role \
             takes up to ten minutes to apply",
        ),
        (404, _) => refusal(
            ErrorKind::InvalidInput,
            "no-account",
            message,
            "check the account in --resource",
        ),
        (400, _) => refusal(
            ErrorKind::Unsupported,
            "no-delegation-key",
            message,
            "check the clock of this machine",
        ),
        _ => refusal(ErrorKind::Unavailable, "storage-failed", message, "try again in a moment"),
    }
}

/// Adds a hint: account names are DNS names, so an account that does not exist looks like one that cannot be
/// reached.
fn unreachable(error: Error, account: &str) -> Error {
    let hint = error
        .hint
        .or_else(|| Some(format!("check the network, and that the account `{account}` exists")));
    Error { hint, ..error }
}

pub fn unreadable(account: &str) -> Error {
    refusal(
        ErrorKind::Unavailable,
        "bad-reply",
        format!("the reply of the account `{account}` is not a delegation key"),
        "check for a proxy that changes replies",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply in the shape of the sample in "Get User Delegation Key"; the host has lifted the value out of
    /// it.
    const REPLY: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDelegationKey>\
        <SignedOid>11111111-2222-3333-4444-555555555555</SignedOid><SignedTid>66666666-7777-8888-9999-000000000000</SignedTid>\
        <SignedStart>2026-11-24T09:59:00Z</SignedStart><SignedExpiry>2026-11-24T11:00:00Z</SignedExpiry>\
        <SignedService>b</SignedService><SignedVersion>2022-11-02</SignedVersion><Value></Value></UserDelegationKey>";

    #[test]
    fn a_key_is_read() {
        let key = read(REPLY).unwrap();
        assert_eq!((key.service.as_str(), key.version.as_str()), ("b", "2022-11-02"));
        assert_eq!(key.start, "2026-11-24T09:59:00Z");
    }

    #[test]
    fn a_field_that_could_become_another_is_not_taken() {
        for broken in [
            REPLY.replace("<SignedService>b<", "<SignedService>b\nx<"),
            REPLY.replace("<SignedService>b<", "<SignedService>b&amp;sp=rw<"),
            REPLY.replace("SignedTid", "Signed"),
            REPLY.replace("2022-11-02", ""),
            String::new(),
        ] {
            assert_eq!(read(&broken), None, "{broken}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_help() {
        let error = |status, code: &str| {
            refused(
                status,
                &format!("\u{feff}<Error><Code>{code}</Code><Message>m</Message></Error>"),
                "acct",
            )
        };
        let mismatch = error(403, "AuthorizationPermissionMismatch");
        assert_eq!(mismatch.kind, ErrorKind::Denied);
        assert!(mismatch.hint.unwrap().contains("Storage Blob Delegator"));
        assert!(error(403, "AuthorizationFailure").hint.unwrap().contains("firewall"));
        assert_eq!(error(404, "ResourceNotFound").kind, ErrorKind::InvalidInput);
        assert_eq!(error(503, "ServerBusy").kind, ErrorKind::Unavailable);
        assert!(refused(401, "", "acct").message.contains("401 (no reason given)"));
    }

    #[test]
    fn an_account_that_cannot_be_reached_may_not_exist() {
        let network = || Error {
            kind: ErrorKind::Unavailable,
            code: "network".to_owned(),
            message: "cannot connect".to_owned(),
            hint: None,
        };
        assert!(unreachable(network(), "acct").hint.unwrap().contains("`acct` exists"));
        let told = Error { hint: Some("the host's".to_owned()), ..network() };
        assert_eq!(unreachable(told, "acct").hint.as_deref(), Some("the host's"));
    }
}
