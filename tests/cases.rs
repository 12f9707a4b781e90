//! One file per subject.

mod expiry;
mod methods;
mod narrowing;
mod run_aws;
