//! Mapping tables: a cloud-neutral vocabulary and its actions on each provider.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "mapping-table",
        path: "wit",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "audex_sdk::mapping::bindings",
    });
}

pub use bindings::exports::audex::plugin::mapping::{Expansion, Guest as Mapping, Row};

/// Exports a type that implements [`Mapping`] as this crate's component.
///
/// ```
/// use audex_sdk::mapping::{Expansion, Mapping, Row};
///
/// struct House;
///
/// impl Mapping for House {
///     fn rows() -> Vec<Row> {
///         let actions = vec!["s3:GetObject".to_owned()];
///         vec![Row { universal: "reports:read".into(), provider: "aws".into(), actions, note: None }]
///     }
///
///     fn expand(provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
///         let rows = Self::rows();
///         let find = |wanted: &String| rows.iter().find(|row| row.provider == provider && row.universal == *wanted);
///         permissions
///             .iter()
///             .map(|wanted| find(wanted).map(|row| Expansion { actions: row.actions.clone(), notice: None }))
///             .collect()
///     }
/// }
///
/// audex_sdk::mapping!(House);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! mapping {
    ($mapping:ident) => {
        $crate::mapping::bindings::export!($mapping with_types_in $crate::mapping::bindings);
        $crate::manifest!("mapping-table");
    };
}
