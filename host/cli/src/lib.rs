//! Audex: least-privilege, short-lived cloud credentials for one command.
//!
//! The modules follow the pipeline (`docs/architecture.md`); `pipeline` alone knows their order.

pub mod access;
pub mod agents;
pub mod approve;
pub mod asks;
pub mod check;
pub mod cli;
pub mod components;
pub mod console;
pub mod control;
pub mod demo;
pub mod deny;
pub mod door;
pub mod drift;
mod error;
pub mod expansion;
pub mod explain;
pub mod failure;
pub mod filter;
pub mod health;
mod inner;
pub mod intent;
pub mod isolation;
pub mod later;
pub mod learn;
pub mod mint;
pub mod pipeline;
pub mod plan;
pub mod profile;
pub mod receipt;
pub mod request;
pub mod settings;
mod used;
