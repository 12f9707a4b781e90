//! OCI registries: redirects, logins and sizes.

use std::fs;

use audex_core::digest::sha256;
use audex_core::environment::{Environment, HOME};
use audex_registry::source::{Fetched, Place, SourceError};
use http_double::{Answer, Asked, Double};
use serde_json::json;

const COMPONENT: &str = "component";
/// `user:planted` in base64.
const LOGIN: &str = "dXNlcjpwbGFudGVk";

fn manifest() -> String {
    let layer = json!({ "mediaType": "application/wasm", "digest": digest(COMPONENT) });
    json!({ "schemaVersion": 2, "layers": [layer] }).to_string()
}

fn digest(text: &str) -> String {
    format!("sha256:{}", sha256(text.as_bytes()))
}

/// Fetches `team/x:1` as a user with a docker login for `registry`.
fn fetch(registry: &Double) -> Result<Fetched, SourceError> {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    let logins = json!({ "auths": { registry.authority(): { "auth": LOGIN } } });
    fs::write(home.path().join(".docker/config.json"), logins.to_string()).unwrap();
    let place: Place = format!("oci://{}/team/x:1", registry.authority()).parse().unwrap();
    place.fetch(&Environment::from_pairs([(HOME, home.path())]))
}

fn reason(fetched: Result<Fetched, SourceError>) -> String {
    fetched.err().expect("nothing is fetched").to_string()
}

fn found(body: impl Into<Vec<u8>>) -> Answer {
    Answer::new("200 OK", body)
}

fn moved(to: &str) -> Answer {
    Answer::new("307 Temporary Redirect", "").header("location", to)
}

#[test]
fn each_redirect_of_a_manifest_is_known_and_those_of_its_layers_do_not_matter() {
    let registry = Double::start(|asked| match asked.target() {
        "/v2/team/x/manifests/1" => moved("/first?key=1"),
        "/first?key=1" => moved("/second"),
        "/second" => found(manifest()),
        "/storage" => found(COMPONENT),
        _ => moved("/storage"),
    });
    let fetched = fetch(&registry).unwrap();
    assert_eq!(fetched.bytes, COMPONENT.as_bytes());
    assert_eq!(fetched.led_to, ["/first", "/second"].map(|path| registry.endpoint.clone() + path));
}

#[test]
fn a_manifest_is_not_followed_to_plain_http_on_another_host() {
    let registry = Double::start(|_| moved("http://other.invalid/manifest"));
    assert!(reason(fetch(&registry)).contains("the server answered 307"));
}

/// Returns the answers of a registry whose tokens come from `realm`.
fn guarded(realm: String) -> impl Fn(&Asked) -> Answer {
    move |asked| {
        let is_ours = asked.header("authorization") == "Bearer granted";
        match asked.target().split('?').next().unwrap_or_default() {
            "/token" => found(r#"{"token":"granted"}"#),
            _ if !is_ours => Answer::new("401 Unauthorized", "")
                .header("www-authenticate", &format!("Bearer realm=\"{realm}\",service=\"s\"")),
            "/v2/team/x/manifests/1" => found(manifest()),
            _ => found(COMPONENT),
        }
    }
}

#[test]
fn a_login_is_sent_to_the_realm_of_its_registry_and_never_in_clear_text() {
    let realm = Double::start(guarded(String::new()));
    let registry = Double::start(guarded(format!("{}/token", realm.endpoint)));
    assert_eq!(fetch(&registry).unwrap().bytes, COMPONENT.as_bytes());
    let asked = &realm.asked()[0];
    assert_eq!(asked.header("authorization"), format!("Basic {LOGIN}"));
    assert_eq!(asked.target(), "/token?service=s&scope=repository%3Ateam%2Fx%3Apull");
    let registry = Double::start(guarded("http://realm.invalid/token".to_owned()));
    assert!(reason(fetch(&registry)).contains("says not where to get a token"));
    assert_eq!(registry.asked().len(), 1);
}

#[test]
fn a_manifest_and_a_token_have_a_largest_size() {
    let long = || " ".repeat(1024 * 1024 + 1);
    let registry = Double::start(move |_| found(long()));
    assert!(reason(fetch(&registry)).ends_with("has more than 1 MiB"));
    let realm = Double::start(move |_| found(long()));
    let registry = Double::start(guarded(format!("{}/token", realm.endpoint)));
    assert!(reason(fetch(&registry)).ends_with("has more than 1 MiB"));
}

#[test]
fn a_layer_of_another_digest_is_refused() {
    let registry = Double::start(|asked| match asked.target() {
        "/v2/team/x/manifests/1" => found(manifest()),
        _ => found("another"),
    });
    assert!(reason(fetch(&registry)).contains("a layer is not the one of its digest"));
}
