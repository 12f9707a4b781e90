//! What a loopback cloud holds when it starts.

use serde_json::json;

use audex_core::secret::Secret;

/// The account, its people, roles and buckets, and how the cloud behaves.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Twelve digits.
    pub account: String,
    /// IAM users with a long-term key each.
    pub users: Vec<UserSeed>,
    /// IAM roles.
    pub roles: Vec<RoleSeed>,
    /// S3 buckets.
    pub buckets: Vec<BucketSeed>,
    /// Answers `GetScopedCredentials` like an STS that does not know it (400 `InvalidAction`).
    pub without_scoped_credentials: bool,
    /// Answers `GetScopedCredentials` with 403 `AccessDenied` whatever the policies say.
    pub deny_scoped_credentials: bool,
    /// How far this cloud's clock is ahead of the true one (negative: behind); S3 signatures keep true time.
    pub clock_offset_seconds: i64,
}

/// An access key pair.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// The secret half.
    pub secret: Secret,
}

/// An IAM user.
#[derive(Clone, Debug)]
pub struct UserSeed {
    /// Its name.
    pub name: String,
    /// Identity policies, JSON.
    pub policies: Vec<String>,
    /// Its key; `None` makes a random one.
    pub access_key: Option<AccessKey>,
}

/// An IAM role.
#[derive(Clone, Debug)]
pub struct RoleSeed {
    /// Its name.
    pub name: String,
    /// Identity policies, JSON.
    pub policies: Vec<String>,
    /// Permission boundary, JSON.
    pub boundary: Option<String>,
    /// Who may assume it: ARNs of users and roles, or the account (`123456789012`, `arn:aws:iam::…:root`).
    pub trust: Vec<String>,
    /// `MaxSessionDuration`, 3600 to 43200.
    pub max_session_seconds: u32,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct BucketSeed {
    /// Its name.
    pub name: String,
    /// Keys and contents.
    pub objects: Vec<(String, Vec<u8>)>,
}

impl Seed {
    /// The account the demo shows: users `developer` and `admin`, role `AudexDemo`, buckets `demo-reports`
    /// and `demo-secrets`, with random keys.
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
                user("developer", json!([{"Effect": "Allow", "Action": "sts:*", "Resource": role}])),
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
                bucket("demo-secrets", &[("payroll.csv", "name,salary\n(nobody should read this)\n")]),
            ],
            without_scoped_credentials: false,
            deny_scoped_credentials: false,
            clock_offset_seconds: 0,
        }
    }
}

fn bucket(name: &str, objects: &[(&str, &str)]) -> BucketSeed {
    let objects = objects.iter().map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec())).collect();
    BucketSeed { name: name.to_owned(), objects }
}
