//! The description of this provider for the host and the user.

use audex_sdk::provider::{Description, LearnSource, Setting, Sign};

use aws_policy::profile;

/// The variables every AWS SDK and the AWS CLI read first.
const SETS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

pub fn describe() -> Description {
    let setting = |key: &str, description: &str, env: Option<&str>| Setting {
        key: key.to_owned(),
        description: description.to_owned(),
        env: env.map(ToOwned::to_owned),
    };
    Description {
        settings: vec![
            setting(
                "mount",
                "path the AWS secrets engine is mounted at; `aws` by default",
                Some("AUDEX_VAULT_MOUNT"),
            ),
            setting("role", "role of the AWS secrets engine", Some("AUDEX_VAULT_ROLE")),
            setting(
                "role_arn",
                "which of the role's `role_arns` to assume, if it has several",
                None,
            ),
            setting("method", "how credentials are made; `auto` by default", None),
            setting("region", "AWS region", None),
            setting(
                "allow_unknown",
                "`true` lets actions through that are not in the catalogue",
                None,
            ),
            setting(
                "source_ip",
                "networks the credentials may be used from, separated by commas",
                None,
            ),
            setting(
                "mfa",
                "`true` asks for a session that was signed in with a second factor",
                None,
            ),
            setting(
                "tag",
                "`key=value` tags that a resource must carry, separated by commas",
                None,
            ),
        ],
        profiles: profile::built_in(),
        configured_by: vec![Sign::Login("vault".to_owned())],
        learn_sources: vec![LearnSource::Gateway, LearnSource::Csm, LearnSource::Cloudtrail],
        // The role itself and the deny lists limit it.
        broadest: vec!["*:*".to_owned()],
        calls_to: Some("aws".to_owned()),
        ..Description::new(
            "vault",
            "HashiCorp Vault (AWS secrets engine)",
            "AWS's `service:Action`, for example `s3:GetObject`",
            &SETS,
        )
    }
}
