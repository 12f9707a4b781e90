//! The imports of components: one file for each import, named as in the contract.

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
