//! Resource Manager's list of subscriptions, and a login for `az` made from one of them.

use audex_sdk::provider::http::{self, Request};
use audex_sdk::provider::{Error, ErrorKind, File, Secret, Value};
use serde_json::{Value as Json, json};

use crate::mint::bearer;
use crate::{rbac, refusal};

/// Source: Resource Manager REST API, "Subscriptions - List".
const SUBSCRIPTIONS: &str = "https://management.azure.com/subscriptions?api-version=2022-12-01";
/// The timeout for the list, which is one small page.
const TIMEOUT_MS: u32 = 10_000;

/// The name of the public cloud in `az`.
const PUBLIC_CLOUD: &str = "AzureCloud";

/// One subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub tenant: String,
    pub name: String,
    pub state: String,
}

/// Returns the subscriptions that are visible to a token of Resource Manager.
///
/// # Errors
/// If Resource Manager cannot be reached or rejects the request.
pub fn subscriptions(token: &Secret) -> Result<Vec<Subscription>, Error> {
    let response = http::send(&Request {
        method: "GET".to_owned(),
        url: SUBSCRIPTIONS.to_owned(),
        headers: vec![bearer(token)],
        body: Vec::new(),
        auth: None,
        lift: Vec::new(),
        timeout_ms: Some(TIMEOUT_MS),
    })?;
    read(response.status, &response.body)
}

fn read(status: u16, body: &[u8]) -> Result<Vec<Subscription>, Error> {
    let reply: Json = serde_json::from_slice(body).unwrap_or_default();
    let said = reply.pointer("/error/code").and_then(Json::as_str).unwrap_or("no reason given");
    let message = format!("Resource Manager answered {status} ({said}) for the subscriptions");
    match (status, reply.get("value").and_then(Json::as_array)) {
        // Security: whoever counts subscriptions must not miss one that cannot be read.
        (200, Some(listed)) if is_last_page(&reply) => {
            let all: Option<Vec<Subscription>> = listed.iter().map(subscription).collect();
            all.ok_or_else(|| rbac::unreadable("list subscriptions"))
        }
        (200, Some(_)) => Err(rbac::unreadable("list subscriptions")),
        (401 | 403, _) => Err(refusal(
            ErrorKind::Denied,
            "subscriptions-refused",
            message,
            "log in again: az login",
        )),
        _ => Err(refusal(
            ErrorKind::Unavailable,
            "subscriptions-failed",
            message,
            "try again in a moment",
        )),
    }
}

/// Returns true if no page follows. Resource Manager lists up to 1,000 subscriptions on a page.
fn is_last_page(reply: &Json) -> bool {
    match reply.get("nextLink") {
        None | Some(Json::Null) => true,
        Some(link) => link.as_str() == Some(""),
    }
}

fn subscription(entry: &Json) -> Option<Subscription> {
    let text = |name: &str| entry.get(name).and_then(Json::as_str).map(str::to_owned);
    Some(Subscription {
        id: text("subscriptionId")?,
        tenant: text("tenantId")?,
        name: text("displayName").unwrap_or_default(),
        state: text("state").unwrap_or_default(),
    })
}

/// Returns the subscription that the settings name by id or tenant, preferring an enabled one.
pub fn choose<'a>(
    listed: &'a [Subscription],
    id: Option<&str>,
    tenant: Option<&str>,
) -> Option<&'a Subscription> {
    let named = |wanted: Option<&str>, given: &str| {
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(given))
    };
    let mut fitting = listed.iter().filter(|one| named(id, &one.id) && named(tenant, &one.tenant));
    let enabled = fitting.clone().find(|one| one.state == "Enabled");
    enabled.or_else(|| fitting.next())
}

/// Returns a file that `az` accepts as a login: a subscription of a managed identity, so that `az` asks the
/// identity endpoint for tokens. Source: azure-cli 2.91, `azure/cli/core/_profile.py`.
pub fn profile(id: &str, tenant: &str, cloud: Option<&str>) -> File {
    let contents = json!({
        "installationId": "00000000-0000-0000-0000-000000000000",
        "subscriptions": [{
            "id": id,
            "name": "audex",
            "state": "Enabled",
            "isDefault": true,
            "tenantId": tenant,
            "homeTenantId": tenant,
            "managedByTenants": [],
            "environmentName": cloud.unwrap_or(PUBLIC_CLOUD),
            "user": {
                "name": "systemAssignedIdentity",
                "type": "servicePrincipal",
                "assignedIdentityInfo": "MSI",
            },
        }],
    });
    // The host points AZURE_CONFIG_DIR at `azure` in the session's directory.
    File {
        name: "azure/azureProfile.json".to_owned(),
        contents: Value::Plain(contents.to_string()),
        env: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"value":[
        {"subscriptionId":"aaa","tenantId":"t1","displayName":"Old","state":"Disabled"},
        {"subscriptionId":"bbb","tenantId":"t1","displayName":"Main","state":"Enabled"},
        {"subscriptionId":"ccc","tenantId":"t2","displayName":"Other","state":"Enabled"}]}"#;

    #[test]
    fn the_subscription_is_the_one_named_or_the_first_in_use() {
        let listed = read(200, LIST.as_bytes()).unwrap();
        assert_eq!(listed.len(), 3);
        let chosen = |id, tenant| choose(&listed, id, tenant).map(|one| one.id.as_str());
        assert_eq!(chosen(None, None), Some("bbb"));
        assert_eq!(chosen(Some("AAA"), None), Some("aaa"));
        assert_eq!(chosen(None, Some("t2")), Some("ccc"));
        assert_eq!(chosen(Some("aaa"), Some("t2")), None);
        assert_eq!(choose(&[], None, None), None);
    }

    #[test]
    fn a_subscription_that_cannot_be_read_is_an_error_and_is_not_left_out() {
        for entry in [
            "7",
            "null",
            "[]",
            r#"{"displayName":"no id"}"#,
            r#"{"subscriptionId":7,"tenantId":"t"}"#,
        ] {
            let body = format!(r#"{{"value":[{entry}]}}"#);
            assert_eq!(read(200, body.as_bytes()).unwrap_err().code, "rbac-reply", "{entry}");
        }
    }

    #[test]
    fn a_refusal_is_told_from_a_failure() {
        let refused =
            read(401, br#"{"error":{"code":"InvalidAuthenticationTokenTenant","message":"x"}}"#)
                .unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Denied);
        assert!(
            refused.message.contains("401 (InvalidAuthenticationTokenTenant)"),
            "{}",
            refused.message
        );
        for (status, body) in [(503, ""), (200, "<html>"), (200, r#"{"value":"x"}"#)] {
            assert_eq!(read(status, body.as_bytes()).unwrap_err().kind, ErrorKind::Unavailable);
        }
    }

    #[test]
    fn the_profile_is_what_az_reads_where_the_host_puts_its_directory() {
        let file = profile("bbb", "t1", None);
        assert_eq!((file.name.as_str(), file.env), ("azure/azureProfile.json", None));
        let Value::Plain(text) = file.contents else { panic!("it is not a secret") };
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(json.pointer("/subscriptions/0/id"), Some(&Json::from("bbb")));
        assert_eq!(json.pointer("/subscriptions/0/tenantId"), Some(&Json::from("t1")));
        assert_eq!(
            json.pointer("/subscriptions/0/user/assignedIdentityInfo"),
            Some(&Json::from("MSI"))
        );
    }
}
