//! What a request needs beside the permissions of its method: by its body, service by service.
//!
//! Sources: the "Access control with IAM" page of each service; for Compute Engine the permissions that
//! instances.insert lists; for Cloud Run, "Service identity" (acting as the account of a revision).

use audex_sdk::provider::Scope;
use serde_json::Value;

use super::body::{list, text};
use super::needs::{ACT_AS, Needs};
use super::place;

const PUBSUB: &str = "pubsub.googleapis.com";
/// Parts of subscriptions and topics that name resources of other services without a path.
const ELSEWHERE: [&str; 5] = [
    "bigqueryConfig",
    "bigtableConfig",
    "cloudStorageConfig",
    "analyticsHubSubscriptionInfo",
    "ingestionDataSourceSettings",
];
/// Methods that run code as a service account which the body may leave out, or name in what it refers to.
const RUNS_CODE: [&str; 24] = [
    "compute.instanceGroupManagers.insert",
    "compute.instanceGroupManagers.patch",
    "compute.instanceGroupManagers.setInstanceTemplate",
    "compute.instanceGroupManagers.update",
    "compute.instances.bulkInsert",
    "compute.instances.setMetadata",
    "compute.instances.update",
    "compute.projects.setCommonInstanceMetadata",
    "compute.regionInstanceGroupManagers.insert",
    "compute.regionInstanceGroupManagers.patch",
    "compute.regionInstanceGroupManagers.setInstanceTemplate",
    "compute.regionInstanceGroupManagers.update",
    "compute.regionInstances.bulkInsert",
    "run.projects.locations.builds.submit",
    "run.projects.locations.instances.create",
    "run.projects.locations.instances.patch",
    "run.projects.locations.jobs.create",
    "run.projects.locations.jobs.patch",
    "run.projects.locations.services.create",
    "run.projects.locations.services.patch",
    "run.projects.locations.services.replaceService",
    "run.projects.locations.workerPools.create",
    "run.projects.locations.workerPools.patch",
    "run.projects.locations.sourceUploads.upload",
];

/// Returns the fields of a method's body whose contents are data.
pub fn opaque(operation: &str) -> &'static [&'static str] {
    match operation.rsplit('.').next().unwrap_or_default() {
        "publish" => &["messages"],
        "addVersion" => &["payload"],
        "insertAll" => &["rows"],
        "write" => &["entries", "logName", "resource"],
        "query" | "insert" if operation.starts_with("bigquery.jobs.") => &[
            "query",
            "queryParameters",
            "defaultDataset",
            "sourceUris",
            "destinationUris",
            "destinationUri",
            "copy",
            "extract",
            "load",
        ],
        "testIamPermissions" => &["permissions", "resource"],
        "list" | "tail" if operation.starts_with("logging.entries.") => &["resourceNames"],
        "signBlob" | "signJwt" => &["payload", "bytesToSign"],
        "generateAccessToken" => &["scope"],
        "validate" | "validateMessage" | "commit" => &["definition", "message"],
        _ => &[],
    }
}

/// Adds the further needs of `operation`. `own` is the resource of the request.
///
/// # Errors
/// The reason why the body is not read.
pub fn add(needs: &mut Needs, operation: &str, body: &Value, own: &Scope) -> Result<(), String> {
    match operation.split('.').next().unwrap_or_default() {
        "pubsub" => pubsub(needs, operation, body),
        "logging" => return logging(needs, operation, body),
        "run" => run(needs, operation, body, own),
        "compute" => compute(needs, operation, body, own),
        "bigquery" => bigquery(needs, operation, body, own),
        // Version 1 moves a project so.
        "cloudresourcemanager"
            if operation.ends_with(".projects.update")
                && body.get("parent").is_some_and(Value::is_object) =>
        {
            needs.hide();
        }
        _ => {}
    }
    let is_new = operation.starts_with("run.namespaces.")
        && ["create", "replaceService", "replaceJob", "replaceInstance", "replaceWorkerPool"]
            .iter()
            .any(|verb| operation.ends_with(verb))
        && !operation.contains("domainmappings");
    if (RUNS_CODE.contains(&operation) || is_new) && !names_account(body) {
        needs.unseen(ACT_AS);
    }
    Ok(())
}

/// Returns true if some part of the body names an account to run as.
fn names_account(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let is_field = ["serviceAccount", "serviceAccountName"].contains(&name.as_str());
            (is_field && member.as_str().is_some_and(|text| !text.is_empty()))
                || names_account(member)
        }),
        Value::Array(members) => members.iter().any(names_account),
        _ => false,
    }
}

fn pubsub(needs: &mut Needs, operation: &str, body: &Value) {
    let body = ["/subscription", "/topic", "/snapshot"]
        .into_iter()
        .find_map(|part| body.pointer(part).filter(|part| part.is_object()))
        .unwrap_or(body);
    let is_set = |name: &str| body.get(name).is_some_and(|part| !part.is_null());
    if ELSEWHERE.into_iter().any(is_set) {
        needs.hide();
    }
    let mut named = |path: &str, action: &str| {
        if let Some(name) = body.pointer(path).and_then(Value::as_str) {
            needs.on(action, relative(PUBSUB, name));
        }
    };
    match operation {
        "pubsub.projects.subscriptions.create" => {
            named("/topic", "pubsub.topics.attachSubscription");
            if text(body, "/topic").is_empty() {
                needs.unseen("pubsub.topics.attachSubscription");
            }
        }
        "pubsub.projects.snapshots.create" => {
            named("/subscription", "pubsub.subscriptions.consume");
        }
        "pubsub.projects.subscriptions.seek" => named("/snapshot", "pubsub.snapshots.seek"),
        "pubsub.projects.topics.create" | "pubsub.projects.topics.patch" => {
            named("/schemaSettings/schema", "pubsub.schemas.attach");
        }
        // The topic that is detached is not in the request.
        "pubsub.projects.subscriptions.detach" => needs.hide(),
        _ => {}
    }
}

/// The fields of Pub/Sub's bodies that `pubsub` reads.
pub fn is_read(operation: &str) -> &'static [&'static str] {
    match operation {
        "pubsub.projects.subscriptions.create" => &["topic"],
        "pubsub.projects.snapshots.create" => &["subscription"],
        "pubsub.projects.subscriptions.seek" => &["snapshot"],
        "pubsub.projects.topics.create" => &["schema"],
        _ => &[],
    }
}

/// Returns the full name of a relative one of two or four plain segments; empty if it is another.
fn relative(api: &str, name: &str) -> String {
    let segments: Vec<&str> = name.split('/').collect();
    let is_odd = |part: &&str| {
        part.is_empty() || part.contains(|c: char| c.is_control() || matches!(c, ':' | '%' | '\\'))
    };
    let is_project = matches!(segments.as_slice(), ["projects", _, ..]);
    if !is_project || segments.iter().any(|part| is_odd(part) || *part == "-") {
        return String::new();
    }
    place::name(api, &segments)
}

fn logging(needs: &mut Needs, operation: &str, body: &Value) -> Result<(), String> {
    match operation {
        "logging.entries.list" | "logging.entries.tail" => {
            let names =
                list(body, "/resourceNames").iter().map(|name| name.as_str().unwrap_or_default());
            let projects =
                list(body, "/projectIds").iter().map(|id| id.as_str().unwrap_or_default());
            let mut is_any = false;
            for name in names.map(str::to_owned).chain(projects.map(|id| format!("projects/{id}")))
            {
                is_any = true;
                let segments: Vec<&str> = name.split('/').collect();
                let is_odd = |part: &&str| part.is_empty() || *part == "-";
                let is_name = segments.len().is_multiple_of(2) && !segments.iter().any(is_odd);
                let full = if is_name {
                    place::name("logging.googleapis.com", &segments)
                } else {
                    String::new()
                };
                let is_view = segments.get(segments.len().wrapping_sub(2)) == Some(&"views");
                let action =
                    if is_view { "logging.views.access" } else { "logging.logEntries.list" };
                needs.on(action, full);
            }
            if !is_any {
                return Err("it names no resource".to_owned());
            }
        }
        "logging.entries.write" => {
            let common = text(body, "/logName");
            let entries = list(body, "/entries");
            if entries.is_empty() {
                return Err("it has no entries".to_owned());
            }
            for entry in entries {
                let own = text(entry, "/logName");
                let name = if own.is_empty() { common } else { own };
                let segments: Vec<&str> = name.split('/').collect();
                let [kind, id, "logs", log] = segments.as_slice() else {
                    return Err("an entry names no log".to_owned());
                };
                let full = place::name("logging.googleapis.com", &[kind, id, "logs", log]);
                needs.on("logging.logEntries.create", full);
            }
        }
        _ => {}
    }
    Ok(())
}

fn run(needs: &mut Needs, operation: &str, body: &Value, own: &Scope) {
    if operation.ends_with(".jobs.run") && body.get("overrides").is_some_and(|part| !part.is_null())
    {
        needs.add("run.jobs.runWithOverrides", own.clone());
    }
    // Without the check of the invoker, everybody may call.
    let annotation = "/metadata/annotations/run.googleapis.com~1invoker-iam-disabled";
    let is_open = body.get("invokerIamDisabled").is_some_and(|value| *value != Value::Bool(false))
        || body.pointer(annotation).is_some();
    if is_open {
        needs.add("run.services.setIamPolicy", own.clone());
    }
    if body.pointer("/storageSource").is_some() {
        needs.hide();
    }
}

fn compute(needs: &mut Needs, operation: &str, body: &Value, own: &Scope) {
    if has_unnamed_account(body) || has_source(body) {
        needs.unseen(ACT_AS);
    }
    if operation != "compute.instances.insert" {
        return;
    }
    let has = |path: &str| body.pointer(path).is_some_and(|part| !part.is_null());
    let all = |list: &'static str, field: &'static str| {
        super::body::list(body, list).iter().any(|one| one.get(field).is_some())
    };
    for (is_there, action) in [
        (all("/disks", "initializeParams"), "compute.disks.create"),
        (all("/networkInterfaces", "accessConfigs"), "compute.subnetworks.useExternalIp"),
        (has("/metadata"), "compute.instances.setMetadata"),
        (has("/labels"), "compute.instances.setLabels"),
        (has("/tags"), "compute.instances.setTags"),
        (has("/serviceAccounts"), "compute.instances.setServiceAccount"),
    ] {
        if is_there {
            needs.add(action, own.clone());
        }
    }
}

/// Returns true if a body names an account in another way than by its email, such as `default`.
fn has_unnamed_account(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let is_email = |text: &str| text.ends_with(".gserviceaccount.com");
            (name == "email" && !member.as_str().is_some_and(is_email))
                || has_unnamed_account(member)
        }),
        Value::Array(members) => members.iter().any(has_unnamed_account),
        _ => false,
    }
}

/// Returns true if a body or a query names what an instance is made of, with an account in it.
pub fn has_source(value: &Value) -> bool {
    ["sourceInstanceTemplate", "sourceMachineImage"].iter().any(|name| value.get(name).is_some())
}

fn bigquery(needs: &mut Needs, operation: &str, body: &Value, own: &Scope) {
    let has = |name: &str| body.get(name).is_some_and(|part| !part.is_null());
    if operation.starts_with("bigquery.datasets.") && has("access") {
        needs.add("bigquery.datasets.setIamPolicy", own.clone());
    }
    // A view reads what its text says; an external table reads other services.
    if operation.starts_with("bigquery.tables.") && (has("view") || has("materializedView")) {
        needs.unseen("bigquery.tables.getData");
    }
    // The table of this name is made from the one in the path.
    if has("templateSuffix") {
        needs.hide();
    }
    if has("externalDataConfiguration") || has("biglakeConfiguration") {
        needs.unseen("storage.objects.get");
        needs.hide();
    }
}
