//! The calls that mint credentials: impersonation, and the exchange of the token for one inside the boundary.

use audex_sdk::provider::http::{self, Chunk, Header, Request, Response};
use audex_sdk::provider::{
    Endpoint, Error, ErrorKind, GceMetadata, Grant, Minted, Piece, Plan, Secret, Value, Variable,
    clock, identity, settings,
};
use audex_sdk::rfc3339;
use serde_json::{Value as Json, json};

use crate::{invalid, plan, refusal, scope};

const IMPERSONATE: &str = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts";
const EXCHANGE: &str = "https://sts.googleapis.com/v1/token";
/// Characters of an account's email in a URL. Source: IAM, "Service accounts overview", naming.
const EMAIL_CHARACTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789-.@";

/// A token and its end, in seconds since the Unix epoch.
pub struct Token {
    pub secret: Secret,
    pub expires_at: u64,
}

pub fn mint(grant: &Grant, planned: &Plan) -> Result<Minted, Error> {
    let account = account()?;
    let policy = planned.policy.as_deref().unwrap_or_default();
    let (token, scopes) = if planned.method == plan::BOUNDARY {
        // The exchange accepts only tokens with this scope; the first token is never delivered.
        let whole = vec![format!("{}{}", gcp_catalogue::SCOPE_PREFIX, scope::PLATFORM)];
        let first = impersonate(&account, &whole, grant.ttl_seconds)?;
        (exchange(&first, policy)?, whole)
    } else {
        let scopes = scopes_of(policy)?;
        (impersonate(&account, &scopes, grant.ttl_seconds)?, scopes)
    };
    Ok(deliver(token, scopes, account, planned))
}

fn deliver(token: Token, scopes: Vec<String>, email: String, planned: &Plan) -> Minted {
    let project = settings::get("project").or_else(|| project_of(&email));
    let secret =
        |name: &str, value: Secret| Variable { name: name.to_owned(), value: Value::Secret(value) };
    let plain = |name: &str, text: &str| Variable {
        name: name.to_owned(),
        value: Value::Plain(text.to_owned()),
    };
    let Token { secret: value, expires_at } = token;
    let copy = || Secret::join(&[Piece::Secret(&value)]);
    let mut variables = vec![
        secret("CLOUDSDK_AUTH_ACCESS_TOKEN", copy()),
        secret("GOOGLE_OAUTH_ACCESS_TOKEN", copy()),
    ];
    if let Some(project) = &project {
        variables.extend(
            ["CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT"]
                .map(|name| plain(name, project)),
        );
    }
    let metadata = GceMetadata { token: copy(), scopes, email: email.clone(), project, expires_at };
    Minted {
        variables,
        files: Vec::new(),
        endpoints: vec![Endpoint::GceMetadata(metadata)],
        git: Vec::new(),
        expires_at,
        identity: Some(email),
        credential_id: None,
        // Google Cloud has no call that revokes a single token of a service account.
        lease: None,
        settle_seconds: None,
        method: planned.method.clone(),
        notices: Vec::new(),
    }
}

/// Returns the configured service account to impersonate.
pub fn account() -> Result<String, Error> {
    let Some(account) = settings::get("service_account") else {
        return Err(invalid(
            "no-service-account",
            "no service account to impersonate is set".to_owned(),
            "set AUDEX_GCP_SERVICE_ACCOUNT to the email of one that you may impersonate",
        ));
    };
    is_email(&account).then_some(account.clone()).ok_or_else(|| {
        invalid(
            "service-account-malformed",
            format!("`{account}` is not a service account's email"),
            "write it as `NAME@PROJECT.iam.gserviceaccount.com`",
        )
    })
}

/// Returns true for an email of valid characters. Security: the email becomes part of a URL.
pub fn is_email(text: &str) -> bool {
    text.len() <= 254
        && text.matches('@').count() == 1
        && text.chars().all(|c| EMAIL_CHARACTERS.contains(c))
}

/// Returns the project in an account's email.
pub fn project_of(email: &str) -> Option<String> {
    email.split_once('@')?.1.strip_suffix(".iam.gserviceaccount.com").map(ToOwned::to_owned)
}

fn scopes_of(policy: &str) -> Result<Vec<String>, Error> {
    let parsed: Json = serde_json::from_str(policy).unwrap_or_default();
    let list = parsed.get("scope").and_then(Json::as_array).cloned().unwrap_or_default();
    let scopes: Vec<String> = list.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect();
    if scopes.is_empty() {
        return Err(invalid("no-policy", "the plan names no scopes".to_owned(), "plan again"));
    }
    Ok(scopes)
}

/// Returns a token of `account`. Source: IAM Credentials API reference, generateAccessToken.
pub fn impersonate(account: &str, scopes: &[String], seconds: u32) -> Result<Token, Error> {
    let delegates: Vec<String> = settings::get("delegate")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|delegate| !delegate.is_empty())
        .map(|delegate| format!("projects/-/serviceAccounts/{delegate}"))
        .collect();
    let mut body = json!({ "scope": scopes, "lifetime": format!("{seconds}s") });
    if let (false, Json::Object(fields)) = (delegates.is_empty(), &mut body) {
        fields.insert("delegates".to_owned(), json!(delegates));
    }
    let source =
        identity::token("gcp", &[format!("{}{}", gcp_catalogue::SCOPE_PREFIX, scope::PLATFORM)])?;
    let bearer = vec![Chunk::Plain(b"Bearer ".to_vec()), Chunk::Secret(&source.value)];
    let (response, secret) = send(&Request {
        method: "POST".to_owned(),
        url: format!("{IMPERSONATE}/{account}:generateAccessToken"),
        headers: vec![
            content("application/json"),
            Header { name: "authorization".to_owned(), value: bearer },
        ],
        body: vec![Chunk::Plain(body.to_string().into_bytes())],
        auth: None,
        lift: vec!["/accessToken".to_owned()],
        timeout_ms: None,
    })?;
    if response.status != 200 {
        return Err(impersonation_failed(&response, account, seconds));
    }
    let reply: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    let ends = reply.get("expireTime").and_then(Json::as_str).and_then(rfc3339::parse);
    match (secret, ends) {
        (Some(secret), Some(expires_at)) => Ok(Token { secret, expires_at }),
        _ => Err(unreadable("iamcredentials.googleapis.com")),
    }
}

/// Returns the token inside the boundary `options`. Source: Cloud IAM, "Downscope with Credential Access
/// Boundaries".
fn exchange(first: &Token, options: &str) -> Result<Token, Error> {
    const TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";
    let before = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token_type={TOKEN}\
         &requested_token_type={TOKEN}&options={}&subject_token=",
        form(options)
    );
    let (response, secret) = send(&Request {
        method: "POST".to_owned(),
        url: EXCHANGE.to_owned(),
        headers: vec![content("application/x-www-form-urlencoded")],
        body: vec![Chunk::Plain(before.into_bytes()), Chunk::FormSecret(&first.secret)],
        auth: None,
        lift: vec!["/access_token".to_owned()],
        timeout_ms: None,
    })?;
    let reply: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status != 200 {
        let said =
            reply.get("error_description").and_then(Json::as_str).unwrap_or("no reason given");
        return Err(refusal(
            ErrorKind::Denied,
            "boundary-refused",
            format!("the access boundary was refused ({}): {said}", response.status),
            "uniform bucket-level access must be on for each bucket",
        ));
    }
    // If the first token is a service account's, the reply has no lifetime: the new token ends with the
    // first.
    let seconds = reply.get("expires_in").and_then(Json::as_u64);
    let ends =
        seconds.map_or(first.expires_at, |seconds| (clock::now() + seconds).min(first.expires_at));
    secret
        .map(|secret| Token { secret, expires_at: ends })
        .ok_or_else(|| unreadable("sts.googleapis.com"))
}

/// Sends a request; the host retries if that may help. Returns the reply and the secret lifted out of it.
fn send(request: &Request<'_>) -> Result<(Response, Option<Secret>), Error> {
    let mut response = http::send(request)?;
    if response.status == 429 || response.status >= 500 {
        let message = format!("Google Cloud answered {}", response.status);
        return Err(refusal(ErrorKind::Unavailable, "busy", message, "try again in a moment"));
    }
    let secret = response.lifted.pop().flatten();
    Ok((response, secret))
}

fn impersonation_failed(response: &Response, account: &str, seconds: u32) -> Error {
    let reply: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    let said = reply.pointer("/error/message").and_then(Json::as_str).unwrap_or("no reason given");
    match response.status {
        401 => refusal(
            ErrorKind::Unavailable,
            "source-rejected",
            format!("the source credentials were rejected: {said}"),
            "run `gcloud auth application-default login`",
        ),
        403 => refusal(
            ErrorKind::Denied,
            "not-impersonable",
            format!("`{account}` may not be impersonated: {said}"),
            &format!(
                "grant it: gcloud iam service-accounts add-iam-policy-binding {account} --member=… \
                 --role=roles/iam.serviceAccountTokenCreator"
            ),
        ),
        404 => refusal(
            ErrorKind::Denied,
            "no-such-account",
            format!("there is no service account `{account}`: {said}"),
            "check AUDEX_GCP_SERVICE_ACCOUNT",
        ),
        400 => invalid(
            "lifetime",
            format!("a token of {seconds} s was refused: {said}"),
            "ask for a --ttl of an hour or less",
        ),
        status => refusal(
            ErrorKind::Unavailable,
            "impersonation-failed",
            format!("generateAccessToken answered {status}: {said}"),
            "`tryaudex health --check gcp` shows what works",
        ),
    }
}

fn unreadable(whose: &str) -> Error {
    refusal(
        ErrorKind::Unavailable,
        "bad-reply",
        format!("the reply of {whose} has no token or no expiry"),
        "check for a proxy that changes replies",
    )
}

pub fn content(kind: &str) -> Header<'static> {
    let value = vec![Chunk::Plain(kind.as_bytes().to_vec())];
    Header { name: "content-type".to_owned(), value }
}

/// Percent-encodes a text for a form.
fn form(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_that_would_be_more_of_a_url_is_none() {
        assert!(is_email("audex-agent@my-project.iam.gserviceaccount.com"));
        for text in ["a", "a@b@c", "a@b/../x", "a@b?x", "A@b", "a@b:generate"] {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn the_project_is_in_the_email_where_it_is() {
        assert_eq!(
            project_of("a@my-project.iam.gserviceaccount.com").as_deref(),
            Some("my-project")
        );
        assert_eq!(project_of("123-compute@developer.gserviceaccount.com"), None);
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form("{\"a\":'b c'}"), "%7B%22a%22%3A%27b%20c%27%7D");
    }
}
