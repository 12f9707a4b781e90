//! What would be asked of Azure, before anything is.

use audex_sdk::pattern;
use audex_sdk::provider::{Enforcer, Error, ErrorKind, Grant, Permission, Plan, Planned};
use azure_catalogue::Operation;
use serde_json::json;

use crate::resource::{Part, Place};
use crate::{action, audience, invalid, refusal, sas};

/// Tokens of Entra ID, for these audiences.
pub const TOKENS: &str = "audience-tokens";
/// A user-delegation SAS.
pub const SAS: &str = "sas";

/// The longest life of an access token. Source: Entra, "Configurable token lifetimes": 60 to 90 minutes, at random.
const TOKEN_SECONDS: u32 = 5400;
/// A delegation key lives for seven days. Source: "Get User Delegation Key".
const KEY_SECONDS: u32 = 7 * 86_400;

pub fn plan(grant: &Grant) -> Result<Plan, Error> {
    let limited = grant.permissions.iter().any(|permission| !permission.resources.is_empty());
    if limited { signed(grant) } else { tokens(grant) }
}

/// Everything limited to blobs, by a SAS.
fn signed(grant: &Grant) -> Result<Plan, Error> {
    let place = place(grant)?;
    if grant.ttl_seconds > KEY_SECONDS {
        return Err(too_long(grant.ttl_seconds, KEY_SECONDS));
    }
    let (mut letters, mut rows) = (String::new(), Vec::new());
    for permission in &grant.permissions {
        let wanted = granted(&permission.action, &grant.deny);
        let (given, lost): (Vec<&Operation>, Vec<&Operation>) =
            wanted.iter().partition(|operation| sas::letters(operation).is_some());
        if given.is_empty() {
            return Err(invalid(
                "resource-not-enforceable",
                format!(
                    "`{}` cannot be limited to a resource: a SAS gives operations on blobs only",
                    permission.action
                ),
                "leave --resource out, or ask for `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/…`",
            ));
        }
        let mut more = Vec::new();
        for (own, extra) in given.iter().filter_map(|operation| sas::letters(operation)) {
            letters.push_str(own);
            more.extend(extra);
        }
        rows.push((permission, lost.len(), more));
    }
    let letters = sas::ordered(&letters, &place);
    keep_denied(&grant.deny, |operation| {
        sas::letters(operation).is_some_and(|(own, _)| own.chars().any(|letter| letters.contains(letter)))
    })?;
    let row = |(permission, lost, more): (&Permission, usize, Vec<&str>)| {
        let mut note = vec![format!("{}; sp={letters}", action::describe(&permission.action))];
        if lost > 0 {
            note.push(format!("without {lost} operations that no SAS gives"));
        }
        if !more.is_empty() {
            note.push(format!("the letters also admit {}", more.join(", ")));
        }
        planned(permission, if more.is_empty() { Enforcer::Cloud } else { Enforcer::Token }, note.join("; "))
    };
    let policy = json!({
        "account": place.account, "container": place.container, "resource": place.canonical(), "sr": place.kind(),
        "sp": letters, "spr": sas::PROTOCOL, "seconds": grant.ttl_seconds,
    });
    let directory =
        "a directory's SAS needs an account with a hierarchical namespace; elsewhere it is refused";
    let notices =
        if matches!(place.part, Part::Directory(_)) { vec![directory.to_owned()] } else { Vec::new() };
    Ok(Plan {
        method: SAS.to_owned(),
        policy: Some(policy.to_string()),
        policy_limit: None,
        permissions: rows.into_iter().map(row).collect(),
        longest_life_seconds: grant.ttl_seconds,
        notices,
    })
}

/// The one resource of every permission: a SAS is for one.
pub fn place(grant: &Grant) -> Result<Place, Error> {
    let mut texts: Vec<&String> =
        grant.permissions.iter().flat_map(|permission| &permission.resources).collect();
    texts.sort_unstable();
    texts.dedup();
    let open = grant.permissions.iter().find(|permission| permission.resources.is_empty());
    match (texts.as_slice(), open) {
        (_, Some(permission)) => Err(invalid(
            "resource-missing",
            format!("other permissions are limited to resources, and `{}` is not", permission.action),
            "give --resource for all of them, or run them one by one",
        )),
        ([one], None) => Place::parse(one),
        _ => Err(invalid(
            "several-resources",
            format!("a SAS is for one container, directory or blob, and {} resources are given", texts.len()),
            "run them one by one",
        )),
    }
}

/// Everything else, by tokens for the audiences that the operations imply.
fn tokens(grant: &Grant) -> Result<Plan, Error> {
    if grant.ttl_seconds > TOKEN_SECONDS {
        return Err(too_long(grant.ttl_seconds, TOKEN_SECONDS));
    }
    let (mut audiences, mut rows) = (Vec::new(), Vec::new());
    for permission in &grant.permissions {
        let wanted = granted(&permission.action, &grant.deny);
        let mut own: Vec<&str> =
            wanted.iter().filter_map(|operation| audience::of(&operation.name, operation.is_data)).collect();
        if permission.action == "*" || (own.is_empty() && pattern::is_wild(&permission.action)) {
            own.push(audience::ARM);
        }
        own.sort_unstable();
        own.dedup();
        if own.is_empty() {
            return Err(invalid(
                "no-audience",
                format!("it is not known which token `{}` needs", permission.action),
                "ask for operations of Resource Manager, storage, Key Vault and the other services in the catalogue",
            ));
        }
        audiences.extend(own.iter().copied());
        rows.push((permission, own));
    }
    audiences.sort_unstable();
    audiences.dedup();
    keep_denied(&grant.deny, |operation| {
        audience::of(&operation.name, operation.is_data).is_some_and(|audience| audiences.contains(&audience))
    })?;
    let row = |(permission, own): (&Permission, Vec<&str>)| {
        let note = format!("{}; a token for {}", action::describe(&permission.action), own.join(", "));
        planned(permission, Enforcer::Token, note)
    };
    Ok(Plan {
        method: TOKENS.to_owned(),
        policy: Some(json!({ "audiences": audiences }).to_string()),
        policy_limit: None,
        permissions: rows.into_iter().map(row).collect(),
        longest_life_seconds: TOKEN_SECONDS,
        notices: vec![
            "a token opens all that its holder may do in its audience: to limit it, give these permissions to an identity of \
             their own (`tryaudex policies export NAME --provider azure` prints the role it needs)"
                .to_owned(),
        ],
    })
}

/// What `action` stands for, without what is denied.
fn granted(action: &str, deny: &[String]) -> Vec<Operation> {
    let denied = |operation: &Operation| {
        deny.iter().any(|pattern| pattern::matches_ignore_ascii_case(pattern, &operation.name))
    };
    action::expand(action).into_iter().filter(|operation| !denied(operation)).collect()
}

/// Security: neither a token nor a SAS can say what is denied. One that would be void is an error, never a wish.
fn keep_denied(deny: &[String], admits: impl Fn(&Operation) -> bool) -> Result<(), Error> {
    for pattern in deny {
        let known = action::expand(pattern);
        let void = if known.is_empty() {
            Some(pattern.clone())
        } else {
            known.iter().find(|operation| admits(operation)).map(|operation| operation.name.clone())
        };
        if let Some(name) = void {
            return Err(refusal(
                ErrorKind::Denied,
                "deny-not-enforceable",
                format!("`{name}` is denied (`{pattern}`), and the credential would let it through"),
                "ask for single operations instead of wildcards, or for blobs with --resource",
            ));
        }
    }
    Ok(())
}

fn too_long(asked: u32, most: u32) -> Error {
    invalid(
        "ttl-too-long",
        format!("a ttl of {asked} s is more than this credential can live ({most} s)"),
        "ask for a shorter --ttl",
    )
}

fn planned(permission: &Permission, enforced_by: Enforcer, note: String) -> Planned {
    let (action, origin) = (permission.action.clone(), permission.origin.clone());
    Planned { action, origin, enforced_by, note: Some(note) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
    const DATA: &[&str] = &["https://acct.blob.core.windows.net/data"];
    const ANYWHERE: &[&str] = &[];

    fn grant(permissions: &[(String, &[&str])], deny: &[&str]) -> Grant {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let permission = |(action, resources): &(String, &[&str])| Permission {
            action: action.clone(),
            origin: action.clone(),
            resources: owned(resources),
        };
        Grant {
            provider: "azure".into(),
            permissions: permissions.iter().map(permission).collect(),
            deny: owned(deny),
            ttl_seconds: 900,
            session: "audex-1".into(),
        }
    }

    fn blobs(verb: &str, resources: &'static [&'static str]) -> (String, &'static [&'static str]) {
        (format!("{BLOBS}/{verb}"), resources)
    }

    #[test]
    fn operations_imply_audiences_and_no_other_token_is_asked_for() {
        let arm =
            plan(&grant(&[("Microsoft.Storage/storageAccounts/read".to_owned(), ANYWHERE)], &[])).unwrap();
        assert_eq!(arm.policy.unwrap(), r#"{"audiences":["https://management.azure.com"]}"#);
        assert_eq!((arm.method.as_str(), arm.longest_life_seconds), (TOKENS, 5400));
        let both = plan(&grant(
            &[
                ("Microsoft.KeyVault/vaults/secrets/getSecret/action".to_owned(), ANYWHERE),
                blobs("read", ANYWHERE),
            ],
            &[],
        ));
        assert_eq!(
            both.unwrap().policy.unwrap(),
            r#"{"audiences":["https://storage.azure.com","https://vault.azure.net"]}"#
        );
    }

    #[test]
    fn blobs_of_a_container_get_a_sas_that_the_cloud_enforces() {
        let made = plan(&grant(&[blobs("read", DATA)], &[])).unwrap();
        assert_eq!((made.method.as_str(), made.permissions[0].enforced_by), (SAS, Enforcer::Cloud));
        assert!(made.policy.unwrap().contains(r#""sp":"rl""#));
        assert_eq!(made.longest_life_seconds, 900);
        let wild = plan(&grant(&[(format!("{BLOBS}/*"), DATA)], &[])).unwrap();
        assert!(wild.permissions[0].note.as_ref().unwrap().contains("no SAS gives"));
    }

    #[test]
    fn a_resource_that_nobody_would_enforce_is_refused() {
        let code = |permissions: &[(String, &[&str])]| plan(&grant(permissions, &[])).unwrap_err().code;
        assert_eq!(
            code(&[("Microsoft.Storage/storageAccounts/read".to_owned(), DATA)]),
            "resource-not-enforceable"
        );
        assert_eq!(code(&[blobs("read", DATA), blobs("write", ANYWHERE)]), "resource-missing");
        let other: &[&str] = &["https://acct.blob.core.windows.net/other"];
        assert_eq!(code(&[blobs("read", DATA), (format!("{BLOBS}/write"), other)]), "several-resources");
        assert_eq!(code(&[(format!("{BLOBS}/read"), &["/subscriptions/x"])]), "resource-malformed");
    }

    #[test]
    fn a_deny_that_the_credential_would_ignore_is_refused_and_one_that_it_keeps_is_not() {
        let all = [(format!("{BLOBS}/*"), ANYWHERE)];
        let error = plan(&grant(&all, &[&format!("{BLOBS}/delete")])).unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, "deny-not-enforceable"));
        let kept = plan(&grant(&[(format!("{BLOBS}/*"), DATA)], &[&format!("{BLOBS}/delete")])).unwrap();
        assert!(kept.policy.unwrap().contains(r#""sp":"racwltm"#.split('l').next().unwrap()));
        let arm = [("Microsoft.Storage/*".to_owned(), ANYWHERE)];
        assert!(plan(&grant(&arm, &["Microsoft.Storage/storageAccounts/delete"])).is_err());
    }

    #[test]
    fn a_denied_operation_never_has_its_letter() {
        let verbs = ["read", "write", "add/action", "delete", "move/action"];
        for denied in verbs {
            let deny = format!("{BLOBS}/{denied}");
            let Ok(made) = plan(&grant(&[(format!("{BLOBS}/*"), DATA)], &[&deny])) else { continue };
            let policy: serde_json::Value = serde_json::from_str(&made.policy.unwrap()).unwrap();
            let letters = policy["sp"].as_str().unwrap();
            let operation = Operation { name: deny.clone(), is_data: true };
            let (own, _) = sas::letters(&operation).unwrap();
            assert!(!own.chars().any(|letter| letters.contains(letter)), "{deny}: {letters}");
        }
    }

    #[test]
    fn lifetimes_beyond_what_azure_gives_are_refused() {
        let mut long = grant(&[("Microsoft.Storage/storageAccounts/read".to_owned(), ANYWHERE)], &[]);
        long.ttl_seconds = 5401;
        assert_eq!(plan(&long).unwrap_err().code, "ttl-too-long");
    }
}
