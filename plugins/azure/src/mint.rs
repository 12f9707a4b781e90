//! Mints the credentials: tokens behind an identity endpoint, or one signature.

pub mod role;

use audex_sdk::provider::http::{Chunk, Header};
use audex_sdk::provider::identity::{self, Bearer};
use audex_sdk::provider::{
    AppServiceIdentity, AudienceToken, Endpoint, Error, ErrorKind, Grant, Minted, Piece, Plan,
    Secret, Value, Variable, clock, settings,
};
use audex_sdk::rfc3339;

use crate::method::Method;
use crate::plan::signed::Signed;
use crate::plan::tokens::{Audience, Tokens};
use crate::sas::Sas;
use crate::{arm, audience, delegation, refusal};

/// The slot of the source credentials.
pub const OWN: &str = "azure";
/// The tolerance for clock differences: a start of now may still be in the future for the service.
const SKEW_SECONDS: u64 = 60;

pub fn mint(grant: &Grant, planned: &Plan) -> Result<Minted, Error> {
    let configured = crate::configured();
    match Method::decide(grant, configured.method.as_deref())? {
        Method::Sas => {
            let signed = Signed::of(grant)?;
            as_planned(planned, &signed.policy(grant.ttl_seconds))?;
            sign(grant, &signed)
        }
        Method::AudienceTokens => {
            let tokens = Tokens::of(grant)?;
            as_planned(planned, &tokens.policy())?;
            serve(tokens.audiences(), planned, OWN)
        }
        Method::CustomRole => {
            let roles = configured.roles(grant)?;
            as_planned(planned, &roles.policy())?;
            role::mint(grant, &roles, planned)
        }
    }
}

/// Checks that the minted credentials are those of the plan.
fn as_planned(planned: &Plan, policy: &str) -> Result<(), Error> {
    if planned.policy.as_deref() == Some(policy) {
        return Ok(());
    }
    let message = "the plan is not the one of this grant".to_owned();
    Err(refusal(ErrorKind::Internal, "plan-mismatch", message, "plan again"))
}

/// Delivers tokens of the holder behind `slot`, through an endpoint that `az` and the client libraries use
/// like that of App Service.
fn serve(audiences: &[Audience], planned: &Plan, slot: &str) -> Result<Minted, Error> {
    let Fetched { tokens, mut notices } = fetch(audiences, |audience| token(slot, audience))?;
    let now = clock::now();
    let tokens: Vec<AudienceToken> =
        tokens.into_iter().map(|(name, bearer)| served(name, bearer, now)).collect();
    let expires_at = tokens.iter().map(|token| token.expires_at).min().unwrap_or(now);
    for token in &tokens {
        check_life(token, now, planned.longest_life_seconds)?;
    }
    let mut variables = Vec::new();
    // Without this variable, `az storage` would look for the account's keys. Source: azure-cli 2.91,
    // `storage/_validators.py`.
    if audiences.contains(&Audience { name: audience::STORAGE, required: true }) {
        variables.push(plain("AZURE_STORAGE_AUTH_MODE", "login".to_owned()));
    }
    let mut files = Vec::new();
    match subscription(&tokens) {
        Some((id, tenant)) => {
            files.push(arm::profile(&id, &tenant, settings::get("cloud").as_deref()));
            variables.extend([plain("AZURE_SUBSCRIPTION_ID", id), plain("AZURE_TENANT_ID", tenant)]);
        }
        None => notices.push(
            "no subscription is known, without which `az` asks for a login: set AZURE_SUBSCRIPTION_ID and \
             AZURE_TENANT_ID"
                .to_owned(),
        ),
    }
    Ok(Minted {
        variables,
        files,
        endpoints: vec![Endpoint::AppServiceIdentity(AppServiceIdentity {
            tokens,
            client_id: None,
        })],
        git: Vec::new(),
        expires_at,
        identity: identity::whoami(slot).ok(),
        credential_id: None,
        // Entra ID has no call that revokes a single access token.
        lease: None,
        settle_seconds: None,
        method: planned.method.clone(),
        notices,
    })
}

/// The tokens received, and notices about the others.
#[derive(Debug)]
struct Fetched<T> {
    tokens: Vec<(&'static str, T)>,
    notices: Vec<String>,
}

/// Requests every token. A token that only wildcards need may be refused, as long as there is another.
fn fetch<T>(
    audiences: &[Audience],
    ask: impl Fn(&str) -> Result<T, Error>,
) -> Result<Fetched<T>, Error> {
    let (mut fetched, mut first) = (Fetched { tokens: Vec::new(), notices: Vec::new() }, None);
    for audience in audiences {
        match ask(audience.name) {
            Ok(token) => fetched.tokens.push((audience.name, token)),
            Err(error) if audience.required || is_hopeless(&error) => return Err(error),
            Err(error) => {
                fetched
                    .notices
                    .push(format!("there is no token for {}: {}", audience.name, error.message));
                first = first.or(Some(error));
            }
        }
    }
    match first {
        Some(error) if fetched.tokens.is_empty() => Err(error),
        _ => Ok(fetched),
    }
}

/// Returns true if the next audience would fail too: no credentials, no network. (The code `source-tool` is
/// an error of `az` for one audience.)
fn is_hopeless(error: &Error) -> bool {
    error.kind == ErrorKind::Unavailable && error.code != "source-tool"
}

/// Returns a token of the holder behind `slot` for one audience.
pub fn token(slot: &str, audience: &str) -> Result<Bearer, Error> {
    identity::token(slot, &[format!("{audience}/.default")])
}

fn served(audience: &str, bearer: Bearer, now: u64) -> AudienceToken {
    let Bearer { value, expires_at } = bearer;
    // The host delivers no token of unknown life; such a token would count as expired.
    AudienceToken {
        audience: audience.to_owned(),
        token: value,
        expires_at: expires_at.unwrap_or(now),
    }
}

fn check_life(token: &AudienceToken, now: u64, longest: u32) -> Result<(), Error> {
    if token.expires_at <= now.saturating_add(u64::from(longest)).saturating_add(SKEW_SECONDS) {
        return Ok(());
    }
    Err(refusal(
        ErrorKind::Unsupported,
        "token-outlives-plan",
        format!(
            "the token for {} lives longer than the {longest} s that were planned",
            token.audience
        ),
        "log in by other means: az login",
    ))
}

/// Returns subscription and tenant: from the settings, else from the list in Resource Manager.
fn subscription(tokens: &[AudienceToken]) -> Option<(String, String)> {
    let [id, tenant] = ["subscription_id", "tenant_id"].map(settings::get);
    if let (Some(id), Some(tenant)) = (&id, &tenant) {
        return Some((id.clone(), tenant.clone()));
    }
    let own = tokens.iter().find(|token| token.audience == audience::RESOURCE_MANAGER);
    let listed = match own {
        Some(own) => arm::subscriptions(&own.token),
        // This token is used only here, and is not delivered.
        None => token(OWN, audience::RESOURCE_MANAGER)
            .and_then(|bearer| arm::subscriptions(&bearer.value)),
    };
    let listed = listed.ok()?;
    let one = arm::choose(&listed, id.as_deref(), tenant.as_deref())?;
    Some((one.id.clone(), one.tenant.clone()))
}

/// Signs with a delegation key; no token is delivered.
fn sign(grant: &Grant, signed: &Signed) -> Result<Minted, Error> {
    let account = &signed.place.account;
    let now = clock::now();
    let expires_at = now + u64::from(grant.ttl_seconds);
    let (start, expiry) =
        (rfc3339::format(now.saturating_sub(SKEW_SECONDS)), rfc3339::format(expires_at));
    let storage = token(OWN, audience::STORAGE)?;
    let delegation = delegation::ask(account, &storage.value, &start, &expiry)?;
    let sas = Sas {
        place: &signed.place,
        letters: &signed.letters,
        start: &start,
        expiry: &expiry,
        key: &delegation.key,
    };
    let signature = delegation.value.hmac_sha256_base64(&sas.string_to_sign());
    let signature = signature.ok_or_else(|| delegation::unreadable(account))?;
    let query = Secret::join(&[Piece::Plain(sas.query()), Piece::FormSecret(&signature)]);
    Ok(Minted {
        variables: vec![
            Variable { name: "AZURE_STORAGE_SAS_TOKEN".to_owned(), value: Value::Secret(query) },
            plain("AZURE_STORAGE_ACCOUNT", account.clone()),
        ],
        files: Vec::new(),
        endpoints: Vec::new(),
        git: Vec::new(),
        expires_at,
        identity: Some(format!("{} (tenant {})", delegation.key.oid, delegation.key.tid)),
        credential_id: None,
        // The signature could be ended only by revoking every delegation key of the account.
        lease: None,
        settle_seconds: None,
        method: Method::Sas.name().to_owned(),
        notices: Vec::new(),
    })
}

/// Returns the header `Authorization: Bearer` with a secret.
pub fn bearer(token: &Secret) -> Header<'_> {
    let value = vec![Chunk::Plain(b"Bearer ".to_vec()), Chunk::Secret(token)];
    Header { name: "authorization".to_owned(), value }
}

fn plain(name: &str, text: String) -> Variable {
    Variable { name: name.to_owned(), value: Value::Plain(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: [Audience; 3] = [
        Audience { name: "https://a.example", required: true },
        Audience { name: "https://b.example", required: false },
        Audience { name: "https://c.example", required: false },
    ];

    fn failed(kind: ErrorKind) -> Error {
        refusal(kind, "refused", "no such service principal".to_owned(), "none")
    }

    #[test]
    fn what_only_wildcards_lead_to_may_be_missing_and_is_said() {
        let refuse_b =
            |name: &str| if name.contains('b') { Err(failed(ErrorKind::Denied)) } else { Ok(()) };
        let fetched = fetch(&ASKED, |name| refuse_b(name.trim_end_matches(".example"))).unwrap();
        let names: Vec<&str> = fetched.tokens.iter().map(|(name, ())| *name).collect();
        assert_eq!(names, ["https://a.example", "https://c.example"]);
        assert!(fetched.notices[0].contains("https://b.example: no such service principal"));
    }

    #[test]
    fn what_was_asked_for_by_name_must_be_there_and_something_must() {
        assert!(fetch::<()>(&ASKED, |_| Err(failed(ErrorKind::Denied))).is_err());
        assert!(fetch::<()>(&ASKED[1..], |_| Err(failed(ErrorKind::Denied))).is_err());
        let dead = |name: &str| {
            if name.contains("c.") { Err(failed(ErrorKind::Unavailable)) } else { Ok(()) }
        };
        assert_eq!(fetch(&ASKED, dead).unwrap_err().kind, ErrorKind::Unavailable);
    }

    #[test]
    fn only_the_plan_that_was_shown_is_minted() {
        let read = "Microsoft.Storage/storageAccounts/read";
        let grant = crate::plan::tests::grant(&[(read, &[])], &[]);
        let planned = crate::plan::plan(&grant, &crate::plan::Settings::default()).unwrap();
        assert!(as_planned(&planned, &Tokens::of(&grant).unwrap().policy()).is_ok());
        let other = Plan { policy: Some(r#"{"audiences":[]}"#.to_owned()), ..planned };
        assert_eq!(
            as_planned(&other, &Tokens::of(&grant).unwrap().policy()).unwrap_err().code,
            "plan-mismatch"
        );
    }
}
