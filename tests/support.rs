//! What the cases share: a sandbox to run the binary in, the doubles, and the scan for leaked secrets.

mod answerer;
pub(crate) mod aws_cli;
mod cloud_view;
pub(crate) mod decoys;
pub(crate) mod double;
pub(crate) mod guests;
mod invocation;
pub(crate) mod javascript;
pub(crate) mod mcp;
pub(crate) mod module_graph;
mod moto;
pub(crate) mod oracle;
pub(crate) mod organisation;
mod output;
pub(crate) mod python;
mod redact;
mod sandbox;
mod scan;
pub(crate) mod seeds;
mod vault;

pub(crate) use answerer::{Answerer, Puppet};
pub(crate) use cloud_view::CloudView;
pub(crate) use invocation::{Invocation, Started};
pub(crate) use moto::Moto;
pub(crate) use output::Output;
pub(crate) use sandbox::{ROLE, Sandbox};
pub(crate) use vault::VaultDouble;
