//! One file per subject.

mod audit;
mod catalogue;
mod child;
mod cli;
mod demo;
mod deny_names;
mod endpoint;
mod errors;
mod expiry;
mod health;
mod hostile;
mod isolation;
mod methods;
mod narrowing;
mod plan;
mod plugin_files;
mod plugins;
mod policies;
mod preflight;
mod profiles;
mod run_aws;
mod spec;
mod terminal;
mod unavailable;
mod vault;
