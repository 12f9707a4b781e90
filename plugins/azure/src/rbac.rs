//! Role definitions and role assignments in Resource Manager.
//!
//! Source: Azure RBAC REST API 2022-04-01, "Role Definitions", "Role Assignments" and "Permissions".

use audex_sdk::provider::http::{self, Chunk, Header, Request};
use audex_sdk::provider::{Error, ErrorKind, Secret};
use serde_json::{Value, json};

use crate::mint::bearer;
use crate::refusal;
use crate::role::scope::Scope;

const ARM: &str = "https://management.azure.com";
const VERSION: &str = "api-version=2022-04-01";
/// The timeout for one small exchange.
const TIMEOUT_MS: u32 = 20_000;
/// The most pages of a list that are read: a subscription has at most 4,000 assignments, and a tenant 5,000
/// custom roles.
const PAGES: usize = 50;

/// A client for Resource Manager that holds a token.
pub struct Rbac<'a> {
    pub token: &'a Secret,
}

/// A role assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The last part of the assignment's id.
    pub name: String,
    pub scope: String,
    /// The last part of the id of the assigned role.
    pub role: String,
    /// True if the assignment has a condition.
    pub has_condition: bool,
}

/// The custom roles of a subscription.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CustomRoles {
    pub names: Vec<String>,
    /// The last parts of the ids of roles without a readable name.
    pub unreadable: Vec<String>,
}

impl Rbac<'_> {
    /// Creates a custom role that can be assigned in `subscription`.
    ///
    /// # Errors
    /// If Resource Manager rejects the request or cannot be reached; the same applies to the other functions
    /// here.
    pub fn define(
        &self,
        subscription: &str,
        id: &str,
        name: &str,
        permissions: &Value,
    ) -> Result<(), Error> {
        let scope = format!("/subscriptions/{subscription}");
        let body = json!({ "properties": {
            "roleName": name,
            "type": "CustomRole",
            "description": "Made by tryaudex for one session; `tryaudex cleanup` deletes it once that is over",
            "assignableScopes": [scope],
            "permissions": permissions,
        } });
        self.done("PUT", &definition(subscription, id), Some(&body), "make a custom role").map(drop)
    }

    pub fn assign(
        &self,
        scope: &Scope,
        id: &str,
        subscription: &str,
        role: &str,
        principal: &str,
    ) -> Result<(), Error> {
        let body = json!({ "properties": {
            "roleDefinitionId": definition(subscription, role),
            "principalId": principal,
            "principalType": "ServicePrincipal",
        } });
        self.done("PUT", &assignment(scope.as_str(), id), Some(&body), "assign a role").map(drop)
    }

    pub fn unassign(&self, scope: &Scope, id: &str) -> Result<(), Error> {
        self.done("DELETE", &assignment(scope.as_str(), id), None, "delete a role assignment")
            .map(drop)
    }

    pub fn undefine(&self, subscription: &str, id: &str) -> Result<(), Error> {
        self.done("DELETE", &definition(subscription, id), None, "delete a custom role").map(drop)
    }

    /// Returns the assignments of `principal` in `subscription`, above it and below it, groups included.
    pub fn assigned_to(
        &self,
        subscription: &str,
        principal: &str,
    ) -> Result<Vec<Assignment>, Error> {
        self.assignments(subscription, &format!("assignedTo('{principal}')"))
    }

    fn assignments(&self, subscription: &str, filter: &str) -> Result<Vec<Assignment>, Error> {
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
        );
        let listed = self.list(&path, filter, "list role assignments")?;
        // Security: an assignment that cannot be read still counts.
        Ok(listed.iter().map(read_assignment).collect())
    }

    pub fn custom_roles(&self, subscription: &str) -> Result<CustomRoles, Error> {
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions"
        );
        Ok(read_roles(&self.list(&path, "type eq 'CustomRole'", "list custom roles")?))
    }

    /// Returns the definition of the role `id`, a custom one or one of Azure's own.
    pub fn definition(&self, subscription: &str, id: &str) -> Result<Value, Error> {
        self.done("GET", &definition(subscription, id), None, "read a role")
    }

    /// Returns every assignment in `subscription`, for any principal.
    pub fn all_assignments(&self, subscription: &str) -> Result<Vec<Assignment>, Error> {
        self.assignments(subscription, "")
    }

    /// Returns true if the token's holder has any permission at `scope`.
    pub fn may_anything(&self, scope: &Scope) -> Result<bool, Error> {
        let path = format!("{}/providers/Microsoft.Authorization/permissions", scope.as_str());
        let (status, reply) = self.ask("GET", &format!("{ARM}{path}?{VERSION}"), None)?;
        let has = |entry: &Value| {
            ["actions", "dataActions"].iter().any(|list| {
                entry.get(list).and_then(Value::as_array).is_some_and(|actions| !actions.is_empty())
            })
        };
        let listed = reply.get("value").and_then(Value::as_array);
        Ok(status == 200 && listed.is_some_and(|listed| listed.iter().any(has)))
    }

    fn list(&self, path: &str, filter: &str, what: &str) -> Result<Vec<Value>, Error> {
        let filter =
            if filter.is_empty() { String::new() } else { format!("&$filter={}", encoded(filter)) };
        let mut url = format!("{ARM}{path}?{VERSION}{filter}");
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let mut page = success(self.ask("GET", &url, None)?, what)?;
            let Some(Value::Array(listed)) = page.get_mut("value").map(Value::take) else {
                return Err(unreadable(what));
            };
            all.extend(listed);
            // Security: a link that cannot be read must not end the list.
            match page.get("nextLink").unwrap_or(&Value::Null) {
                Value::Null => return Ok(all),
                Value::String(next) if next.is_empty() => return Ok(all),
                next => url = next.as_str().and_then(at_home).ok_or_else(|| unreadable(what))?,
            }
        }
        Err(unreadable(what))
    }

    fn done(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        what: &str,
    ) -> Result<Value, Error> {
        let reply = self.ask(method, &format!("{ARM}{path}?{VERSION}"), body)?;
        // Deleting something that does not exist succeeds.
        if method == "DELETE" && matches!(reply.0, 204 | 404) {
            Ok(Value::Null)
        } else {
            success(reply, what)
        }
    }

    fn ask(&self, method: &str, url: &str, body: Option<&Value>) -> Result<(u16, Value), Error> {
        let kind = Header {
            name: "content-type".to_owned(),
            value: vec![Chunk::Plain(b"application/json".to_vec())],
        };
        let response = http::send(&Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![bearer(self.token), kind],
            body: body
                .map(|body| Chunk::Plain(body.to_string().into_bytes()))
                .into_iter()
                .collect(),
            auth: None,
            lift: Vec::new(),
            timeout_ms: Some(TIMEOUT_MS),
        })?;
        Ok((response.status, serde_json::from_slice(&response.body).unwrap_or_default()))
    }
}

fn definition(subscription: &str, id: &str) -> String {
    format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{id}")
}

fn assignment(scope: &str, id: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{id}")
}

/// Reads a list of custom roles. One role that cannot be read does not hide the others.
fn read_roles(listed: &[Value]) -> CustomRoles {
    let text =
        |entry: &Value, at: &str| entry.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let mut roles = CustomRoles::default();
    for entry in listed {
        match text(entry, "/properties/roleName") {
            Some(name) => roles.names.push(name),
            None => roles.unreadable.push(text(entry, "/name").unwrap_or_default()),
        }
    }
    roles
}

fn read_assignment(entry: &Value) -> Assignment {
    let text = |at: &str| entry.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let role = text("/properties/roleDefinitionId");
    Assignment {
        name: text("/name"),
        scope: text("/properties/scope"),
        role: role.rsplit('/').next().unwrap_or_default().to_owned(),
        // Security: a condition that cannot be read is one.
        has_condition: match entry.pointer("/properties/condition") {
            None | Some(Value::Null) => false,
            Some(condition) => condition.as_str() != Some(""),
        },
    }
}

fn success((status, reply): (u16, Value), what: &str) -> Result<Value, Error> {
    if (200..300).contains(&status) {
        return Ok(reply);
    }
    let said = reply.pointer("/error/code").and_then(Value::as_str).unwrap_or("no reason given");
    let message = format!("Resource Manager would not {what}: {status} ({said})");
    Err(match status {
        401 | 403 => refusal(
            ErrorKind::Denied,
            "rbac-refused",
            message,
            "your own login needs `Microsoft.Authorization/roleDefinitions` and `roleAssignments` (read, write, delete) \
             there: Owner or User Access Administrator",
        ),
        400..500 => {
            refusal(ErrorKind::InvalidInput, "rbac-invalid", message, "check operations and scopes")
        }
        _ => refusal(ErrorKind::Unavailable, "rbac-failed", message, "try again in a moment"),
    })
}

/// Returns the error for a reply that has another shape than the reference says.
pub fn unreadable(what: &str) -> Error {
    let message =
        format!("Resource Manager's reply is not what it should be (it was asked to {what})");
    refusal(ErrorKind::Unavailable, "rbac-reply", message, "try again in a moment")
}

/// Returns the next page, under the name that the host routes. Security: never the host in the reply, always
/// the same one.
fn at_home(next: &str) -> Option<String> {
    let path = next.split_once("://")?.1.split_once('/')?.1;
    Some(format!("{ARM}/{path}"))
}

/// Percent-encodes a filter as part of a URL (RFC 3986).
fn encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~()',".contains(&byte);
    let one =
        |byte: u8| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_failures_and_mistakes_are_told_apart() {
        let of = |status| {
            success((status, json!({ "error": { "code": "X" } })), "assign a role").unwrap_err()
        };
        assert_eq!(
            (of(403).kind, of(400).kind, of(503).kind),
            (ErrorKind::Denied, ErrorKind::InvalidInput, ErrorKind::Unavailable)
        );
        assert_eq!(of(403).message, "Resource Manager would not assign a role: 403 (X)");
    }

    #[test]
    fn the_next_page_is_asked_for_at_the_same_place() {
        let next =
            at_home("https://evil.example/subscriptions/x?api-version=1&$skiptoken=a").unwrap();
        assert_eq!(next, "https://management.azure.com/subscriptions/x?api-version=1&$skiptoken=a");
        for other in [
            "https://management.azure.com@evil.example/x",
            "https://management.azure.com:443@evil.example:8443/x",
            "HTTPS://Management.Azure.Com.evil.example/x",
            "http://169.254.169.254/x",
            "https://evil.example\\@management.azure.com/x",
            "https:///x",
        ] {
            assert_eq!(at_home(other).unwrap(), "https://management.azure.com/x", "{other}");
        }
        for wrong in ["nonsense", "//evil.example/x", "/x", "https://evil.example", ""] {
            assert_eq!(at_home(wrong), None, "{wrong}");
        }
        assert_eq!(encoded("type eq 'CustomRole'"), "type%20eq%20'CustomRole'");
    }

    #[test]
    fn a_role_that_cannot_be_read_is_told_and_hides_no_other() {
        let listed = [
            json!({ "name": "a", "properties": { "roleName": "first" } }),
            json!({ "name": "b", "properties": { "roleName": 7 } }),
            json!("x"),
            json!({ "properties": { "roleName": "last" } }),
        ];
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let roles = CustomRoles { names: names(["first", "last"]), unreadable: names(["b", ""]) };
        assert_eq!(read_roles(&listed), roles);
    }

    #[test]
    fn an_assignment_that_cannot_be_read_counts_as_one() {
        let read = read_assignment(&json!({ "name": "n", "properties": {
            "scope": "/subscriptions/s", "roleDefinitionId": "/subscriptions/s/providers/x/roleDefinitions/r" } }));
        assert_eq!((read.name.as_str(), read.role.as_str()), ("n", "r"));
        assert_eq!(read_assignment(&json!({})).name, "");
    }
    #[test]
    fn a_condition_that_cannot_be_read_is_one() {
        let of = |condition: Value| {
            read_assignment(&json!({ "properties": { "condition": condition } })).has_condition
        };
        assert!(of(json!("x")) && of(json!({})) && of(json!(["x"])) && of(json!(true)));
        assert!(!of(json!("")) && !of(Value::Null) && !read_assignment(&json!({})).has_condition);
    }
}
