//! The share of the requests of Microsoft's own packages that are read with operation and resource.

use super::*;

/// The requests of the management packages, made by catalogue/generate.py.
const PATHS: &str = include_str!("../../../catalogue/paths.txt");
/// The requests of azure-storage-blob 12.31, -storage-queue 12.18, -data-tables 12.7, -keyvault-secrets 4.12,
/// -keyvault-keys 4.11 and -keyvault-certificates 4.12.
const DATA: &str = include_str!("data.txt");
/// The least share in 1,000, of the control plane and of the data planes.
const LEAST: (usize, usize) = (950, 950);

/// Returns every method and template of paths.txt.
pub fn templates() -> Vec<(&'static str, String)> {
    let mut before = String::new();
    let mut all = Vec::new();
    for line in PATHS.lines() {
        let (shared, rest) = line.split_once(' ').unwrap();
        let (rest, methods) = rest.rsplit_once(' ').unwrap();
        let path = format!("{}{rest}", &before[..shared.parse().unwrap()]);
        for at in (0..methods.len()).step_by(2) {
            let method = match &methods[at..at + 2] {
                "GE" => "GET",
                "HE" => "HEAD",
                "PU" => "PUT",
                "PA" => "PATCH",
                "DE" => "DELETE",
                "PO" => "POST",
                other => panic!("{other}"),
            };
            all.push((method, path.clone()));
        }
        before = path;
    }
    all
}

/// Returns a path of a template: a scope for a leading `{}`, and a name for every other.
pub fn filled(template: &str, name: impl Fn(usize) -> String) -> String {
    let template = template.strip_prefix('/').unwrap_or(template);
    let scope = "subscriptions/s1/resourceGroups/g1/providers/Microsoft.Compute/virtualMachines/v1";
    let template = match template.strip_prefix("{}") {
        Some(rest) => format!("{scope}{rest}"),
        None => template.to_owned(),
    };
    let mut path = String::from("/");
    for (at, part) in template.split("{}").enumerate() {
        if at > 0 {
            path.push_str(&name(at));
        }
        path.push_str(part);
    }
    path
}

fn report(what: &str, all: usize, unread: &[String]) -> usize {
    let share = (all - unread.len()) * 1000 / all;
    println!("{} of {all} requests of {what} are read ({share} in 1,000)", all - unread.len());
    for line in unread {
        println!("{line}");
    }
    share
}

#[test]
fn nearly_every_request_of_the_management_packages_is_read() {
    let all = templates();
    let mut unread = Vec::new();
    for (method, template) in &all {
        let path = filled(template, |at| format!("n{at}"));
        let url = format!("management.azure.com{path}?api-version=2024-01-01");
        let request = request(method, &url, &[], b"");
        let is_read = match read(&request) {
            // An operation that the catalogue has, which another program made by the same rule.
            Reading::Calls(needs) => needs.iter().all(|need| {
                !matches!(need.on, Scope::Unseen) && azure_catalogue::find(&need.action).is_some()
            }),
            _ => false,
        };
        if !is_read {
            unread.push(format!("{method} {template}: {:?}", told(&request)));
        }
    }
    let share = report("the control plane", all.len(), &unread);
    assert!(all.len() > 8_000 && share >= LEAST.0, "{share}");
}

#[test]
fn nearly_every_request_of_the_data_packages_is_read() {
    let mut unread = Vec::new();
    let lines: Vec<&str> = DATA.lines().filter(|line| !line.starts_with('#')).collect();
    for line in &lines {
        let (method, rest) = line.split_once(' ').unwrap();
        let mut words = rest.split(' ');
        let url = words.next().unwrap();
        let headers: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
        let body: &[u8] = if url.ends_with("/Tables") { br#"{"TableName":"people"}"# } else { b"" };
        let request = request(method, url, &headers, body);
        if !matches!(read(&request), Reading::Calls(_)) {
            unread.push(format!("{line}: {:?}", told(&request)));
        }
    }
    let share = report("the data planes", lines.len(), &unread);
    assert!(lines.len() > 130 && share >= LEAST.1, "{share}");
}
