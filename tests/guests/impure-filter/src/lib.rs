//! A component that calls itself a filter and imports a clock.

#[allow(clippy::all, unsafe_code)]
mod bindings {
    wit_bindgen::generate!({
        inline: "package test:impure; world impure { import audex:plugin/clock@0.1.0; export audex:plugin/mapping@0.1.0; }",
        path: "../../../wit",
        generate_all,
        world: "test:impure/impure",
    });
}

use bindings::exports::audex::plugin::mapping::{Expansion, Guest, Row};

struct Impure;

impl Guest for Impure {
    fn rows() -> Vec<Row> {
        let note = Some(bindings::audex::plugin::clock::now().to_string());
        vec![Row { universal: String::new(), provider: String::new(), actions: Vec::new(), note }]
    }

    fn expand(_provider: String, permissions: Vec<String>) -> Vec<Option<Expansion>> {
        vec![None; permissions.len()]
    }
}

bindings::export!(Impure with_types_in bindings);
audex_sdk::manifest!("policy-filter");
