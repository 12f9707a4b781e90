//! Tests of each source against a double on loopback.

use super::*;
use crate::double::{double, requests};

fn run<T>(work: impl AsyncFnOnce(&Client) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client =
        audex_wire::client::configured_client(&audex_core::environment::Environment::default())
            .unwrap();
    runtime.block_on(work(&client))
}

const ARM: &str = "https://management.azure.com";

fn token_of(pairs: &[(&str, &str)]) -> Result<Token, TokenError> {
    let environment = Environment::from_pairs(pairs.iter().copied());
    run(async |client| token(&environment, client, None, ARM).await)
}

#[test]
fn a_service_principal_asks_for_one_audience() {
    let double = double(200, r#"{"access_token":"planted","expires_in":3599}"#);
    let authority = format!("http://{}", double.authority());
    let token = token_of(&[
        (AZURE_TENANT_ID, "tenant"),
        (AZURE_CLIENT_ID, "id"),
        (AZURE_CLIENT_SECRET, "s&s"),
        (AZURE_AUTHORITY_HOST, &authority),
    ]);
    assert_eq!(token.unwrap().value.expose(), "planted");
    let seen = requests(&double);
    assert!(seen.starts_with("POST /tenant/oauth2/v2.0/token "), "{seen}");
    let form = "grant_type=client_credentials&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&client_id=id&client_secret=s%26s";
    assert!(seen.ends_with(form), "{seen}");
}

#[test]
fn a_workload_identity_sends_the_token_that_its_file_holds_now() {
    let double = double(200, r#"{"access_token":"planted","expires_in":3599}"#);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "subject\n").unwrap();
    let authority = format!("http://{}", double.authority());
    let token = token_of(&[
        (AZURE_TENANT_ID, "tenant"),
        (AZURE_CLIENT_ID, "id"),
        (AZURE_FEDERATED_TOKEN_FILE, file.path().to_str().unwrap()),
        (AZURE_AUTHORITY_HOST, &authority),
    ]);
    assert!(
        token.is_ok() && requests(&double).ends_with("&client_assertion=subject"),
        "{}",
        requests(&double)
    );
}

#[test]
fn a_managed_identity_is_asked_with_its_header() {
    let double = double(200, r#"{"access_token":"planted","expires_on":"99"}"#);
    let endpoint = format!("http://{}/msi/token", double.authority());
    let token = token_of(&[
        (IDENTITY_ENDPOINT, &endpoint),
        (audex_core::environment::IDENTITY_HEADER, "h"),
    ])
    .unwrap();
    assert_eq!(token.expires_at, Some(99));
    let seen = requests(&double).to_ascii_lowercase();
    assert!(
        seen.contains("x-identity-header: h") && seen.contains("resource=https%3a%2f%2fmanagement"),
        "{seen}"
    );
}

#[test]
fn a_refused_principal_is_denied_and_no_other_source_is_tried() {
    let double = double(
        401,
        r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret"}"#,
    );
    let authority = format!("http://{}", double.authority());
    let error = token_of(&[
        (AZURE_TENANT_ID, "tenant"),
        (AZURE_CLIENT_ID, "id"),
        (AZURE_CLIENT_SECRET, "planted"),
        (AZURE_AUTHORITY_HOST, &authority),
    ])
    .unwrap_err();
    assert!(error.why == Why::Denied && error.message.contains("AADSTS7000215"), "{error}");
}

#[test]
fn a_plain_authority_beyond_loopback_and_a_tenant_that_is_a_path_are_refused() {
    for (tenant, authority) in
        [("tenant", "http://login.example"), ("../evil", "https://login.example")]
    {
        let error = token_of(&[
            (AZURE_TENANT_ID, tenant),
            (AZURE_CLIENT_ID, "id"),
            (AZURE_CLIENT_SECRET, "s"),
            (AZURE_AUTHORITY_HOST, authority),
        ]);
        assert_eq!(error.unwrap_err().why, Why::Config);
    }
}

#[test]
fn the_azure_cli_is_asked_last_and_its_absence_says_how_to_log_in() {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    let missing = token_of(&[("PATH", bin.path().to_str().unwrap())]).unwrap_err();
    assert_eq!((missing.code, missing.hint), ("no-credentials", Some(HINT)));
    let az = bin.path().join("az");
    std::fs::write(&az, "#!/bin/sh\n[ \"$6\" = https://management.azure.com/.default ] && echo '{\"accessToken\":\"planted\",\"expires_on\":99}'\n").unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o700)).unwrap();
    let token = token_of(&[("PATH", &path)]).unwrap();
    assert_eq!((token.value.expose(), token.expires_at), ("planted", Some(99)));
}

#[test]
fn the_owner_is_named_by_what_the_token_claims() {
    let claims = base64_simd::URL_SAFE_NO_PAD.encode_to_string(br#"{"upn":"a@b","tid":"t"}"#);
    let token = Token { value: Secret::new(format!("h.{claims}.s")), expires_at: None };
    assert_eq!(owner(&token), "a@b (tenant t)");
}
