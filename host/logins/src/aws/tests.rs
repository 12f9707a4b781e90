//! Tests of the whole client against canned answers on loopback.

mod place;
mod scoped;
mod source;

use std::error::Error;
use std::future::Future;

use aws_config::{BehaviorVersion, ConfigLoader};
use http_double::{Answer, Double};

use super::double::{fault, ok};
use super::*;
use audex_core::secret::Secret;
use audex_core::shape::ConfiguredPath;

const PLANTED: &str = "PlantedSecret/0123456789+abcdef";
const PLANTED_TOKEN: &str = "PlantedToken//0123456789==";
const SESSION: &str = "<Credentials><AccessKeyId>ASIANEW</AccessKeyId><SecretAccessKey>new-secret</SecretAccessKey>\
    <SessionToken>new-token</SessionToken><Expiration>2026-11-22T10:00:00Z</Expiration></Credentials>";

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn keys() -> Keys {
    Keys::new(
        "ASIASOURCE",
        &Secret::new(PLANTED.to_owned()),
        Some(&Secret::new(PLANTED_TOKEN.to_owned())),
        None,
    )
}

fn loader(endpoint: &str) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest()).no_credentials().endpoint_url(endpoint)
}

async fn client(loader: ConfigLoader) -> Aws {
    let options = Options { region: Some("eu-west-1".to_owned()), ..Options::default() };
    Aws::with_loader(
        options,
        AwsHttp::new(Some(ConfiguredPath::new("AWS_CA_BUNDLE", "/nowhere/ca.pem"))),
        loader,
    )
    .await
}

async fn double(answers: Vec<Answer>) -> (Aws, Double) {
    let double = Double::scripted(answers);
    (client(loader(&double.endpoint)).await, double)
}

fn role() -> AssumeRole {
    AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/agent".to_owned(),
        session_name: "audex-1".to_owned(),
        policy: Some(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned()),
        duration_seconds: Some(900),
        external_id: None,
    }
}

fn scoped() -> ScopedCredentials {
    let policy = r#"{"Statement":[]}"#.to_owned();
    ScopedCredentials { policy, duration_seconds: 30, description: None }
}

fn wrapped(action: &str, inner: &str) -> Answer {
    ok(&format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{inner}</{action}Result>\
         <ResponseMetadata><RequestId>req-7</RequestId></ResponseMetadata></{action}Response>"
    ))
}

fn everything_said(error: &AwsError) -> String {
    let mut said = format!("{error} {error:?} {error:#?} {:?}", error.hint());
    let mut next = error.source();
    while let Some(link) = next {
        said = format!("{said} | {link} {link:?}");
        next = link.source();
    }
    said
}

#[test]
fn assume_role_sends_the_policy_and_no_tags() {
    run(async {
        let inner = format!(
            "{SESSION}<AssumedRoleUser><AssumedRoleId>AROA:audex-1</AssumedRoleId>\
            <Arn>arn:aws:sts::123456789012:assumed-role/agent/audex-1</Arn></AssumedRoleUser><PackedPolicySize>7</PackedPolicySize>"
        );
        let (aws, double) = double(vec![wrapped("AssumeRole", &inner)]).await;
        let session = aws.assume_role(&keys(), &role()).await.unwrap();
        assert_eq!(session.access_key_id, "ASIANEW");
        assert_eq!(session.secret_access_key.expose(), "new-secret");
        assert_eq!(session.expires_at, 1_795_341_600);
        assert_eq!(
            session.arn.as_deref(),
            Some("arn:aws:sts::123456789012:assumed-role/agent/audex-1")
        );
        assert_eq!(session.packed_policy_percent, Some(7));
        let asked = &double.asked()[0];
        assert!(
            asked.header("authorization").contains("Credential=ASIASOURCE/")
                && asked.header("authorization").contains("/eu-west-1/sts/")
        );
        assert!(
            asked.body.contains("Policy=") && asked.body.contains("DurationSeconds=900"),
            "{}",
            asked.body
        );
        assert!(!asked.body.contains("Tags") && !asked.body.contains("SourceIdentity"));
    });
}

#[test]
fn an_http_endpoint_never_builds_tls() {
    run(async {
        let (aws, _double) = double(vec![wrapped("GetSessionToken", SESSION)]).await;
        aws.session_token(&keys(), Some(900)).await.unwrap();
        assert_eq!(aws.http().tls_connectors_built(), 0);
    });
}

#[test]
fn an_https_endpoint_needs_the_ca_bundle() {
    run(async {
        let aws = client(loader("https://127.0.0.1:1")).await;
        let error = aws.assume_role(&keys(), &role()).await.unwrap_err();
        assert_eq!(error.code(), "ca-bundle");
        assert!(error.to_string().contains("`/nowhere/ca.pem`"), "{error}");
        assert_eq!(
            aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err().code(),
            "ca-bundle"
        );
    });
}

#[test]
fn an_https_endpoint_builds_tls_once_and_reports_what_failed() {
    run(async {
        let double = Double::scripted(vec![ok("")]);
        let bundle = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(bundle.path(), include_str!("../../../wire/src/aws_http/tls/authority.pem"))
            .unwrap();
        let options = Options { region: Some("eu-west-1".to_owned()), ..Options::default() };
        let loader = loader(&format!("https://{}", double.authority()))
            .retry_config(RetryConfig::disabled());
        let aws = Aws::with_loader(
            options,
            AwsHttp::new(Some(ConfiguredPath::new("AWS_CA_BUNDLE", bundle.path()))),
            loader,
        )
        .await;
        for _ in 0..2 {
            let error = aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err();
            assert_eq!(error.code(), "unreachable", "{error:?}");
        }
        assert_eq!(aws.http().tls_connectors_built(), 1);
        assert!(double.asked().is_empty());
    });
}

#[test]
fn plain_http_to_another_host_is_refused_without_connecting() {
    run(async {
        // The double listens on loopback; a call to another server would have to resolve the name.
        let aws = client(loader("http://sts.example.invalid")).await;
        for error in [
            aws.assume_role(&keys(), &role()).await.unwrap_err(),
            aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), "insecure-endpoint", "{error:?}");
            assert!(error.to_string().contains("`sts.example.invalid`"), "{error}");
        }
    });
}

#[test]
fn an_endpoint_that_makes_no_url_is_refused_by_name() {
    run(async {
        for endpoint in
            ["nonsense", "ftp://127.0.0.1", "https://", "127.0.0.1:80", "http://127.0.0.1/?a=b", ""]
        {
            let aws = client(loader(endpoint)).await;
            for error in [
                aws.assume_role(&keys(), &role()).await.unwrap_err(),
                aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err(),
            ] {
                assert_eq!(error.code(), "endpoint", "{endpoint}: {error:?}");
                assert!(!everything_said(&error).contains("Policy"));
            }
        }
    });
}

#[test]
fn refusals_are_sorted_by_what_to_do_next() {
    let table = [
        (403, "AccessDenied", "denied"),
        (403, "RegionDisabledException", "denied"),
        (400, "MalformedPolicyDocument", "invalid-request"),
        (400, "PackedPolicyTooLarge", "invalid-request"),
        (400, "ValidationError", "invalid-request"),
        (400, "InvalidAction", "unsupported-action"),
        (501, "NotImplemented", "unsupported-action"),
        (400, "ExpiredTokenException", "source-expired"),
        (403, "ExpiredToken", "source-expired"),
        (403, "InvalidClientTokenId", "source-rejected"),
        (403, "SignatureDoesNotMatch", "source-rejected"),
    ];
    run(async {
        for (status, code, expected) in table {
            let (aws, double) = double(vec![fault(status, code, "because")]).await;
            for error in [
                aws.assume_role(&keys(), &role()).await.unwrap_err(),
                aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err(),
            ] {
                assert_eq!(error.code(), expected, "{code}: {error:?}");
                let service = error.service().unwrap();
                assert_eq!((service.code.as_str(), service.message.as_str()), (code, "because"));
                assert_eq!(service.request_id.as_deref(), Some("req-7"));
            }
            let limit = if status >= 500 { 4 } else { 2 };
            assert!(
                double.asked().len() <= limit,
                "{code} was tried {} times",
                double.asked().len()
            );
        }
    });
}

#[test]
fn throttling_is_tried_again() {
    run(async {
        for code in ["Throttling", "ServiceUnavailable"] {
            let busy = fault(if code == "Throttling" { 400 } else { 503 }, code, "slow down");
            let (aws, scoped_double) =
                double(vec![busy.clone(), wrapped("GetScopedCredentials", SESSION)]).await;
            aws.scoped_credentials(&keys(), &scoped()).await.unwrap();
            assert_eq!(scoped_double.asked().len(), 2);

            let (aws, double) = double(vec![busy, wrapped("GetSessionToken", SESSION)]).await;
            aws.session_token(&keys(), None).await.unwrap();
            assert_eq!(double.asked().len(), 2);
        }
    });
}

#[test]
fn a_refused_connection_is_unreachable() {
    run(async {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let aws = client(loader(&format!("http://{free}"))).await;
        for error in [
            aws.session_token(&keys(), None).await.unwrap_err(),
            aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), "unreachable");
            assert!(everything_said(&error).contains("refused"), "{error:?}");
        }
    });
}

#[test]
fn scoped_credentials_are_asked_for_in_the_query_protocol() {
    run(async {
        let (aws, double) = double(vec![wrapped("GetScopedCredentials", SESSION)]).await;
        let session = aws.scoped_credentials(&keys(), &scoped()).await.unwrap();
        assert_eq!(session.session_token.expose(), "new-token");
        let asked = &double.asked()[0];
        assert_eq!(
            asked.body,
            "Action=GetScopedCredentials&Version=2011-06-15&Policy=%7B%22Statement%22%3A%5B%5D%7D&DurationSeconds=30"
        );
        assert!(
            asked.header("authorization").contains("SignedHeaders=")
                && asked.header("authorization").contains("x-amz-security-token")
        );
        assert_eq!(Keys::from(&session).kind(), SourceKind::Temporary);
    });
}

#[test]
fn scoped_credentials_without_an_expiration_end_when_the_caller_does() {
    let inner = SESSION.replace("<Expiration>2026-11-22T10:00:00Z</Expiration>", "");
    run(async {
        let (aws, _double) = double(vec![wrapped("GetScopedCredentials", &inner)]).await;
        let before = audex_core::clock::unix_seconds();
        let session = aws.scoped_credentials(&keys(), &scoped()).await.unwrap();
        assert!((before + 30..=before + 60).contains(&session.expires_at));

        let secret = Secret::new(PLANTED.to_owned());
        let ending = Keys::new("ASIASOURCE", &secret, Some(&secret), Some(before + 5));
        assert_eq!(
            aws.scoped_credentials(&ending, &scoped()).await.unwrap().expires_at,
            before + 5
        );
    });
}

#[test]
fn a_wrong_clock_is_corrected_once_and_measured() {
    let date = "Sun, 22 Nov 2043 10:00:00 GMT";
    let refused = fault(403, "SignatureDoesNotMatch", "Signature expired").header("date", date);
    run(async {
        let (aws, double) =
            double(vec![refused.clone(), wrapped("GetScopedCredentials", SESSION)]).await;
        aws.scoped_credentials(&keys(), &scoped()).await.unwrap();
        assert!(
            double.asked()[1].header("x-amz-date").starts_with("20431122T"),
            "{}",
            double.asked()[1].header("x-amz-date")
        );

        let identity = "<Arn>arn:aws:iam::1:user/u</Arn><UserId>AIDA</UserId><Account>1</Account>";
        let (aws, double) = self::double(vec![
            refused,
            wrapped("GetCallerIdentity", identity).header("date", date),
        ])
        .await;
        let caller = aws.caller_identity(&keys()).await.unwrap();
        assert_eq!((caller.arn.as_str(), caller.account.as_str()), ("arn:aws:iam::1:user/u", "1"));
        assert!(caller.clock_skew_seconds.unwrap() > 86_400);
        assert!(double.asked()[1].header("x-amz-date").starts_with("20431122T"));
    });
}

#[test]
fn secrets_are_in_no_error() {
    let echo = format!(
        "The Canonical String should have been x-amz-security-token:{PLANTED_TOKEN} {PLANTED}\nPOST\n/{PLANTED}"
    );
    run(async {
        for answer in [
            fault(403, "SignatureDoesNotMatch", &echo),
            fault(400, "ValidationError", &echo),
            ok(&format!(
                "<R><SecretAccessKey>{PLANTED}</SecretAccessKey><SessionToken>{PLANTED_TOKEN}"
            )),
            ok(&format!("{PLANTED}{PLANTED_TOKEN}")),
        ] {
            let (aws, _double) = double(vec![answer]).await;
            let asked =
                FederationToken { name: "audex".to_owned(), policy: None, duration_seconds: None };
            for error in [
                aws.assume_role(&keys(), &role()).await.unwrap_err(),
                aws.session_token(&keys(), None).await.unwrap_err(),
                aws.federation_token(&keys(), &asked).await.unwrap_err(),
                aws.caller_identity(&keys()).await.unwrap_err(),
                aws.scoped_credentials(&keys(), &scoped()).await.unwrap_err(),
            ] {
                let said = everything_said(&error);
                assert!(!said.contains("Planted"), "{said}");
            }
        }
        assert!(
            !format!("{:?} {:#?}", keys(), client(loader("http://127.0.0.1:1")).await)
                .contains("Planted")
        );
    });
}
