//! Fetches from an OCI registry: the standard artifact of a WebAssembly component, as `wkg` and `oras` push
//! it.
//!
//! `oci-client` (0.18.0, read and tried) is not used, because it has no hook by which the rules of a source could hold:
//!
//! - It follows the redirects of a manifest to any host and reports none (`client.rs:333`), but an
//!   organisation's `sources` count for each of them.
//! - It sends the login to every realm that the registry names, over plain http too (`client.rs:883`).
//! - It reads a manifest, a token and an error without a cap (`client.rs:905`, `1176`; 650 MiB in 2 s in the trial).
//!
//! It does not read docker's configuration, so only the download of a blob would be left to it.
//! Source: OCI Distribution Specification 1.1 ("Pull"), "Docker Registry v2 Bearer token specification", CNCF "Wasm OCI artifact".

use std::fmt;

use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::web::{Hops, SMALL_BYTES, body, client, wait};
use super::{Fetched, SourceError};
use crate::signature::Signature;
use audex_components::limit;
use audex_core::digest::sha256;
use audex_core::environment::{Environment, HOME};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media types of the layer that is the component. `oras` sets neither unless it is told to.
const WASM: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];
/// The media type of a layer that is a minisign signature of the component.
const MINISIGN: &str = "application/vnd.minisign.signature";
/// The media type of a layer that is a sigstore bundle of the component. A bundle that cosign attaches to the
/// manifest signs the manifest, not the component.
const SIGSTORE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The file in which docker, oras and wkg keep logins, below the home directory.
const LOGINS: &str = ".docker/config.json";
const DOCKER_CONFIG: &str = "DOCKER_CONFIG";

/// The place of an artifact in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    /// A tag, or `sha256:…`.
    version: String,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
}

impl Reference {
    /// Parses `registry/repository:tag` or `registry/repository@sha256:…`. Without either, the tag is
    /// `latest`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (registry, rest) = text.split_once('/')?;
        let (repository, reference) = match (rest.split_once('@'), rest.rsplit_once(':')) {
            (Some((repository, digest)), _) => (repository, digest),
            (None, Some((repository, tag))) => (repository, tag),
            (None, None) => (rest, "latest"),
        };
        // Source: OCI Distribution Specification, "Pulling manifests": the forms of `<name>` and `<reference>`.
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        };
        let is_repository =
            repository.split('/').all(|part| is_name(part) && part != "." && part != "..");
        let is_digest = reference
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let is_tag = !reference.is_empty()
            && reference.len() <= 128
            && reference.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let is_registry = !registry.is_empty()
            && registry.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        (is_registry && is_repository && (is_digest || is_tag)).then(|| Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            version: reference.to_owned(),
        })
    }

    fn url(&self, kind: &str, what: &str) -> Option<Url> {
        let scheme = |scheme: &str| {
            format!("{scheme}://{}/v2/{}/{kind}/{what}", self.registry, self.repository)
        };
        // Plain http is used on loopback only, as everywhere.
        let secure = Url::parse(&scheme("https")).ok()?;
        let is_loopback = audex_core::address::parse("the registry", &scheme("http")).is_ok();
        if is_loopback { Url::parse(&scheme("http")).ok() } else { Some(secure) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.version.starts_with("sha256:") { '@' } else { ':' };
        write!(formatter, "{}/{}{separator}{}", self.registry, self.repository, self.version)
    }
}

pub(super) fn fetch(
    reference: &Reference,
    environment: &Environment,
) -> Result<Fetched, SourceError> {
    let origin = format!("oci://{reference}");
    let (client, hops) = client(environment, &origin)?;
    let login = login(environment, &reference.registry);
    let pull = Pull { client, hops, reference, origin: &origin, login };
    wait(&origin, async {
        let mut token = None;
        let manifest = pull.get("manifests", &reference.version, &mut token).await?;
        // The manifest names everything else by its digest, so the redirects of later requests do not matter.
        let led_to = pull.hops.take();
        let manifest = body(Ok(manifest), &origin, SMALL_BYTES).await?;
        // A digest in the reference is that of the manifest: another manifest from the registry is rejected.
        if let Some(wanted) = reference.version.strip_prefix("sha256:")
            && !sha256(&manifest).eq_ignore_ascii_case(wanted)
        {
            return Err(pull.refused("the manifest is not the one of this digest"));
        }
        let manifest: Manifest = serde_json::from_slice(&manifest)
            .map_err(|_| pull.refused("the manifest is not an OCI manifest"))?;
        let of = |types: &[&str]| {
            manifest.layers.iter().find(|layer| types.contains(&layer.media_type.as_str()))
        };
        let component = of(&WASM)
            .ok_or_else(|| pull.refused("it has no layer of the type application/wasm"))?;
        let bytes = pull.blob(component, limit::COMPONENT_BYTES, &mut token).await?;
        let mut signature = Signature::default();
        for (kind, text) in
            [(MINISIGN, &mut signature.minisign), (SIGSTORE, &mut signature.sigstore)]
        {
            if let Some(layer) = of(&[kind]) {
                let bytes = pull.blob(layer, SMALL_BYTES, &mut token).await?;
                *text = Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let (signature, origin) = (signature.if_any(), origin.clone());
        Ok(Fetched { bytes, signature, origin, led_to, is_local: false })
    })
}

struct Pull<'a> {
    client: Client,
    /// The redirects of the last request.
    hops: Hops,
    reference: &'a Reference,
    origin: &'a str,
    /// `user:password` in base64, as docker keeps it.
    login: Option<String>,
}

impl Pull<'_> {
    fn refused(&self, reason: &str) -> SourceError {
        SourceError::Refused { origin: self.origin.to_owned(), reason: reason.to_owned() }
    }

    async fn blob(
        &self,
        layer: &Layer,
        most: u64,
        token: &mut Option<String>,
    ) -> Result<Vec<u8>, SourceError> {
        let Some(wanted) = layer
            .digest
            .strip_prefix("sha256:")
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
        else {
            return Err(self.refused("a layer has no sha256 digest"));
        };
        let bytes =
            body(Ok(self.get("blobs", &layer.digest, token).await?), self.origin, most).await?;
        if sha256(&bytes) == wanted {
            Ok(bytes)
        } else {
            Err(self.refused("a layer is not the one of its digest"))
        }
    }

    /// Sends a request, and sends it again with a token if the registry tells how to get one.
    async fn get(
        &self,
        kind: &str,
        what: &str,
        token: &mut Option<String>,
    ) -> Result<Response, SourceError> {
        let url =
            self.reference.url(kind, what).ok_or_else(|| self.refused("it makes no address"))?;
        let answer = self.ask(&url, token.as_deref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let challenge = answer
            .headers()
            .get(WWW_AUTHENTICATE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if challenge.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic")) {
            let login = self
                .login
                .as_ref()
                .ok_or_else(|| self.refused("the registry wants a login: docker login"))?;
            *token = Some(format!("Basic {login}"));
        } else {
            *token = Some(format!("Bearer {}", self.token(challenge).await?));
        }
        self.ask(&url, token.as_deref()).await
    }

    async fn ask(&self, url: &Url, token: Option<&str>) -> Result<Response, SourceError> {
        let mut request = self
            .client
            .get(url.clone())
            .header(ACCEPT, format!("{MANIFEST}, application/octet-stream, */*;q=0.1"));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        // The redirects of a token request are not origins of the component.
        let _ = self.hops.take();
        request.send().await.map_err(|error| self.refused(&error.to_string()))
    }

    /// Gets a token from the realm that the registry names.
    ///
    /// Security: the registry chooses the realm. The login goes to the realm over https only (http on
    /// loopback), as docker sends it.
    async fn token(&self, challenge: &str) -> Result<String, SourceError> {
        let value = |name: &str| {
            let rest = challenge.split_once(&format!("{name}=\""))?.1;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let realm =
            value("realm").and_then(|realm| audex_core::address::parse("realm", &realm).ok());
        let mut realm =
            realm.ok_or_else(|| self.refused("the registry says not where to get a token"))?;
        let scope = format!("repository:{}:pull", self.reference.repository);
        realm
            .query_pairs_mut()
            .extend_pairs([("service", value("service").unwrap_or_default()), ("scope", scope)]);
        let mut request = self.client.get(realm);
        if let Some(login) = &self.login {
            request = request.header("authorization", format!("Basic {login}"));
        }
        let answer = body(request.send().await, self.origin, SMALL_BYTES).await?;
        let reply: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
        let token = ["token", "access_token"].iter().find_map(|name| reply.get(name)?.as_str());
        token.map(str::to_owned).ok_or_else(|| self.refused("the registry gave no token"))
    }
}

/// Returns the login for `registry` that `docker login` stored, if there is one. Logins in keychains are not
/// used.
fn login(environment: &Environment, registry: &str) -> Option<String> {
    let directory = environment.get_os(DOCKER_CONFIG).map(std::path::PathBuf::from);
    let path = match directory {
        Some(directory) => directory.join("config.json"),
        None => std::path::Path::new(environment.get_os(HOME)?).join(LOGINS),
    };
    let config: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    config.get("auths")?.get(registry)?.get("auth")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_other_tools_write_them() {
        let digest = format!("r.example:5000/a/b@sha256:{}", "0".repeat(64));
        for (text, url) in [
            ("r.example/a/b:1.0", "https://r.example/v2/a/b/manifests/1.0".to_owned()),
            ("localhost:5000/a:1", "http://localhost:5000/v2/a/manifests/1".to_owned()),
            (
                digest.as_str(),
                format!("https://r.example:5000/v2/a/b/manifests/sha256:{}", "0".repeat(64)),
            ),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.to_string(), text);
            assert_eq!(reference.url("manifests", &reference.version).unwrap().as_str(), url);
        }
        assert_eq!(Reference::parse("r.example/a").unwrap().version, "latest");
        for text in [
            "",
            "a",
            "r/",
            "r/A:1",
            "r/a:",
            "r/a:b c",
            "r/../a:1",
            "r/a@sha256:12",
            "r@x/a:1",
            "r/a:1/b",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_login_is_the_registrys_own() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".docker")).unwrap();
        std::fs::write(home.path().join(LOGINS), r#"{"auths":{"r.example":{"auth":"dTpw"}}}"#)
            .unwrap();
        let environment = Environment::from_pairs([(HOME, home.path())]);
        assert_eq!(login(&environment, "r.example").as_deref(), Some("dTpw"));
        assert_eq!(login(&environment, "evil.example"), None);
    }
}
