//! The imports of components: one file each, as the contract names them.

pub mod http;
pub mod identity;
pub mod keys;
pub mod leases;
pub mod plain;
mod secret;
mod settle;
mod slot;
pub mod sts;
mod vault;
