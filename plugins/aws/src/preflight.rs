//! What well-known commands need, and whether a grant can be enough for them.
//!
//! A command is recognised by its words alone; what is not in the table is not judged. A warning is about certain failure
//! only: it names a permission without which the command cannot do its work.
//!
//! The contract's `plan` does not carry the command yet, so nothing calls this outside tests: `preflight` is what a `plan`
//! that is given the command should add to its notices.

mod command;
mod table;

use audex_sdk::pattern;
use audex_sdk::provider::Grant;

use command::Words;
use table::{Need, Target};

use crate::policy::arn::Resource;

/// One notice for each permission that `command` needs and `grant` does not have.
#[must_use]
pub fn preflight(command: &[String], grant: &Grant) -> Vec<String> {
    let Some(words) = Words::of(command) else {
        return Vec::new();
    };
    let mut notices: Vec<String> = Vec::new();
    for need in table::needs(&words) {
        if let Some(notice) = missing(&words, &need, grant).filter(|notice| !notices.contains(notice)) {
            notices.push(notice);
        }
    }
    notices
}

/// What `grant` lacks for `need`, said with what would help.
fn missing(words: &Words, need: &Need, grant: &Grant) -> Option<String> {
    let (said, action) = (words.said(), need.action);
    let action_lower = action.to_ascii_lowercase();
    let covering: Vec<&str> = grant
        .permissions
        .iter()
        .map(|permission| permission.action.as_str())
        .filter(|asked| *asked == "*" || pattern::matches_ignore_ascii_case(asked, action))
        .collect();
    if covering.is_empty() {
        return Some(format!("`{said}` {}: add `{action}`", need.why));
    }
    if grant.deny.iter().any(|deny| pattern::covers(&deny.to_ascii_lowercase(), &action_lower)) {
        return Some(format!("`{said}` {}, and `{action}` is denied", need.why));
    }
    if grant.resources.is_empty() {
        return None;
    }
    match &need.target {
        // Wildcards stay on the resources; what takes none has to be asked for by name.
        Target::NoResource => {
            let by_name = covering.iter().any(|asked| asked.eq_ignore_ascii_case(action));
            let every = grant.resources.iter().any(|resource| resource == "*");
            let alone = covering.iter().any(|asked| *asked != "*" && aws_catalogue::takes_no_resource(asked));
            (!by_name && !every && !alone)
                .then(|| format!("`{said}` {}, which takes no resource: add `{action}` by name", need.why))
        }
        Target::Arn(format) => {
            let reached = grant.resources.iter().any(|resource| Resource::of(resource).may_be(format));
            (!reached).then(|| format!("`{said}` {}: add the resource `{}`", need.why, for_people(format)))
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
