//! Keeps a demo cloud running until the user ends it, and prints how to reach it.

use std::env::current_exe;
use std::path::Path;

use serde_json::json;

use super::tour::key;
use super::{ADMIN, DemoError, REGION, ROLE, USER};
use crate::console;
use audex_child::Signals;
use audex_loopback::{AccessKey, LoopbackCloud, Seed};

/// The options of the demo cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The port; if `None`, a free one.
    pub port: Option<u16>,
    /// True for an STS that does not know `GetScopedCredentials`.
    pub without_scoped_credentials: bool,
    /// True for an STS that refuses `GetScopedCredentials`.
    pub deny_scoped_credentials: bool,
    /// True to print one line of JSON instead of text.
    pub json: bool,
}

/// The data that a user needs to reach the cloud.
struct Reach {
    endpoint: String,
    role: String,
    developer: AccessKey,
    admin: AccessKey,
}

/// Serves until a signal requests the end.
///
/// # Errors
/// [`DemoError`] when the port is taken or signals cannot be received.
pub fn serve(options: Options) -> Result<(), DemoError> {
    let mut signals = Signals::install()?;
    let seed = Seed {
        without_scoped_credentials: options.without_scoped_credentials,
        deny_scoped_credentials: options.deny_scoped_credentials,
        ..Seed::demo()
    };
    let account = seed.account.clone();
    let cloud = LoopbackCloud::start(seed, options.port)?;
    let reach = Reach {
        endpoint: cloud.endpoint(),
        role: cloud.role_arn(ROLE).unwrap_or_default(),
        developer: key(&cloud, USER)?,
        admin: key(&cloud, ADMIN)?,
    };
    if options.json {
        console::result(&to_json(&reach, &account));
    } else {
        console::tell(&before(&reach, options));
        console::result(&exports(&reach));
        console::tell(AFTER);
        if let Some(directory) = current_exe().ok().as_deref().and_then(Path::parent) {
            let directory = directory.display();
            console::tell(&format!(
                "If `tryaudex` is not found there: export PATH=\"{directory}:$PATH\""
            ));
        }
    }
    signals.wait_until_interrupted()?;
    if !options.json {
        console::tell("The demo account is gone.");
    }
    Ok(())
}

/// Returns one line of JSON.
///
/// Security: these keys open nothing but this process, and printing them is the purpose of the command.
fn to_json(reach: &Reach, account: &str) -> String {
    let Reach { endpoint, role, developer, admin } = reach;
    json!({
        "endpoint": endpoint,
        "region": REGION,
        "account": account,
        "role_arn": role,
        "access_key_id": developer.id,
        "secret_access_key": developer.secret.expose(),
        "admin_access_key_id": admin.id,
        "admin_secret_access_key": admin.secret.expose(),
        "buckets": Seed::demo().buckets.iter().map(|bucket| bucket.name.clone()).collect::<Vec<_>>(),
    })
    .to_string()
}

/// Returns lines for a shell. Security: as for `to_json`.
fn exports(reach: &Reach) -> String {
    let Reach { endpoint, role, developer, admin } = reach;
    let (id, secret) = (&developer.id, developer.secret.expose());
    let (admin_id, admin_secret) = (&admin.id, admin.secret.expose());
    format!(
        "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_S3
export AWS_ENDPOINT_URL={endpoint}
export AWS_REGION={REGION}
export AWS_DEFAULT_REGION={REGION}
export AWS_ACCESS_KEY_ID={id}
export AWS_SECRET_ACCESS_KEY={secret}
export AUDEX_ROLE_ARN={role}
# The administrator, who sees the other side:
# export AWS_ACCESS_KEY_ID={admin_id}
# export AWS_SECRET_ACCESS_KEY={admin_secret}
"
    )
}

fn before(reach: &Reach, options: Options) -> String {
    let mut text = format!(
        "This is an AWS account inside this process, on {}. It is not a cloud:
it listens on this machine only, and keys, objects and sessions are gone when it ends.
",
        reach.endpoint
    );
    if options.deny_scoped_credentials {
        text += "Its STS refuses GetScopedCredentials.\n";
    } else if options.without_scoped_credentials {
        text += "Its STS does not know GetScopedCredentials.\n";
    }
    text + "Copy these lines into another terminal:\n "
}

const AFTER: &str = r#"
Then, there:
  aws sts get-caller-identity
  aws s3 ls s3://demo-reports          # denied: `developer` may only assume the role
  tryaudex run --allow s3:GetObject,s3:ListBucket -- aws s3 ls s3://demo-reports --recursive
  tryaudex run --allow s3:GetObject -- aws s3 cp s3://demo-reports/readme.txt -
  tryaudex run --allow s3:GetObject -- aws s3 rm s3://demo-reports/readme.txt
  tryaudex run --allow s3:GetObject -- sh -c 'curl -s --aws-sigv4 aws:amz:us-east-1:s3 \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-security-token: $AWS_SESSION_TOKEN" \
    -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" "$AWS_ENDPOINT_URL/demo-reports/readme.txt"'
Ctrl-C ends it."#;

#[cfg(test)]
mod tests {
    use super::*;
    use audex_core::secret::Secret;

    #[test]
    fn exports_are_lines_that_a_shell_takes_literally() {
        let key =
            |id: &str| AccessKey { id: id.to_owned(), secret: Secret::new("a+/b".to_owned()) };
        let reach = Reach {
            endpoint: "http://127.0.0.1:1".to_owned(),
            role: "arn:aws:iam::123456789012:role/AudexDemo".to_owned(),
            developer: key("AKIADEV"),
            admin: key("AKIAADMIN"),
        };
        for line in exports(&reach).lines() {
            assert!(
                ["export ", "unset ", "# "].iter().any(|start| line.starts_with(start)),
                "{line}"
            );
            let is_literal = |c: char| c.is_ascii_alphanumeric() || " _=:/.+-,#".contains(c);
            assert!(line.chars().all(is_literal), "{line}");
        }
    }
}
