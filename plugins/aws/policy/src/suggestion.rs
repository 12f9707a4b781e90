//! "Did you mean": the known action nearest to a wrong name. Runs only if a name is wrong.

use audex_sdk::pattern;
use audex_sdk::spelling::distance;
use aws_catalogue::{Service, service, services};

/// The most services that may share an action name: a more common name does not identify a service.
const FEW_SERVICES: usize = 5;

/// Returns the nearest known action or pattern, if it is close enough to be a likely correction.
pub fn nearest(action: &str) -> Option<String> {
    let (prefix, name) = action.split_once(':')?;
    match service(prefix) {
        Some(known) => nearest_name(known, name)
            .map(|(name, _)| format!("{}:{name}", known.name()))
            .or_else(|| elsewhere(name)),
        None => mistyped_service(prefix, name).or_else(|| elsewhere(name)),
    }
}

/// Returns the likely action for a text without a service, or with another separator than `:`.
pub fn written(text: &str) -> Option<String> {
    if let Some((prefix, name)) = text.split_once(['.', '/']) {
        let action = format!("{prefix}:{name}");
        let known = service(prefix)?;
        return match known.find(name) {
            Some(found) => Some(format!("{}:{}", known.name(), found.name())),
            None => nearest(&action),
        };
    }
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| elsewhere(text)).flatten()
}

/// Lists the first words of a service's action names: the verbs, each once.
pub fn beginnings(action: &str) -> Option<String> {
    let (prefix, _) = action.split_once(':')?;
    let known = service(prefix)?;
    let mut verbs: Vec<String> = Vec::new();
    let mut names = known.names();
    while names.advance() {
        let name = names.name();
        let end = name
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii_uppercase())
            .map_or(name.len(), |(at, _)| at);
        let verb = name.get(..end).unwrap_or(name);
        if !verbs.iter().any(|known| known == verb) {
            verbs.push(verb.to_owned());
        }
    }
    verbs.sort_unstable();
    Some(format!("actions of `{}` begin with `{}`", known.name(), verbs.join("`, `")))
}

/// Corrects a service that is wrong as well: searches the similar services for one with such an action.
fn mistyped_service(prefix: &str, name: &str) -> Option<String> {
    let mut near: Vec<(usize, Service)> = services()
        .filter_map(|service| {
            distance(prefix, service.name(), allowed(prefix)).map(|far| (far, service))
        })
        .collect();
    near.sort_by_key(|(far, _)| *far);
    let with_name = near.iter().filter_map(|(far, service)| {
        nearest_name(*service, name)
            .map(|(name, further)| (far + further, format!("{}:{name}", service.name())))
    });
    with_name.min_by_key(|(far, _)| *far).map(|(_, action)| action)
}

/// Finds the same action under another prefix (`s3:DescribeInstances`): the largest of a few services that
/// have it.
fn elsewhere(name: &str) -> Option<String> {
    let found: Vec<Service> = services().filter(|service| service.find(name).is_some()).collect();
    // Names such as `TagResource` are in many services, so the intended one is unclear.
    let service = found
        .iter()
        .max_by_key(|service| service.count())
        .filter(|_| found.len() <= FEW_SERVICES)?;
    service.find(name).map(|known| format!("{}:{}", service.name(), known.name()))
}

/// Returns the nearest name of `service` and its distance. For a pattern, corrects the text before the first
/// wildcard.
fn nearest_name(service: Service, name: &str) -> Option<(String, usize)> {
    let (stem, tail) = name.split_at(name.find(['*', '?']).unwrap_or(name.len()));
    let mut best: Option<(String, usize)> = None;
    let mut names = service.names();
    while names.advance() {
        let room = best.as_ref().map_or(allowed(stem) + 1, |(_, far)| *far);
        let Some(closer) = room.checked_sub(1) else { break };
        let known = names.name();
        if tail.is_empty() {
            if let Some(far) = distance(stem, known, closer) {
                best = Some((known.to_owned(), far));
            }
            continue;
        }
        for length in stem.len().saturating_sub(1)..=stem.len() + 1 {
            let candidate = known.get(..length).filter(|start| {
                pattern::matches_ignore_ascii_case(&format!("{start}{tail}"), known)
            });
            let Some(start) = candidate else { continue };
            let room = best.as_ref().map_or(closer + 1, |(_, far)| *far);
            if let Some(far) = room.checked_sub(1).and_then(|closer| distance(stem, start, closer))
            {
                best = Some((format!("{start}{tail}"), far));
            }
        }
    }
    best
}

/// Returns the largest edit distance that is accepted for a name of this length.
fn allowed(name: &str) -> usize {
    (name.len() / 3).clamp(1, 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_in_the_action_the_service_or_both_are_seen_through() {
        for (wrong, right) in [
            ("s3:GetObjct", "s3:GetObject"),
            ("s3:GteObject", "s3:GetObject"),
            ("ec2:DescribeInstance", "ec2:DescribeInstances"),
            ("dynamdb:GetItem", "dynamodb:GetItem"),
            ("lamda:InvokFunction", "lambda:InvokeFunction"),
            ("s3:DescribeInstances", "ec2:DescribeInstances"),
            ("cloudwatch:GetLogEvents", "logs:GetLogEvents"),
            ("s3:Gett*", "s3:Get*"),
            ("ec2:Descibe*", "ec2:Describe*"),
        ] {
            assert_eq!(nearest(wrong).as_deref(), Some(right), "{wrong}");
        }
    }

    #[test]
    fn what_is_far_from_everything_gets_no_suggestion() {
        for wrong in ["s3:Xyzzyplugh", "nosuchservice:FooBarBaz", "s3:Zzz*"] {
            assert_eq!(nearest(wrong), None, "{wrong}");
        }
    }
}
