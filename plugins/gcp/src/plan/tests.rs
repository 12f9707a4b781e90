use audex_sdk::provider::Scope;

use super::*;

fn grant(permissions: &[(&str, &[&str])], deny: &[&str]) -> Grant {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let permission = |(action, resources): &(&str, &[&str])| Permission {
        action: (*action).to_owned(),
        origin: (*action).to_owned(),
        resources: Scope::asked(owned(resources)),
    };
    Grant {
        provider: "gcp".into(),
        permissions: permissions.iter().map(permission).collect(),
        deny: owned(deny),
        ttl_seconds: 900,
        session: "audex-1".into(),
        gateway: false,
    }
}

fn made(permissions: &[(&str, &[&str])], deny: &[&str]) -> Plan {
    plan(&grant(permissions, deny), Some("a@p.iam.gserviceaccount.com")).unwrap()
}

fn refused(permissions: &[(&str, &[&str])], deny: &[&str]) -> Error {
    plan(&grant(permissions, deny), Some("a@p.iam.gserviceaccount.com")).unwrap_err()
}

const BUCKET: &[&str] = &["gs://my-bucket"];
const ANYWHERE: &[&str] = &[];

#[test]
fn without_a_resource_the_narrowest_scope_is_all_there_is() {
    let plan = made(&[("storage.objects.get", ANYWHERE), ("storage.objects.list", ANYWHERE)], &[]);
    assert_eq!(plan.method, SCOPED);
    assert_eq!(
        plan.policy.unwrap(),
        r#"{"scope":["https://www.googleapis.com/auth/devstorage.read_only"]}"#
    );
    assert!(plan.permissions.iter().all(|permission| permission.enforced_by == Enforcer::Token));
    assert!(plan.notices.is_empty());
}

#[test]
fn a_token_for_everything_says_so() {
    for action in ["secretmanager.versions.access", "*", "iam.*"] {
        let plan = made(&[(action, ANYWHERE)], &[]);
        assert!(plan.policy.unwrap().contains("cloud-platform"), "{action}");
        assert!(plan.notices[0].contains("all that its service account may"), "{action}");
    }
}

#[test]
fn what_a_role_holds_exactly_is_enforced_by_the_cloud_and_the_rest_is_named() {
    let exact = made(&[("storage.objects.get", BUCKET)], &[]);
    assert_eq!(
        (exact.method.as_str(), exact.permissions[0].enforced_by),
        (BOUNDARY, Enforcer::Cloud)
    );
    let more = made(&[("storage.objects.delete", BUCKET)], &[]);
    assert_eq!(more.permissions[0].enforced_by, Enforcer::Token);
    assert!(more.permissions[0].note.as_ref().unwrap().contains("also admits"), "{more:?}");
}

#[test]
fn each_bucket_gets_the_roles_of_its_own_permissions() {
    let plan = made(
        &[
            ("storage.objects.get", &["gs://bucket-a"]),
            ("storage.objects.create", &["gs://bucket-b"]),
        ],
        &[],
    );
    let policy: serde_json::Value = serde_json::from_str(&plan.policy.unwrap()).unwrap();
    let rules = policy["accessBoundary"]["accessBoundaryRules"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[0]["availablePermissions"][0], "inRole:roles/storage.legacyObjectReader");
    assert!(rules[1]["availableResource"].as_str().unwrap().ends_with("/bucket-b"));
    assert_eq!(rules[1]["availablePermissions"][0], "inRole:roles/storage.objectCreator");
}

#[test]
fn listing_buckets_inside_a_boundary_is_said_to_grant_nothing() {
    let plan = made(&[("storage.objects.get", BUCKET), ("storage.buckets.list", BUCKET)], &[]);
    let note = plan.permissions[1].note.as_ref().unwrap();
    assert!(note.contains("grants nothing"), "{note}");
}

#[test]
fn a_resource_that_nobody_would_enforce_is_refused() {
    assert_eq!(
        refused(&[("compute.instances.list", BUCKET)], &[]).code,
        "resource-not-enforceable"
    );
    assert_eq!(refused(&[("*", BUCKET)], &[]).code, "resource-not-enforceable");
    let beside = [("storage.objects.get", BUCKET), ("storage.objects.list", ANYWHERE)];
    assert_eq!(refused(&beside, &[]).code, "resource-missing");
    assert_eq!(
        refused(&[("storage.objects.get", &["arn:aws:s3:::b"])], &[]).code,
        "resource-malformed"
    );
    assert_eq!(refused(&[("storage.buckets.list", BUCKET)], &[]).code, "nothing-granted");
}

#[test]
fn a_deny_that_the_token_would_ignore_is_refused_and_one_that_it_keeps_is_not() {
    let error = refused(&[("storage.objects.*", ANYWHERE)], &["storage.objects.delete"]);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, "deny-not-enforceable"));
    assert_eq!(
        refused(&[("secretmanager.*", ANYWHERE)], &["secretmanager.secrets.delete"]).code,
        "deny-not-enforceable"
    );
    assert_eq!(
        refused(&[("storage.objects.get", ANYWHERE)], &["*.frobnicate"]).code,
        "deny-not-enforceable"
    );
    let kept = made(&[("storage.objects.get", ANYWHERE)], &["storage.objects.delete"]);
    assert!(kept.policy.unwrap().contains("read_only"));
    let bounded = made(&[("storage.objects.g*", BUCKET)], &["storage.objects.*IamPolicy"]);
    assert!(!bounded.policy.unwrap().contains("objectAdmin"));
}

#[test]
fn a_denied_permission_is_never_in_what_the_token_admits() {
    let verbs = ["get", "list", "create", "delete", "update", "getIamPolicy", "setIamPolicy", "*"];
    for asked in verbs {
        for other in verbs {
            for denied in &verbs[..7] {
                for resources in [ANYWHERE, BUCKET] {
                    let (a, b) =
                        (format!("storage.objects.{asked}"), format!("storage.objects.{other}"));
                    let deny = format!("storage.objects.{denied}");
                    let asked = grant(&[(&a, resources), (&b, resources)], &[&deny]);
                    let Ok(plan) = plan(&asked, None) else { continue };
                    let policy = plan.policy.unwrap();
                    for role in role::ROLES
                        .iter()
                        .filter(|role| policy.contains(&format!("inRole:{}\"", role.name)))
                    {
                        assert!(
                            !role.permissions.contains(&deny.as_str()),
                            "{a} {b} without {deny}: {policy}"
                        );
                    }
                    for scope in gcp_catalogue::scopes(&deny).into_iter().chain([scope::PLATFORM]) {
                        assert!(
                            !policy.contains(&format!("/{scope}\"")),
                            "{a} {b} without {deny}: {policy}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn lifetimes_beyond_what_google_gives_are_refused() {
    let mut long = grant(&[("storage.objects.get", ANYWHERE)], &[]);
    long.ttl_seconds = 7200;
    assert!(plan(&long, Some("a")).unwrap().notices[0].contains("LifetimeExtension"));
    long.ttl_seconds = 43_201;
    assert_eq!(plan(&long, Some("a")).unwrap_err().code, "ttl-too-long");
}

#[test]
fn a_deny_in_another_case_is_kept_or_refused_as_in_its_own() {
    for entry in ["Storage.Objects.Delete", "STORAGE.OBJECTS.D*", "*.DELETE"] {
        let error = refused(&[("storage.objects.create", ANYWHERE)], &[entry]);
        assert_eq!(error.code, "deny-not-enforceable", "{entry}");
        let plan = made(&[("storage.objects.get", ANYWHERE)], &[entry]);
        assert_eq!(plan.method, SCOPED);
    }
}

fn by_gateway(permissions: &[(&str, &[&str])], deny: &[&str]) -> Result<Plan, Error> {
    let grant = Grant { gateway: true, ..grant(permissions, deny) };
    plan(&grant, Some("a@p.iam.gserviceaccount.com"))
}

#[test]
fn a_gateway_decides_by_full_names_of_any_service() {
    let topic = "//pubsub.googleapis.com/projects/p/topics/t";
    let plan = by_gateway(
        &[
            ("pubsub.topics.publish", &[topic]),
            ("pubsub.topics.get", &[topic]),
            ("compute.*", ANYWHERE),
        ],
        &["compute.instances.delete"],
    )
    .unwrap();
    assert_eq!(plan.method, SCOPED);
    assert!(plan.permissions.iter().all(|one| one.enforced_by == Enforcer::Gateway), "{plan:?}");
    let decides: Vec<(Vec<String>, Scope)> =
        plan.decides.into_iter().map(|one| (one.actions, one.resources)).collect();
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        decides,
        [
            (owned(&["pubsub.topics.publish", "pubsub.topics.get"]), Scope::These(owned(&[topic]))),
            (owned(&["compute.*"]), Scope::Every),
        ]
    );
    // Without a gateway, these stay errors that name the way out.
    for permission in [("pubsub.topics.publish", &[topic][..]), ("pubsub.topics.publish", BUCKET)] {
        let error = refused(&[permission], &[]);
        assert!(error.hint.unwrap().contains("--deliver gateway"));
    }
    assert_eq!(
        by_gateway(&[("a.b.c", &["arn:aws:s3:::b"])], &[]).unwrap_err().code,
        "resource-malformed"
    );
}

#[test]
fn with_a_gateway_the_token_is_as_narrow_as_without_and_a_boundary_still_enforces() {
    let plan = by_gateway(&[("storage.objects.get", BUCKET)], &[]).unwrap();
    assert_eq!(
        (plan.method.as_str(), plan.permissions[0].enforced_by),
        (BOUNDARY, Enforcer::Cloud)
    );
    let full = "//storage.googleapis.com/projects/_/buckets/my-bucket";
    assert_eq!(plan.decides[0].resources, Scope::These(vec![full.to_owned(), format!("{full}/*")]));
    // The role admits more, which the gateway does not.
    let more =
        by_gateway(&[("storage.objects.delete", BUCKET)], &["storage.objects.create"]).unwrap();
    assert_eq!(
        (more.method.as_str(), more.permissions[0].enforced_by),
        (BOUNDARY, Enforcer::Gateway)
    );
    // No boundary reaches buckets and topics together.
    let both = by_gateway(
        &[
            ("storage.objects.get", BUCKET),
            ("pubsub.topics.list", &["//cloudresourcemanager.googleapis.com/projects/p"]),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(both.method, SCOPED);
    assert!(made(&[("storage.objects.get", BUCKET)], &[]).decides.is_empty());
}

#[test]
fn a_gateway_says_what_it_does_not_read_and_what_a_write_needs() {
    let note = |action: &str| {
        by_gateway(&[(action, ANYWHERE)], &[]).unwrap().permissions.remove(0).note.unwrap()
    };
    assert!(
        note("spanner.databases.read").contains("reads no requests"),
        "{}",
        note("spanner.databases.read")
    );
    assert!(note("storage.objects.create").contains("--no-clobber"));
    for action in ["storage.objects.get", "storage.objects.*", "iam.serviceAccounts.actAs", "*"] {
        assert!(
            !note(action).contains("reads no requests") && !note(action).contains("no-clobber"),
            "{action}"
        );
    }
}
