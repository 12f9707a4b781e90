//! What well-known commands need, and whether a grant can be enough for them.
//!
//! A command is recognised by its words alone; what is not known is not judged. Advice is about certain failure only: it
//! names a permission without which the command cannot do its work.

mod command;
mod table;

use audex_sdk::pattern;
use audex_sdk::provider::{Advice, Grant, Permission};

use crate::compile::arn::Resource;
use command::Words;
use table::{Need, Target};

/// What stands in the way of `command`, for each permission that it needs and `grant` does not give.
#[must_use]
pub fn preflight(grant: &Grant, command: &[String]) -> Vec<Advice> {
    let Some(words) = Words::of(command) else {
        return Vec::new();
    };
    let mut all: Vec<Advice> = Vec::new();
    for need in table::needs(&words) {
        let again = |advice: &Advice| all.iter().any(|known| known.message == advice.message);
        if let Some(advice) = missing(&words, &need, grant).filter(|advice| !again(advice)) {
            all.push(advice);
        }
    }
    all
}

/// What `grant` lacks for `need`, said with what would help.
fn missing(words: &Words, need: &Need, grant: &Grant) -> Option<Advice> {
    let Need { action, why, target } = need;
    let said = format!("`{}` {why}", words.said());
    let advice = |message: String, missing: &[&str]| {
        Some(Advice { message, missing: missing.iter().map(|&action| action.to_owned()).collect() })
    };
    let covers = |asked: &str| asked == "*" || pattern::matches_ignore_ascii_case(asked, action);
    let covering: Vec<&Permission> =
        grant.permissions.iter().filter(|permission| covers(&permission.action)).collect();
    if covering.is_empty() {
        return advice(said, &[action]);
    }
    let lower = action.to_ascii_lowercase();
    if grant.deny.iter().any(|deny| pattern::covers(&deny.to_ascii_lowercase(), &lower)) {
        return advice(format!("{said}, and `{action}` is denied"), &[]);
    }
    let open = |permission: &&Permission| {
        permission.resources.is_empty() || permission.resources.iter().any(|resource| resource == "*")
    };
    if covering.iter().any(open) {
        return None;
    }
    match target {
        // Wildcards stay on the resources; what takes none has to be asked for by name.
        Target::NoResource => {
            let by_name = |permission: &&Permission| {
                let asked = permission.action.as_str();
                asked.eq_ignore_ascii_case(action)
                    || (asked != "*" && aws_catalogue::takes_no_resource(asked))
            };
            if covering.iter().any(by_name) {
                return None;
            }
            advice(format!("{said}, which takes no resource and so is no part of a wildcard here"), &[action])
        }
        Target::Arn(format) => {
            let mut given = covering.iter().flat_map(|permission| &permission.resources);
            if given.any(|resource| Resource::of(resource).may_be(format)) {
                return None;
            }
            advice(format!("{said}: add the resource `{}`", for_people(format)), &[])
        }
        Target::Unknown => None,
    }
}

/// The format as people write a resource.
fn for_people(format: &str) -> String {
    format.replace("${Partition}", "aws").replace("${Region}", "*").replace("${Account}", "*")
}

#[cfg(test)]
mod tests;
