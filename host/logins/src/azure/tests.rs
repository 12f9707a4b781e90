//! Tests of each source against a double on loopback.

use http_double::Double;

use super::*;
use crate::double::{double, requests};
use audex_core::environment::{AZURE_AUTHORITY_HOST, IDENTITY_HEADER};

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
    let form = "client_id=id&client_secret=s%26s&grant_type=client_credentials&scope=https%3A%2F%2Fmanagement.azure.com%2F.default";
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
    let form = "client_assertion=subject&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_id=id&grant_type=client_credentials&scope=https%3A%2F%2Fmanagement.azure.com%2F.default";
    assert!(token.is_ok() && requests(&double).ends_with(form), "{}", requests(&double));
}

/// The reply of App Service (Microsoft, "REST endpoint reference" of managed identities).
const MANAGED: &str = r#"{"access_token":"planted","expires_on":"99","resource":"https://management.azure.com","token_type":"Bearer","client_id":"id"}"#;

#[test]
fn a_managed_identity_is_asked_with_its_header() {
    let double = double(200, MANAGED);
    let endpoint = format!("{}/msi/token", double.endpoint);
    let identity =
        [(IDENTITY_ENDPOINT, endpoint.as_str()), (IDENTITY_HEADER, "h"), (AZURE_CLIENT_ID, "id")];
    let token = token_of(&identity).unwrap();
    assert_eq!((token.value.expose(), token.expires_at), ("planted", Some(99)));
    let asked = &double.asked()[0];
    let target = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com&client_id=id";
    assert_eq!((asked.target(), asked.header("x-identity-header")), (target, "h"));
}

#[test]
fn a_managed_identity_that_is_refused_or_answered_by_something_else_is_an_error() {
    let refusal = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    for (status, body, why, said) in [
        (400, refusal, Why::Denied, "status 400, Identity not found"),
        (
            200,
            r#"{"access_token":"planted","expires_on":"planted"}"#,
            Why::Unavailable,
            "no access token",
        ),
        (200, "planted", Why::Unavailable, "no access token"),
    ] {
        let double = double(status, body);
        let error = token_of(&[(IDENTITY_ENDPOINT, &double.endpoint), (IDENTITY_HEADER, "h")]);
        let error = error.unwrap_err();
        assert!(error.why == why && error.message.contains(said), "{error:?}");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        assert_eq!(double.asked().len(), 1);
    }
    for far in ["https://evil.example/", "http://10.0.0.1/msi"] {
        let error = token_of(&[(IDENTITY_ENDPOINT, far), (IDENTITY_HEADER, "planted")]);
        assert_eq!(error.unwrap_err().why, Why::Config, "{far}");
    }
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
    std::fs::write(&az, "#!/bin/sh\n[ \"$6\" = https://management.azure.com/.default ] && echo '{\"accessToken\":\"planted\",\"expires_on\":99,\"tokenType\":\"Bearer\"}'\n").unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o700)).unwrap();
    let token = token_of(&[("PATH", &path)]).unwrap();
    assert_eq!((token.value.expose(), token.expires_at), ("planted", Some(99)));
}

/// Returns the environment of an application that logs in by a secret at `double`.
fn application(double: &Double) -> Vec<(&'static str, String)> {
    let authority = format!("http://{}", double.authority());
    [
        (AZURE_TENANT_ID, "tenant"),
        (AZURE_CLIENT_ID, "id"),
        (AZURE_CLIENT_SECRET, "s"),
        (AZURE_AUTHORITY_HOST, &authority),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn application_token_of(double: &Double) -> Result<Token, TokenError> {
    let environment = Environment::from_pairs(application(double));
    run(async |client| token(&environment, client, None, ARM).await)
}

#[test]
fn a_reply_that_is_no_token_is_not_quoted() {
    for body in [
        r#""planted""#,
        r#"{"access_token":"x","expires_in":"planted"}"#,
        r#"{"access_token":"","refresh_token":"planted"}"#,
        r#"{"access_token":"planted","expires_in":9223372036854775807}"#,
        r#"{"access_token":"planted","expires_in":-9223372036854775808}"#,
        "planted",
    ] {
        let error = application_token_of(&double(200, body)).unwrap_err();
        assert_eq!((error.why, error.code), (Why::Unavailable, "source-reply"), "{body}");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}

#[test]
fn a_reply_that_is_too_long_and_a_redirect_are_refused() {
    let long = Box::leak(format!("{{\"access_token\":\"{}\"}}", "x".repeat(512 * 1024)).into());
    let error = application_token_of(&double(200, long)).unwrap_err();
    assert!(error.message.contains("too long"), "{error}");
    let moved = double(307, r#"{"access_token":"planted","expires_in":3599}"#);
    assert_eq!(application_token_of(&moved).unwrap_err().why, Why::Denied);
}

#[test]
fn a_path_of_the_authority_is_kept() {
    let double = double(200, r#"{"access_token":"planted","expires_in":3599}"#);
    let mut pairs = application(&double);
    pairs.push((AZURE_AUTHORITY_HOST, format!("http://{}/entra/", double.authority())));
    let environment = Environment::from_pairs(pairs);
    assert!(run(async |client| token(&environment, client, None, ARM).await).is_ok());
    assert!(
        requests(&double).starts_with("POST /entra/tenant/oauth2/v2.0/token "),
        "{}",
        requests(&double)
    );
}

#[test]
fn a_client_certificate_is_refused_by_name_unless_there_is_a_secret() {
    let double = double(200, r#"{"access_token":"planted","expires_in":3599}"#);
    let mut pairs = application(&double);
    pairs.push((AZURE_CLIENT_CERTIFICATE_PATH, "/home/x/certificate.pem".to_owned()));
    let token_of = |pairs: Vec<(&str, String)>| {
        let environment = Environment::from_pairs(pairs);
        run(async |client| token(&environment, client, None, ARM).await)
    };
    assert!(token_of(pairs.clone()).is_ok());
    let asked = requests(&double);
    pairs.retain(|(name, _)| *name != AZURE_CLIENT_SECRET);
    let error = token_of(pairs).unwrap_err();
    assert_eq!((error.why, error.hint), (Why::Unsupported, Some(CERTIFICATE_HINT)));
    assert!(error.message.contains(AZURE_CLIENT_CERTIFICATE_PATH), "{error}");
    assert_eq!(requests(&double), asked);
}

/// Returns the error for an `az` with this script.
fn error_of_az(script: &str, time: std::time::Duration) -> TokenError {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = tempfile::tempdir().unwrap();
    let az = bin.path().join("az");
    std::fs::write(&az, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    let environment = Environment::from_pairs([("PATH", path)]);
    run(async |_| login::token(&environment, Some("tenant"), ARM, time).await).unwrap_err()
}

#[test]
fn an_azure_cli_that_fails_says_why_and_one_that_hangs_is_ended() {
    let error = error_of_az("echo 'ERROR: Please run az login' >&2; exit 1", TOOL_TIME);
    assert_eq!(error.message, "`az` gave no token: Please run az login");
    assert_eq!((error.why, error.hint), (Why::Unavailable, Some(HINT)));
    let error = error_of_az("exec sleep 60", std::time::Duration::from_millis(200));
    assert_eq!(error.message, "`az` gave no token: it takes too long");
}

#[test]
fn the_output_of_the_azure_cli_is_not_quoted_and_no_shell_reads_a_tenant() {
    for output in [r#""planted""#, r#"{"accessToken":"planted","expires_on":"planted"}"#, "planted"]
    {
        let error = error_of_az(&format!("echo '{output}'"), TOOL_TIME);
        assert_eq!(error.code, "source-tool");
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
    for tenant in ["t; id", "$(id)", "t --query x", ""] {
        let asked = run(async |_| {
            login::token(&Environment::default(), Some(tenant), ARM, TOOL_TIME).await
        });
        let error = asked.unwrap_err();
        assert_eq!(
            (error.why, error.message.as_str()),
            (Why::Config, "`AZURE_TENANT_ID` is not a tenant")
        );
    }
}

#[test]
fn the_owner_is_named_by_what_the_token_claims() {
    let claims = base64_simd::URL_SAFE_NO_PAD.encode_to_string(br#"{"upn":"a@b","tid":"t"}"#);
    let token = Token { value: Secret::new(format!("h.{claims}.s")), expires_at: None };
    assert_eq!(owner(&token), "a@b (tenant t)");
}
