//! The compiler: turns a grant into the session policy that is sent to STS.
//!
//! The compiler may leave out only parts without effect (an action on a resource of another kind, a part that
//! a wildcard covers anyway) and, to fit, write the same set of known actions shorter. A notice reports every
//! other change.

pub mod arn;
mod condition;
mod deny;
mod document;
mod group;
mod join;
mod shorten;
#[cfg(test)]
mod tests;

use audex_sdk::provider::{Error, Grant};

pub use condition::Conditions;
use document::Document;
use group::Groups;

use crate::invalid;
use crate::room::Room;

/// The statement that lets a session be narrowed further.
pub(crate) const SCOPE_DOWN: &str =
    r#"{"Effect":"Allow","Action":"sts:GetScopedCredentials","Resource":"*"}"#;

/// The result of compiling a grant.
#[derive(Debug)]
pub struct Compiled {
    /// The policy, compact and without statement ids.
    pub policy: String,
    /// Notices for the user about the policy.
    pub notices: Vec<String>,
    /// Actions of the grant that are not in the policy, each with its resources, because the action works on
    /// none of them.
    pub idle: Vec<(String, Vec<String>)>,
}

/// Compiles the exact policy for `grant` under `conditions`, within the free characters of `room`.
///
/// # Errors
/// If nothing would be granted, an IAM policy cannot express a deny pattern, or the policy is too long.
pub fn compile(
    grant: &Grant,
    conditions: &Conditions,
    room: impl Into<Room>,
) -> Result<Compiled, Error> {
    let mut groups = Groups::of(grant);
    let mut notices = std::mem::take(&mut groups.notices);
    if groups.list.is_empty() {
        return Err(nothing(&groups));
    }
    notices.extend(conditions.notice(&groups));
    let denied = deny::denied(grant, &groups, &mut notices)?;
    let policy = fit(groups.list, &denied, conditions, room.into(), &mut notices)?;
    Ok(Compiled { policy, notices, idle: groups.idle })
}

/// Returns notices for resources that match nothing, because their variable has no value in a session of a
/// role or a federated user. Source: IAM User Guide, "IAM policy elements: Variables and tags":
/// `aws:username` is not present there.
#[must_use]
pub fn valueless(grant: &Grant) -> Vec<String> {
    let is_valueless = |name: &str| name.trim().eq_ignore_ascii_case("aws:username");
    let all = grant.permissions.iter().flat_map(|permission| permission.resources.named());
    let mut found: Vec<&String> =
        all.filter(|text| aws_catalogue::variables(text).any(is_valueless)).collect();
    found.sort_unstable();
    found.dedup();
    let notice = |text: &String| {
        format!(
            "`{text}` matches nothing: `aws:username` is empty in a session of a role or federated user"
        )
    };
    found.into_iter().map(notice).collect()
}

/// Adds the right to be scoped down to `policy`, once, for a session that is never delivered.
#[must_use]
pub fn with_scope_down(policy: &str) -> String {
    // Every compiled policy ends in its list of statements.
    match policy.strip_suffix("]}") {
        Some(statements) if !statements.ends_with(SCOPE_DOWN) => {
            format!("{statements},{SCOPE_DOWN}]}}")
        }
        _ => policy.to_owned(),
    }
}

/// Writes the policy; if the policy is too long, first with fewer statements, then with wildcards of the same
/// meaning.
fn fit(
    mut groups: Vec<group::Group>,
    denied: &[String],
    conditions: &Conditions,
    room: Room,
    notices: &mut Vec<String>,
) -> Result<String, Error> {
    let free = room.free;
    let write = |groups: &[group::Group]| Document::new(groups, denied, conditions).to_string();
    let length = |policy: &str| policy.chars().count();
    let mut joined = join::join(&groups);
    let full = write(&joined);
    if length(&full) <= free {
        return Ok(full);
    }
    if shorten::least(&joined) > free {
        return Err(too_long(length(&full), length(&full), room, &joined, denied));
    }
    join::merge(&mut groups);
    let fewer = join::join(&groups);
    let merged = write(&fewer);
    if length(&merged) <= free {
        notices.push(format!(
            "to fit in {free} characters the policy names all resources in one statement, which means the same"
        ));
        return Ok(merged);
    }
    // With several lists of resources, either version may be shorter.
    if length(&merged) <= length(&full) {
        joined = fewer;
    }
    let shortened = shorten::shorten(&mut joined, length(&full).min(length(&merged)) - free);
    let short = write(&joined);
    if length(&short) <= free {
        notices.extend(shortened.iter().map(shorten::Shortened::notice));
        return Ok(short);
    }
    Err(too_long(length(&full), length(&short), room, &joined, denied))
}

fn too_long(
    full: usize,
    short: usize,
    room: Room,
    groups: &[group::Group],
    denied: &[String],
) -> Error {
    let characters = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| text.chars().count() + 3).sum::<usize>()
    };
    let actions = characters(&mut groups.iter().flat_map(|group| &group.actions));
    let resources = characters(&mut groups.iter().flat_map(|group| &group.resources));
    let refusals = characters(&mut denied.iter());
    let biggest = [
        (
            actions,
            "ask for fewer actions, or for wildcards that you mean; with `--deliver gateway`, a long grant is minted in parts",
        ),
        (resources, "name fewer resources, or one pattern that covers them"),
        (refusals, "ask for the services you need by name: denies then name those alone"),
    ];
    let help = biggest
        .iter()
        .max_by_key(|(characters, _)| *characters)
        .map_or("ask for less", |(_, help)| *help);
    let shortest =
        if short < full { format!(", {short} in its shortest form") } else { String::new() };
    let Room { limit, free } = room;
    let limit = if free == limit {
        format!("STS takes {limit}")
    } else {
        format!("STS takes {limit}, of which this method leaves {free}")
    };
    invalid(
        "policy-too-long",
        format!(
            "the session policy has {full} characters{shortest}; {limit} (actions take {actions}, resources {resources}, \
             denies {refusals})"
        ),
        help,
    )
}

fn nothing(groups: &Groups) -> Error {
    let actions: Vec<&str> = groups.idle.iter().map(|(action, _)| action.as_str()).collect();
    let takes = match groups.takes.as_slice() {
        [] => "compare the resources with the kind that each action takes".to_owned(),
        some => some.join(", "),
    };
    invalid(
        "nothing-granted",
        format!("`{}` does not apply to any of the given resources", actions.join("`, `")),
        &takes,
    )
}
