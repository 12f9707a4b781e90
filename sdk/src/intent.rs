//! Intent engines: a sentence becomes a proposal, which the host checks like anything a user types.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "intent-engine",
        path: "wit",
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::intent::bindings",
    });
}

pub use bindings::audex::plugin::types::{Error, ErrorKind};
pub use bindings::audex::plugin::{http, log, settings};
pub use bindings::exports::audex::plugin::intent::{Candidate, Guest as Intent, Proposal};

/// Exports a type that implements [`Intent`] as this crate's component; `capabilities` names what it asks for.
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
