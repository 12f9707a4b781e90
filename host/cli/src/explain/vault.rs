//! The words of `HashiCorp` Vault.
//!
//! Source: the errors of Vault's API client (`api/response.go`: `URL: METHOD ADDRESS`, `Code: 403. Errors:`), and "Policies",
//! which maps methods to capabilities.

use super::quote::{places, word};
use super::{Denial, RefusedBy};

const ERROR: &str = "permission denied";
/// The text between the address and the error is short; further words belong to another message.
const BETWEEN_BYTES: usize = 300;

/// Returns every denial in `text` with its place.
pub(super) fn read(text: &str) -> Vec<(usize, Denial)> {
    let denials = places(text, "URL: ").filter_map(|(at, rest)| {
        let (method, rest) = word(rest)?;
        let (url, rest) = word(rest)?;
        let behind = rest.find(ERROR).filter(|place| *place < BETWEEN_BYTES)?;
        rest.get(..behind)?.contains("Code: 403").then_some(())?;
        let (_, path) = url.split_once("://")?.1.split_once("/v1/")?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let capability = match method {
            "LIST" => "list",
            "GET" if query.split('&').any(|pair| pair == "list=true") => "list",
            "GET" => "read",
            // Only the path decides between `create` and `update`, and the answer does not say which is missing.
            "PUT" | "POST" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => return None,
        };
        let denial = Denial {
            provider: Some("vault".into()),
            action: Some(capability.to_owned()),
            resource: Some(path.to_owned()),
            refused_by: RefusedBy::VaultPolicy,
            ..Denial::default()
        };
        Some((at, denial))
    });
    denials.collect()
}
