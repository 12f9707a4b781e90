//! The contract as Rust: generated from `wit/`, one module for each world.

/// World `provider-plugin`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod provider {
    wasmtime::component::bindgen!({
        world: "provider-plugin",
        path: "../../wit",
        imports: { default: trappable },
        trappable_error_type: {
            "audex:plugin/types@0.1.0.error" => crate::import_error::ImportError,
        },
        with: {
            "audex:plugin/secrets@0.1.0.secret": crate::resource::HeldSecret,
            "audex:plugin/sts@0.1.0.session": crate::resource::HeldSession,
        },
    });
    pub use self::audex::plugin::*;
}

/// World `intent-engine`; its imports use the types of the provider world.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod intent {
    wasmtime::component::bindgen!({
        world: "intent-engine",
        path: "../../wit",
        imports: { default: trappable },
        with: {
            "audex:plugin/types@0.1.0": crate::bindings::provider::types,
            "audex:plugin/secrets@0.1.0": crate::bindings::provider::secrets,
            "audex:plugin/http@0.1.0": crate::bindings::provider::http,
            "audex:plugin/log@0.1.0": crate::bindings::provider::log,
            "audex:plugin/settings@0.1.0": crate::bindings::provider::settings,
        },
    });
}

/// World `mapping-table`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod mapping {
    wasmtime::component::bindgen!({ world: "mapping-table", path: "../../wit" });
}

/// World `policy-filter`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod filter {
    wasmtime::component::bindgen!({ world: "policy-filter", path: "../../wit" });
    pub use exports::audex::plugin::{filter as wit, types};
}
