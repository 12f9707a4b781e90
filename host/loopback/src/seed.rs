//! The contents and settings of a loopback cloud at its start.

use serde_json::json;

use audex_core::secret::Secret;

/// The account with its users, roles and buckets, and the settings of the cloud.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The account id: twelve digits.
    pub account: String,
    /// The IAM users, each with a long-term key.
    pub users: Vec<UserSeed>,
    /// The IAM roles.
    pub roles: Vec<RoleSeed>,
    /// The S3 buckets.
    pub buckets: Vec<BucketSeed>,
    /// If true, `GetScopedCredentials` is an unknown operation (400 `InvalidAction`).
    pub without_scoped_credentials: bool,
    /// If true, `GetScopedCredentials` is denied (403 `AccessDenied`), whatever the policies allow.
    pub deny_scoped_credentials: bool,
    /// The seconds by which this cloud's clock is ahead of the true time (negative: behind). S3 signatures
    /// are checked against the true time.
    pub clock_offset_seconds: i64,
}

/// An access key pair.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// The access key id: `AKIA…`.
    pub id: String,
    /// The secret access key.
    pub secret: Secret,
}

/// An IAM user.
#[derive(Clone, Debug)]
pub struct UserSeed {
    /// The user's name.
    pub name: String,
    /// The identity policies, as JSON.
    pub policies: Vec<String>,
    /// The user's key; `None` makes a random one.
    pub access_key: Option<AccessKey>,
}

/// An IAM role.
#[derive(Clone, Debug)]
pub struct RoleSeed {
    /// The role's name.
    pub name: String,
    /// The identity policies, as JSON.
    pub policies: Vec<String>,
    /// The permission boundary, as JSON.
    pub boundary: Option<String>,
    /// The principals that may assume the role: ARNs of users and roles, or the account (`123456789012`,
    /// `arn:aws:iam::…:root`).
    pub trust: Vec<String>,
    /// `MaxSessionDuration`: 3600 to 43200 seconds.
    pub max_session_seconds: u32,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct BucketSeed {
    /// The bucket's name.
    pub name: String,
    /// The objects, as key and content.
    pub objects: Vec<(String, Vec<u8>)>,
}

impl Seed {
    /// Returns the account of the demo: users `developer` and `admin` with random keys, role `AudexDemo`,
    /// buckets `demo-reports` and `demo-secrets`.
    #[must_use]
    pub fn demo() -> Self {
        let account = "123456789012";
        let role = format!("arn:aws:iam::{account}:role/AudexDemo");
        let developer = format!("arn:aws:iam::{account}:user/developer");
        let admin = format!("arn:aws:iam::{account}:user/admin");
        let allow = |statement: serde_json::Value| {
            json!({"Version": "2012-10-17", "Statement": statement}).to_string()
        };
        let user = |name: &str, statement| UserSeed {
            name: name.to_owned(),
            policies: vec![allow(statement)],
            access_key: None,
        };
        Self {
            account: account.to_owned(),
            users: vec![
                user(
                    "developer",
                    json!([{"Effect": "Allow", "Action": "sts:*", "Resource": role}]),
                ),
                user("admin", json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])),
            ],
            roles: vec![RoleSeed {
                name: "AudexDemo".to_owned(),
                policies: vec![allow(json!([{
                    "Effect": "Allow",
                    "Action": ["s3:*", "dynamodb:*", "sts:GetScopedCredentials"],
                    "Resource": "*"
                }]))],
                boundary: None,
                trust: vec![developer, admin],
                max_session_seconds: 43_200,
            }],
            buckets: vec![
                bucket(
                    "demo-reports",
                    &[
                        ("2026/october.csv", "team,spend\nplatform,412\ndata,388\n"),
                        ("2026/november.csv", "team,spend\nplatform,397\ndata,401\n"),
                        ("readme.txt", "Reports of the demo account.\n"),
                    ],
                ),
                bucket(
                    "demo-secrets",
                    &[("payroll.csv", "name,salary\n(nobody should read this)\n")],
                ),
            ],
            without_scoped_credentials: false,
            deny_scoped_credentials: false,
            clock_offset_seconds: 0,
        }
    }
}

fn bucket(name: &str, objects: &[(&str, &str)]) -> BucketSeed {
    let objects =
        objects.iter().map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec())).collect();
    BucketSeed { name: name.to_owned(), objects }
}
