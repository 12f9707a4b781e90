//! The resources of a grant with a gateway, in the form that requests are read to.
//!
//! Ids of Resource Manager and addresses of vaults, queues and tables are in lower case, as Azure compares
//! them; names of blobs are as they are. A resource stands for itself and everything below, as a scope does.

use audex_sdk::provider::{Effect, Error, Grant, Scope, Statement};

use crate::invalid;
use crate::read::{Service, account_of};

const VAULT: &str = ".vault.azure.net";

/// Returns the statements by which a gateway decides: one for each permission.
///
/// # Errors
/// If a resource has a form that no request is read to.
pub fn statements(grant: &Grant) -> Result<Vec<Statement>, Error> {
    let statement = |permission: &audex_sdk::provider::Permission| {
        let resources = match &permission.resources {
            Scope::Every => Scope::Every,
            Scope::These(named) => {
                let all: Result<Vec<Vec<String>>, Error> =
                    named.iter().map(|text| patterns(text)).collect();
                Scope::These(all?.concat())
            }
            Scope::Unseen => Scope::These(Vec::new()),
        };
        Ok(Statement {
            effect: Effect::Allow,
            actions: vec![permission.action.clone()],
            resources,
            undecided: None,
            source: "the grant".to_owned(),
        })
    };
    grant.permissions.iter().map(statement).collect()
}

/// Returns the patterns of one resource.
fn patterns(text: &str) -> Result<Vec<String>, Error> {
    let found = if text.starts_with('/') { managed(text) } else { data(text) };
    found.ok_or_else(|| {
        invalid(
            "resource-malformed",
            format!("`{text}` is not a resource that requests are compared with"),
            "write the id of a resource (/subscriptions/ID/resourceGroups/NAME/…), \
             https://ACCOUNT.blob.core.windows.net/CONTAINER/… (also `queue` and `table`) or \
             https://VAULT.vault.azure.net/secrets/NAME, with `*` for anything",
        )
    })
}

/// Reads an id of Resource Manager.
fn managed(text: &str) -> Option<Vec<String>> {
    let lower = text.to_ascii_lowercase();
    let id = lower.strip_suffix('/').unwrap_or(&lower);
    let is_sound = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
    let is_scope = ["/subscriptions", "/providers", "/*", "/tenants"]
        .iter()
        .any(|start| id.starts_with(start));
    let refused = |c: char| c.is_control() || matches!(c, '%' | '#' | '\\');
    if !is_scope || id.contains(refused) || !id.split('/').skip(1).all(is_sound) {
        return None;
    }
    let mut all = with_below(id);
    // The data of an account or a vault is at an address of its own.
    if let Some(address) = address(id) {
        all.extend(address);
    }
    Some(all)
}

fn with_below(id: &str) -> Vec<String> {
    if id.ends_with('*') { vec![id.to_owned()] } else { vec![id.to_owned(), format!("{id}/*")] }
}

/// Returns the patterns of the data of an account, of a container, a queue or a table in it, or of a vault.
fn address(id: &str) -> Option<Vec<String>> {
    let (scope, rest) = id.rsplit_once("/providers/")?;
    if scope.contains("/providers/") || !scope.contains("/resourcegroups/") {
        return None;
    }
    let parts: Vec<&str> = rest.split('/').collect();
    let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let urls: Vec<String> = match parts.as_slice() {
        ["microsoft.storage", "storageaccounts", name] if is_plain(name) => {
            ["blob", "queue", "table"]
                .iter()
                .map(|service| format!("https://{name}.{service}.core.windows.net"))
                .collect()
        }
        [
            "microsoft.storage",
            "storageaccounts",
            account,
            service @ ("blobservices" | "queueservices" | "tableservices"),
            "default",
            "containers" | "queues" | "tables",
            name,
        ] if is_plain(account) && is_plain(name) => {
            let service = service.trim_end_matches("services");
            vec![format!("https://{account}.{service}.core.windows.net/{name}")]
        }
        ["microsoft.keyvault", "vaults", name] if is_plain(name) => {
            vec![format!("https://{name}{VAULT}")]
        }
        [
            "microsoft.keyvault",
            "vaults",
            vault,
            kind @ ("secrets" | "keys" | "certificates"),
            name,
        ] if is_plain(vault) && is_plain(name) => {
            vec![format!("https://{vault}{VAULT}/{kind}/{name}")]
        }
        _ => return None,
    };
    Some(urls.iter().flat_map(|url| with_below(url)).collect())
}

/// Reads the address of data.
fn data(text: &str) -> Option<Vec<String>> {
    let rest = text.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let refused = |c: char| c.is_control() || matches!(c, '%' | '#' | '\\');
    let is_sound = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
    let inside = path.strip_suffix('/').unwrap_or(path);
    if inside.contains(refused) || !inside.is_empty() && !inside.split('/').all(is_sound) {
        return None;
    }
    let is_vault = host.strip_suffix(VAULT).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*?".contains(&b))
    });
    if is_vault {
        let inside = inside.to_ascii_lowercase();
        return Some(below(&format!("https://{host}"), &inside, false));
    }
    let (account, service) = account_of(&host)?;
    Some(match service {
        // A path that ends in a slash stands for a directory, as for a signature.
        Service::Blob => {
            let is_blob = inside.contains('/') && !path.ends_with('/');
            let is_directory = inside.contains('/') && path.ends_with('/');
            if is_directory {
                vec![format!("{account}/{inside}/*")]
            } else {
                below(&account, inside, is_blob)
            }
        }
        Service::Queue | Service::Table => below(&account, &inside.to_ascii_lowercase(), false),
        Service::File | Service::DataLake => return None,
    })
}

/// Returns a place and everything below; only the place itself if it is a blob.
fn below(url: &str, inside: &str, is_blob: bool) -> Vec<String> {
    match inside {
        "" => with_below(url),
        inside if is_blob => vec![format!("{url}/{inside}")],
        inside => with_below(&format!("{url}/{inside}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_written_as_requests_are_read() {
        for (text, expected) in [
            (
                "/subscriptions/S/resourceGroups/G",
                &["/subscriptions/s/resourcegroups/g", "/subscriptions/s/resourcegroups/g/*"][..],
            ),
            ("/subscriptions/S/resourceGroups/dev-*", &["/subscriptions/s/resourcegroups/dev-*"]),
            (
                "https://acct.blob.core.windows.net/c",
                &["https://acct.blob.core.windows.net/c", "https://acct.blob.core.windows.net/c/*"],
            ),
            ("https://acct.blob.core.windows.net/c/*", &["https://acct.blob.core.windows.net/c/*"]),
            (
                "https://acct.blob.core.windows.net/c/A/b",
                &["https://acct.blob.core.windows.net/c/A/b"],
            ),
            (
                "https://acct.blob.core.windows.net/c/A/",
                &["https://acct.blob.core.windows.net/c/A/*"],
            ),
            (
                "https://V.vault.azure.net/secrets/Name",
                &[
                    "https://v.vault.azure.net/secrets/name",
                    "https://v.vault.azure.net/secrets/name/*",
                ],
            ),
            ("https://v.vault.azure.net/secrets/*", &["https://v.vault.azure.net/secrets/*"]),
            (
                "https://acct.table.core.windows.net/People",
                &[
                    "https://acct.table.core.windows.net/people",
                    "https://acct.table.core.windows.net/people/*",
                ],
            ),
            (
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v",
                &[
                    "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v",
                    "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v/*",
                    "https://v.vault.azure.net",
                    "https://v.vault.azure.net/*",
                ],
            ),
        ] {
            assert_eq!(patterns(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_no_request_is_read_to_is_an_error() {
        for text in [
            "",
            "x",
            "/",
            "//subscriptions/s",
            "/subscriptions//x",
            "/subscriptions/s/../t",
            "/elsewhere/s",
            "https://acct.dfs.core.windows.net/c",
            "https://acct.file.core.windows.net/c",
            "https://acct.blob.core.chinacloudapi.cn/c",
            "https://evil.example/c",
            "https://acct.blob.core.windows.net/c/a%2Fb",
            "https://acct.blob.core.windows.net/c//b",
            "http://acct.blob.core.windows.net/c",
            "arn:aws:s3:::b",
        ] {
            assert_eq!(patterns(text).unwrap_err().code, "resource-malformed", "{text}");
        }
    }
}
