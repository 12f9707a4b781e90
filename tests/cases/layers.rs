//! The crates of `host/` depend in one direction, and the modules of a crate form no large dependency cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::module_graph::{circles, import_edges, sources};

/// If this variable is set, the test writes the table in the architecture page instead of comparing it.
const WRITE: &str = "AUDEX_WRITE_DOCS";
/// The marks around the table in `docs/architecture.md`.
const MARKS: [&str; 2] =
    ["<!-- crates: written by tests/cases/layers.rs -->\n", "<!-- /crates -->"];
/// The largest circle of modules that may exist: two files may depend on each other.
const LARGEST_CIRCLE: usize = 2;

/// One crate of `host/`: its folder, the crates it may use, and those that its tests may use besides.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
    tests_may_use: &'static [&'static str],
}

/// Every allowed edge. An edge that no crate needs any more is removed here too.
const LAYERS: [Layer; 12] = [
    layer("core", &[]),
    layer("audit", &["core"]),
    layer("child", &["core"]),
    layer("wire", &["core"]),
    layer("endpoint", &["core", "wire"]),
    Layer { tests_may_use: &["loopback"], ..layer("gateway", &["core", "wire"]) },
    layer("loopback", &["core", "wire"]),
    layer("logins", &["core", "wire"]),
    layer("components", &["core", "logins", "wire"]),
    layer("registry", &["components", "core", "wire"]),
    layer("workbench", &["components", "core", "registry", "wire"]),
    layer(
        "cli",
        &[
            "audit",
            "child",
            "components",
            "core",
            "endpoint",
            "gateway",
            "logins",
            "loopback",
            "registry",
            "wire",
            "workbench",
        ],
    ),
];

const fn layer(name: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { name, may_use, tests_may_use: &[] }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The crates of `host/` in one section of a manifest.
fn declared(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    let names = manifest
        .get(section)
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::keys);
    names
        .filter_map(|name| name.strip_prefix("audex-"))
        .filter(|name| *name != "sdk")
        .map(str::to_owned)
        .collect()
}

fn manifest(name: &str) -> toml::Table {
    fs::read_to_string(root().join("host").join(name).join("Cargo.toml")).unwrap().parse().unwrap()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_crate_of_the_host_has_a_layer() {
    let folders = fs::read_dir(root().join("host")).unwrap().map(|entry| entry.unwrap());
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_eq!(folders, LAYERS.iter().map(|layer| layer.name.to_owned()).collect());
}

#[test]
fn a_crate_depends_on_the_crates_of_its_layer_alone() {
    for layer in &LAYERS {
        let manifest = manifest(layer.name);
        assert_eq!(declared(&manifest, "dependencies"), set(layer.may_use), "host/{}", layer.name);
        let tests = declared(&manifest, "dev-dependencies");
        assert!(
            tests.is_subset(&set(layer.tests_may_use)),
            "host/{}: its tests use {tests:?}",
            layer.name
        );
    }
}

#[test]
fn the_layers_have_an_order() {
    let mut below = BTreeSet::new();
    while below.len() < LAYERS.len() {
        let next =
            LAYERS.iter().filter(|layer| layer.may_use.iter().all(|name| below.contains(name)));
        let next: BTreeSet<&str> = next.map(|layer| layer.name).collect();
        assert!(!next.is_subset(&below), "a circle of crates; below it: {below:?}");
        below.extend(next);
    }
}

#[test]
fn code_names_the_crates_of_its_layer_alone() {
    for layer in &LAYERS {
        let allowed: BTreeSet<String> =
            set(layer.may_use).union(&set(layer.tests_may_use)).cloned().collect();
        for (module, text) in sources(&root().join("host").join(layer.name).join("src")) {
            for other in
                LAYERS.iter().filter(|other| text.contains(&format!("audex_{}::", other.name)))
            {
                assert!(
                    allowed.contains(other.name),
                    "host/{}: `{module}` uses {}",
                    layer.name,
                    other.name
                );
            }
        }
    }
}

#[test]
fn no_circle_of_modules_has_more_than_two() {
    for layer in &LAYERS {
        let sources = sources(&root().join("host").join(layer.name).join("src"));
        for (folder, circle) in circles(&import_edges(&sources)) {
            assert!(
                circle.len() <= LARGEST_CIRCLE,
                "host/{}, {folder}: {circle:?} use each other",
                layer.name
            );
        }
    }
}

#[test]
fn a_circle_is_found_through_every_way_of_naming_a_module() {
    let sources = |texts: &[(&str, &str)]| -> BTreeMap<String, String> {
        texts.iter().map(|(module, text)| ((*module).to_owned(), (*text).to_owned())).collect()
    };
    let ring = sources(&[
        ("a", "use crate::{b::B, x::X};"),
        ("b", "fn f() -> super::c::C { loop {} }"),
        ("c", "mod inner;"),
        ("c::inner", "use super::super::a;"),
        ("x", "// crate::a is only mentioned\nfn g() {}"),
    ]);
    let found = circles(&import_edges(&ring));
    assert_eq!(found, [(String::new(), set(&["a", "b", "c"]).into_iter().collect())]);
    let chain = sources(&[("a", "use crate::b::B;"), ("b", "use crate::c;"), ("c", "")]);
    assert!(circles(&import_edges(&chain)).is_empty());
}

#[test]
fn the_architecture_page_has_this_table() {
    let page = root().join("docs/architecture.md");
    let text = fs::read_to_string(&page).unwrap();
    let [start, end] = MARKS.map(|mark| text.find(mark).unwrap_or_else(|| panic!("no `{mark}`")));
    let start = start + MARKS[0].len();
    let written = format!("{}{}{}", &text[..start], table(), &text[end..]);
    if std::env::var_os(WRITE).is_some() {
        fs::write(&page, written).unwrap();
    } else {
        assert_eq!(text, written, "run it with {WRITE}=1");
    }
}

/// The table of crates: each with its manifest's description, and the crates it uses.
fn table() -> String {
    let mut table = "| crate | what it is | uses |\n|---|---|---|\n".to_owned();
    for layer in &LAYERS {
        let manifest = manifest(layer.name);
        let description = manifest["package"]["description"].as_str().unwrap();
        let uses =
            if layer.may_use.is_empty() { "nothing".to_owned() } else { layer.may_use.join(", ") };
        writeln!(table, "| `host/{}` | {description} | {uses} |", layer.name).unwrap();
    }
    table
}
