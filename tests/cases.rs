//! One file per subject.

mod audit;
mod catalogue;
mod child;
mod cli;
mod demo;
mod deny_names;
mod deny_spellings;
mod errors;
mod expiry;
mod fuzz_corpus;
mod health;
mod hostile;
mod isolation;
mod methods;
mod narrowing;
mod plan;
mod plugin_files;
mod plugins;
mod run_aws;
mod spec;
mod terminal;
mod unavailable;
