//! The contract as Rust: generated from `wit/`, one module for each world.

/// World `provider-plugin`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod provider {
    wasmtime::component::bindgen!({
        world: "provider-plugin",
        path: "../wit",
        imports: { default: trappable },
        with: {
            "audex:plugin/secrets.secret": crate::plugin::capability::HeldSecret,
            "audex:plugin/sts.session": crate::plugin::capability::HeldSession,
        },
    });
}

/// World `intent-engine`; what it imports is what providers import.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod intent {
    wasmtime::component::bindgen!({
        world: "intent-engine",
        path: "../wit",
        imports: { default: trappable },
        with: {
            "audex:plugin/types": super::provider::audex::plugin::types,
            "audex:plugin/secrets": super::provider::audex::plugin::secrets,
            "audex:plugin/http": super::provider::audex::plugin::http,
            "audex:plugin/log": super::provider::audex::plugin::log,
            "audex:plugin/settings": super::provider::audex::plugin::settings,
        },
    });
}

/// World `mapping-table`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod mapping {
    wasmtime::component::bindgen!({ world: "mapping-table", path: "../wit" });
}

/// World `policy-filter`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod filter {
    wasmtime::component::bindgen!({ world: "policy-filter", path: "../wit" });
}
