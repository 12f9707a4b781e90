//! The options for the isolation of the command, which `run`, `plan` and `learn` share.

use std::ffi::OsString;
use std::path::PathBuf;

use super::heading::ISOLATION;
use crate::isolation::agent::agent;
use crate::settings::Flags;
use crate::settings::isolation::{
    Choices, Hide, IsolationFlags, Keep, own_path, parse_host, parse_level,
};
use audex_core::environment::Environment;
use audex_core::isolation::Level;
use audex_endpoint::connect_proxy::AllowedHost;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct IsolationArgs {
    /// Hides your credentials from the command: `off`, `credentials` or `strict` [default: off; for coding agents: credentials]
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, help_heading = ISOLATION)]
    isolate: Option<Level>,
    /// What else is hidden: `git`, `gh`, `ssh`, `npm`, `cargo`, `netrc`, `dotenv`, or a path; comma-separated
    #[arg(long, value_name = "WHAT", value_parser = Hide::parse, value_delimiter = ',', help_heading = ISOLATION, hide_short_help = true)]
    hide: Vec<Hide>,
    /// What is kept although it would be hidden: `ssh-agent`
    #[arg(long, value_name = "WHAT", value_parser = Keep::parse, value_delimiter = ',', help_heading = ISOLATION, hide_short_help = true)]
    keep: Vec<Keep>,
    /// With `strict`: a directory that the command can read; may be repeated
    #[arg(long, value_name = "DIR", value_parser = own_path, help_heading = ISOLATION, hide_short_help = true)]
    read: Vec<PathBuf>,
    /// A directory that the command can write to: with `strict`, or where it would be read-only; may be repeated
    #[arg(long, value_name = "DIR", value_parser = own_path, help_heading = ISOLATION, hide_short_help = true)]
    write: Vec<PathBuf>,
    /// With `strict`: a host that the command can reach [default port: 443]; may be repeated
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_host, help_heading = ISOLATION, hide_short_help = true)]
    allow_host: Vec<AllowedHost>,
}

impl IsolationArgs {
    /// Adds these options to `flags`, and the coding agent that the run is for.
    pub(super) fn add_to(
        &self,
        flags: Flags,
        environment: &Environment,
        command: &[OsString],
    ) -> Flags {
        let Self { isolate, hide, keep, read, write, allow_host } = self.clone();
        let choices =
            Choices { hide, keep, show: Vec::new(), read, write, allow_hosts: allow_host };
        let isolation = IsolationFlags { level: isolate, choices, ..IsolationFlags::default() };
        Flags { isolation, agent: agent(environment, command), ..flags }
    }
}
