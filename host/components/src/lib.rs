//! The engine side of components: what is loaded, how it is called, and what it may reach.

pub mod bindings;
pub mod call;
pub mod capability;
pub mod clean;
pub mod compiled;
pub mod compiler;
pub mod component;
pub mod embedded;
pub mod encode;
pub mod engine;
pub mod engine_config;
pub mod filter;
pub mod intent;
pub mod limit;
pub mod manifest;
pub mod mapping;
pub mod outline;
pub mod provider;
pub mod scope;
pub mod state;
pub mod tape;
pub mod version;
