//! `tryaudex mcp`: a server of the Model Context Protocol on standard input and output, for a coding agent's own host.
//!
//! The tools are the commands: they call the same functions, so a call passes the same filters. The answer of a person
//! comes through the client. An agent that can start programs itself needs no server to say yes to itself: isolation is
//! what holds it (`docs/agents.md`).

mod answer;
mod approval;
mod arguments;
mod elicit;
mod program;
mod server;
mod tool;

use std::path::Path;

use rmcp::ServiceExt as _;
use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;
use tokio::runtime::Builder;

use self::server::Server;
use crate::failure::{Failure, Kind};
use crate::settings::{Flags, Settings};
use audex_child::Signals;
use audex_core::environment::Environment;

const EXAMPLES: &str = "\
Examples:
  claude mcp add audex -- tryaudex mcp
  codex mcp add audex -- tryaudex mcp";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn mcp(environment: &Environment, _: &Args) -> Result<u8, Failure> {
    // Read once: what a client does later does not change which commands may run.
    let commands = Settings::resolve(environment, Flags::default())?.mcp.commands;
    if let Some(link) = commands.iter().flatten().find(|path| program::leads_elsewhere(path)) {
        return Err(elsewhere(link));
    }
    let mut signals = Signals::install()?;
    let server = Server::new(environment, commands);
    let running = server.running();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("mcp", error))?;
    let (ending, ended) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let _ = ending.send(signals.wait_until_interrupted());
        })
        .map_err(|error| Failure::internal("mcp", error))?;
    let outcome = runtime.block_on(async {
        let serving = async {
            match server.serve(stdio_pipes()).await {
                Ok(service) => drop(service.waiting().await),
                // A client that leaves before it has said anything is not an error.
                Err(error) => return Err(unserved(error)),
            }
            Ok(())
        };
        let interrupted = async {
            match ended.await {
                Ok(_) => Ok(()),
                Err(_) => std::future::pending().await,
            }
        };
        Box::pin(first(serving, interrupted)).await
    });
    running.end();
    // A read of standard input that is not a pipe cannot be ended.
    runtime.shutdown_background();
    outcome.map(|()| 0)
}

/// Returns the result of the future that is ready first.
async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (std::pin::pin!(one), std::pin::pin!(other));
    std::future::poll_fn(|context| match one.as_mut().poll(context) {
        std::task::Poll::Pending => other.as_mut().poll(context),
        ready @ std::task::Poll::Ready(_) => ready,
    })
    .await
}

/// Returns the failure for a client that does not speak the protocol, or left before it spoke.
fn unserved(error: ServerInitializeError) -> Failure {
    Failure::new(Kind::Usage, "mcp", error)
        .hinting("a coding agent's host starts this command and speaks to it: see docs/agents.md")
}

/// Returns the failure for a listed path that is a link: the link could lead elsewhere tomorrow.
fn elsewhere(link: &Path) -> Failure {
    let message =
        format!("`[mcp] commands` has `{}`, which is not the file itself", link.display());
    let target = link.canonicalize().unwrap_or_else(|_| link.to_owned());
    let hint = format!("write the path that it leads to: `{}`", target.display());
    Failure { kind: Kind::Config, stage: "settings", ..Failure::usage(&message, &hint) }
}
