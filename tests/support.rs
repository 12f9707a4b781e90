//! What the cases share: a sandbox to run the binary in, the doubles, and the scan for leaked secrets.

mod answerer;
pub mod aws_cli;
mod cloud_view;
pub mod decoys;
pub mod double;
pub mod guests;
mod invocation;
pub mod javascript;
mod moto;
pub mod oracle;
pub mod organisation;
mod output;
pub mod python;
mod redact;
mod sandbox;
mod scan;
pub mod seeds;
mod vault;

pub use answerer::{Answerer, Puppet};
pub use cloud_view::CloudView;
pub use invocation::Started;
pub use moto::Moto;
pub use output::Output;
pub use sandbox::{ROLE, Sandbox};
pub use vault::VaultDouble;
