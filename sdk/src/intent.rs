//! Intent engines: they turn a sentence into a proposal, which the host checks like user input.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    #[cfg(target_arch = "wasm32")]
    wit_bindgen::generate!({
        world: "intent-engine",
        path: "wit",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::intent::bindings",
    });
    // In native builds, the only host is the one that a test creates.
    #[cfg(not(target_arch = "wasm32"))]
    wit_bindgen::generate!({
        world: "intent-engine",
        path: "wit",
        with: {
            "audex:plugin/types@0.1.0": crate::provider::bindings::audex::plugin::types,
            "audex:plugin/secrets@0.1.0": crate::fake::secrets,
            "audex:plugin/http@0.1.0": crate::fake::http,
            "audex:plugin/log@0.1.0": crate::fake::log,
            "audex:plugin/settings@0.1.0": crate::fake::settings,
        },
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::intent::bindings",
    });
}

#[cfg(not(target_arch = "wasm32"))]
pub use crate::fake::{http, log, settings};
#[cfg(not(target_arch = "wasm32"))]
pub use crate::provider::{Error, ErrorKind};
#[cfg(target_arch = "wasm32")]
pub use bindings::audex::plugin::types::{Error, ErrorKind};
#[cfg(target_arch = "wasm32")]
pub use bindings::audex::plugin::{http, log, settings};
pub use bindings::exports::audex::plugin::intent::{Candidate, Guest as Intent, Proposal};

/// Exports a type that implements [`Intent`] as this crate's component; `capabilities` names the requested
/// capabilities.
///
/// ```
/// use audex_sdk::intent::{Error, Intent, Proposal};
///
/// struct Always;
///
/// impl Intent for Always {
///     fn translate(text: String, _provider: String) -> Result<Proposal, Error> {
///         Ok(Proposal {
///             allow: vec!["storage:read".into()],
///             resources: vec![],
///             description: text,
///             candidates: vec![],
///         })
///     }
/// }
///
/// audex_sdk::intent!(Always, capabilities = ["http:api.example.com", "secret:EXAMPLE_KEY"]);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! intent {
    ($intent:ident $(, capabilities = [$($capability:literal),* $(,)?])?) => {
        $crate::intent::bindings::export!($intent with_types_in $crate::intent::bindings);
        $crate::manifest!("intent-engine" $($(, $capability)*)?);
    };
}
