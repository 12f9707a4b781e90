//! Policy filters: rules that can only take away.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "policy-filter",
        path: "wit",
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::filter::bindings",
    });
}

pub use bindings::exports::audex::plugin::filter::{Guest as Filter, Restriction, Verdict};
pub use bindings::exports::audex::plugin::types::{Grant, Permission};

/// Exports a type that implements [`Filter`] as this crate's component.
#[macro_export]
macro_rules! filter {
    ($filter:ident) => {
        $crate::filter::bindings::export!($filter with_types_in $crate::filter::bindings);
        $crate::manifest!("policy-filter");
    };
}
