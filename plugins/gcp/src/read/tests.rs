use audex_sdk::provider::{Need, Reading, Scope, SeenRequest};

use super::*;

mod coverage;
mod hostile;
mod storage;

const JSON: &str = "application/json";

/// Returns a request; `url` is host, path and query.
pub fn request(method: &str, url: &str, kind: &str, body: &str) -> SeenRequest {
    let (host, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), method_table::decode(value))
    };
    let headers = [("content-type", kind)].into_iter().filter(|(_, value)| !value.is_empty());
    SeenRequest {
        service: None,
        region: None,
        method: method.to_owned(),
        host: host.to_owned(),
        path: path.to_owned(),
        query: query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        complete: true,
    }
}

fn line(need: &Need) -> String {
    let on = match &need.on {
        Scope::Every => "every".to_owned(),
        Scope::Unseen => "unseen".to_owned(),
        Scope::These(names) => names.join("+"),
    };
    format!("{} {on}", need.action)
}

/// Returns the needs of a request as sorted lines, or the reason for none.
fn told(request: &SeenRequest) -> Vec<String> {
    match read(request) {
        Reading::Calls(needs) => {
            let mut lines: Vec<String> = needs.iter().map(line).collect();
            lines.sort_unstable();
            lines
        }
        Reading::Unknown(reason) => vec![format!("unknown: {reason}")],
        Reading::Ambiguous(reason) => vec![format!("ambiguous: {reason}")],
    }
}

#[track_caller]
fn check(method: &str, url: &str, body: &str, expected: &[&str]) {
    let kind = if body.is_empty() { "" } else { JSON };
    assert_eq!(told(&request(method, url, kind, body)), expected, "{method} {url} {body}");
}

const O: &str = "//storage.googleapis.com/projects/_/buckets";

#[test]
fn pubsub_and_secrets_are_read_with_what_the_body_names() {
    let p = "//pubsub.googleapis.com/projects/p";
    let topic = format!("{p}/topics/t");
    for host in ["pubsub", "europe-west1-pubsub", "pubsub.europe-west1.rep"] {
        let url = format!("{host}.googleapis.com/v1/projects/p/topics/t:publish");
        let body =
            r#"{"messages":[{"data":"cHJvamVjdHMv"},{"attributes":{"a":"projects/q/topics/t"}}]}"#;
        check("POST", &url, body, &[&format!("pubsub.topics.publish {topic}")]);
        let Reading::Calls(needs) = read(&request("POST", &url, JSON, body)) else { panic!() };
        assert_eq!(needs[0].uses, 2);
    }
    let api = "pubsub.googleapis.com/v1/projects/p";
    let attach = format!("pubsub.topics.attachSubscription {topic}");
    let create = format!("pubsub.subscriptions.create {p}/subscriptions/s");
    for name in ["topic", "\\u0074opic"] {
        let body = format!(r#"{{"{name}":"projects/p/topics/t"}}"#);
        check("PUT", &format!("{api}/subscriptions/s"), &body, &[&create, &attach]);
    }
    let push = r#"{"topic":"projects/p/topics/t","push_config":{"oidc_token":{"service_account_email":"a@p.iam.gserviceaccount.com"}}}"#;
    let act = "iam.serviceAccounts.actAs //iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com";
    check("PUT", &format!("{api}/subscriptions/s"), push, &[act, &create, &attach]);
    let away = r#"{"topic":"projects/p/topics/t","bigqueryConfig":{"table":"p.d.t"}}"#;
    let lines = told(&request("PUT", &format!("{api}/subscriptions/s"), JSON, away));
    assert!(lines.contains(&"pubsub.subscriptions.create unseen".to_owned()), "{lines:?}");
    check(
        "GET",
        &format!("{api}/topics"),
        "",
        &["pubsub.topics.list //cloudresourcemanager.googleapis.com/projects/p"],
    );
    check(
        "GET",
        "secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/latest:access",
        "",
        &[
            "secretmanager.versions.access //secretmanager.googleapis.com/projects/p/secrets/s/versions/latest",
        ],
    );
}

#[test]
fn jobs_of_bigquery_name_tables_or_read_them_unseen() {
    let api = "bigquery.googleapis.com/bigquery/v2/projects/p";
    let job = "bigquery.jobs.create //cloudresourcemanager.googleapis.com/projects/p";
    let data = "bigquery.tables.getData unseen";
    check("POST", &format!("{api}/queries"), r#"{"query":"select 1"}"#, &[job, data]);
    let write = "bigquery.tables.updateData unseen";
    check("POST", &format!("{api}/queries"), r#"{"query":"delete from t"}"#, &[job, data, write]);
    let drop =
        told(&request("POST", &format!("{api}/queries"), JSON, r#"{"query":"drop table t"}"#));
    assert!(drop[0].starts_with("ambiguous"), "{drop:?}");
    let t = |name: &str| format!(r#"{{"projectId":"p","datasetId":"d","tableId":"{name}"}}"#);
    let d = "//bigquery.googleapis.com/projects/p/datasets/d/tables";
    let copy = format!(
        r#"{{"configuration":{{"copy":{{"sourceTable":{},"destinationTable":{}}}}}}}"#,
        t("a"),
        t("b$20260101")
    );
    check(
        "POST",
        &format!("{api}/jobs"),
        &copy,
        &[
            job,
            &format!("bigquery.tables.create {d}/b"),
            &format!("bigquery.tables.get {d}/a"),
            &format!("bigquery.tables.getData {d}/a"),
            &format!("bigquery.tables.updateData {d}/b"),
        ],
    );
    let load = format!(
        r#"{{"configuration":{{"load":{{"sourceUris":["gs://b/x*.csv"],"destinationTable":{}}}}}}}"#,
        t("b")
    );
    let lines = told(&request("POST", &format!("{api}/jobs"), JSON, &load));
    assert!(lines.contains(&format!("storage.objects.get {O}/b/objects/x*.csv")), "{lines:?}");
    check(
        "POST",
        &format!("{api}/datasets"),
        r#"{"datasetReference":{"projectId":"p","datasetId":"d"}}"#,
        &["bigquery.datasets.create //cloudresourcemanager.googleapis.com/projects/p"],
    );
    let other = r#"{"datasetReference":{"projectId":"q","datasetId":"d"}}"#;
    check("POST", &format!("{api}/datasets"), other, &["bigquery.datasets.create unseen"]);
    let query = r#"{"query":"select 1","defaultDataset":{"projectId":"q","datasetId":"d"}}"#;
    check("POST", &format!("{api}/queries"), query, &[job, data]);
    check(
        "GET",
        &format!("{api}/datasets/d/tables/t/data"),
        "",
        &[&format!("bigquery.tables.getData {d}/t")],
    );
}

#[test]
fn compute_names_what_an_instance_uses_and_acts_as() {
    let api = "compute.googleapis.com/compute/v1/projects/p/zones/z";
    let c = "//compute.googleapis.com/projects/p";
    check(
        "POST",
        &format!("{api}/instances/i/start"),
        "",
        &[&format!("compute.instances.start {c}/zones/z/instances/i")],
    );
    let body = r#"{"name":"i","machineType":"zones/z/machineTypes/t",
        "networkInterfaces":[{"network":"global/networks/n","subnetwork":"projects/p/regions/r/subnetworks/s"}],
        "disks":[{"source":"zones/z/disks/d"}],
        "serviceAccounts":[{"email":"a@q.iam.gserviceaccount.com","scopes":["https://www.googleapis.com/auth/x"]}]}"#;
    let project = "//cloudresourcemanager.googleapis.com/projects/p";
    check(
        "POST",
        &format!("{api}/instances"),
        body,
        &[
            &format!("compute.disks.use {c}/zones/z/disks/d"),
            &format!("compute.instances.create {project}"),
            &format!("compute.instances.setServiceAccount {project}"),
            &format!("compute.networks.use {c}/global/networks/n"),
            &format!("compute.subnetworks.use {c}/regions/r/subnetworks/s"),
            "iam.serviceAccounts.actAs //iam.googleapis.com/projects/q/serviceAccounts/a@q.iam.gserviceaccount.com",
        ],
    );
    let default = r#"{"serviceAccounts":[{"email":"default"}]}"#;
    let lines = told(&request("POST", &format!("{api}/instances"), JSON, default));
    assert!(lines.contains(&"iam.serviceAccounts.actAs unseen".to_owned()), "{lines:?}");
    for (url, body) in [
        (format!("{api}/instances/i/setServiceAccount"), default.replace("serviceAccounts", "x")),
        (format!("{api}/instances/i/setServiceAccount"), r#"{"email":"default"}"#.to_owned()),
        (
            format!("{api}/instances?sourceInstanceTemplate=global/instanceTemplates/t"),
            "{}".to_owned(),
        ),
        (
            format!("{api}/instances"),
            r#"{"sourceMachineImage":"global/machineImages/m"}"#.to_owned(),
        ),
        (
            "compute.googleapis.com/compute/v1/projects/p/global/instanceTemplates".to_owned(),
            r#"{"properties":{"serviceAccounts":[{"email":"default"}]}}"#.to_owned(),
        ),
    ] {
        let lines = told(&request("POST", &url, JSON, &body));
        assert!(lines.contains(&"iam.serviceAccounts.actAs unseen".to_owned()), "{url} {lines:?}");
    }
}

#[test]
fn cloud_run_is_read_alike_in_both_versions() {
    let service = "run.services.get //run.googleapis.com/projects/p/locations/l1/services/s";
    for url in [
        "l1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services/s",
        "run.googleapis.com/v1/projects/p/locations/l1/services/s",
        "run.googleapis.com/v2/projects/p/locations/l1/services/s",
    ] {
        check("GET", url, "", &[service]);
    }
    let plain = "run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services/s";
    check("GET", plain, "", &["run.services.get unseen"]);
    let project = "//cloudresourcemanager.googleapis.com/projects/p";
    check(
        "POST",
        "run.googleapis.com/v2/projects/p/locations/l/services?serviceId=s",
        r#"{"template":{"containers":[{"image":"i"}]}}"#,
        &["iam.serviceAccounts.actAs unseen", &format!("run.services.create {project}")],
    );
    // A change that creates what is missing, for everybody.
    check(
        "PATCH",
        "run.googleapis.com/v2/projects/p/locations/l1/services/s?allowMissing=true",
        r#"{"invokerIamDisabled":true,"template":{"serviceAccount":"a@p.iam.gserviceaccount.com"}}"#,
        &[
            "iam.serviceAccounts.actAs //iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
            "run.services.create unseen",
            &service.replace(".get", ".setIamPolicy"),
            &service.replace(".get", ".update"),
        ],
    );
}

#[test]
fn logs_are_read_where_they_are_and_written_by_name() {
    let api = "logging.googleapis.com/v2/entries";
    check(
        "POST",
        &format!("{api}:list"),
        r#"{"resourceNames":["projects/p","projects/q/locations/l/buckets/b/views/v"]}"#,
        &[
            "logging.logEntries.list //cloudresourcemanager.googleapis.com/projects/p",
            "logging.views.access //logging.googleapis.com/projects/q/locations/l/buckets/b/views/v",
        ],
    );
    assert!(told(&request("POST", &format!("{api}:list"), JSON, "{}"))[0].starts_with("ambiguous"));
    check(
        "POST",
        &format!("{api}:write"),
        r#"{"logName":"projects/p/logs/a%2Fb","entries":[{"textPayload":"projects/x/y"},{"logName":"projects/q/logs/c"}]}"#,
        &[
            "logging.logEntries.create //logging.googleapis.com/projects/p/logs/a%2Fb",
            "logging.logEntries.create //logging.googleapis.com/projects/q/logs/c",
        ],
    );
}

#[test]
fn credentials_are_said_to_be_in_the_reply() {
    let api =
        "iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com";
    let on = "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com";
    for (verb, action) in [
        ("generateAccessToken", "getAccessToken"),
        ("generateIdToken", "getOpenIdToken"),
        ("signJwt", "signJwt"),
        ("signBlob", "signBlob"),
    ] {
        let Reading::Calls(needs) = read(&request("POST", &format!("{api}:{verb}"), JSON, "{}"))
        else {
            panic!("{verb}")
        };
        assert_eq!(line(&needs[0]), format!("iam.serviceAccounts.{action} {on}"));
        assert!(needs[0].yields_credentials);
    }
    let keys = "iam.googleapis.com/v1/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com/keys";
    let Reading::Calls(needs) = read(&request("POST", keys, JSON, "{}")) else { panic!() };
    assert_eq!(line(&needs[0]), format!("iam.serviceAccountKeys.create {on}"));
    assert!(needs[0].yields_credentials);
    let Reading::Calls(needs) = read(&request("GET", keys, "", "")) else { panic!() };
    assert!(!needs[0].yields_credentials);
}

#[test]
fn resource_manager_reads_projects_and_parents() {
    let api = "cloudresourcemanager.googleapis.com";
    let p = "//cloudresourcemanager.googleapis.com";
    for version in ["v1", "v3"] {
        let url = format!("{api}/{version}/projects/p");
        check("GET", &url, "", &[&format!("resourcemanager.projects.get {p}/projects/p")]);
        let url = format!("{url}:testIamPermissions");
        let Reading::Calls(needs) = read(&request("POST", &url, JSON, r#"{"permissions":["a"]}"#))
        else {
            panic!()
        };
        assert!(needs.len() == 1 && needs[0].free, "{needs:?}");
    }
    check(
        "POST",
        &format!("{api}/v3/projects"),
        r#"{"projectId":"n","parent":"folders/1"}"#,
        &[&format!("resourcemanager.projects.create {p}/folders/1")],
    );
    let url = format!("{api}/v1/projects/p");
    let moved = r#"{"parent":{"type":"folder","id":"1"}}"#;
    check("PUT", &url, moved, &["resourcemanager.projects.update unseen"]);
    let named = r#"{"name":"n"}"#;
    check("PUT", &url, named, &[&format!("resourcemanager.projects.update {p}/projects/p")]);
}

#[test]
fn another_project_that_pays_is_a_need() {
    let url = "storage.googleapis.com/storage/v1/b/b/o/o?userProject=q";
    let use_of = "serviceusage.services.use //cloudresourcemanager.googleapis.com/projects/q";
    let get = format!("storage.objects.get {O}/b/objects/o");
    check("GET", url, "", &[use_of, &get]);
    let mut seen = request("GET", "storage.googleapis.com/storage/v1/b/b/o/o", "", "");
    seen.headers.push(("x-goog-user-project".to_owned(), "q".to_owned()));
    assert_eq!(told(&seen), [use_of, &get]);
}
