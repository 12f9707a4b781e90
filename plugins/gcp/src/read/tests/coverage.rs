//! All methods of the APIs that are read: the share that is read, and requests made from the templates.

use std::collections::BTreeSet;

use super::*;

/// Labels that are compared word by word; locations are no part of what they hold, see `place`.
const VALUE: &str = "value";

/// A line of the table.
struct Method {
    host: String,
    verb: String,
    template: String,
    operation: String,
}

fn methods() -> Vec<Method> {
    let hosts = target::APIS.iter().map(|api| format!("{api}{}", target::SUFFIX));
    hosts
        .flat_map(|host| {
            let lines = METHODS.section(&host).unwrap();
            let method = |line: &str| {
                let mut words = line.split(' ').map(str::to_owned);
                let mut next = || words.next().unwrap();
                let (verb, template, operation) = (next(), next(), next());
                Method { host: host.clone(), verb, template, operation }
            };
            lines.lines().map(method).collect::<Vec<_>>()
        })
        .collect()
}

/// Returns the number of labels of a template.
fn labels(template: &str) -> usize {
    template.matches('{').count()
}

/// Fills a template: label `n` becomes `value` and its number, and label `changed` another text.
fn filled(template: &str, changed: Option<usize>) -> String {
    let mut path = String::new();
    let mut rest = template;
    let mut at = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}').unwrap();
        let value = if changed == Some(at) { format!("other{at}") } else { format!("{VALUE}{at}") };
        path += before;
        path += &value;
        rest = after;
        at += 1;
    }
    path + rest
}

/// Returns a request of the method with a body and a query that name nothing more than they must.
fn made(method: &Method, changed: Option<usize>) -> SeenRequest {
    // Version 1 of Cloud Run is served by the host of a region.
    let region = if method.template.contains("/namespaces/") { "l1-" } else { "" };
    let region = if method.host == "run.googleapis.com" { region } else { "" };
    let mut url = format!("{region}{}{}", method.host, filled(&method.template, changed));
    let body = match method.operation.as_str() {
        "bigquery.jobs.insert" | "bigquery.jobs.query" => {
            r#"{"query":"SELECT 1","configuration":{"query":{"query":"SELECT 1"}}}"#
        }
        "storage.objects.compose" => r#"{"sourceObjects":[{"name":"a"}]}"#,
        "logging.entries.list" | "logging.entries.tail" => r#"{"resourceNames":["projects/p"]}"#,
        "logging.entries.write" => r#"{"entries":[{"logName":"projects/p/logs/l"}]}"#,
        _ if matches!(method.verb.as_str(), "GET" | "DELETE") => "",
        _ => "{}",
    };
    if method.operation == "storage.objects.insert" {
        url += "?name=o&uploadType=resumable";
        if !method.template.contains("upload/") {
            url = url.replace("&uploadType=resumable", "");
        }
    } else if method.template.contains("upload/") {
        url += "?uploadType=resumable";
    } else if method.operation.starts_with("storage.buckets.") && labels(&method.template) == 0 {
        url += "?project=p";
    }
    if method.host.starts_with("cloudresourcemanager.") && labels(&method.template) == 0 {
        url += "?parent=folders/1";
    }
    let kind = if body.is_empty() { "" } else { JSON };
    request(&method.verb, &url, kind, body)
}

/// Returns true if the table has another method that fits this path as well or better.
fn is_shadowed(method: &Method) -> bool {
    let path = filled(&method.template, None);
    let asked = Request { method: &method.verb, path: &path, query: &[], headers: &[] };
    METHODS.find(&method.host, asked).is_none_or(|found| found.operation != method.operation)
}

#[test]
fn nearly_every_method_is_read_with_permission_and_resource() {
    let (mut all, mut read_whole) = (BTreeSet::new(), BTreeSet::new());
    let mut unread = BTreeSet::new();
    for method in methods() {
        if permissions(&method.operation).is_none() {
            continue;
        }
        all.insert(method.operation.clone());
        match read(&made(&method, None)) {
            Reading::Calls(needs)
                if needs.iter().any(|need| matches!(need.on, Scope::These(_))) =>
            {
                read_whole.insert(method.operation);
            }
            other => {
                unread.insert((method.operation, format!("{other:?}")));
            }
        }
    }
    let missing: Vec<&String> =
        unread.iter().map(|(name, _)| name).filter(|name| !read_whole.contains(*name)).collect();
    println!("{} of {} methods are read with permission and resource", read_whole.len(), all.len());
    println!("not: {missing:?}");
    assert!(read_whole.len() * 100 >= all.len() * 95, "{} of {}", read_whole.len(), all.len());
}

#[test]
fn the_resource_is_the_one_that_the_path_names_and_changes_with_it() {
    let mut checked = 0;
    for method in methods() {
        // The other versions have the same templates, see below.
        if ["/alpha/", "/beta/"].iter().any(|version| method.template.contains(version)) {
            continue;
        }
        let first = read(&made(&method, None));
        let Reading::Calls(first) = first else { continue };
        if is_shadowed(&method) {
            continue;
        }
        let names: Vec<&String> = first.iter().flat_map(|need| need.on.named()).collect();
        for label in 0..labels(&method.template) {
            let value = format!("{VALUE}{label}");
            let is_named = |name: &&String| name.split(['/', '*']).any(|part| part == value);
            let Reading::Calls(second) = read(&made(&method, Some(label))) else {
                panic!("{} {}", method.verb, method.template)
            };
            let others: Vec<&String> = second.iter().flat_map(|need| need.on.named()).collect();
            if names.iter().any(is_named) {
                assert!(others.iter().all(|name| !is_named(name)), "{}", method.template);
                let changed = format!("other{label}");
                let is_changed =
                    |name: &&String| name.split(['/', '*']).any(|part| part == changed);
                assert!(others.iter().any(is_changed), "{} {others:?}", method.template);
                assert_ne!(names, others, "{}", method.template);
                checked += 1;
            }
        }
    }
    println!("{checked} labels");
    assert!(checked > 3000, "{checked}");
}

#[test]
fn versions_of_one_method_have_one_reading() {
    let mut compared = 0;
    for method in
        methods().iter().filter(|method| method.template.contains("/compute/v1/")).step_by(5)
    {
        let first = told(&made(method, None));
        for version in ["alpha", "beta"] {
            let mut other = made(method, None);
            other.path = other.path.replace("/compute/v1/", &format!("/compute/{version}/"));
            let asked =
                Request { method: &other.method, path: &other.path, query: &[], headers: &[] };
            let found = METHODS.find(&other.host, asked);
            if found.is_some_and(|found| found.operation != method.operation) {
                continue;
            }
            let second = told(&other);
            if second[0].starts_with("unknown") || is_shadowed(method) {
                continue;
            }
            assert_eq!(first, second, "{}", method.template);
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
}
