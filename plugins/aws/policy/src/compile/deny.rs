//! Deny patterns, in the form that IAM can express.

use audex_sdk::pattern;
use audex_sdk::provider::{Error, Grant};

use super::group::{Groups, minimal};
use crate::invalid;

/// Returns the grant's deny patterns. IAM accepts no wildcard in the service prefix: such a prefix is spelled
/// out, for the services of the request, or, if the request has `*`, for every service that is known to have
/// such an action.
///
/// # Errors
/// If an IAM policy cannot express a pattern.
pub fn denied(
    grant: &Grant,
    groups: &Groups,
    notices: &mut Vec<String>,
) -> Result<Vec<String>, Error> {
    let allowed: Vec<&str> =
        groups.list.iter().flat_map(|group| &group.actions).map(String::as_str).collect();
    let mut out: Vec<String> = Vec::new();
    for entry in &grant.deny {
        out.extend(corrected(entry));
        match entry.split_once(':') {
            None if entry == "*" => out.push("*".to_owned()),
            Some(("*", "*")) => out.push("*".to_owned()),
            Some((service, _)) if !pattern::is_wild(service) => out.push(entry.clone()),
            Some((service, action)) => {
                out.extend(for_services(entry, service, action, &allowed, notices)?);
            }
            None => {
                return Err(invalid(
                    "deny-malformed",
                    format!("the deny pattern `{entry}` is not an IAM action"),
                    "write it as `service:Action`",
                ));
            }
        }
    }
    Ok(minimal(&out.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Returns the actions behind names that IAM does not have: a deny of `s3:HeadObject` alone would deny
/// nothing.
fn corrected(entry: &str) -> impl Iterator<Item = String> {
    let meant =
        |one: &&aws_catalogue::Correction| pattern::matches_ignore_ascii_case(entry, one.wrong);
    let is_new = |action: &&str| !pattern::matches_ignore_ascii_case(entry, action);
    aws_catalogue::corrections()
        .filter(meant)
        .map(|one| one.right)
        .filter(is_new)
        .map(str::to_owned)
}

fn for_services(
    entry: &str,
    service: &str,
    action: &str,
    allowed: &[&str],
    notices: &mut Vec<String>,
) -> Result<Vec<String>, Error> {
    let mut services: Vec<String> = Vec::new();
    for asked in allowed {
        match asked.split_once(':') {
            Some((prefix, _)) if pattern::matches_ignore_ascii_case(service, prefix) => {
                services.push(prefix.to_owned());
            }
            Some(_) => {}
            None => {
                let known = aws_catalogue::services_with(service, action);
                if known.is_empty() {
                    // Fails closed: without a service to name, the deny would silently have no effect.
                    return Err(invalid(
                        "deny-inexpressible",
                        format!(
                            "the deny pattern `{entry}` matches no known action, so it cannot be said beside `{asked}`"
                        ),
                        "name the services you need instead of every action",
                    ));
                }
                notices.push(format!(
                    "`{entry}` is denied in the {} services known to have such an action; IAM cannot say it for all",
                    known.len()
                ));
                services.extend(known.into_iter().map(str::to_owned));
            }
        }
    }
    Ok(services.into_iter().map(|prefix| format!("{prefix}:{action}")).collect())
}
