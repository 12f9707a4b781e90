//! Commands that a sentence quotes: `aws`, `gsutil`, `gcloud storage` and `az`.

use crate::address;
use crate::family::{self, singular};
use crate::names::Names;
use crate::resolve::Need;
use crate::table;
use crate::trouble::Trouble;
use crate::verb;

/// The options with a value, of the commands that take addresses. All other options have no value.
const VALUED: &[&str] = &[
    "--exclude",
    "--include",
    "--acl",
    "--storage-class",
    "--profile",
    "--region",
    "--endpoint-url",
    "--content-type",
    "--sse",
    "--sse-kms-key-id",
    "--cache-control",
    "--output",
];

/// Returns the needs of a command.
///
/// # Errors
/// If the command or its resource is not known.
pub fn needs(provider: &str, line: &str) -> Result<Vec<Need>, Trouble> {
    let words: Vec<&str> =
        line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let found = match (table::cloud_of(provider), words.as_slice()) {
        ("aws", ["aws", "s3", operation, rest @ ..]) => copies(provider, "s3", operation, rest),
        ("aws", ["aws", service, operation, rest @ ..]) => call(provider, service, operation, rest),
        (
            "gcp",
            ["gsutil", "-m", operation, rest @ ..]
            | ["gsutil", operation, rest @ ..]
            | ["gcloud", "storage", operation, rest @ ..],
        ) => copies(provider, "storage", operation, rest),
        ("azure", ["az", thing, operation, rest @ ..]) => {
            resource(provider, thing, operation, rest)
        }
        _ => None,
    };
    found.filter(|needs| !needs.is_empty()).ok_or_else(|| Trouble::Command(shown(&words)))
}

/// Returns program, service and operation. The rest may be long or secret.
fn shown(words: &[&str]) -> String {
    words.iter().take(3).copied().collect::<Vec<_>>().join(" ")
}

/// Returns the need of one row of the table, with these names.
fn need(
    provider: &str,
    service: &str,
    thing: &str,
    verb: &'static str,
    names: &Names,
) -> Option<Need> {
    let row = table::row(provider, service, thing, verb)?;
    let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let templates =
        owned(&row.templates).into_iter().map(|template| (template.clone(), template)).collect();
    Some(Need {
        verb,
        service: service.to_owned(),
        thing: thing.trim_end_matches('+').to_owned(),
        actions: owned(&row.actions),
        templates,
        names: names.clone(),
        is_named: !names.is_empty(),
        said: Vec::new(),
    })
}

/// Returns the needs of a command that lists, copies, moves or deletes by addresses. Source: AWS CLI, "s3";
/// gsutil, "cp", "rsync", "rm".
fn copies(provider: &str, service: &str, operation: &str, rest: &[&str]) -> Option<Vec<Need>> {
    let has = |options: &[&str]| rest.iter().any(|word| options.contains(word));
    let is_sync = ["sync", "rsync"].contains(&operation);
    let is_deep = is_sync || has(&["--recursive", "-r", "-R"]);
    let deletes = has(&["--delete", "-d", "--delete-unmatched-destination-objects"]);
    let mut given: Vec<Option<Names>> = Vec::new();
    let mut is_value = false;
    for word in rest {
        if std::mem::take(&mut is_value) {
            continue;
        }
        is_value = VALUED.contains(word);
        if !word.starts_with('-') {
            given.push(place(service, word, is_deep)?);
        }
    }
    let one = |verb: &'static str, thing: &str, names: &Names| {
        need(provider, service, thing, verb, names)
    };
    let (source, target) = (given.first().cloned().flatten(), given.get(1).cloned().flatten());
    let from = |verbs: &[&'static str]| -> Vec<Option<Need>> {
        let Some(names) = &source else { return Vec::new() };
        verbs.iter().map(|verb| one(verb, "object", names)).collect()
    };
    let to = |verbs: &[&'static str]| -> Vec<Option<Need>> {
        let Some(names) = &target else { return Vec::new() };
        verbs.iter().map(|verb| one(verb, "object", names)).collect()
    };
    let all: Vec<Option<Need>> = match operation {
        "ls" | "list" if source.is_none() => vec![one("list", "bucket+", &Names::default())],
        "ls" | "list" => from(&["list"]),
        "cat" | "presign" => from(&["read"]),
        "rm" if is_deep => from(&["delete", "list"]),
        "rm" => from(&["delete"]),
        "rb" if !has(&["--force"]) => vec![one("delete", "bucket", &source?)],
        "mb" => vec![one("create", "bucket", &source?)],
        "cp" if !is_deep => from(&["read"]).into_iter().chain(to(&["write"])).collect(),
        "cp" => from(&["list", "read"]).into_iter().chain(to(&["write"])).collect(),
        "mv" => {
            let read: &[&str] =
                if is_deep { &["delete", "list", "read"] } else { &["delete", "read"] };
            from(&read.iter().filter_map(|verb| verb::named(verb)).collect::<Vec<_>>())
                .into_iter()
                .chain(to(&["write"]))
                .collect()
        }
        "sync" | "rsync" if deletes => {
            from(&["list", "read"]).into_iter().chain(to(&["list", "write", "delete"])).collect()
        }
        "sync" | "rsync" => {
            from(&["list", "read"]).into_iter().chain(to(&["list", "write"])).collect()
        }
        _ => return None,
    };
    all.into_iter().collect()
}

/// Returns the names in an address, or no names for a local path. Returns `None` for an address of another
/// service.
#[expect(clippy::option_option, reason = "a local path is known, and names nothing")]
fn place(service: &str, word: &str, is_deep: bool) -> Option<Option<Names>> {
    if !word.contains("://") {
        return Some(None);
    }
    let address = address::read(word).filter(|address| address.service == service)?;
    let mut names = Names::default();
    for (thing, name) in address.names {
        let is_whole = thing == "object" && is_deep && !name.ends_with('*');
        names.add(thing, if is_whole { format!("{name}/*") } else { name });
    }
    Some(Some(names))
}

/// Returns the needs of an operation of an AWS service, by its name in the catalogue. Source: AWS CLI, where
/// commands are the API's operations in lower case with hyphens.
fn call(provider: &str, service: &str, operation: &str, rest: &[&str]) -> Option<Vec<Need>> {
    let service = match service {
        "s3api" => "s3",
        "elbv2" | "elb" => "elasticloadbalancing",
        "stepfunctions" => "states",
        "deploy" => "codedeploy",
        "configservice" => "config",
        known => known,
    };
    let name = match (service, operation) {
        ("lambda", "invoke") => "invokefunction".to_owned(),
        ("s3", "head-object") => "getobject".to_owned(),
        ("s3", "list-objects" | "list-objects-v2" | "head-bucket") => "listbucket".to_owned(),
        ("s3", "list-buckets") => "listallmybuckets".to_owned(),
        _ => operation.replace('-', ""),
    };
    let action = aws_catalogue::find(&format!("{service}:{name}"))?;
    let options = options(rest);
    let value = |noun: &str| {
        options.iter().find(|(option, _)| option == noun).map(|(_, value)| value.clone())
    };
    let kinds = aws_catalogue::service(service)?;
    let all = kinds.types();
    let of_action = kinds.types_of(action.set);
    let formats =
        of_action.iter().filter_map(|(number, _)| all.get(*number)).map(|kind| kind.arn.as_str());
    let (mut names, mut templates) = (Names::default(), Vec::new());
    for format in formats {
        let variables = family::variables(format);
        let is_known = |variable: &String| variable == "account" || value(variable).is_some();
        if variables.is_empty() || !variables.iter().all(is_known) {
            continue;
        }
        for thing in &variables {
            if let Some(name) = value(thing) {
                names.add(thing, name);
            }
        }
        templates.push((format.to_owned(), family::fill(format, value)));
    }
    let is_own =
        |value: &&String| value.starts_with("arn:") && value.split(':').nth(2) == Some(service);
    names.arns.extend(options.iter().map(|(_, value)| value).filter(is_own).cloned());
    templates.extend(names.arns.iter().map(|arn| (arn.clone(), arn.clone())));
    let looks = ["list", "describe"].iter().any(|beginning| operation.starts_with(beginning));
    if templates.is_empty() && !of_action.is_empty() && !looks {
        return None;
    }
    let mut needs = vec![Need {
        verb: "run",
        service: service.to_owned(),
        thing: singular(operation),
        actions: vec![action.full_name()],
        is_named: !names.is_empty(),
        said: Vec::new(),
        templates,
        names,
    }];
    // Some operations fetch code or templates with the caller's own rights.
    if let (Some(bucket), Some(key)) = (value("s3-bucket"), value("s3-key")) {
        let mut names = Names::default();
        names.add("bucket", bucket);
        names.add("object", key);
        needs.extend(need(provider, "s3", "object", "read", &names));
    }
    Some(needs)
}

/// Returns the options with their values, by the noun that they name: `--function-name` is a `function`.
fn options(rest: &[&str]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut words = rest.iter().peekable();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else { continue };
        let (option, value) = match option.split_once('=') {
            Some((option, value)) => (option, value),
            None => {
                (option, words.next_if(|next| !next.starts_with("--")).copied().unwrap_or_default())
            }
        };
        let noun = ["-name", "-id", "-url"]
            .iter()
            .find_map(|ending| option.strip_suffix(ending))
            .unwrap_or(option);
        let noun = if noun == "key" { "object" } else { noun };
        let value = if option.ends_with("-url") {
            value.rsplit('/').next().unwrap_or_default()
        } else {
            value
        };
        if !value.is_empty() {
            all.push((noun.to_owned(), value.to_owned()));
        }
    }
    all
}

/// Returns the need of a command about one Azure resource: `az vm start -g GROUP -n NAME`.
fn resource(provider: &str, thing: &str, operation: &str, rest: &[&str]) -> Option<Vec<Need>> {
    let kind = table::things(provider, thing).into_iter().next()?;
    let verb = verb::named(operation)?;
    let mut names = Names::default();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "-g" | "--resource-group" => names.add("group", (*words.next()?).to_owned()),
            "-n" | "--name" => names.add(kind.name, (*words.next()?).to_owned()),
            _ => {}
        }
    }
    need(provider, kind.service, kind.name, verb, &names).map(|need| vec![need])
}
