//! The description of this provider for the host and the user.

use audex_sdk::provider::{Description, LearnSource, Profile, Setting};

use aws_policy::{profile, readonly};

/// The variables every AWS SDK and the AWS CLI read first. Both region variables are set because AWS CLI v1
/// and boto3 read `AWS_DEFAULT_REGION`, v2 and most SDKs `AWS_REGION`.
pub const SETS: [&str; 5] = [
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
            setting("role_arn", "IAM role to assume", Some("AUDEX_ROLE_ARN")),
            setting(
                "external_id",
                "external id that the role's trust policy asks for",
                Some("AUDEX_EXTERNAL_ID"),
            ),
            setting("method", "how credentials are made; `auto` by default", None),
            setting("region", "AWS region", None),
            setting("policy_limit", "characters of a session policy; 2048 by default", None),
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
        profiles: profiles(),
        learn_sources: vec![LearnSource::Gateway, LearnSource::Csm, LearnSource::Cloudtrail],
        // The role itself and the deny lists limit it.
        broadest: vec!["*:*".to_owned()],
        ..Description::new(
            "aws",
            "Amazon Web Services",
            "`service:Action`, for example `s3:GetObject`",
            &SETS,
        )
    }
}

fn profiles() -> Vec<Profile> {
    let mut all = profile::built_in();
    all.push(readonly::profile());
    all
}
