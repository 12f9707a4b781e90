//! The engine side of components: what is loaded, how it is called, what it may reach.

pub mod benchmark;
pub mod bindings;
pub mod call;
pub mod capability;
pub mod clean;
pub mod compiled;
pub mod component;
pub mod conformance;
pub mod embedded;
pub mod encode;
pub mod engine;
pub mod engine_config;
pub mod filter;
pub mod intent;
pub mod limit;
pub mod manifest;
pub mod mapping;
pub mod provider;
pub mod rehearsal;
pub mod rules;
pub mod signature;
pub mod sigstore;
pub mod source;
pub mod state;
pub mod store;
pub mod tape;
