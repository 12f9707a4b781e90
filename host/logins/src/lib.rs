//! The user's logins at AWS, Google Cloud, Azure and Vault. This is the only code that sees source
//! credentials.

pub mod aws;
pub mod azure;
#[cfg(test)]
mod double;
pub mod gcp;
pub mod secret_source;
pub mod signature;
pub mod token;
pub mod vault;
