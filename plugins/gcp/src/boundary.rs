//! Credential Access Boundaries: roles, buckets and conditions.
//!
//! Source: Cloud IAM, "Credential Access Boundaries" (shape, at most ten rules, Cloud Storage only, `inRole:`
//! only).

use audex_sdk::provider::Error;
use serde::Serialize;

use crate::invalid;
use crate::resource::Place;
use crate::role;

/// The most rules of one boundary.
const MOST_RULES: usize = 10;

/// The document that the token exchange accepts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    access_boundary: Rules,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    access_boundary_rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    available_resource: String,
    available_permissions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_condition: Option<Condition>,
}

#[derive(Serialize)]
struct Condition {
    expression: String,
}

/// A boundary, and the permissions that it allows beyond the grant.
#[derive(Debug)]
pub struct Boundary {
    /// The document, compact.
    pub policy: String,
    /// For each place, the additional permissions that come with its roles.
    pub extras: Vec<(Place, Vec<&'static str>)>,
}

/// Builds the boundary that makes each list of permissions available at its place.
///
/// # Errors
/// If no roles hold a list, or there are too many rules.
pub fn boundary(asked: &[(Place, Vec<String>)]) -> Result<Boundary, Error> {
    let (mut made, mut extras) = (Vec::new(), Vec::new());
    for (place, wanted) in asked {
        let Some((roles, more)) = role::smallest(wanted) else {
            return Err(invalid(
                "no-predefined-role",
                format!(
                    "no predefined roles of Cloud Storage hold `{}` together",
                    wanted.join("`, `")
                ),
                "ask for object permissions in this run, and for the rest in another",
            ));
        };
        made.push(Rule {
            available_resource: place.full(),
            available_permissions: roles.iter().map(|role| format!("inRole:{role}")).collect(),
            availability_condition: condition(place).map(|expression| Condition { expression }),
        });
        extras.push((place.clone(), more));
    }
    if made.len() > MOST_RULES {
        return Err(invalid(
            "too-many-rules",
            format!(
                "these resources need {} rules, and an access boundary takes {MOST_RULES}",
                made.len()
            ),
            "name fewer buckets and prefixes, or one prefix that holds several",
        ));
    }
    let options = Options { access_boundary: Rules { access_boundary_rules: made } };
    let policy = serde_json::to_string(&options).map_err(|error| {
        invalid(
            "boundary",
            format!("the boundary cannot be written: {error}"),
            "report this as a defect",
        )
    })?;
    Ok(Boundary { policy, extras })
}

/// Returns the condition that limits a rule to a part of its bucket. Listing is a request to the bucket, and
/// the request names the prefix to list.
fn condition(place: &Place) -> Option<String> {
    let prefix = place.prefix.as_ref()?;
    let object = format!("projects/_/buckets/{}/objects/{prefix}", place.bucket);
    if place.exact {
        return Some(format!("resource.name == '{object}'"));
    }
    Some(format!(
        "resource.name.startsWith('{object}') || \
         api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('{prefix}')"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(place: &str, permissions: &[&str]) -> (Place, Vec<String>) {
        (Place::parse(place).unwrap(), permissions.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a_bucket_becomes_a_rule_without_a_condition() {
        let made = boundary(&[asked("gs://my-bucket", &["storage.objects.get"])]).unwrap();
        assert_eq!(
            made.policy,
            r#"{"accessBoundary":{"accessBoundaryRules":[{"availableResource":"//storage.googleapis.com/projects/_/buckets/my-bucket","availablePermissions":["inRole:roles/storage.legacyObjectReader"]}]}}"#
        );
        assert!(made.extras[0].1.is_empty());
    }

    #[test]
    fn a_prefix_limits_objects_and_lists_and_an_object_only_itself() {
        let made = boundary(&[asked(
            "gs://my-bucket/team/*",
            &["storage.objects.get", "storage.objects.list"],
        )])
        .unwrap();
        assert!(
            made.policy.contains("startsWith('projects/_/buckets/my-bucket/objects/team/')"),
            "{}",
            made.policy
        );
        assert!(made.policy.contains("objectListPrefix', '').startsWith('team/')"));
        let folder = boundary(&[asked(
            "gs://my-bucket/team/",
            &["storage.objects.get", "storage.objects.list"],
        )]);
        assert_eq!(folder.unwrap().policy, made.policy);
        let one = boundary(&[asked("gs://my-bucket/a.txt", &["storage.objects.get"])]).unwrap();
        assert!(
            one.policy.contains("resource.name == 'projects/_/buckets/my-bucket/objects/a.txt'"),
            "{}",
            one.policy
        );
    }

    #[test]
    fn eleven_rules_are_too_many() {
        let many: Vec<_> =
            (0..11).map(|n| asked(&format!("gs://bucket-{n}"), &["storage.objects.get"])).collect();
        assert_eq!(boundary(&many).unwrap_err().code, "too-many-rules");
        assert!(boundary(&many[..10]).is_ok());
    }
}
