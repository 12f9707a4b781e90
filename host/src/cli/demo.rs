//! `tryaudex demo`.
use crate::environment::Environment;
use crate::error::Failure;
#[derive(Debug, clap::Args)]
pub struct Args {}
pub fn demo(_environment: &Environment, _args: &Args) -> Result<u8, Failure> { Ok(0) }
