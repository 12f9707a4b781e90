//! Requests to the data of a key vault: secrets, keys and certificates.
//!
//! Sources: Key Vault REST API, each operation; "Provide access to Key Vault with Azure role-based access
//! control"; "Azure permissions for Security". A version is a part of what it is the version of. Names are
//! compared in lower case, as the service does.

use audex_sdk::provider::SeenRequest;

use super::query::Query;
use super::text::segments;
use super::{Needs, ambiguous, need, shown, these, unknown};

const DOMAIN: &str = ".vault.azure.net";
const VAULTS: &str = "Microsoft.KeyVault/vaults";
const KNOWN: [&str; 5] =
    ["api-version", "maxresults", "$skiptoken", "includepending", "outcontenttype"];
const SECRETS: &str = "secrets";
const KEYS: &str = "keys";
const CERTIFICATES: &str = "certificates";

/// Returns true for the host of a vault.
pub fn is_host(host: &str) -> bool {
    let name = host.strip_suffix(DOMAIN).unwrap_or_default();
    (3..=24).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Returns the needs of a request.
pub fn needs(request: &SeenRequest) -> Needs {
    let query = Query::of(request)?;
    query.check_version()?;
    query.check_known(&KNOWN)?;
    let path = segments(&request.path.to_ascii_lowercase()).ok_or_else(|| unknown(request))?;
    let mut parts: Vec<&str> = path.iter().map(String::as_str).collect();
    // Clients write an empty version as nothing: `secrets/NAME/`, `keys/NAME//sign`.
    if parts.len() > 1 && parts.last() == Some(&"") {
        parts.pop();
    }
    if parts.first() == Some(&KEYS) && parts.len() == 4 && parts.get(2) == Some(&"") {
        parts.remove(2);
        parts.insert(2, LATEST);
    }
    let is_name = |part: &&str| {
        (1..=127).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if let Some(part) = parts.iter().find(|part| !is_name(part)) {
        return Err(ambiguous(format!("`{}` is not a name in a vault", shown(part))));
    }
    let found = match parts.as_slice() {
        [SECRETS | "deletedsecrets", ..] => {
            secret(&request.method, &parts).map(|found| (SECRETS, found))
        }
        [KEYS | "deletedkeys", ..] => key(&request.method, &parts).map(|found| (KEYS, found)),
        [CERTIFICATES | "deletedcertificates", ..] => {
            certificate(&request.method, &parts).map(|found| (CERTIFICATES, found))
        }
        _ => None,
    };
    let (kind, (action, name)) = found.ok_or_else(|| unknown(request))?;
    let on = these(format!("https://{}/{kind}/{}", request.host, name.unwrap_or("*")));
    Ok(vec![need(&format!("{VAULTS}/{action}"), on)])
}

/// A version for the newest one, which no version has as its name.
const LATEST: &str = "latest";

/// An operation, and the name that it is on; all names if there is none.
type Found<'a> = (&'static str, Option<&'a str>);

fn secret<'a>(method: &str, parts: &[&'a str]) -> Option<Found<'a>> {
    Some(match (method, parts) {
        ("GET", [SECRETS | "deletedsecrets"]) => ("secrets/readMetadata/action", None),
        ("GET", [SECRETS, name, "versions"] | ["deletedsecrets", name]) => {
            ("secrets/readMetadata/action", Some(*name))
        }
        ("POST", [SECRETS, "restore"]) => ("secrets/restore/action", None),
        ("GET", [SECRETS, name] | [SECRETS, name, _]) => ("secrets/getSecret/action", Some(*name)),
        ("PUT", [SECRETS, name]) => ("secrets/setSecret/action", Some(*name)),
        ("PATCH", [SECRETS, name] | [SECRETS, name, _]) => ("secrets/update/action", Some(*name)),
        ("DELETE", [SECRETS, name]) => ("secrets/delete", Some(*name)),
        ("POST", [SECRETS, name, "backup"]) => ("secrets/backup/action", Some(*name)),
        ("DELETE", ["deletedsecrets", name]) => ("secrets/purge/action", Some(*name)),
        ("POST", ["deletedsecrets", name, "recover"]) => ("secrets/recover/action", Some(*name)),
        _ => return None,
    })
}

fn key<'a>(method: &str, parts: &[&'a str]) -> Option<Found<'a>> {
    Some(match (method, parts) {
        ("GET", [KEYS | "deletedkeys"]) => ("keys/read", None),
        ("GET", [KEYS, name, "rotationpolicy"]) => ("keyrotationpolicies/read", Some(*name)),
        ("PUT", [KEYS, name, "rotationpolicy"]) => ("keyrotationpolicies/write", Some(*name)),
        (
            "GET",
            [KEYS | "deletedkeys", name] | [KEYS, name, _] | [KEYS, name, _, "attestation"],
        ) => ("keys/read", Some(*name)),
        ("POST", [KEYS, "restore"]) => ("keys/restore/action", None),
        ("POST", [KEYS, name, "create"]) => ("keys/create/action", Some(*name)),
        ("POST", [KEYS, name, "rotate"]) => ("keys/rotate/action", Some(*name)),
        ("POST", [KEYS, name, "backup"]) => ("keys/backup/action", Some(*name)),
        ("PUT", [KEYS, name]) => ("keys/import/action", Some(*name)),
        ("PATCH", [KEYS, name] | [KEYS, name, _]) => ("keys/update/action", Some(*name)),
        ("DELETE", [KEYS, name]) => ("keys/delete", Some(*name)),
        ("POST", [KEYS, name, _, used]) => (usage(used)?, Some(*name)),
        ("DELETE", ["deletedkeys", name]) => ("keys/purge/action", Some(*name)),
        ("POST", ["deletedkeys", name, "recover"]) => ("keys/recover/action", Some(*name)),
        _ => return None,
    })
}

fn usage(used: &str) -> Option<&'static str> {
    Some(match used {
        "encrypt" => "keys/encrypt/action",
        "decrypt" => "keys/decrypt/action",
        "sign" => "keys/sign/action",
        "verify" => "keys/verify/action",
        "wrapkey" => "keys/wrap/action",
        "unwrapkey" => "keys/unwrap/action",
        "release" => "keys/release/action",
        _ => return None,
    })
}

fn certificate<'a>(method: &str, parts: &[&'a str]) -> Option<Found<'a>> {
    const CONTACTS: &str = "contacts";
    const ISSUERS: &str = "issuers";
    Some(match (method, parts) {
        ("GET", [CERTIFICATES | "deletedcertificates"]) => ("certificates/read", None),
        ("GET", [CERTIFICATES, CONTACTS]) => ("certificatecontacts/read", Some(CONTACTS)),
        ("PUT" | "DELETE", [CERTIFICATES, CONTACTS]) => {
            ("certificatecontacts/write", Some(CONTACTS))
        }
        ("GET", [CERTIFICATES, ISSUERS] | [CERTIFICATES, ISSUERS, _]) => {
            ("certificatecas/read", Some(ISSUERS))
        }
        ("PUT" | "PATCH", [CERTIFICATES, ISSUERS, _]) => ("certificatecas/write", Some(ISSUERS)),
        ("DELETE", [CERTIFICATES, ISSUERS, _]) => ("certificatecas/delete", Some(ISSUERS)),
        ("POST", [CERTIFICATES, "restore"]) => ("certificates/restore/action", None),
        ("GET", [CERTIFICATES | "deletedcertificates", name] | [CERTIFICATES, name, _]) => {
            ("certificates/read", Some(*name))
        }
        ("POST", [CERTIFICATES, name, "create"] | [CERTIFICATES, name, "pending", "merge"]) => {
            ("certificates/create/action", Some(*name))
        }
        ("POST", [CERTIFICATES, name, "import"]) => ("certificates/import/action", Some(*name)),
        ("POST", [CERTIFICATES, name, "backup"]) => ("certificates/backup/action", Some(*name)),
        ("PATCH", [CERTIFICATES, name] | [CERTIFICATES, name, _])
        | ("DELETE", [CERTIFICATES, name, "pending"]) => {
            ("certificates/update/action", Some(*name))
        }
        ("DELETE", [CERTIFICATES, name]) => ("certificates/delete", Some(*name)),
        ("DELETE", ["deletedcertificates", name]) => ("certificates/purge/action", Some(*name)),
        ("POST", ["deletedcertificates", name, "recover"]) => {
            ("certificates/recover/action", Some(*name))
        }
        _ => return None,
    })
}
