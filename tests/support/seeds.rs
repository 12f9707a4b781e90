//! Accounts for tests that do not use the demo account.

use audex_loopback::{Seed, UserSeed};
use serde_json::{Value, json};

/// Returns the demo account with an additional user `analyst`, who has permissions of its own on S3 and
/// DynamoDB and no role to assume.
pub(crate) fn analyst() -> Seed {
    let mut seed = Seed::demo();
    seed.users.push(user(
        "analyst",
        &json!([{
            "Effect": "Allow",
            "Action": ["s3:*", "dynamodb:*", "sts:GetScopedCredentials", "sts:GetFederationToken"],
            "Resource": "*"
        }]),
    ));
    seed
}

/// Returns a user with these policy statements.
pub(crate) fn user(name: &str, statements: &Value) -> UserSeed {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    UserSeed { name: name.to_owned(), policies: vec![policy], access_key: None }
}
