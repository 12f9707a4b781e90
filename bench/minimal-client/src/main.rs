//! The baseline of `make bench`: the forty lines that a competent author writes with the AWS SDK.
//!
//! `minimal-client ROLE_ARN POLICY COMMAND [ARGUMENT...]` loads the SDK's default configuration with its
//! default HTTPS client, calls AssumeRole once with POLICY as the inline session policy, puts the three
//! credential variables into COMMAND's environment, runs it, and exits with its code. It is not tuned
//! and not slowed: it has no checks, no audit log, no isolation and no components.

use std::error::Error;
use std::process::{Command, ExitCode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(role), Some(policy), Some(program)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: minimal-client ROLE_ARN POLICY COMMAND [ARGUMENT...]".into());
    };
    let config = aws_config::load_from_env().await;
    let output = aws_sdk_sts::Client::new(&config)
        .assume_role()
        .role_arn(role)
        .role_session_name(format!("minimal-{}", std::process::id()))
        .policy(policy)
        .duration_seconds(900)
        .send()
        .await?;
    let credentials = output.credentials().ok_or("the reply has no credentials")?;
    let status = Command::new(program)
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key())
        .env("AWS_SESSION_TOKEN", credentials.session_token())
        .status()?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
