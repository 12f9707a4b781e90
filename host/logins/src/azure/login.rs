//! The login of the Azure CLI, through `azure_identity`.
//!
//! The library writes the command and reads the output. The executor runs `az` as every tool of a cloud: without
//! a shell, found in absolute directories only, with its own settings, within a time limit.

use std::ffi::OsStr;
use std::process::{ExitStatus, Output};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential as _;
use azure_identity::{AzureCliCredential, AzureCliCredentialOptions, Executor};

use super::{HINT, not_a_tenant, reply};
use crate::token::{Token, TokenError, Why, tool};
use audex_core::environment::Environment;

/// The start of the line that the library writes for a shell.
const START: &str = "cd /bin && az ";

/// An older `az` prints the time of expiry without a time zone (`azure_cli_credential.rs` of the library).
const OLD_HINT: &str = "update the Azure CLI to 2.54 or newer: az upgrade";

/// Returns the token that `az` prints within `time`.
///
/// # Errors
/// If there is no `az`, or it prints no token.
pub(super) async fn token(
    environment: &Environment,
    tenant: Option<&str>,
    audience: &str,
    time: Duration,
) -> Result<Token, TokenError> {
    let tool: Arc<dyn Executor> = Arc::new(Tool { environment: environment.clone(), time });
    let tenant_id = tenant.map(str::to_owned);
    let options =
        AzureCliCredentialOptions { tenant_id, executor: Some(tool), ..Default::default() };
    // The library quotes the tenant, which may be a secret in the wrong variable.
    let login = AzureCliCredential::new(Some(options)).map_err(|_| not_a_tenant())?;
    let printed = login.get_token(&[&format!("{audience}/.default")], None).await;
    reply::token(printed, || {
        let message = "`az` printed no token with an `expires_on`";
        TokenError::new(Why::Unavailable, "source-tool", message).hinting(OLD_HINT)
    })
}

/// The library's executor.
struct Tool {
    environment: Environment,
    time: Duration,
}

impl fmt::Debug for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tool")
    }
}

#[async_trait]
impl Executor for Tool {
    /// Runs the words of the shell's line. The library accepts no space in a scope or a tenant.
    async fn run(&self, _: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let line = arguments.last().and_then(|line| line.to_str()?.strip_prefix(START));
        let line = line.ok_or_else(|| io::Error::other("the line does not start `az`"))?;
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let printed = tool::output(&self.environment, "az", &words, self.time).await;
        let printed = printed.and_then(|printed| printed.ok_or_else(missing));
        let printed = printed.map_err(|error| io::Error::other(error.hinting(HINT)))?;
        let stdout = printed.expose().as_bytes().to_vec();
        Ok(Output { status: ExitStatus::default(), stdout, stderr: Vec::new() })
    }
}

fn missing() -> TokenError {
    let message = "there are no Azure source credentials";
    TokenError::new(Why::Unavailable, "no-credentials", message)
}
