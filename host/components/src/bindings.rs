//! The contract as Rust: generated from `wit/`, one module for each world.
//!
//! An interface that a track did not change keeps its version (see `wit/worlds.wit`), so one binding serves components of
//! every track; the filter changed, and has one for each.

/// World `provider-plugin`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod provider {
    wasmtime::component::bindgen!({
        world: "audex:plugin/provider-plugin@0.2.0",
        path: "../../wit",
        imports: { default: trappable },
        with: {
            "audex:plugin/secrets@0.1.0.secret": crate::capability::HeldSecret,
            "audex:plugin/sts@0.1.0.session": crate::capability::HeldSession,
        },
    });
    pub use self::audex::plugin0_1_0 as v0_1;
    pub use self::audex::plugin0_2_0 as v0_2;
}

/// World `intent-engine`; what it imports is what providers import.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod intent {
    wasmtime::component::bindgen!({
        world: "audex:plugin/intent-engine@0.2.0",
        path: "../../wit",
        imports: { default: trappable },
        with: {
            "audex:plugin/types@0.1.0": super::provider::v0_1::types,
            "audex:plugin/secrets@0.1.0": super::provider::v0_1::secrets,
            "audex:plugin/http@0.1.0": super::provider::v0_1::http,
            "audex:plugin/log@0.1.0": super::provider::v0_1::log,
            "audex:plugin/settings@0.1.0": super::provider::v0_1::settings,
        },
    });
}

/// World `mapping-table`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod mapping {
    wasmtime::component::bindgen!({ world: "audex:plugin/mapping-table@0.2.0", path: "../../wit" });
}

/// World `policy-filter`.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod filter {
    wasmtime::component::bindgen!({ world: "audex:plugin/policy-filter@0.2.0", path: "../../wit" });
    pub use exports::audex::plugin0_1_0::types;
    pub use exports::audex::plugin0_2_0::filter as wit;
}

/// World `policy-filter` of the track 0.1.
#[allow(missing_docs, clippy::pedantic, reason = "generated; documented in wit/")]
pub mod filter_0_1 {
    wasmtime::component::bindgen!({ world: "policy-filter", path: "../../wit/deps/plugin-0.1.0" });
    pub use exports::audex::plugin::{filter as wit, types};
}
