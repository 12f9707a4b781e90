//! A Rust project: the source of the SDK's example, and the SDK beside it.
//!
//! The project contains the SDK, so that it needs no checkout of Audex and still builds when Audex has
//! changed.

use super::{Commands, Files, Project, WIT};
use audex_components::manifest::World;

/// The files of the SDK: their paths and contents.
pub(super) const SDK: [(&str, &str); 14] = [
    ("LICENSE", include_str!("../../../../LICENSE")),
    ("src/lib.rs", include_str!("../../../../sdk/src/lib.rs")),
    ("src/fake.rs", include_str!("../../../../sdk/src/fake.rs")),
    ("src/fake/imports.rs", include_str!("../../../../sdk/src/fake/imports.rs")),
    ("src/filter.rs", include_str!("../../../../sdk/src/filter.rs")),
    ("src/intent.rs", include_str!("../../../../sdk/src/intent.rs")),
    ("src/manifest.rs", include_str!("../../../../sdk/src/manifest.rs")),
    ("src/mapping.rs", include_str!("../../../../sdk/src/mapping.rs")),
    ("src/pattern.rs", include_str!("../../../../sdk/src/pattern.rs")),
    ("src/provider.rs", include_str!("../../../../sdk/src/provider.rs")),
    ("src/rfc3339.rs", include_str!("../../../../sdk/src/rfc3339.rs")),
    ("src/scope.rs", include_str!("../../../../sdk/src/scope.rs")),
    ("src/shorthand.rs", include_str!("../../../../sdk/src/shorthand.rs")),
    ("src/spelling.rs", include_str!("../../../../sdk/src/spelling.rs")),
];
/// The dependencies of the SDK. A test compares them with the SDK's own manifest.
pub(super) const DEPENDENCIES: &str = r#"strsim = "0.11"
wit-bindgen = { version = "0.61", default-features = false, features = ["macros", "realloc"], optional = true }"#;

const FILTER: &str = include_str!("../../../../sdk/examples/filter-no-deletes/src/lib.rs");
const MAPPING: &str = include_str!("../../../../sdk/examples/mapping-house/src/lib.rs");
const PROVIDER: &str = include_str!("../../../../sdk/examples/provider-static/src/lib.rs");
const INTENT: &str = include_str!("../../../../sdk/examples/intent-table/src/lib.rs");

const FILTER_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use audex_sdk::fake::{context, grant};

    use super::*;

    #[test]
    fn deletes_are_dropped_and_all_else_stays() {
        let asked = grant("aws", &["s3:GetObject", "s3:DeleteObject"]);
        let Verdict::Restrict(found) = NoDeletes::review(asked, context(), "{}".into()) else { panic!("it passes") };
        assert_eq!(found[0].drop, [1]);
    }
}
"#;
const MAPPING_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_table_have_a_meaning_and_others_have_none() {
        let found = House::expand("aws".into(), vec!["reports:read".into(), "nobody:knows".into()]);
        assert_eq!(found[0].as_ref().unwrap().actions, ["s3:GetObject", "s3:ListBucket"]);
        assert!(found[1].is_none());
    }
}
"#;
const PROVIDER_TEST: &str = r##"
#[cfg(test)]
mod tests {
    use audex_sdk::fake::{Fake, provider_grant, reveal};

    use super::*;

    #[test]
    fn actions_that_there_are_none_of_get_the_nearest_that_there_is() {
        let found = Acme::check(vec!["door:*".into(), "door:opne".into(), "door".into()]);
        assert!(found[0].status == Status::Known && found[2].status == Status::Malformed);
        assert_eq!(found[1].suggestion.as_deref(), Some("door:open"));
    }

    // Natively there is no host but the one that a test makes.
    #[test]
    fn a_token_is_of_the_building_and_ends_at_the_ttl() {
        let asked = || provider_grant("acme", &["door:open"]);
        let plan = Acme::plan(asked()).unwrap();
        let host = Fake::new().setting("building", "north").at(1000);
        let minted = host.run(|| Acme::mint(asked(), plan)).unwrap();
        assert_eq!(minted.expires_at, 1900);
        let Value::Secret(token) = &minted.variables[1].value else { panic!("it can be read") };
        assert_eq!(reveal(token), "acme-north-audex-fake");
    }

    #[test]
    fn advice_is_given_to_who_may_not_open_doors() {
        let advice = |actions: &[&str]| Acme::preflight(provider_grant("acme", actions), vec!["/bin/open-door".into()]);
        assert!(advice(&["door:*"]).is_empty());
        assert_eq!(advice(&["door:close"])[0].missing, ["door:open"]);
    }

    #[test]
    fn documents_are_json() {
        let document = |format: &str| Acme::document(provider_grant("acme", &["door:open"]), "a\"b".into(), format.into());
        assert_eq!(document("json").unwrap(), r#"{"name":"a\"b","may":["door:open"]}"#);
        assert_eq!(document("terraform").unwrap_err().kind, ErrorKind::Unsupported);
    }
}
"##;
const INTENT_TEST: &str = r#"
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_table_are_found_and_nothing_is_guessed() {
        let found = Table::translate("put it on the queue".into(), "aws".into()).unwrap();
        assert_eq!(found.allow, ["sqs:SendMessage"]);
        assert!(Table::translate("do what I mean".into(), "aws".into()).is_err());
    }
}
"#;

const NOTES: &str = "To print while you develop: `rustup target add wasm32-wasip2`, then `cargo build --release --target wasm32-wasip2`. What is below\n\
    `target/wasm32-wasip2/release` is a component too, whose `println!` and panics `tryaudex plan --verbose` and `run --verbose` show.\n\n";

pub(super) fn files(project: &Project) -> Files {
    let mut files = vec![
        ("Cargo.toml".to_owned(), manifest(&project.name)),
        ("README.md".to_owned(), readme(project)),
        (".gitignore".to_owned(), format!("/target\n/{}.wasm\n", project.name)),
        ("src/lib.rs".to_owned(), source(project)),
        ("audex-sdk/Cargo.toml".to_owned(), sdk_manifest()),
    ];
    files.extend(SDK.iter().map(|(name, text)| (format!("audex-sdk/{name}"), (*text).to_owned())));
    files.extend(
        WIT.iter().map(|(name, text)| (format!("audex-sdk/wit/{name}"), (*text).to_owned())),
    );
    files
}

fn manifest(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n# license = \"Apache-2.0\"\npublish = false\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\naudex-sdk = {{ path = \"audex-sdk\" }}\n\n\
         # A component is compiled by whoever installs it: small is fast.\n[profile.release]\nopt-level = \"s\"\nlto = true\n\
         codegen-units = 1\npanic = \"abort\"\nstrip = \"debuginfo\"\n\n# Outside every other workspace.\n[workspace]\n"
    )
}

pub(super) fn source(project: &Project) -> String {
    let (source, test) = match project.world {
        World::Filter => (FILTER, FILTER_TEST),
        World::Mapping => (MAPPING, MAPPING_TEST),
        World::Intent => (INTENT, INTENT_TEST),
        World::Provider => (PROVIDER, PROVIDER_TEST),
    };
    format!("{}{test}", project.named(source))
}

fn readme(project: &Project) -> String {
    let commands: Commands = vec![
        ("rustup target add wasm32-unknown-unknown".to_owned(), "once"),
        ("cargo test".to_owned(), "your own tests, natively"),
    ];
    project.readme(
        "`src/lib.rs` is the whole of it; `audex-sdk/` is the SDK it was made with.",
        commands,
        NOTES,
    )
}

fn sdk_manifest() -> String {
    format!(
        "[package]\nname = \"audex-sdk\"\nversion = \"{}\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\npublish = false\n\n\
         [features]\ndefault = [\"component\"]\ncomponent = [\"dep:wit-bindgen\"]\n\n[dependencies]\n{DEPENDENCIES}\n",
        env!("CARGO_PKG_VERSION")
    )
}
