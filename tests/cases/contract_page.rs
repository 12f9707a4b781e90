//! `docs/contract.md`: the contract as a page, made of the WIT that the host and the SDK are built from.

use std::fmt::Write as _;

use wit_parser::{
    Function, Handle, Interface, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World,
    WorldItem,
};

use crate::support::python;

/// Set, the page is written instead of compared.
const WRITE: &str = "AUDEX_WRITE_DOCS";

const HEAD: &str = "# The contract\n\n\
    Made from `wit/` by `tests/cases/contract_page.rs` (`AUDEX_WRITE_DOCS=1 cargo test -p tryaudex --test audex -- contract_page` writes it).\n\n\
    Two tracks are spoken: **0.2.0**, which the SDK builds for, and **0.1.0**, which is frozen (`wit/deps/plugin-0.1.0`, pinned by a test).\n\
    An interface keeps the version in which it last changed, so what is 0.1.0 below is the same for both. A component says in its\n\
    manifest which track it was built for; one of a track that this host does not know is refused by one line. In a released track no\n\
    record gets a field and no enum a case: what is new is a new function or interface in a newer one.\n\n\
    How a component is called and limited is in [architecture.md](architecture.md), how to write one in [plugins.md](plugins.md).\n";

fn page() -> String {
    let mut resolve = Resolve::default();
    let wit = python::tests().parent().unwrap().join("wit");
    let (newest, _) = resolve.push_dir(&wit).unwrap();
    let mut page = HEAD.to_owned();
    let mut packages: Vec<_> = resolve.packages.iter().map(|(id, _)| id).collect();
    packages.sort_by_key(|id| *id != newest);
    for id in &packages {
        let package = &resolve.packages[*id];
        let _ = write!(
            page,
            "\n## Worlds of {}\n\n| world | exports | may import |\n|---|---|---|\n",
            package.name.version.as_ref().unwrap()
        );
        for world in package.worlds.values() {
            world_row(&mut page, &resolve, &resolve.worlds[*world]);
        }
    }
    for id in packages {
        for (name, interface) in &resolve.packages[id].interfaces {
            let version = resolve.packages[id].name.version.as_ref().unwrap();
            let _ = write!(page, "\n## `{name}@{version}`\n");
            interface_section(&mut page, &resolve, &resolve.interfaces[*interface]);
        }
    }
    page
}

fn world_row(page: &mut String, resolve: &Resolve, world: &World) {
    let named = |items: &mut dyn Iterator<Item = &WorldItem>| {
        let names: Vec<String> = items
            .filter_map(|item| match item {
                WorldItem::Interface { id, .. } => Some(format!("`{}`", interface_name(resolve, *id))),
                _ => None,
            })
            .collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
    };
    let (exports, imports) = (named(&mut world.exports.values()), named(&mut world.imports.values()));
    let _ = writeln!(page, "| `{}` | {exports} | {imports} |", world.name);
}

fn interface_name(resolve: &Resolve, id: InterfaceId) -> String {
    let interface = &resolve.interfaces[id];
    let version = interface.package.and_then(|package| resolve.packages[package].name.version.clone());
    let name = interface.name.clone().unwrap_or_default();
    version.map_or_else(|| name.clone(), |version| format!("{name}@{version}"))
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
            for function in functions.clone().filter(|function| function.kind.resource() == Some(*id)) {
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
    let result =
        function.result.as_ref().map(|ty| format!(" -> {}", type_name(resolve, ty))).unwrap_or_default();
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
    let of = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), |ty| type_name(resolve, ty));
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
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page(), "docs/contract.md is out of step: write it again with {WRITE}=1");
}
