//! The needs of well-known commands, compared with a grant.
//!
//! A command is recognised by its words alone; a command that is not recognised with certainty gets no
//! advice. Advice is about certain failure only: it names a permission without which the command cannot do
//! its work.

mod command;
mod operation;
mod s3;
mod table;
#[cfg(test)]
mod tests;

use audex_sdk::pattern;
use audex_sdk::provider::{Advice, Grant, Permission, Scope};

use crate::compile::arn::{Resource, example};
use command::Words;

/// A permission that a command cannot do without.
struct Need {
    action: String,
    /// Completes "`aws s3 ls` …".
    why: String,
    target: Target,
}

/// The resource that the permission is needed on.
enum Target {
    NoResource,
    /// The format of an ARN, as in the catalogue, with names filled in.
    Arn(String),
    Unknown,
}

/// Returns advice for each permission that `command` needs and `grant` does not have.
#[must_use]
pub fn preflight(grant: &Grant, command: &[String]) -> Vec<Advice> {
    let Some(words) = Words::of(command) else {
        return Vec::new();
    };
    let mut advice: Vec<Advice> = Vec::new();
    for need in needs(&words) {
        let said = missing(&words, &need, grant);
        advice.extend(said.filter(|new| !advice.iter().any(|old| old.message == new.message)));
    }
    advice
}

fn needs(words: &Words) -> Vec<Need> {
    if words.service == "s3" {
        return s3::needs(words);
    }
    // Directory buckets belong to another service with its own sessions.
    if words.value("--bucket").is_some_and(|name| name.ends_with("--x-s3")) {
        return Vec::new();
    }
    match table::needs(words) {
        known if !known.is_empty() => known,
        _ => operation::need(words).into_iter().collect(),
    }
}

/// Returns advice if `grant` does not cover `need`, with a remedy.
fn missing(words: &Words, need: &Need, grant: &Grant) -> Option<Advice> {
    let Need { action, why, target } = need;
    let does = format!("`{}` {why}", words.said());
    let add = |message: String| Some(Advice { message, missing: vec![action.clone()] });
    let say = |message: String| Some(Advice { message, missing: Vec::new() });
    let covering: Vec<&Permission> =
        grant.permissions.iter().filter(|permission| covers(&permission.action, action)).collect();
    if grant.deny.iter().any(|deny| covers(deny, action)) {
        return say(format!("{does}, and `{action}` is denied"));
    }
    if covering.is_empty() {
        return add(does);
    }
    if covering.iter().any(|permission| is_every(&permission.resources)) {
        return None;
    }
    match target {
        // A wildcard is limited to its resources; an action without resources must be granted by name.
        Target::NoResource => {
            let enough = |permission: &&Permission| {
                let asked = permission.action.as_str();
                asked.eq_ignore_ascii_case(action) || aws_catalogue::takes_no_resource(asked)
            };
            let by_name = format!(
                "{does}, which takes no resource, and no wildcard that is limited to some holds it"
            );
            if covering.iter().any(enough) { None } else { add(by_name) }
        }
        Target::Arn(format) => {
            let may_be = |resource: &String| Resource::of(resource).may_be(format);
            let reached =
                covering.iter().any(|permission| permission.resources.named().iter().any(may_be));
            if reached {
                None
            } else {
                say(format!("{does}: add the resource `{}`", example(format, &[]).arn))
            }
        }
        Target::Unknown => None,
    }
}

/// Returns true if the pattern of a permission or a deny covers `action`; in denies, wildcards may stand for
/// the service too.
fn covers(asked: &str, action: &str) -> bool {
    asked == "*" || pattern::matches_ignore_ascii_case(asked, action)
}

fn is_every(scope: &Scope) -> bool {
    scope.is_every() || scope.named().iter().any(|resource| resource == "*")
}
