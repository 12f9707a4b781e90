//! The gateway of a cloud whose requests carry bearer tokens: what the command gets in place of the session's tokens, and the
//! ways that lead it to the gateway.

use std::sync::Arc;

use base64_simd::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::GatewayError;
use crate::pipeline::delivery::{Arranged, Scene};
use crate::settings::delivery::GatewayTls;
use audex_components::imports::configured;
use audex_components::provider::{Description, Minted};
use audex_core::delivery::{
    AudienceToken, Endpoint, EndpointSettings, Identity, Metadata, SessionFile, Value, audience,
};
use audex_core::environment::{AZURE_STORAGE_SERVICE_ENDPOINT, Environment, REQUESTS_CA_BUNDLE};
use audex_core::reachable;
use audex_core::secret::Secret;
use audex_core::shape::ConfiguredPath;
use audex_endpoint::connect_proxy::{Connection, Interceptor, Serving};
use audex_gateway::bearer::intercept::Interception;
use audex_gateway::bearer::{BearerGateway, Front, Lead, Setup, trust};
use audex_gateway::{Decider, SessionKey, Token};

/// The file with the authorities that the command trusts.
const BUNDLE: &str = "authorities.pem";
/// The parts of a token that its client reads for itself; none of them is a credential. Source: azure-cli-core 2.91, `_profile.py`
/// (`tid`); Microsoft identity platform, "Access token claims reference".
const CLAIMS: [&str; 11] =
    ["aud", "appid", "exp", "iat", "idtyp", "iss", "nbf", "oid", "sub", "tid", "xms_mirid"];
/// The login page of a directory. Source: Microsoft identity platform, "National clouds".
const LOGIN: &str = "https://login.microsoftonline.com/";

/// Returns true if the provider has a gateway of this kind.
pub(crate) fn is_declared(description: &Description) -> bool {
    !description.fronts.is_empty()
}

/// Returns the session's tokens, if they are its only credentials.
///
/// Security: a secret in another place would still reach the command.
pub(crate) fn tokens(minted: &Minted) -> Option<Vec<Token>> {
    let tokens: Vec<Token> = minted.endpoints.iter().flat_map(of_endpoint).collect();
    let is_token =
        |secret: &Secret| tokens.iter().any(|token| token.secret.expose() == secret.expose());
    let is_known = |value: &Value| match value {
        Value::Plain(_) => true,
        Value::Secret(secret) => is_token(secret),
    };
    let values = minted.variables.iter().map(|(_, value)| value);
    let all_known = values.chain(minted.files.iter().map(|file| &file.contents)).all(is_known)
        && minted.files.iter().all(|file| matches!(file.contents, Value::Plain(_)))
        && minted.logins.git.is_empty();
    (all_known && !tokens.is_empty()).then_some(tokens)
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Token> {
    match endpoint {
        Endpoint::Metadata(Metadata { token, .. }) => {
            vec![Token { audience: None, secret: token.clone() }]
        }
        Endpoint::Identity(Identity { tokens, .. }) => tokens
            .iter()
            .map(|one| Token {
                audience: Some(audience(&one.audience).to_owned()),
                secret: one.token.clone(),
            })
            .collect(),
    }
}

/// Returns the endpoints with tokens of the session's own, which open its gateway and nothing else.
pub(crate) fn without_tokens(endpoints: &[Endpoint], key: &SessionKey) -> Vec<Endpoint> {
    let endpoint = |endpoint: &Endpoint| match endpoint {
        Endpoint::Metadata(metadata) => Endpoint::Metadata(Metadata {
            token: own_token(&metadata.token, key),
            // The gateway would want the permission to use the quota, which nobody asked for.
            uses_quota: false,
            ..metadata.clone()
        }),
        Endpoint::Identity(identity) => {
            let tokens = identity
                .tokens
                .iter()
                .map(|one| AudienceToken { token: own_token(&one.token, key), ..one.clone() });
            Endpoint::Identity(Identity { tokens: tokens.collect(), ..identity.clone() })
        }
    };
    endpoints.iter().map(endpoint).collect()
}

/// Returns a token of the session's own in place of `token`: the claims that clients read, without a signature, and the secret of
/// `key`.
fn own_token(token: &Secret, key: &SessionKey) -> Secret {
    let secret = key.secret.expose();
    let Some(claims) = claims(token) else { return Secret::new(secret.to_owned()) };
    let part = |json: &Json| URL_SAFE_NO_PAD.encode_to_string(json.to_string());
    let kept = claims.into_iter().filter(|(name, _)| CLAIMS.contains(&name.as_str()));
    let header = part(&serde_json::json!({ "alg": "none", "typ": "JWT" }));
    Secret::new(format!("{header}.{}.{secret}", part(&Json::Object(kept.collect()))))
}

/// Returns the claims of a JWT, unverified. Source: RFC 7519.
fn claims(token: &Secret) -> Option<Map<String, Json>> {
    let mut parts = token.expose().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode_to_vec(claims).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// A gateway with what serves the cloud's own hosts.
pub(crate) struct Interposed {
    /// The gateway.
    pub(crate) gateway: BearerGateway,
    /// What serves the cloud's own hosts, if something does.
    pub(crate) interceptor: Option<Arc<dyn Interceptor>>,
}

/// Starts the gateway, and puts its own tokens and addresses in place of the minted ones.
///
/// # Errors
/// When the system has no socket or random numbers, or a setting of the user is no address.
pub(crate) fn interpose(
    scene: &Scene<'_>,
    arranged: &mut Arranged,
    key: SessionKey,
    decider: Arc<dyn Decider>,
) -> Result<Interposed, GatewayError> {
    let parent = scene.context.environment;
    if scene.context.settings.delivery.listen.is_some() {
        return Err(GatewayError::Listen { provider: scene.description.id.clone() });
    }
    for (_, value) in &mut arranged.variables {
        if let Value::Secret(secret) = value {
            *secret = own_token(secret, &key);
        }
    }
    let setup = setup(parent, scene)?;
    let gateway = BearerGateway::start(parent, setup, key, scene.ends_at, decider)
        .map_err(GatewayError::Loopback)?;
    let settings = &mut arranged.endpoint_settings;
    settings.extend(&gateway.gateway.settings);
    // It would lead the command past the gateway, which itself goes there.
    settings.removed.push(AZURE_STORAGE_SERVICE_ENDPOINT);
    if scene.context.settings.delivery.tls == GatewayTls::Never {
        return Ok(Interposed { gateway, interceptor: None });
    }
    let interception = Interception::new(Arc::clone(&gateway.fronts), scene.ends_at)
        .map_err(GatewayError::Loopback)?;
    trusting(scene, parent, interception.authority(), settings);
    proxied(parent, scene.description, settings);
    let interceptor: Arc<dyn Interceptor> = Arc::new(Intercepting(interception));
    Ok(Interposed { gateway, interceptor: Some(interceptor) })
}

fn setup(parent: &Environment, scene: &Scene<'_>) -> Result<Setup, GatewayError> {
    let fronts: Vec<Front> = scene.description.fronts.iter().map(front).collect();
    let mut elsewhere = Vec::new();
    for lead in fronts.iter().flat_map(|front| &front.leads) {
        if let Some(value) = parent.get(&lead.variable) {
            let place = value.trim_end_matches('/');
            let origin = place.strip_suffix(lead.path.trim_end_matches('/')).unwrap_or(place);
            elsewhere.push((lead.host.clone(), origin.trim_end_matches('/').to_owned()));
        }
    }
    // An address that is no address is an error at once, and not with the first request.
    let named = fronts.iter().flat_map(|front| &front.hosts);
    for host in named.filter(|host| !host.starts_with('*')) {
        configured(parent, host).map_err(|error| GatewayError::Address(error.to_string()))?;
    }
    let environment = parent.clone();
    let elsewhere = move |host: &str| {
        let led = elsewhere.iter().find(|(known, _)| known == host).map(|(_, at)| at.clone());
        led.or_else(|| configured(&environment, host).ok().flatten())
    };
    let tid = scene.minted.endpoints.iter().flat_map(of_endpoint).find_map(|token| {
        claims(&token.secret)?.get("tid").and_then(Json::as_str).map(str::to_owned)
    });
    Ok(Setup {
        fronts,
        elsewhere: Box::new(elsewhere),
        ca_bundle: ConfiguredPath::of_variable(parent, REQUESTS_CA_BUNDLE),
        authority: tid.map(|tid| format!("{LOGIN}{tid}")),
    })
}

fn front(front: &audex_components::provider::Front) -> Front {
    let lead = |lead: &audex_components::provider::Lead| Lead {
        variable: lead.variable.clone(),
        host: lead.host.clone(),
        path: lead.path.clone(),
    };
    Front {
        audience: front.audience.as_deref().map(|text| audience(text).to_owned()),
        hosts: front.hosts.clone(),
        leads: front.leads.iter().map(lead).collect(),
    }
}

/// Adds the session's authority to those that the command trusts.
fn trusting(
    scene: &Scene<'_>,
    parent: &Environment,
    authority: &str,
    settings: &mut EndpointSettings,
) {
    let mut read = Vec::new();
    for path in trust::BUNDLES.iter().filter_map(|name| ConfiguredPath::of_variable(parent, name)) {
        // A bundle that cannot be read is of no use to the command either.
        if let Ok(pem) = reachable::required_bytes(path.as_path()) {
            read.push(String::from_utf8_lossy(&pem).into_owned());
        }
    }
    let contents = Value::Plain(trust::bundle(authority, &read));
    settings.files.push(SessionFile { name: BUNDLE.to_owned(), contents, variable: None });
    let path = scene.directory.join(BUNDLE).to_string_lossy().into_owned();
    let bundles = trust::BUNDLES.map(|name| (name.to_owned(), Value::Plain(path.clone())));
    settings.variables.extend(bundles);
    settings.removed.push("SSL_CERT_DIR");
}

/// Excludes no host of the cloud from the session's proxy: the command's token opens nothing elsewhere.
fn proxied(parent: &Environment, description: &Description, settings: &mut EndpointSettings) {
    let hosts: Vec<&str> = description
        .fronts
        .iter()
        .flat_map(|front| &front.hosts)
        .map(|host| host.trim_start_matches("*."))
        .collect();
    let keeps_out = |entry: &str| {
        let entry = entry.trim();
        let name = entry.rsplit_once(':').map_or(entry, |(name, _)| name);
        let name = name.trim_start_matches(['*', '.']).to_ascii_lowercase();
        let name = name.as_str();
        name.is_empty() || hosts.iter().any(|host| host.ends_with(name) || name.ends_with(host))
    };
    for name in ["NO_PROXY", "no_proxy"] {
        let others = parent.get(name).unwrap_or_default();
        let kept = others.split(',').filter(|entry| !keeps_out(entry)).map(str::trim);
        let all: Vec<&str> = kept.chain(["127.0.0.1", "localhost", "::1"]).collect();
        settings.variables.retain(|(known, _)| known != name);
        settings.variables.push((name.to_owned(), Value::Plain(all.join(","))));
    }
}

/// The gateway as the proxy knows it.
struct Intercepting(Interception);

impl Interceptor for Intercepting {
    fn covers(&self, host: &str, port: u16) -> bool {
        self.0.covers(host, port)
    }

    fn serve(&self, host: String, stream: Connection) -> Serving<'_> {
        Box::pin(async move { self.0.serve(&host, stream).await })
    }
}
