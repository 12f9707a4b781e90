//! Tests of source credentials from a profile, and of the errors if there are none.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;

use super::*;

async fn from_profile(text: &str) -> Result<Keys, AwsError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    #[expect(deprecated, reason = "the alias is the only name of the type this crate can reach")]
    let files = {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        ProfileFiles::builder().with_file(ProfileFileKind::Config, file.path()).build()
    };
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&ProviderConfig::without_region().with_http_client(AwsHttp::new(None)))
        .profile_files(files)
        .profile_name("p")
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url("http://127.0.0.1:1")
        .credentials_provider(provider);
    client(loader).await.source().await
}

#[test]
fn a_profile_gives_keys_of_the_right_kind() {
    run(async {
        let long = from_profile("[profile p]\naws_access_key_id=AKIA1\naws_secret_access_key=s\n")
            .await
            .unwrap();
        assert_eq!(
            (long.kind(), long.access_key_id(), long.expires_at()),
            (SourceKind::LongTerm, "AKIA1", None)
        );
        let process = "[profile p]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"ASIA2\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":\"2043-01-01T00:00:00Z\"}'\n";
        let temporary = from_profile(process).await.unwrap();
        assert_eq!(
            (temporary.kind(), temporary.expires_at()),
            (SourceKind::Temporary, Some(2_303_683_200))
        );
    });
}

#[test]
fn a_failing_credential_process_does_not_speak_through_the_error() {
    run(async {
        for command in [
            format!("sh -c \"echo {PLANTED} >&2; exit 3\""),
            format!("echo '{PLANTED}'"),
            format!(
                "echo '{{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"{PLANTED}\",\"SessionToken\":\"t\",\"Expiration\":\"{PLANTED}\"}}'"
            ),
        ] {
            let error = from_profile(&format!("[profile p]\ncredential_process = {command}\n"))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "source-failed", "{error:?}");
            let said = everything_said(&error);
            assert!(!said.contains("Planted"), "{said}");
        }
    });
}

#[test]
fn a_profile_without_keys_names_what_to_run() {
    run(async {
        let error = from_profile("[profile other]\nregion=eu-west-1\n").await.unwrap_err();
        assert_eq!(error.code(), "no-credentials", "{error:?}");
        let hint = error.hint().unwrap();
        for word in ["aws configure", "AWS_PROFILE", "aws sso login"] {
            assert!(hint.contains(word), "{hint}");
        }
    });
}

#[test]
fn expired_keys_are_refused_before_a_call() {
    let process = "[profile p]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"ASIA2\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n";
    let error = run(from_profile(process)).unwrap_err();
    assert_eq!(error.code(), "source-expired", "{error:?}");
    assert!(error.hint().unwrap().contains("aws sso login --profile"));
}

#[test]
fn a_missing_sign_in_names_the_command() {
    let profile = "[profile p]\nsso_session=x\nsso_account_id=1\nsso_role_name=r\n\
        [sso-session x]\nsso_region=us-east-1\nsso_start_url=https://audex-test.invalid/never-signed-in\n";
    let error = run(from_profile(profile)).unwrap_err();
    assert!(matches!(error.code(), "source-failed" | "source-expired"), "{error:?}");
    assert!(error.hint().unwrap().contains("`aws sso login --profile"), "{error:?}");
}
