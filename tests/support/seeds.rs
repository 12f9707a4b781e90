//! Accounts that are not the demo's.

use audex_loopback::{Seed, UserSeed};
use serde_json::{Value, json};

/// The demo's buckets and role, and a user `analyst` with rights of its own on S3 and no role to assume.
pub fn analyst() -> Seed {
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

/// A user with these statements.
pub fn user(name: &str, statements: &Value) -> UserSeed {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    UserSeed { name: name.to_owned(), policies: vec![policy], access_key: None }
}
