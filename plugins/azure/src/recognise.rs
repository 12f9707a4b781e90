//! The operations of requests to Azure: those of Resource Manager follow from paths, those of blobs and
//! vaults from a short list. An operation that is not in the catalogue counts as unknown and is never
//! guessed.
//!
//! Source: Resource Manager REST API, "Azure resource provider operations"; Blob service REST API, "Authorize
//! with Microsoft Entra ID", "Permissions for calling data operations"; Key Vault, "Azure RBAC guide".

use audex_sdk::provider::{Attribution, Call, Permission, Reading, Scope, SeenRequest};

use crate::read;

/// Hosts of Resource Manager, in all clouds.
const MANAGEMENT: [&str; 3] =
    ["management.azure.com", "management.usgovcloudapi.net", "management.chinacloudapi.cn"];
/// Hosts for login, which needs no permission.
const LOGIN: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.windows.net",
];
const BLOB: &str = ".blob.core.";
const VAULT: &str = ".vault.";
const SUBSCRIPTION: &str = "Microsoft.Resources/subscriptions";
const GROUP: &str = "Microsoft.Resources/subscriptions/resourceGroups";
const CONTAINERS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";
/// The most characters of a path that are reported for an unknown operation.
const PATH: usize = 80;
/// The most segments of a path that are read.
const SEGMENTS: usize = 64;
/// The name of a call that needs no permission.
const LOGGED_IN: &str = "login";
/// The observer whose sessions can be limited to the resources of calls.
const GATEWAY: &str = "gateway";

/// Returns one call for each request, in order; its operation is one of Azure's own list.
pub fn recognise(requests: &[SeenRequest]) -> Vec<Call> {
    requests.iter().map(one).collect()
}

fn one(request: &SeenRequest) -> Call {
    let host = request.host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let path: Vec<&str> =
        request.path.split('/').filter(|part| !part.is_empty()).take(SEGMENTS).collect();
    let has = |list: &[&str]| list.contains(&host.as_str());
    let (strict, resources) = strictly(request).unzip();
    let operation = if has(&LOGIN) {
        Some(LOGGED_IN.to_owned())
    } else if strict.is_some() {
        strict
    } else if has(&MANAGEMENT) {
        managed(&request.method, &path)
    } else if host.contains(BLOB) {
        blob(request, &path).map(|rest| format!("{CONTAINERS}/{rest}"))
    } else if host.contains(VAULT) {
        secret(&request.method, &path).map(|rest| format!("Microsoft.KeyVault/vaults/{rest}"))
    } else {
        None
    };
    // In the spelling of the list; a login is not in the list.
    let known = operation.and_then(|name| {
        if name == LOGGED_IN {
            Some(name)
        } else {
            azure_catalogue::find(&name).map(|found| found.name)
        }
    });
    let seen =
        || format!("{} {}", request.method, request.path.chars().take(PATH).collect::<String>());
    Call {
        service: request.host.clone(),
        known: known.is_some(),
        resources: resources.filter(|_| known.is_some()).unwrap_or_default(),
        operation: known.unwrap_or_else(seen),
        count: 1,
        denied: false,
        source: "http-log".to_owned(),
    }
}

/// Returns the operation of a request and its resources, if the request is read strictly. What a request is
/// linked to has permissions of its own.
fn strictly(request: &SeenRequest) -> Option<(String, Vec<String>)> {
    let Reading::Calls(needs) = read::read(request) else { return None };
    let own = needs.into_iter().next()?;
    Some((own.action, own.on.named().to_vec()))
}

/// Returns the operation of a path. The last `/providers/` decides: an extension of a resource belongs to its
/// own provider.
fn managed(method: &str, path: &[&str]) -> Option<String> {
    let is = |text: &&&str, name: &str| text.eq_ignore_ascii_case(name);
    let place = path.iter().rposition(|part| is(&part, "providers"));
    let (types, names): (Vec<&str>, usize) = match place {
        Some(at) => {
            let rest = path.get(at + 1..)?;
            let (provider, rest) = rest.split_first()?;
            let types = rest.iter().step_by(2).copied();
            (std::iter::once(*provider).chain(types).collect(), rest.len())
        }
        None => match path {
            [first, ..] if !is(&first, "subscriptions") => return None,
            [_] | [_, _] => (vec![SUBSCRIPTION], 2),
            [_, _, second, rest @ ..] if is(&second, "resourceGroups") => {
                let mut types = vec![GROUP];
                types.extend(rest.get(1..).unwrap_or_default());
                (types, 2)
            }
            [_, _, rest @ ..] => {
                let mut types = vec![SUBSCRIPTION];
                types.extend(rest.iter().step_by(2));
                (types, 2)
            }
            [] => return None,
        },
    };
    if types.is_empty() {
        return None;
    }
    let verb = match method {
        "GET" | "HEAD" => "read",
        "PUT" | "PATCH" => "write",
        "DELETE" => "delete",
        "POST" => "action",
        _ => return None,
    };
    // `…/virtualMachines/NAME/start`: the part after the last name is the action. Requests for lists of keys
    // have this form too.
    if verb == "action" && names % 2 == 0 && place.is_some() {
        return None;
    }
    Some(format!("{}/{verb}", types.join("/")))
}

/// Returns the operation of a blob request: by method, and by `restype` and `comp` of the query.
fn blob(request: &SeenRequest, path: &[&str]) -> Option<&'static str> {
    let query = |name: &str| {
        request
            .query
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    let is_container = query("restype") == Some("container");
    Some(match (request.method.as_str(), path.len(), is_container, query("comp")) {
        ("GET", 1, true, Some("list")) => "blobs/read",
        ("GET", 0, _, Some("list")) | ("GET" | "HEAD", 1, true, _) => "read",
        ("PUT", 1, true, None | Some("metadata")) => "write",
        ("DELETE", 1, true, _) => "delete",
        ("GET" | "HEAD", 2.., false, Some("tags")) => "blobs/tags/read",
        ("PUT", 2.., false, Some("tags")) => "blobs/tags/write",
        ("GET" | "HEAD", 2.., false, _) => "blobs/read",
        ("PUT", 2.., false, _) => "blobs/write",
        ("DELETE", 2.., false, _) => "blobs/delete",
        _ => return None,
    })
}

/// Returns the operation on secrets, keys and certificates of a vault.
fn secret(method: &str, path: &[&str]) -> Option<&'static str> {
    Some(match (method, path) {
        ("GET", ["secrets"] | ["secrets", _, "versions"]) => "secrets/readMetadata/action",
        ("GET", ["secrets", _] | ["secrets", _, _]) => "secrets/getSecret/action",
        ("PUT", ["secrets", _]) => "secrets/setSecret/action",
        ("DELETE", ["secrets", _]) => "secrets/delete",
        ("GET", ["keys", ..]) => "keys/read",
        ("POST", ["keys", _, "create"]) => "keys/create/action",
        ("POST", ["keys", _, _, "encrypt"]) => "keys/encrypt/action",
        ("POST", ["keys", _, _, "decrypt"]) => "keys/decrypt/action",
        ("POST", ["keys", _, _, "sign"]) => "keys/sign/action",
        ("POST", ["keys", _, _, "verify"]) => "keys/verify/action",
        ("POST", ["keys", _, _, "wrapkey"]) => "keys/wrap/action",
        ("POST", ["keys", _, _, "unwrapkey"]) => "keys/unwrap/action",
        ("DELETE", ["keys", _]) => "keys/delete",
        ("GET", ["certificates", ..]) => "certificates/read",
        ("POST", ["certificates", _, "create"]) => "certificates/create/action",
        ("DELETE", ["certificates", _]) => "certificates/delete",
        _ => return None,
    })
}

/// Returns one attribution for each call.
pub fn attribute(calls: &[Call]) -> Vec<Attribution> {
    calls.iter().map(need).collect()
}

fn need(call: &Call) -> Attribution {
    let found = azure_catalogue::find(&call.operation);
    let known = found.is_some() || call.operation == LOGGED_IN;
    // Without a gateway no credential can be limited to the resources of most calls.
    let is_limited = call.source == GATEWAY;
    let resources = if is_limited { Scope::seen(call.resources.clone()) } else { Scope::Unseen };
    let permission = |action| Permission {
        action,
        origin: call.operation.clone(),
        resources: resources.clone(),
    };
    let permissions = found.into_iter().map(|found| permission(found.name)).collect();
    Attribution { known, permissions, note: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(method: &str, url: &str) -> Option<String> {
        let (host, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        };
        let request = SeenRequest {
            service: None,
            region: None,
            method: method.to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.split('&').map(pair).collect(),
            headers: Vec::new(),
            body: Vec::new(),
            complete: true,
        };
        let calls = recognise(&[request]);
        let need = attribute(&calls).remove(0);
        assert_eq!(calls[0].known, need.known);
        let actions: Vec<String> = need.permissions.into_iter().map(|one| one.action).collect();
        need.known.then(|| actions.join(","))
    }

    #[test]
    fn paths_of_resource_manager_are_operations() {
        let group = "management.azure.com/subscriptions/s/resourceGroups/g";
        for (method, url, expected) in [
            (
                "GET",
                "management.azure.com/subscriptions?api-version=2022-12-01".to_owned(),
                "Microsoft.Resources/subscriptions/read",
            ),
            (
                "GET",
                "management.azure.com/subscriptions/s".to_owned(),
                "Microsoft.Resources/subscriptions/read",
            ),
            (
                "GET",
                "management.azure.com/subscriptions/s/resourcegroups".to_owned(),
                "Microsoft.Resources/subscriptions/resourceGroups/read",
            ),
            ("PUT", group.to_owned(), "Microsoft.Resources/subscriptions/resourceGroups/write"),
            ("DELETE", group.to_owned(), "Microsoft.Resources/subscriptions/resourceGroups/delete"),
            (
                "GET",
                "management.azure.com/subscriptions/s/providers/Microsoft.Storage/storageAccounts"
                    .to_owned(),
                "Microsoft.Storage/storageAccounts/read",
            ),
            (
                "POST",
                format!("{group}/providers/microsoft.storage/storageaccounts/a/listkeys"),
                "Microsoft.Storage/storageAccounts/listKeys/action",
            ),
            (
                "POST",
                format!("{group}/providers/Microsoft.Compute/virtualMachines/v/start"),
                "Microsoft.Compute/virtualMachines/start/action",
            ),
            (
                "PATCH",
                format!("{group}/providers/Microsoft.Compute/virtualMachines/v"),
                "Microsoft.Compute/virtualMachines/write",
            ),
            (
                "PUT",
                format!(
                    "{group}/providers/Microsoft.Storage/storageAccounts/a/providers/Microsoft.Authorization/roleAssignments/r"
                ),
                "Microsoft.Authorization/roleAssignments/write",
            ),
            ("POST", "login.microsoftonline.com/t/oauth2/v2.0/token".to_owned(), ""),
        ] {
            assert_eq!(needs(method, &url).as_deref(), Some(expected), "{method} {url}");
        }
    }

    #[test]
    fn blobs_and_vaults_are_data_actions() {
        for (method, url, expected) in [
            (
                "GET",
                "acc.blob.core.windows.net/?comp=list",
                "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            ),
            (
                "GET",
                "acc.blob.core.windows.net/c?restype=container&comp=list",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            ),
            (
                "GET",
                "acc.blob.core.windows.net/c/a/b",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            ),
            (
                "PUT",
                "acc.blob.core.windows.net/c/a?comp=block",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
            ),
            (
                "DELETE",
                "acc.blob.core.windows.net/c/a",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            ),
            (
                "GET",
                "v.vault.azure.net/secrets/s/",
                "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            ),
            (
                "PUT",
                "v.vault.azure.net/secrets/s",
                "Microsoft.KeyVault/vaults/secrets/setSecret/action",
            ),
        ] {
            assert_eq!(needs(method, url).as_deref(), Some(expected), "{method} {url}");
        }
    }

    #[test]
    fn resources_are_told_and_limit_a_session_with_a_gateway() {
        let url = "vault1.vault.azure.net/secrets/s?api-version=7.5";
        let request = crate::read::tests::request("GET", url, &[], b"");
        let mut calls = recognise(&[request]);
        let secret = "https://vault1.vault.azure.net/secrets/s";
        assert_eq!(calls[0].resources, [secret]);
        let needs = attribute(&calls);
        assert!(matches!(needs[0].permissions[0].resources, Scope::Unseen));
        GATEWAY.clone_into(&mut calls[0].source);
        assert_eq!(attribute(&calls)[0].permissions[0].resources.named(), [secret]);
    }

    #[test]
    fn what_is_not_known_is_no_permission() {
        for (method, url) in [
            ("GET", "graph.microsoft.com/v1.0/me"),
            ("GET", "management.azure.com/subscriptions/s/providers/Nobody.Knows/it"),
            ("BREW", "management.azure.com/subscriptions/s"),
            ("GET", "management.azure.com/providers"),
            ("GET", "management.azure.com"),
            (
                "POST",
                "management.azure.com/subscriptions/s/providers/Microsoft.Storage/storageAccounts/a",
            ),
            ("GET", "evil.example/subscriptions/s"),
            ("", ""),
        ] {
            assert_eq!(needs(method, url), None, "{method} {url}");
        }
    }
}
