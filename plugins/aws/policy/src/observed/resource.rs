//! The resources of a call, as ARNs: the formats of the catalogue filled with the parameters of the call.

mod ec2;
mod format;
mod kind;
mod table;
#[cfg(test)]
mod tests;
mod value;

use format::fits;
use kind::{Kind, kinds};
use table::Names;

/// The most resources of one call: `DeleteObjects` accepts a thousand keys.
const MOST: usize = 1_000;
/// Endings of variables that are not part of the name.
const ENDINGS: [&str; 2] = ["withpath", "withoutleadingslash"];
/// Variables that say no more than their resource type.
const PLAIN: [&str; 6] = ["id", "name", "identifier", "resourceid", "resourcename", "resource"];
/// S3's names of the parts of an object, in every operation.
const OF_S3: [(&str, &str); 2] = [("bucket", "bucketname"), ("key", "objectname")];
/// Endings of the names of parameters, in the singular, that hold an ARN or a name; `path` is API Gateway's.
const NAMING: [&str; 9] =
    ["arn", "arnlist", "bucket", "id", "identifier", "name", "path", "resource", "url"];
/// Variables of a format that locate a resource.
const PLACES: [&str; 3] = ["Partition", "Region", "Account"];
/// Services that also check resources which the request does not name, such as default groups and resources
/// that an image or subnet brings along: EC2 always, the others when they create. Elsewhere the resource
/// types that the reference calls required for one action are often alternatives. Source: EC2 User Guide,
/// "Launch instances (`RunInstances`)"; RDS User Guide, "Allow a user to create DB instances".
const UNNAMED: [&str; 4] = ["ec2", "elasticache", "memorydb", "rds"];
const CREATING: [&str; 2] = ["Create", "Restore"];
/// The part of an ARN that marks a log group. Such an ARN ends in `:*`, except for actions on tags. Source:
/// `CloudWatch` Logs User Guide, "`CloudWatch` Logs resources".
const LOG_GROUP: &str = ":log-group:";
const LOG_TAGS: [&str; 3] = ["logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"];

/// The region and the account of a call.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The region of the call, if known.
    pub region: Option<&'a str>,
    /// The caller's account.
    pub account: Option<&'a str>,
}

/// The parts of a call that name resources.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The prefix of the service's permissions.
    pub service: &'a str,
    /// The operation, without modifiers.
    pub operation: &'a str,
    /// Names and values of the parameters.
    pub parameters: &'a [(String, String)],
    /// The region and the account of the call.
    pub place: Place<'a>,
}

impl<'a> Request<'a> {
    /// Returns the first value of the parameter `name`, in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a str> {
        let found = self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Returns the resources that `action` affected, from the parameters of the call; empty if the parameters do
/// not show them.
#[must_use]
pub fn arns(action: &str, request: &Request<'_>) -> Vec<String> {
    let Some((service, kinds)) = kinds(action) else { return Vec::new() };
    let of_any_type =
        request.parameters.iter().filter(|(name, _)| service == "ec2" && name == ec2::ANY);
    if of_any_type.into_iter().any(|(_, id)| ec2::kind(id).is_none()) {
        return Vec::new();
    }
    let names = Names::of(request.service, request.operation);
    // A parameter that is itself an ARN names the whole resource.
    let is_arn = |(name, value): &(String, String)| {
        value.starts_with("arn:") && may_name(name, &kinds, &names)
    };
    let values = request.parameters.iter().filter(|one| is_arn(one)).map(|(_, value)| value);
    let mut found: Vec<String> = values
        .map(|value| literal(whole_log_group(value)))
        .filter(|value| kinds.iter().any(|kind| fits(&kind.format, value)))
        .collect();
    let mut filled: Vec<Filled<'_>> = kinds
        .iter()
        .map(|kind| fill(service, kind, kinds.len() == 1, &names, request))
        .filter(|one| !one.arns.is_empty())
        .collect();
    let is_whole = !found.is_empty() || filled.iter().any(|one| one.is_whole && one.is_named);
    // An incomplete name counts only if no complete name is known.
    filled.retain(|one| {
        let is_given = found.iter().any(|arn| fits(&one.kind.format, arn));
        one.is_whole || !is_whole || one.kind.required && !is_given
    });
    let is_nearer = |one: &Filled<'_>, other: &Filled<'_>| {
        !one.kind.required
            && other.is_whole
            && other.names.len() > one.names.len()
            && other.is_below(one)
    };
    let kept = filled.iter().filter(|one| !filled.iter().any(|other| is_nearer(one, other)));
    found.extend(kept.flat_map(|one| one.arns.iter().cloned()));
    if let Some(index) =
        found.iter().position(|arn| service == "dynamodb" && arn.contains("/index/"))
    {
        // A query of an index needs no permission on its table. Source: DynamoDB Developer Guide, "Using
        // identity-based policies".
        found = vec![found.swap_remove(index)];
    }
    for arn in &mut found {
        end_log_group(action, arn);
    }
    found.sort_unstable();
    found.dedup();
    // Security: a partial list would look like the full list.
    if found.len() > MOST { Vec::new() } else { found }
}

/// Returns true if `action` can be limited to resources.
#[must_use]
pub fn can_be_limited(action: &str) -> bool {
    kinds(action).is_none_or(|(_, kinds)| !kinds.is_empty())
}

/// Returns the part of `resources` that `action` can be limited to, or nothing if some resource that it needs
/// is missing.
#[must_use]
pub fn fitting(action: &str, resources: &[String]) -> Vec<String> {
    let Some((service, kinds)) = kinds(action) else { return Vec::new() };
    let seen = |kind: &Kind| resources.iter().any(|resource| fits(&kind.format, resource));
    let creates = action
        .split_once(':')
        .is_some_and(|(_, name)| CREATING.iter().any(|verb| name.starts_with(verb)));
    let is_strict = UNNAMED.contains(&service) && (creates || service == "ec2");
    if is_strict && kinds.iter().any(|kind| kind.required && !seen(kind)) {
        return Vec::new();
    }
    let is_one = |resource: &&String| kinds.iter().any(|kind| fits(&kind.format, resource));
    resources.iter().filter(is_one).cloned().collect()
}

/// Completes the ARN of a log group to the form in policies for this action.
fn end_log_group(action: &str, arn: &mut String) {
    let Some((_, name)) = arn.split_once(LOG_GROUP) else { return };
    let is_of_tags = LOG_TAGS.iter().any(|of| of.eq_ignore_ascii_case(action));
    if !is_of_tags && !name.contains(':') {
        arn.push_str(":*");
    }
}

/// Returns the ARN of a log group without the ending that the service itself adds.
fn whole_log_group(arn: &str) -> &str {
    arn.strip_suffix(":*").filter(|group| group.contains(LOG_GROUP)).unwrap_or(arn)
}

/// A format with the known values filled in.
struct Filled<'a> {
    kind: &'a Kind,
    arns: Vec<String>,
    /// The variables that have values.
    names: Vec<&'a str>,
    /// True if every name in the format is known.
    is_whole: bool,
    /// True if the format has a name.
    is_named: bool,
}

impl Filled<'_> {
    /// Returns true if this format has all names of the other and more, such as a rule on a bus beside a
    /// rule.
    fn is_below(&self, other: &Self) -> bool {
        beginning(&self.kind.format) == beginning(&other.kind.format)
            && other.names.iter().all(|name| self.names.contains(name))
    }
}

/// Returns the part of a format before its first name.
fn beginning(format: &str) -> &str {
    let name = format.match_indices("${").find(|(at, _)| {
        let rest = format.get(at + 2..).unwrap_or_default();
        !PLACES.contains(&rest.split('}').next().unwrap_or_default())
    });
    name.and_then(|(at, _)| format.get(..at)).unwrap_or(format)
}

fn fill<'a>(
    service: &str,
    kind: &'a Kind,
    is_alone: bool,
    names: &Names,
    request: &Request<'_>,
) -> Filled<'a> {
    let place = request.place;
    let mut filled = Filled {
        kind,
        arns: vec![String::new()],
        names: Vec::new(),
        is_whole: true,
        is_named: false,
    };
    let mut is_first_known = None;
    let mut rest = kind.format.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').unwrap_or((after, ""));
        rest = after;
        let values = match variable {
            "Partition" => vec![partition(place.region).to_owned()],
            "Region" => vec![place.region.unwrap_or("*").to_owned()],
            // A resource of an organization belongs to the account that manages the organization.
            "Account" if service == "organizations" => vec!["*".to_owned()],
            "Account" => vec![place.account.unwrap_or("*").to_owned()],
            name => {
                let values = values(service, kind, name, is_alone, names, request);
                is_first_known.get_or_insert(!values.is_empty());
                filled.is_named = true;
                filled.is_whole &= !values.is_empty();
                if values.is_empty() {
                    vec!["*".to_owned()]
                } else {
                    filled.names.push(name);
                    rest = after_revision(&values, after);
                    values
                }
            }
        };
        // `p-${PolicyId}`, where the id itself starts with `p-`.
        let tail = before.rsplit(['/', ':']).next().unwrap_or_default();
        filled.arns = filled
            .arns
            .iter()
            .flat_map(|begun| {
                values.iter().map(move |value| {
                    let value = value.strip_prefix(tail).unwrap_or(value);
                    format!("{begun}{before}{value}")
                })
            })
            .take(MOST + 1)
            .collect();
    }
    for arn in &mut filled.arns {
        arn.push_str(rest);
    }
    // If the first name is unknown, the others count only if no other kind is possible and a kind precedes
    // the name.
    let is_known = match is_first_known {
        Some(true) => true,
        Some(false) => {
            is_alone
                && !filled.names.is_empty()
                && beginning(&kind.format).splitn(6, ':').nth(5) != Some("")
        }
        None => kind.required || is_alone,
    };
    if !is_known {
        filled.arns.clear();
    }
    filled
}

/// Returns the rest of a format after a name that already includes the next one: `family:3` in
/// `${Family}:${Revision}`.
fn after_revision<'a>(values: &[String], after: &'a str) -> &'a str {
    let Some((between, next)) = after.split_once("${") else { return after };
    let is_joined = !between.is_empty() && values.iter().all(|value| value.contains(between));
    if is_joined { next.split_once('}').map_or("", |(_, after)| after) } else { after }
}

fn values(
    service: &str,
    kind: &Kind,
    variable: &str,
    is_alone: bool,
    names: &Names,
    request: &Request<'_>,
) -> Vec<String> {
    let mut lower = plain(variable);
    for ending in ENDINGS {
        lower = lower.strip_suffix(ending).unwrap_or(&lower).to_owned();
    }
    // With several types, a parameter such as `Id` names at most one of them.
    let is_telling = is_alone || !PLAIN.contains(&lower.as_str());
    let others: Vec<&str> = names.parameters(&kind.name, variable).collect();
    let mut found = Vec::new();
    for (name, value) in request.parameters {
        let name_of = plain(name);
        let is_typed = service == "ec2" && name == ec2::ANY && ec2::kind(value) == Some(&kind.name);
        let is_same = is_telling && is_called(&name_of, &lower)
            || service == "s3" && OF_S3.contains(&(name_of.as_str(), lower.as_str()));
        if !is_same && !is_typed && !others.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            continue;
        }
        if fits(&kind.format, value) {
            // The value is the whole resource.
            continue;
        }
        let Some(value) = value::part(service, &lower, &literal(value), request) else { continue };
        if service == "ssm" && name.eq_ignore_ascii_case("path") {
            // A path, and everything below it. Source: Systems Manager API reference, GetParametersByPath.
            let path = value.trim_end_matches('/');
            found.extend((!path.is_empty()).then(|| path.to_owned()));
            found.push(if path.is_empty() { "*".to_owned() } else { format!("{path}/*") });
        } else {
            found.push(value);
        }
    }
    if found.is_empty() {
        found.extend(value::default(service, &lower).map(str::to_owned));
    }
    found
}

/// Returns true if the parameter `name` may hold the ARN of a resource. Security: a command can write an ARN
/// into any text, such as a message.
fn may_name(name: &str, kinds: &[Kind], names: &Names) -> bool {
    let plain_name = plain(name);
    let single = plain_name.strip_suffix('s').unwrap_or(&plain_name);
    NAMING.iter().any(|ending| single.ends_with(ending))
        || names.has(name)
        || kinds.iter().any(|kind| is_called(&plain_name, &plain(&kind.name)))
}

/// Returns true if a parameter has the name of the variable, in the singular or plural.
fn is_called(parameter: &str, variable: &str) -> bool {
    let of = |ending: &str, instead: &str| {
        parameter
            .strip_suffix(ending)
            .is_some_and(|stem| variable.strip_suffix(instead) == Some(stem))
    };
    parameter == variable || of("s", "") || of("ies", "y") || of("es", "")
}

fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Escapes a name for a policy. Security: the command names its resources. A character that would be a
/// wildcard or start a variable in a policy is escaped; a character that cannot be written becomes `?`.
/// Source: IAM User Guide, "IAM policy elements: Variables and tags".
fn literal(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' | '?' => out.extend(['$', '{', character, '}']),
            '$' if characters.peek() == Some(&'{') => out.push_str("${$}"),
            control if control.is_control() => out.push('?'),
            plain => out.push(plain),
        }
    }
    out
}

fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
