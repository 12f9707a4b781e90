//! A request is read as the operation that botocore wrote, with every value of its lists.

use std::collections::{BTreeMap, BTreeSet};

use audex_components::provider::Call;
use audex_gateway::decide::On;

use super::models::{Read, Reading, Sent, all, provider};
use super::with_names;

/// The calls that are attributed at once.
const AT_ONCE: usize = 500;
/// Operations whose requests are those of another one of the same service, or need other permissions than their
/// name says: both `lex` APIs sign for one service, `ListDirectoryBuckets` has its own host.
const INSTEAD: [(&str, &str); 3] =
    [("lex", "GetImport"), ("lex", "StartImport"), ("s3", "ListDirectoryBuckets")];
/// The differences that a failure shows.
const SHOWN: usize = 12;

/// Returns the actions of each operation by its name.
fn by_name() -> BTreeMap<(&'static str, &'static str), BTreeSet<String>> {
    let names: BTreeSet<_> =
        all().iter().map(|one| (one.sent.service.as_str(), one.sent.operation.as_str())).collect();
    let names: Vec<_> = names.into_iter().collect();
    let call = |(service, operation): &(&str, &str)| Call {
        service: (*service).to_owned(),
        operation: (*operation).to_owned(),
        known: true,
        resources: Vec::new(),
        count: 1,
        denied: false,
        source: String::new(),
    };
    let provider = provider();
    let mut actions = BTreeMap::new();
    for names in names.chunks(AT_ONCE) {
        let calls: Vec<Call> = names.iter().map(call).collect();
        let attributions = provider.attribute(&calls).unwrap();
        for (name, attribution) in names.iter().zip(attributions) {
            let of = attribution.permissions.into_iter().map(|one| one.action).collect();
            actions.insert(*name, of);
        }
    }
    actions
}

#[test]
fn a_request_is_read_as_the_operation_that_was_written() {
    let by_name = by_name();
    let mut wrong = Vec::new();
    for Read { sent, reading } in all() {
        let Reading::Needs(needs) = reading else { continue };
        let read: BTreeSet<String> = needs.iter().map(|need| need.action.clone()).collect();
        let expected = &by_name[&(sent.service.as_str(), sent.operation.as_str())];
        let is_version = read.iter().any(|action| action.contains("ObjectVersion"));
        let is_known = INSTEAD.contains(&(sent.service.as_str(), sent.operation.as_str()));
        if !expected.is_subset(&read) && !is_version && !is_known {
            wrong.push(format!(
                "{} {} {}: {expected:?} was read as {read:?}",
                sent.service, sent.operation, sent.variant
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(SHOWN)]);
}

#[test]
fn a_list_is_read_to_its_end() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for Read { sent, reading } in all().iter().filter(|one| one.sent.variant == "two") {
        let Reading::Needs(needs) = reading else { continue };
        let request = format!("{} {}", sent.target, String::from_utf8_lossy(&sent.body));
        let written = names(&request);
        let mut by_action: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for need in needs {
            if let On::These(on) = &need.on {
                by_action.entry(&need.action).or_default().extend(names(&on.join(" ")));
            }
        }
        for (action, on) in by_action {
            for name in on.iter().filter_map(|name| name.strip_suffix('q')) {
                let second = format!("{name}r");
                seen += usize::from(on.contains(&second));
                if written.contains(&second) && !on.contains(&second) {
                    let Sent { service, operation, .. } = sent;
                    wrong.push(format!("{service} {operation}: {action} is not on `{second}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(SHOWN)]);
    assert!(seen > 300, "{seen}");
}

fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    with_names(text, |name| {
        names.insert(name.to_owned());
        String::new()
    });
    names
}
