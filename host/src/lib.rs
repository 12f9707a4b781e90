//! Audex: least-privilege, short-lived cloud credentials for one command.
//!
//! The modules follow the pipeline (`docs/architecture.md`); `pipeline` alone knows their order.

pub mod address;
pub mod approve;
pub mod audit;
pub mod aws;
pub mod azure;
pub mod check;
pub mod child;
pub mod cli;
pub mod clock;
pub mod components;
pub mod console;
pub mod deliver;
pub mod demo;
pub mod deny;
pub mod drift;
pub mod endpoint;
pub mod environment;
pub mod error;
pub mod expansion;
pub mod filter;
pub mod gcp;
pub mod health;
pub mod iam;
pub mod intent;
pub mod learn;
pub mod loopback;
pub mod mint;
pub mod patience;
pub mod percent;
pub mod pipeline;
pub mod plan;
pub mod plugin;
pub mod private_file;
pub mod process;
pub mod profile;
pub mod request;
pub mod roots;
pub mod scaffold;
pub mod secret;
pub mod secret_source;
pub mod settings;
pub mod signature;
mod spelling;
pub mod token;
pub mod vault;
