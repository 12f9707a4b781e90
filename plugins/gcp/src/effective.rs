//! The permissions of a service account in a project: the bindings of the project's policy, and the roles in
//! them.
//!
//! Sources: Cloud Resource Manager API v1, `projects.getIamPolicy`; IAM API v1, `roles.get`,
//! `projects.roles.get`. A project's policy does not contain bindings of the folders and the organisation
//! above, and members of groups are not visible.

use std::collections::BTreeMap;

use audex_sdk::provider::http::{self, Chunk, Header, Request};
use audex_sdk::provider::{
    AccessLevel, Effect, Error, ErrorKind, KnownAction, Scope, Secret, Statement, identity,
    settings,
};
use serde_json::{Value, json};

use crate::mint::{content, is_email, project_of};
use crate::{action, invalid, refusal, scope};

const POLICY: &str = "https://cloudresourcemanager.googleapis.com/v1/projects";
const ROLES: &str = "https://iam.googleapis.com/v1";
/// Members that stand for everyone, and so include the account.
const EVERYBODY: [&str; 2] = ["allUsers", "allAuthenticatedUsers"];

/// Returns the statements of the service account `email`.
///
/// # Errors
/// If `email` is not a service account's email, no project is known, or policy or roles cannot be read.
pub fn effective(email: &str) -> Result<Vec<Statement>, Error> {
    if !is_email(email) {
        let message = format!("`{email}` is not a service account's email");
        return Err(invalid(
            "service-account-malformed",
            message,
            "write NAME@PROJECT.iam.gserviceaccount.com",
        ));
    }
    let project = settings::get("project").or_else(|| project_of(email)).ok_or_else(|| {
        let message = format!("it is not known which project `{email}` is to be looked at in");
        invalid("no-project", message, "name it: --project ID")
    })?;
    if !project
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | ':' | '.'))
    {
        return Err(invalid(
            "project-malformed",
            format!("`{project}` is not a project's id"),
            "write it as gcloud does",
        ));
    }
    let whole = format!("{}{}", gcp_catalogue::SCOPE_PREFIX, scope::PLATFORM);
    let token = identity::token("gcp", &[whole])?.value;
    let body = json!({ "options": { "requestedPolicyVersion": 3 } }).to_string();
    let policy = ask(&token, "POST", &format!("{POLICY}/{project}:getIamPolicy"), Some(body))?;
    let mut roles = BTreeMap::new();
    let mut statements = Vec::new();
    for binding in bindings(&policy, email)? {
        if !roles.contains_key(&binding.role) {
            roles.insert(binding.role.clone(), included(&token, &binding.role)?);
        }
        let actions = roles.get(&binding.role).cloned().unwrap_or_default();
        // An empty role grants nothing.
        if !actions.is_empty() {
            let source = format!("role `{}`", binding.role);
            let (effect, resources) = (Effect::Allow, Scope::Every);
            statements.push(Statement {
                effect,
                actions,
                resources,
                undecided: binding.undecided,
                source,
            });
        }
    }
    Ok(statements)
}

/// A role that the account has or may have.
#[derive(Debug, PartialEq, Eq)]
struct Binding {
    role: String,
    undecided: Option<String>,
}

/// Returns the bindings of the account. Security: a binding that cannot be read is an error, because it may
/// be the account's.
fn bindings(policy: &Value, email: &str) -> Result<Vec<Binding>, Error> {
    let mut found = Vec::new();
    // Google leaves out empty lists.
    let listed = match policy.get("bindings") {
        None => return Ok(found),
        Some(listed) => listed.as_array().ok_or_else(unreadable)?,
    };
    for entry in listed {
        let role = entry.get("role").and_then(Value::as_str).ok_or_else(unreadable)?;
        let members = texts(entry.get("members")).ok_or_else(unreadable)?;
        let own = format!("serviceAccount:{email}");
        let is_member = members.iter().any(|member| {
            member.eq_ignore_ascii_case(&own) || EVERYBODY.contains(&member.as_str())
        });
        let is_group = |member: &&String| {
            ["group:", "domain:", "principalSet:"].iter().any(|kind| member.starts_with(kind))
        };
        let condition = entry.get("condition").filter(|condition| !condition.is_null());
        let condition = condition.map(|condition| {
            let title = condition.get("title").and_then(Value::as_str).unwrap_or("without a title");
            format!("under the condition `{title}`")
        });
        let undecided = match (is_member, members.iter().find(is_group)) {
            (true, _) => condition,
            (false, Some(group)) => Some(format!("if the account is in `{group}`")),
            (false, None) => continue,
        };
        found.push(Binding { role: role.to_owned(), undecided });
    }
    Ok(found)
}

fn unreadable() -> Error {
    refusal(
        ErrorKind::Unavailable,
        "policy-unread",
        "a policy or role of Google Cloud has a list that cannot be read".to_owned(),
        "try again in a moment",
    )
}

/// Returns the permissions of a role. Basic roles (`roles/viewer`) have thousands.
fn included(token: &Secret, role: &str) -> Result<Vec<String>, Error> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':');
    if !role.chars().all(letters) || role.contains("..") {
        return Err(invalid(
            "role-malformed",
            format!("the policy names the role `{role}`"),
            "look at the project's policy",
        ));
    }
    let reply = ask(token, "GET", &format!("{ROLES}/{role}"), None)?;
    match reply.get("includedPermissions") {
        None => Ok(Vec::new()),
        listed => texts(listed).ok_or_else(unreadable),
    }
}

/// Returns the texts of a list, or nothing if it is not one.
fn texts(list: Option<&Value>) -> Option<Vec<String>> {
    list?.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

fn ask(token: &Secret, method: &str, url: &str, body: Option<String>) -> Result<Value, Error> {
    let bearer = vec![Chunk::Plain(b"Bearer ".to_vec()), Chunk::Secret(token)];
    let response = http::send(&Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![
            content("application/json"),
            Header { name: "authorization".to_owned(), value: bearer },
        ],
        body: body.map(|body| Chunk::Plain(body.into_bytes())).into_iter().collect(),
        auth: None,
        lift: Vec::new(),
        timeout_ms: None,
    })?;
    let reply: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status == 200 && reply.is_object() {
        return Ok(reply);
    }
    let said = reply.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason given");
    let message = format!("Google Cloud answered {}: {said}", response.status);
    Err(match response.status {
        401 | 403 => refusal(
            ErrorKind::Denied,
            "policy-refused",
            message,
            "your own login needs resourcemanager.projects.getIamPolicy and iam.roles.get there (roles/iam.securityReviewer)",
        ),
        _ => refusal(
            ErrorKind::Unavailable,
            "policy-unread",
            message,
            "check project and account, or try again in a moment",
        ),
    })
}

/// Returns the statements of a role definition, or of a list of permissions.
///
/// # Errors
/// If the document is neither.
pub fn statements(document: &str) -> Result<Vec<Statement>, Error> {
    let parsed: Value = serde_json::from_str(document).unwrap_or_default();
    let actions =
        texts(if parsed.is_array() { Some(&parsed) } else { parsed.get("includedPermissions") });
    let actions = actions.filter(|actions| !actions.is_empty()).ok_or_else(|| {
        invalid(
            "role-malformed",
            "the document is neither a role with `includedPermissions` nor a list of permissions"
                .to_owned(),
            "give one as `tryaudex policies export NAME --provider gcp` writes it",
        )
    })?;
    let source = "the document".to_owned();
    Ok(vec![Statement {
        effect: Effect::Allow,
        actions,
        resources: Scope::Every,
        undecided: None,
        source,
    }])
}

/// Returns the known permissions that patterns match.
#[must_use]
pub fn expand(patterns: &[String]) -> Vec<KnownAction> {
    let mut found: Vec<KnownAction> = Vec::new();
    for pattern in patterns {
        let names = action::expand(pattern);
        let names = if names.is_empty() { vec![pattern.clone()] } else { names };
        found.extend(names.into_iter().map(known));
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    found.dedup_by(|left, right| left.name == right.name);
    found
}

fn known(name: String) -> KnownAction {
    let access: AccessLevel = action::level(gcp_catalogue::access(&name));
    let yields_credentials = crate::credential::yields(&name);
    KnownAction { name, access: Some(access), yields_credentials }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "a@p.iam.gserviceaccount.com";

    #[test]
    fn members_have_roles_conditions_and_groups_are_undecided_and_others_have_nothing() {
        let policy = json!({ "bindings": [
            { "role": "roles/a", "members": ["user:x@y", format!("serviceAccount:{EMAIL}")] },
            { "role": "roles/b", "members": ["allAuthenticatedUsers"] },
            { "role": "roles/c", "members": [format!("serviceAccount:{EMAIL}")], "condition": { "title": "office", "expression": "x" } },
            { "role": "roles/d", "members": ["group:all@y"] },
            { "role": "roles/e", "members": ["user:x@y", "serviceAccount:other@p"] },
        ] });
        let found = bindings(&policy, EMAIL).unwrap();
        let roles: Vec<(&str, bool)> =
            found.iter().map(|one| (one.role.as_str(), one.undecided.is_some())).collect();
        assert_eq!(
            roles,
            [("roles/a", false), ("roles/b", false), ("roles/c", true), ("roles/d", true)]
        );
    }

    #[test]
    fn a_binding_that_cannot_be_read_is_an_error_and_is_not_left_out() {
        let own = format!("serviceAccount:{EMAIL}");
        assert_eq!(bindings(&json!({ "etag": "x" }), EMAIL).unwrap(), []);
        for listed in [
            json!(null),
            json!({ "role": "roles/owner", "members": [own] }),
            json!("roles/owner"),
            json!([{ "members": [own] }]),
            json!([{ "role": ["roles/owner"], "members": [own] }]),
            json!([{ "role": "roles/owner" }]),
            json!([{ "role": "roles/owner", "members": own }]),
            json!([{ "role": "roles/owner", "members": [[own]] }]),
            json!([{ "role": "roles/a", "members": [] }, "roles/owner"]),
        ] {
            let policy = json!({ "bindings": listed });
            assert_eq!(bindings(&policy, EMAIL).unwrap_err().code, "policy-unread", "{policy}");
        }
    }

    #[test]
    fn a_role_or_a_list_is_read_and_anything_else_is_refused() {
        for text in
            [r#"{"includedPermissions":["storage.objects.get"]}"#, r#"["storage.objects.get"]"#]
        {
            assert_eq!(statements(text).unwrap()[0].actions, ["storage.objects.get"]);
        }
        for text in ["", "{}", "[]", "[1]", r#"["storage.objects.get",1]"#, r#"{"Statement":[]}"#] {
            assert_eq!(statements(text).unwrap_err().code, "role-malformed", "{text}");
        }
        assert!(expand(&["storage.objects.*".to_owned()]).len() > 3);
        assert_eq!(expand(&["made.up.thing".to_owned()]).len(), 1);
    }
}
