//! The dependencies between the modules of a crate, read from the source files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's path such as `aws::error`, with its source text without tests.
pub(crate) type Sources = BTreeMap<String, String>;
/// The modules that each module uses.
pub(crate) type Edges = BTreeMap<String, BTreeSet<String>>;

/// Reads every module under `folder` except the crate's root and tests.
pub(crate) fn sources(folder: &Path) -> Sources {
    let mut found = Sources::new();
    read(folder, "", &mut found);
    found
}

fn read(folder: &Path, prefix: &str, found: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let module = if prefix.is_empty() { stem.to_owned() } else { format!("{prefix}::{stem}") };
        if path.is_dir() {
            read(&path, &module, found);
        } else if path.extension().is_some_and(|end| end == "rs")
            && !["lib", "main"].contains(&module.as_str())
        {
            let is_test = module.split("::").any(|name| name == "tests");
            if !is_test {
                found.insert(module, without_tests(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
}

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// Finds which modules each module names by `crate::` or `super::`.
pub(crate) fn import_edges(sources: &Sources) -> Edges {
    let edges = |(module, text): (&String, &String)| {
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let here: Vec<&str> = module.split("::").collect();
        let named = paths(&code).into_iter().filter_map(|path| resolve(&path, &here, sources));
        (module.clone(), named.filter(|other| other != module).collect())
    };
    sources.iter().map(edges).collect()
}

/// Every path in `code` that begins with `crate` or `super`, with groups in braces written out.
fn paths(code: &str) -> Vec<Vec<String>> {
    let starts = code.match_indices("crate::").chain(code.match_indices("super::"));
    let is_start =
        |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    starts.filter(|(at, _)| is_start(*at)).flat_map(|(at, _)| tree(&code[at..]).0).collect()
}

/// Reads one path, or one tree of paths, at the beginning of `text`; returns the rest of the text too.
fn tree(text: &str) -> (Vec<Vec<String>>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.is_empty() || rest.starts_with('}') {
                return (all, rest.get(1..).unwrap_or_default());
            }
            let (paths, after) = tree(rest);
            all.extend(paths);
            let end = after.find([',', '}', '{']).unwrap_or(after.len());
            rest = &after[end..];
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if let Some(after) = rest.strip_prefix("::") {
        let (inner, rest) = tree(after);
        let under = inner.into_iter().map(|path| [vec![name.to_owned()], path].concat()).collect();
        return (under, rest);
    }
    (vec![vec![name.to_owned()]], rest)
}

/// Returns the module that `path` names from `here`: the longest prefix that names one.
fn resolve(path: &[String], here: &[&str], sources: &Sources) -> Option<String> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let base = if ups == 0 { &[][..] } else { here.get(..here.len().checked_sub(ups)?)? };
    let names = path.iter().skip(ups.max(1)).map(String::as_str);
    let full: Vec<&str> = base.iter().copied().chain(names).collect();
    (1..=full.len())
        .rev()
        .map(|length| full[..length].join("::"))
        .find(|module| sources.contains_key(module))
}

/// Finds the circles among the modules of one folder, for every folder: a module counts with all that is below it.
pub(crate) fn circles(edges: &Edges) -> Vec<(String, Vec<String>)> {
    let modules = edges.keys().chain(edges.values().flatten());
    let folders: BTreeSet<String> = modules.flat_map(|module| folders_of(module)).collect();
    folders
        .into_iter()
        .flat_map(|folder| {
            let level = level(edges, &folder);
            circles_of(&level).into_iter().map(move |circle| (folder.clone(), circle))
        })
        .collect()
}

fn folders_of(module: &str) -> Vec<String> {
    let names: Vec<&str> = module.split("::").collect();
    (0..names.len()).map(|length| names[..length].join("::")).collect()
}

/// The edges between the direct children of `folder`.
fn level(edges: &Edges, folder: &str) -> Edges {
    let child = |module: &str| {
        let below = if folder.is_empty() {
            module
        } else {
            module.strip_prefix(folder)?.strip_prefix("::")?
        };
        below.split("::").next().map(str::to_owned)
    };
    let mut level = Edges::new();
    for (from, to) in edges {
        let Some(from) = child(from) else { continue };
        let others = to.iter().filter_map(|to| child(to)).filter(|to| *to != from);
        level.entry(from.clone()).or_default().extend(others.collect::<Vec<_>>());
    }
    level
}

/// The sets of two or more modules that reach each other.
fn circles_of(level: &Edges) -> Vec<Vec<String>> {
    let reach: Edges = level.keys().map(|from| (from.clone(), reached(level, from))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (from, to) in &reach {
        let back = |other: &&String| reach.get(*other).is_some_and(|others| others.contains(from));
        let circle: BTreeSet<&String> = to.iter().filter(back).collect();
        if circle.len() > 1 {
            found.insert(circle.into_iter().cloned().collect());
        }
    }
    found.into_iter().collect()
}

fn reached(level: &Edges, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&String> = level.get(from).into_iter().flatten().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next.clone()) {
            waiting.extend(level.get(next).into_iter().flatten());
        }
    }
    reached
}
