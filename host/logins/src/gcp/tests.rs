//! Tests of each source against a double on loopback.

use std::net::TcpListener;

use super::*;
use crate::double::{double, requests};
use http_double::Double;

fn run<T>(work: impl AsyncFnOnce(&Client) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client =
        audex_wire::client::configured_client(&audex_core::environment::Environment::default())
            .unwrap();
    runtime.block_on(work(&client))
}

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

fn with_file(contents: &str) -> (Environment, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("credentials.json");
    std::fs::write(&path, contents).unwrap();
    (Environment::from_pairs([(GOOGLE_APPLICATION_CREDENTIALS, path)]), home)
}

fn token_of(environment: &Environment) -> Result<Token, TokenError> {
    run(async |client| token(environment, client, &[SCOPE.to_owned()]).await)
}

#[test]
fn a_users_login_is_refreshed_where_its_file_says() {
    let double = double(200, r#"{"access_token":"planted","expires_in":3599}"#);
    let file = format!(
        r#"{{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r/1","token_uri":"http://{}/token"}}"#,
        double.authority()
    );
    let (environment, _home) = with_file(&file);
    let token = token_of(&environment).unwrap();
    assert_eq!(token.value.expose(), "planted");
    assert!(token.expires_at.is_some());
    assert!(
        requests(&double)
            .ends_with("grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r%2F1")
    );
}

#[test]
fn a_revoked_login_says_so_and_how_to_log_in() {
    let double = double(
        400,
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
    );
    let file = format!(
        r#"{{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"planted","token_uri":"http://{}"}}"#,
        double.authority()
    );
    let (environment, _home) = with_file(&file);
    let error = token_of(&environment).unwrap_err();
    assert_eq!((error.why, error.hint), (Why::Denied, Some(HINT)));
    assert!(error.message.contains("expired or revoked") && !error.message.contains("planted"));
}

#[test]
fn a_file_of_another_type_or_with_a_plain_token_address_is_refused_by_name() {
    let (other, _home) = with_file(r#"{"type":"gdch_service_account"}"#);
    let error = token_of(&other).unwrap_err();
    assert!(
        error.why == Why::Unsupported && error.message.contains("`gdch_service_account`"),
        "{error}"
    );
    let far = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r","token_uri":"http://evil.example"}"#;
    let (far, _home) = with_file(far);
    assert_eq!(token_of(&far).unwrap_err().why, Why::Config);
    let (garbage, _home) = with_file("planted-secret");
    assert!(!token_of(&garbage).unwrap_err().message.contains("planted"));
}

/// Returns an `external_account` file whose token comes from `source`.
fn federated(double: &Double, source: &serde_json::Value, impersonated: bool) -> serde_json::Value {
    let mut file = serde_json::json!({
        "type": "external_account", "audience": "//iam.googleapis.com/pool/1", "credential_source": source,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("http://{}/v1/token", double.authority()),
    });
    if impersonated {
        let url = format!(
            "http://{}/v1/projects/-/serviceAccounts/sa@p:generateAccessToken",
            double.authority()
        );
        file["service_account_impersonation_url"] = url.into();
    }
    file
}

const BOTH: &str = r#"{"access_token":"exchanged","expires_in":60,"accessToken":"impersonated","value":"foreign/1"}"#;

#[test]
fn a_federated_token_of_a_file_is_exchanged_and_then_impersonates() {
    let double = double(200, BOTH);
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("subject");
    std::fs::write(&path, "foreign/2\n").unwrap();
    let source = serde_json::json!({ "file": path });
    let (environment, _home) = with_file(&federated(&double, &source, false).to_string());
    assert_eq!(token_of(&environment).unwrap().value.expose(), "exchanged");
    let seen = requests(&double);
    assert!(
        seen.contains("subject_token=foreign%2F2") && !seen.contains("Authorization"),
        "{seen}"
    );
    assert!(seen.contains("audience=%2F%2Fiam.googleapis.com%2Fpool%2F1"), "{seen}");

    let (environment, _home) = with_file(&federated(&double, &source, true).to_string());
    assert_eq!(token_of(&environment).unwrap().value.expose(), "impersonated");
    let seen = requests(&double).to_ascii_lowercase();
    assert!(seen.contains("authorization: bearer exchanged"), "{seen}");
    assert_eq!(run(async |client| whoami(&environment, client).await).unwrap(), "sa@p");
}

#[test]
fn a_federated_token_of_an_address_is_read_with_its_headers_and_from_its_field() {
    let double = double(200, BOTH);
    let source = serde_json::json!({
        "url": format!("http://{}/oidc?a=b", double.authority()), "headers": { "Metadata": "True" },
        "format": { "type": "json", "subject_token_field_name": "value" },
    });
    let (environment, _home) = with_file(&federated(&double, &source, false).to_string());
    assert_eq!(token_of(&environment).unwrap().value.expose(), "exchanged");
    let seen = requests(&double).to_ascii_lowercase();
    assert!(seen.contains("get /oidc?a=b") && seen.contains("metadata: true"), "{seen}");
    assert!(seen.contains("subject_token=foreign%2f1"), "{seen}");
}

#[test]
fn a_federated_file_that_leads_elsewhere_or_is_not_read_is_refused_by_name() {
    let double = double(200, BOTH);
    for (source, why, said) in [
        (serde_json::json!({ "executable": { "command": "x" } }), Why::Unsupported, "a program"),
        (
            serde_json::json!({ "environment_id": "aws1", "url": "http://169.254.169.254/" }),
            Why::Unsupported,
            "AWS",
        ),
        (serde_json::json!({ "url": "http://evil.example/" }), Why::Config, "must be https"),
        (serde_json::json!({ "url": "http://10.0.0.1/" }), Why::Config, "must be https"),
        (serde_json::json!({ "file": "/nonexistent" }), Why::Config, "cannot read"),
        (serde_json::json!({}), Why::Config, "where the token is"),
    ] {
        let (environment, _home) = with_file(&federated(&double, &source, false).to_string());
        let error = token_of(&environment).unwrap_err();
        assert!(error.why == why && error.message.contains(said), "{source} {error}");
    }
    let mut far = federated(&double, &serde_json::json!({ "file": "x" }), false);
    far["service_account_impersonation_url"] = "https://evil.example/steal".into();
    let (environment, _home) = with_file(&far.to_string());
    assert!(token_of(&environment).unwrap_err().message.contains("generateAccessToken"));
    assert_eq!(requests(&double), "");
}

#[test]
fn an_impersonated_account_is_spoken_for_by_its_source_and_its_delegates() {
    let double = double(200, BOTH);
    let base = format!("http://{}", double.authority());
    let file = serde_json::json!({
        "type": "impersonated_service_account", "delegates": ["projects/-/serviceAccounts/d@p"],
        "service_account_impersonation_url": format!("{base}/v1/projects/-/serviceAccounts/sa@p:generateAccessToken"),
        "source_credentials": { "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
            "token_uri": base },
    });
    let (environment, _home) = with_file(&file.to_string());
    assert_eq!(token_of(&environment).unwrap().value.expose(), "impersonated");
    let seen = requests(&double);
    assert!(seen.contains("refresh_token=r") && seen.contains("serviceAccounts/d@p"), "{seen}");
    assert_eq!(run(async |client| whoami(&environment, client).await).unwrap(), "sa@p");
    // The number of nested impersonations is limited.
    let mut deep = file.clone();
    for _ in 0..5 {
        let mut outer = file.clone();
        outer["source_credentials"] = deep;
        deep = outer;
    }
    let (environment, _home) = with_file(&deep.to_string());
    assert_eq!(token_of(&environment).unwrap_err().why, Why::Unsupported);
}

/// A key that was made for this test with `openssl genpkey`. It gives access to nothing.
const KEY: &str = include_str!("testdata/service-account.pem");

#[test]
fn a_service_account_signs_a_claim_for_where_it_is_sent_and_what_is_asked() {
    let double = double(200, r#"{"access_token":"planted","expires_in":3599}"#);
    let token_uri = format!("http://{}/token", double.authority());
    let file = serde_json::json!({
        "type": "service_account", "client_email": "a@p", "private_key": KEY, "token_uri": token_uri,
    });
    let (environment, _home) = with_file(&file.to_string());
    assert_eq!(token_of(&environment).unwrap().value.expose(), "planted");
    let seen = requests(&double);
    let assertion = seen.split_once("&assertion=").unwrap().1;
    let claims = crate::token::claims(assertion).unwrap();
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["scope"]),
        (&"a@p".into(), &token_uri.into(), &SCOPE.into())
    );
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);

    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let der =
        <rustls::pki_types::PrivatePkcs8KeyDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(
            KEY.as_bytes(),
        );
    let pair = ring::signature::RsaKeyPair::from_pkcs8(der.unwrap().secret_pkcs8_der()).unwrap();
    let public = ring::signature::UnparsedPublicKey::new(
        &ring::signature::RSA_PKCS1_2048_8192_SHA256,
        pair.public(),
    );
    let signature = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature).unwrap();
    assert!(public.verify(signed.as_bytes(), &signature).is_ok());
}

#[test]
fn a_refused_key_has_its_reason_and_no_reply_fills_the_memory_or_ends_the_program() {
    let asked = |status: u16, body: &str| {
        let double = double(status, body);
        let file = serde_json::json!({
            "type": "service_account", "client_email": "a@p", "private_key": KEY, "token_uri": double.endpoint,
        });
        let (environment, _home) = with_file(&file.to_string());
        (token_of(&environment), double.asked().len())
    };
    let refusal = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
    let (refused, requests) = asked(400, refusal);
    let error = refused.unwrap_err();
    assert!(
        error.why == Why::Denied && error.message.contains("Invalid JWT Signature."),
        "{error}"
    );
    assert_eq!(requests, 1);
    let long = format!(r#"{{"access_token":"{}","expires_in":60}}"#, "x".repeat(512 * 1024));
    let error = asked(200, &long).0.unwrap_err();
    assert!(error.why == Why::Unavailable && error.message.contains("too long"), "{error}");
    let endless = format!(r#"{{"access_token":"planted","expires_in":{}}}"#, u64::MAX);
    assert_eq!(asked(200, &endless).0.unwrap().expires_at, Some(u64::MAX));
}

#[test]
fn a_service_account_whose_key_is_none_is_a_configuration_error() {
    let (environment, _home) =
        with_file(r#"{"type":"service_account","client_email":"a@p","private_key":"planted"}"#);
    let error = token_of(&environment).unwrap_err();
    assert!(error.why == Why::Config && !error.message.contains("planted"), "{error}");
    let owner = run(async |client| whoami(&environment, client).await);
    assert_eq!(owner.unwrap(), "a@p");
}

#[test]
fn the_metadata_server_is_asked_where_there_is_no_file() {
    let double = double(200, r#"{"access_token":"planted","expires_in":60,"email":"vm@p"}"#);
    let environment =
        Environment::from_pairs([(audex_core::environment::GCE_METADATA_HOST, double.authority())]);
    assert_eq!(token_of(&environment).unwrap().value.expose(), "planted");
    assert!(requests(&double).contains("/default/token?scopes=https"), "{}", requests(&double));
    assert_eq!(run(async |client| whoami(&environment, client).await).unwrap(), "vm@p");
}

#[test]
fn a_metadata_server_that_never_answers_is_given_up() {
    // The connection is accepted by the system, and no request is ever read.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let silent =
        [(audex_core::environment::GCE_METADATA_HOST, host.as_str()), ("PATH", "/nonexistent")];
    let began = std::time::Instant::now();
    let error = token_of(&Environment::from_pairs(silent)).unwrap_err();
    assert_eq!((error.code, error.hint), ("no-credentials", Some(HINT)));
    assert!(began.elapsed().as_secs() < 5);
}

#[test]
fn no_source_at_all_is_an_error_in_seconds_that_says_how_to_log_in() {
    let began = std::time::Instant::now();
    // Nothing listens on this port; no program is found on this path.
    let nowhere =
        [(audex_core::environment::GCE_METADATA_HOST, "127.0.0.1:1"), ("PATH", "/nonexistent")];
    let error = token_of(&Environment::from_pairs(nowhere)).unwrap_err();
    assert_eq!((error.code, error.hint), ("no-credentials", Some(HINT)));
    assert!(began.elapsed().as_secs() < 5);
}
