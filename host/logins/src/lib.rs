//! What the user is logged in with: AWS, Google Cloud, Azure, Vault. The only code that sees source credentials.

pub mod aws;
pub mod azure;
pub mod gcp;
pub mod secret_source;
pub mod signature;
pub mod token;
pub mod vault;
