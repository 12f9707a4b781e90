//! A changed request is refused, or read as needing no less than before.

use std::collections::BTreeMap;

use audex_components::provider::Reader;
use audex_gateway::decide::{Need, On};
use serde_json::Value;

use super::grant::formats;
use super::models::{Read, Reading, Sent, all, provider, read};

/// Every request meets one of so many changes.
const SAMPLED: usize = 8;
/// The differences that a failure shows.
const SHOWN: usize = 10;
const FORM: &str = "application/x-www-form-urlencoded";
/// Endings of the names of parameters that are texts for people or for the service alone.
const TEXTS: [&str; 8] =
    ["comment", "description", "message", "note", "reason", "subject", "title", "token"];
const TARGET: &str = "x-amz-target";

/// Changes that make a request another one, which is executed as it is read: an ARN in a path has encoded slashes,
/// so S3 Tables can only split the path before it decodes it.
const EXECUTED: [(&str, &str); 1] = [("an encoded slash", "GetNamespace")];

/// A change of a request; returns false if the request has no such part.
type Change = fn(&mut Sent) -> bool;

/// The changes, with their names for messages.
const CHANGES: [(&str, Change); 14] = [
    ("a parameter twice", twice),
    ("a parameter twice, in another order", twice_before),
    ("an unknown parameter", |sent| query(sent, "audex=1")),
    ("another action in the query", |sent| {
        query(sent, "Action=GetCallerIdentity&Version=2011-06-15")
    }),
    ("a method override in the query", |sent| query(sent, "_method=GET")),
    ("an unknown header", |sent| header(sent, "x-audex", "1")),
    ("a method override", |sent| header(sent, "x-http-method-override", "GET")),
    ("a shorter body", |sent| document(sent, |body| body.truncate(body.len() / 2))),
    ("a longer body", |sent| document(sent, |body| body.extend_from_slice(b"x"))),
    ("a second document", |sent| document(sent, |body| body.extend_from_slice(b"{}"))),
    ("another target", other_target),
    ("a target twice", |sent| header(sent, TARGET, "Audex.ListNothing")),
    ("a form for a body", form),
    ("an encoded slash", slash),
];

fn query(sent: &mut Sent, text: &str) -> bool {
    let mark = if sent.target.contains('?') { '&' } else { '?' };
    sent.target = format!("{}{mark}{text}", sent.target);
    true
}

fn header(sent: &mut Sent, name: &str, value: &str) -> bool {
    sent.headers.push((name.to_owned(), value.to_owned()));
    true
}

fn body(sent: &mut Sent, change: impl FnOnce(&mut Vec<u8>)) -> bool {
    change(&mut sent.body);
    sent.has_read_body() && !sent.body.is_empty()
}

/// Changes a body that is one document. A form has no end of its own: with other bytes at its end it is another
/// form, which the service reads as the gateway does.
fn document(sent: &mut Sent, change: impl FnOnce(&mut Vec<u8>)) -> bool {
    !sent.body.starts_with(b"Action=") && body(sent, change)
}

/// Returns the name of the first parameter that names something, and its place.
fn first(sent: &Sent) -> Option<(Place, String)> {
    let pair = |text: &str| text.split_once('=').map(|(name, _)| name.to_owned());
    if let Some((_, query)) = sent.target.split_once('?')
        && let Some(name) = query.split('&').find_map(pair)
    {
        return Some((Place::Query, name));
    }
    let text = std::str::from_utf8(&sent.body).ok().filter(|_| sent.has_read_body())?;
    if let Some(rest) = text.strip_prefix("{\"") {
        return Some((Place::Json, rest.split_once('"')?.0.to_owned()));
    }
    let name = text.strip_prefix("Action=")?.split('&').skip(2).find_map(pair)?;
    Some((Place::Form, name))
}

enum Place {
    Query,
    Form,
    Json,
}

fn twice(sent: &mut Sent) -> bool {
    let Some((place, name)) = first(sent) else { return false };
    match place {
        Place::Query => query(sent, &format!("{name}=other")),
        Place::Form => body(sent, |body| body.extend(format!("&{name}=other").bytes())),
        Place::Json => body(sent, |body| {
            body.pop();
            body.extend(format!(",\"{name}\":\"other\"}}").bytes());
        }),
    }
}

fn twice_before(sent: &mut Sent) -> bool {
    let Some((place, name)) = first(sent) else { return false };
    match place {
        Place::Query => sent.target = sent.target.replacen('?', &format!("?{name}=other&"), 1),
        Place::Form => sent.body = [format!("{name}=other&").as_bytes(), &sent.body].concat(),
        Place::Json => {
            let begin = format!("{{\"{name}\":\"other\",");
            sent.body = [begin.as_bytes(), &sent.body[1..]].concat();
        }
    }
    true
}

fn other_target(sent: &mut Sent) -> bool {
    let Some((_, target)) = sent.headers.iter_mut().find(|(name, _)| name == TARGET) else {
        return header(sent, TARGET, "DynamoDB_20120810.ListTables");
    };
    let Some((_, operation)) = target.rsplit_once('.') else { return false };
    // The name after the last dot is the operation: with another one the request is another.
    *target = format!("Audex.ListNothing.{operation}");
    true
}

fn form(sent: &mut Sent) -> bool {
    sent.headers.retain(|(name, _)| name != "content-type");
    header(sent, "content-type", FORM)
}

fn slash(sent: &mut Sent) -> bool {
    let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    let Some((before, after)) = path.rsplit_once('/').filter(|(before, _)| !before.is_empty())
    else {
        return false;
    };
    let mark = if query.is_empty() { "" } else { "?" };
    sent.target = format!("{before}%2F{after}{mark}{query}");
    true
}

/// Returns true if `changed` needs everything that `plain` does.
fn is_no_less(plain: &[Need], changed: &[Need]) -> bool {
    let is_in = |need: &Need| {
        changed.iter().any(|other| {
            let is_wide = match (&need.on, &other.on) {
                (_, On::Unseen) | (On::Every, On::Every) => true,
                (On::These(plain), On::These(changed)) => {
                    plain.iter().all(|one| changed.contains(one))
                }
                (On::These(_) | On::Unseen, _) | (On::Every, On::These(_)) => false,
            };
            other.action == need.action
                && is_wide
                && other.yields_credentials == need.yields_credentials
        })
    };
    plain.iter().all(is_in)
}

#[test]
fn a_changed_request_is_refused_or_read_as_no_less() {
    let mut reader = Reader::new(provider());
    let mut wrong = Vec::new();
    let mut tried: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let richest = all().iter().filter(|one| one.sent.variant != "two");
    for (number, Read { sent, reading }) in richest.enumerate() {
        let Reading::Needs(plain) = reading else { continue };
        for (place, (name, change)) in CHANGES.iter().enumerate() {
            let mut changed = sent.clone();
            if (number + place) % SAMPLED != 0 || !change(&mut changed) {
                continue;
            }
            let counts = tried.entry(name).or_default();
            match read(&mut reader, &changed) {
                Reading::Needs(needs) => {
                    counts[0] += 1;
                    let is_executed = EXECUTED.contains(&(*name, sent.operation.as_str()));
                    if !is_executed && !is_no_less(plain, &needs) {
                        wrong.push(format!(
                            "{name}: {} {} {} {plain:?} became {needs:?}",
                            sent.service, changed.method, changed.target
                        ));
                    }
                }
                Reading::Unknown(_) | Reading::Ambiguous(_) => counts[1] += 1,
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(SHOWN)]);
    for (name, [_, refused]) in &tried {
        assert!(*refused > 50, "{name} is hardly ever refused: {tried:?}");
    }
}

#[test]
fn an_arn_in_a_text_names_no_resource() {
    let mut reader = Reader::new(provider());
    let mut wrong = Vec::new();
    let mut tried = 0;
    for Read { sent, reading } in all().iter().filter(|one| one.sent.variant == "all") {
        let Reading::Needs(plain) = reading else { continue };
        let Ok(Value::Object(mut body)) = serde_json::from_slice(&sent.body) else { continue };
        let Some(arn) = plain.iter().flat_map(|need| formats(&need.action, "other")).next() else {
            continue;
        };
        let is_text = |name: &str| TEXTS.iter().any(|end| name.to_lowercase().ends_with(end));
        let texts = body.iter_mut().filter(|(name, value)| is_text(name) && value.is_string());
        let count = texts.map(|(_, value)| *value = arn.as_str().into()).count();
        if count == 0 {
            continue;
        }
        tried += 1;
        let changed = Sent { body: serde_json::to_vec(&body).unwrap(), ..sent.clone() };
        match read(&mut reader, &changed) {
            Reading::Needs(needs) if !is_no_less(plain, &needs) => {
                wrong.push(format!("{} {body:?}: {plain:?} became {needs:?}", sent.service));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(SHOWN)]);
    assert!(tried > 1_000, "{tried}");
}
