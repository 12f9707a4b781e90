//! The next step after a denial: what to do, and the command line where there is one.

use serde::Serialize;

use super::{Denial, RefusedBy};
use crate::request::joined;
use crate::settings::DEFAULT_PROVIDER;
use audex_audit::Issuing;
use audex_core::redact::REDACTED;
use audex_core::shell::quoted;
use audex_sdk::pattern;

/// What stands for the command where it is not known.
const COMMAND: &str = "COMMAND";
/// The prefix of origins that are not options (`request::request`).
const PROFILE: &str = "profile ";
/// The resource of calls that have none.
const EVERY: &str = "*";

/// What a command that would change a policy is shown with.
const UNVERIFIED: &str = "Nothing proves that the cloud wrote the text: look up the refused call in CloudTrail before you run this";

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to do.
    pub text: String,
    /// The command line that does it.
    pub command: Option<String>,
}

/// The session of a denial, as the audit log has it.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The request and its plan.
    pub issuing: &'a Issuing,
}

/// Returns the next steps, the most likely first. `can_ask` is true inside a session that takes asks.
#[must_use]
pub fn steps(denial: &Denial, session: Option<Session<'_>>, can_ask: bool) -> Vec<Step> {
    let grants =
        matches!(denial.refused_by, RefusedBy::Gateway | RefusedBy::Grant | RefusedBy::Cloud);
    let ask = if can_ask && grants { ask(denial) } else { None };
    ask.into_iter().chain(without_ask(denial, session)).collect()
}

fn without_ask(denial: &Denial, session: Option<Session<'_>>) -> Vec<Step> {
    if let (Some(encoded), None) = (&denial.encoded, &denial.action) {
        return vec![decode(encoded)];
    }
    let rule = || denial.rule.as_ref().map(|rule| format!(" (`{rule}`)")).unwrap_or_default();
    let one = match denial.refused_by {
        RefusedBy::Gateway | RefusedBy::Grant | RefusedBy::Cloud
            if session.is_some_and(|session| session.covers(denial)) =>
        {
            plain("the session's grant covers it: look for a limit (`[run] limits`), a deny list, or a policy of the cloud itself".to_owned())
        }
        RefusedBy::Gateway | RefusedBy::Grant => allow(denial, session, "allow it in the next run"),
        RefusedBy::Cloud => allow(
            denial,
            session,
            "the message names no policy; if the run did not ask for the permission, allow it",
        ),
        RefusedBy::Credentials => {
            allow(denial, session, "the reply carries credentials: name the permission in full")
        }
        RefusedBy::Limit => {
            plain(format!("raise the limit{}: --limit, or `[run] limits`", rule()))
        }
        RefusedBy::GatewayUnread => plain(format!(
            "the gateway does not forward such requests{}: use --deliver env for this command; docs/gateway-requests.md lists them",
            rule()
        )),
        RefusedBy::Filter => plain(format!(
            "no option can undo a filter{}: ask whoever owns it, or leave the permission out",
            rule()
        )),
        RefusedBy::Role => role(denial),
        RefusedBy::Boundary => owner("the permissions boundary", &rule()),
        RefusedBy::ResourcePolicy => owner("the policy of the resource", &rule()),
        RefusedBy::ServiceControlPolicy | RefusedBy::ResourceControlPolicy => {
            owner("the organisation's policy in the cloud", &rule())
        }
        RefusedBy::VpcEndpoint => owner("the policy of the VPC endpoint", &rule()),
        RefusedBy::TrustPolicy => owner("the trust policy of the role", &rule()),
        RefusedBy::TokenScope => plain(
            "the token lacks a scope: log in again with the scope `https://www.googleapis.com/auth/cloud-platform`"
                .to_owned(),
        ),
        RefusedBy::ServicePerimeter => owner("the service perimeter", &rule()),
        RefusedBy::DenyAssignment => owner("the deny assignment", &rule()),
        RefusedBy::AzurePolicy => owner("the Azure policy", &rule()),
        RefusedBy::Lock => owner("the lock", &rule()),
        RefusedBy::VaultPolicy => {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            let (path, capability) = (part(&denial.resource), part(&denial.action));
            plain(format!(
                "let the owner of the Vault policy add, if the refusal really came from Vault: path \"{path}\" {{ capabilities = [\"{capability}\"] }}"
            ))
        }
    };
    one.into_iter().chain(denial.encoded.as_deref().map(decode)).collect()
}

impl Session<'_> {
    /// Returns true if the grant has the permission on the resource.
    fn covers(self, denial: &Denial) -> bool {
        let Some(action) = &denial.action else { return false };
        self.issuing.permissions.iter().any(|permission| {
            let resources = match permission.resources.as_slice() {
                [] => &self.issuing.resources,
                own => own,
            };
            pattern::matches_ignore_ascii_case(&permission.action, action)
                && is_within(denial.resource.as_deref(), resources)
        })
    }
}

fn is_within(resource: Option<&str>, granted: &[String]) -> bool {
    let Some(resource) = resource.filter(|resource| *resource != EVERY) else { return true };
    granted.is_empty() || granted.iter().any(|granted| pattern::covers(granted, resource))
}

fn plain(text: String) -> Vec<Step> {
    vec![Step { text, command: None }]
}

fn owner(of: &str, rule: &str) -> Vec<Step> {
    plain(format!("no option of Audex changes it: ask the owner of {of}{rule}"))
}

/// Returns the step that decodes a message of EC2. The printed object is read by this program again.
fn decode(encoded: &str) -> Step {
    Step {
        text: "decode the message; it needs `sts:DecodeAuthorizationMessage`".to_owned(),
        command: Some(format!(
            "aws sts decode-authorization-message --encoded-message {} --query DecodedMessage --output text | tryaudex explain denial -",
            quoted(encoded)
        )),
    }
}

/// Returns the ask for the missing permission, which the session around this process takes.
fn ask(denial: &Denial) -> Option<Step> {
    let action = denial.action.clone()?;
    let resource = denial.resource.as_deref().and_then(|resource| option(denial, resource));
    let resource = resource.map(|resource| format!(" --resource {}", quoted(&joined(&[resource]))));
    let (action, resource) = (quoted(&joined(&[action])), resource.unwrap_or_default());
    Some(Step {
        text: "ask for it, and say why; after a yes, try again".to_owned(),
        command: Some(format!("tryaudex ask --allow {action}{resource} --why 'REASON' --wait")),
    })
}

/// Returns the run with the missing permission. Without a session, its other options are not known.
fn allow(denial: &Denial, session: Option<Session<'_>>, text: &str) -> Vec<Step> {
    let Some(action) = &denial.action else { return plain(text.to_owned()) };
    let missing = denial.resource.as_deref().and_then(|resource| option(denial, resource));
    let issuing = session.map(|session| session.issuing);
    let mut words = vec!["tryaudex".to_owned(), "run".to_owned()];
    let mut add = |name: &str, value: String| words.extend([name.to_owned(), quoted(&value)]);
    let provider = issuing.map(|issuing| issuing.provider.as_str()).or(denial.provider.as_deref());
    if let Some(provider) = provider.filter(|provider| *provider != DEFAULT_PROVIDER) {
        add("--provider", provider.to_owned());
    }
    if let Some(profile) = issuing.and_then(|issuing| issuing.profile.as_deref()) {
        profile.split(',').for_each(|name| add("--profile", name.to_owned()));
    }
    let mut allowed: Vec<String> = Vec::new();
    let origins = issuing.iter().flat_map(|issuing| &issuing.permissions).map(|one| &one.origin);
    for origin in origins.filter(|origin| !origin.starts_with(PROFILE)).chain([action]) {
        if !allowed.contains(origin) {
            allowed.push(origin.clone());
        }
    }
    add("--allow", joined(&allowed));
    let mut resources = issuing.map(|issuing| issuing.resources.clone()).unwrap_or_default();
    // A run that is limited to no resource stays so.
    if issuing.is_none() || !resources.is_empty() {
        let is_new = |one: &String| !is_within(Some(one), &resources) || resources.is_empty();
        resources.extend(missing.into_iter().filter(is_new).collect::<Vec<_>>());
    }
    if !resources.is_empty() {
        add("--resource", joined(&resources));
    }
    words.push("--".to_owned());
    let command = issuing.map(|issuing| issuing.command.as_slice()).unwrap_or_default();
    if command.is_empty() || command.iter().any(|word| word.contains(REDACTED)) {
        words.push(COMMAND.to_owned());
    } else {
        words.extend(command.iter().map(|word| quoted(word)));
    }
    let beside = if session.is_none() { ", beside what the command needs already" } else { "" };
    vec![Step { text: format!("{text}{beside}"), command: Some(words.join(" ")) }]
}

/// Returns a resource of the message as `--resource` takes it.
fn option(denial: &Denial, resource: &str) -> Option<String> {
    match denial.provider.as_deref() {
        Some("gcp") => {
            let name = resource.trim_start_matches("//storage.googleapis.com/");
            let bucket = name.strip_prefix("projects/_/buckets/")?;
            Some(format!("gs://{}", bucket.replacen("/objects/", "/", 1)))
        }
        Some("azure") => resource.starts_with("https://").then(|| resource.to_owned()),
        _ => (resource != EVERY).then(|| resource.to_owned()),
    }
}

/// Returns the step for a role or a user that lacks the permission itself.
fn role(denial: &Denial) -> Vec<Step> {
    let lacks =
        "the role itself lacks it, so no grant can have it: let the owner of the role add it";
    let command = denial.principal.as_deref().zip(denial.action.as_deref());
    let command = command.filter(|_| !denial.explicit).and_then(|(principal, action)| {
        let (kind, name) = identity(principal)?;
        let resource = denial.resource.as_deref().unwrap_or(EVERY);
        let policy = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": action, "Resource": resource }],
        });
        let (name, policy) = (quoted(name), quoted(&policy.to_string()));
        Some(format!(
            "aws iam put-{kind}-policy --{kind}-name {name} --policy-name audex-explained --policy-document {policy}"
        ))
    });
    // Security: whoever wrote the text chose the identity, the permission and the resource.
    let text = match &command {
        Some(_) => format!("{lacks}. {UNVERIFIED}"),
        None => lacks.to_owned(),
    };
    vec![Step { text, command }]
}

/// Returns the kind and the name of an IAM role or user from its ARN (IAM User Guide, "IAM identifiers").
fn identity(arn: &str) -> Option<(&'static str, &str)> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let (kind, path) = resource.split_once('/')?;
    match kind {
        "assumed-role" => Some(("role", path.split('/').next()?)),
        "role" => Some(("role", path.rsplit('/').next()?)),
        "user" => Some(("user", path.rsplit('/').next()?)),
        _ => None,
    }
}
