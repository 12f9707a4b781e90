//! `tryaudex completions`: scripts for the usual shells.

use clap_complete::Shell;

use crate::console;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell to complete for
    #[arg(value_enum)]
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "commands have one shape")]
pub(super) fn completions(args: &Args, command: &mut clap::Command) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "tryaudex", &mut script);
    console::result(&String::from_utf8_lossy(&script));
    Ok(0)
}
