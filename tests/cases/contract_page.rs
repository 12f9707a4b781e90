//! `docs/contract.md`: the page of the contract, generated from the WIT of the host and the SDK.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use audex_components::manifest::CONTRACT;
use audex_core::digest::sha256;
use wit_parser::{
    Function, Handle, Interface, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World,
    WorldItem,
};

use crate::support::python;

/// Every file of `wit/deps`, where released versions are kept, with its SHA-256: `plugin-VERSION/NAME.wit`. No version is released yet.
const RELEASED: &[(&str, &str)] = &[];
/// Set, the page is written instead of compared.
const WRITE: &str = "AUDEX_WRITE_DOCS";

const HEAD: &str = "# The contract\n\n\
    Made from `wit/` by `tests/cases/contract_page.rs` (`AUDEX_WRITE_DOCS=1 cargo test -p tryaudex --test audex -- contract_page` writes it).\n\n\
    A component says in its manifest which version it was built for. The host refuses another version in one line, before compiling.\n\n\
    No version is released yet, so this one may still change. A released version is copied to `wit/deps/plugin-VERSION` and is frozen:\n\
    a test holds the digest of each of its files. A later version adds new functions and interfaces; no record of a released version\n\
    gets a field, and no enum a case.\n\n\
    How a component is called and limited is in [architecture.md](architecture.md), how to write one in [plugins.md](plugins.md).\n";

fn wit() -> PathBuf {
    python::tests().parent().unwrap().join("wit")
}

/// The files of released versions that are not as they were when they were released; those that are missing or new, too.
fn changed(deps: &Path, released: &[(&str, &str)]) -> Vec<String> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let found = fs::read_dir(folder).into_iter().flatten();
        found.map(|entry| entry.unwrap().path()).collect()
    };
    let files = entries(deps)
        .into_iter()
        .flat_map(|path| if path.is_dir() { entries(&path) } else { vec![path] });
    let name = |path: &Path| path.strip_prefix(deps).unwrap().to_str().unwrap().to_owned();
    let there: BTreeMap<String, String> =
        files.map(|path| (name(&path), sha256(&fs::read(&path).unwrap()))).collect();
    let wanted: BTreeMap<String, String> =
        released.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect();
    let mut names: Vec<_> = there.keys().chain(wanted.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| there.get(name) != wanted.get(name));
    names
}

fn page() -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit()).unwrap();
    let mut page = HEAD.to_owned();
    let package = &resolve.packages[package];
    let version = package.name.version.as_ref().unwrap();
    assert_eq!(version.to_string(), CONTRACT);
    let _ = write!(
        page,
        "\n## Worlds of {version}\n\n| world | exports | may import |\n|---|---|---|\n"
    );
    for world in package.worlds.values() {
        world_row(&mut page, &resolve, &resolve.worlds[*world]);
    }
    for (name, interface) in &package.interfaces {
        let _ = write!(page, "\n## `{name}`\n");
        interface_section(&mut page, &resolve, &resolve.interfaces[*interface]);
    }
    page
}

fn world_row(page: &mut String, resolve: &Resolve, world: &World) {
    let named = |items: &mut dyn Iterator<Item = &WorldItem>| {
        let names: Vec<String> = items
            .filter_map(|item| match item {
                WorldItem::Interface { id, .. } => {
                    resolve.interfaces[*id].name.as_ref().map(|name| format!("`{name}`"))
                }
                _ => None,
            })
            .collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
    };
    let (exports, imports) =
        (named(&mut world.exports.values()), named(&mut world.imports.values()));
    let _ = writeln!(page, "| `{}` | {exports} | {imports} |", world.name);
}

fn interface_section(page: &mut String, resolve: &Resolve, interface: &Interface) {
    paragraph(page, interface.docs.contents.as_deref());
    for (name, id) in &interface.types {
        type_section(page, resolve, name, &resolve.types[*id]);
    }
    let functions = interface.functions.values();
    for function in functions.clone().filter(|function| function.kind.resource().is_none()) {
        function_line(page, resolve, function, "- ");
    }
    for (name, id) in &interface.types {
        if matches!(resolve.types[*id].kind, TypeDefKind::Resource) {
            let _ = writeln!(
                page,
                "\n**resource `{name}`**{}\n",
                says(resolve.types[*id].docs.contents.as_deref())
            );
            for function in
                functions.clone().filter(|function| function.kind.resource() == Some(*id))
            {
                function_line(page, resolve, function, "- ");
            }
        }
    }
}

fn type_section(page: &mut String, resolve: &Resolve, name: &str, definition: &TypeDef) {
    let docs = says(definition.docs.contents.as_deref());
    let mut rows: Vec<(String, String, Option<&str>)> = Vec::new();
    let kind = match &definition.kind {
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                rows.push((
                    field.name.clone(),
                    type_name(resolve, &field.ty),
                    field.docs.contents.as_deref(),
                ));
            }
            "record"
        }
        TypeDefKind::Variant(variant) => {
            for case in &variant.cases {
                let payload = case.ty.as_ref().map(|ty| type_name(resolve, ty)).unwrap_or_default();
                rows.push((case.name.clone(), payload, case.docs.contents.as_deref()));
            }
            "variant"
        }
        TypeDefKind::Enum(cases) => {
            for case in &cases.cases {
                rows.push((case.name.clone(), String::new(), case.docs.contents.as_deref()));
            }
            "enum"
        }
        // Names of other interfaces' types, and resources, which come with their functions.
        _ => return,
    };
    let _ = writeln!(page, "\n**{kind} `{name}`**{docs}\n\n| | | |\n|---|---|---|");
    for (name, ty, docs) in rows {
        let ty = if ty.is_empty() { ty } else { format!("`{ty}`") };
        let _ = writeln!(page, "| `{name}` | {ty} | {} |", one_line(docs).replace('|', "\\|"));
    }
    page.push('\n');
}

fn function_line(page: &mut String, resolve: &Resolve, function: &Function, lead: &str) {
    let parameters: Vec<String> = function
        .params
        .iter()
        .filter(|one| one.name != "self")
        .map(|one| format!("{}: {}", one.name, type_name(resolve, &one.ty)))
        .collect();
    let result = function
        .result
        .as_ref()
        .map(|ty| format!(" -> {}", type_name(resolve, ty)))
        .unwrap_or_default();
    let name = function.item_name();
    let docs = says(function.docs.contents.as_deref());
    let _ = writeln!(page, "{lead}`{name}({}){result}`{docs}", parameters.join(", "));
}

/// A type as WIT writes it.
fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("{ty:?}").to_lowercase() };
    named_type(resolve, *id)
}

fn named_type(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    debug_assert!(matches!(definition.owner, TypeOwner::None | TypeOwner::Interface(_)));
    let of =
        |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), |ty| type_name(resolve, ty));
    match &definition.kind {
        TypeDefKind::List(ty) => format!("list<{}>", type_name(resolve, ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", type_name(resolve, ty)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", of(&result.ok), of(&result.err)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(|ty| type_name(resolve, ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", named_type(resolve, *id)),
        TypeDefKind::Handle(Handle::Own(id)) => named_type(resolve, *id),
        TypeDefKind::Type(ty) => type_name(resolve, ty),
        other => panic!("the page does not know {}", other.as_str()),
    }
}

fn paragraph(page: &mut String, docs: Option<&str>) {
    if let Some(docs) = docs {
        let _ = writeln!(page, "\n{}\n", docs.trim());
    } else {
        page.push('\n');
    }
}

fn says(docs: Option<&str>) -> String {
    let text = one_line(docs);
    if text.is_empty() { text } else { format!(": {text}") }
}

fn one_line(docs: Option<&str>) -> String {
    docs.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_is_what_the_contract_says() {
    let path = python::tests().parent().unwrap().join("docs/contract.md");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, page()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page(), "docs/contract.md is out of step: write it again with {WRITE}=1");
}

#[test]
fn a_released_version_is_frozen() {
    assert_eq!(changed(&wit().join("deps"), RELEASED), [""; 0]);
}

#[test]
fn a_released_file_that_is_changed_missing_or_new_is_found() {
    let deps = tempfile::tempdir().unwrap();
    let folder = deps.path().join("plugin-0.1.0");
    fs::create_dir(&folder).unwrap();
    let [old, new] = [b"old", b"new"].map(|text| sha256(text));
    for name in ["same.wit", "changed.wit", "new.wit"] {
        fs::write(folder.join(name), "old").unwrap();
    }
    let released = [
        ("plugin-0.1.0/same.wit", old.as_str()),
        ("plugin-0.1.0/changed.wit", new.as_str()),
        ("plugin-0.1.0/missing.wit", old.as_str()),
    ];
    let found = changed(deps.path(), &released);
    assert_eq!(found, ["changed", "missing", "new"].map(|name| format!("plugin-0.1.0/{name}.wit")));
}
