use audex_sdk::provider::{Need, Reading, Scope, SeenRequest};

use super::*;

mod coverage;
mod hostile;

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
fn objects_are_read_with_their_names() {
    let host = "storage.googleapis.com";
    let get = format!("storage.objects.get {O}/b/objects/a/c");
    for url in [
        format!("{host}/storage/v1/b/b/o/a%2Fc?alt=media"),
        format!("{host}/download/storage/v1/b/b/o/a%2Fc?alt=media"),
        "www.googleapis.com/storage/v1/b/b/o/a%2Fc".to_owned(),
        "storage.mtls.googleapis.com/storage/v1/b/b/o/a%2Fc".to_owned(),
        format!("{host}/b/a/c"),
        format!("{host}/b/a%2Fc?generation=7"),
    ] {
        check("GET", &url, "", &[&get]);
    }
    let list = |prefix: &str| format!("storage.objects.list {O}/b/objects/{prefix}*");
    check("GET", &format!("{host}/storage/v1/b/b/o?prefix=team%2F"), "", &[&list("team/")]);
    check("GET", &format!("{host}/storage/v1/b/b/o"), "", &[&list("")]);
    check(
        "GET",
        &format!("{host}/storage/v1/b/b/o?prefix=*"),
        "",
        &["storage.objects.list unseen"],
    );
    check("GET", &format!("{host}/storage/v1/b/b"), "", &[&format!("storage.buckets.get {O}/b")]);
    check(
        "GET",
        &format!("{host}/storage/v1/b?project=p"),
        "",
        &["storage.buckets.list //cloudresourcemanager.googleapis.com/projects/p"],
    );
    check("GET", &format!("{host}/storage/v1/b/b/o/x%2A"), "", &["storage.objects.get unseen"]);
}

#[test]
fn a_write_that_may_replace_an_object_needs_to_delete_it() {
    let upload = "storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&name=n";
    let create = format!("storage.objects.create {O}/b/objects/n");
    let delete = format!("storage.objects.delete {O}/b/objects/n");
    let mut seen = request("POST", upload, "text/plain", "");
    seen.complete = false;
    assert_eq!(told(&seen), [create.clone(), delete.clone()]);
    let new = format!("{upload}&ifGenerationMatch=0");
    check("POST", &new, "", &[&create]);
    check("POST", &format!("{upload}&ifGenerationMatch=1"), "", &[&create, &delete]);
    let access = format!("storage.objects.setIamPolicy {O}/b/objects/n");
    check("POST", &format!("{new}&predefinedAcl=publicRead"), "", &[&create, &access]);
}

#[test]
fn uploads_name_their_object_in_one_place() {
    let base = "storage.googleapis.com/upload/storage/v1/b/b/o?ifGenerationMatch=0";
    let create = format!("storage.objects.create {O}/b/objects/n");
    check("POST", &format!("{base}&uploadType=resumable"), r#"{"name":"n"}"#, &[&create]);
    let parts = "--x\r\ncontent-type: application/json\r\n\r\n{\"name\":\"n\"}\r\n--x\r\ncontent-type: text/plain\r\n\r\ndata\r\n--x--\r\n";
    let kind = "multipart/related; boundary=\"x\"";
    let multipart = format!("{base}&uploadType=multipart");
    assert_eq!(told(&request("POST", &multipart, kind, parts)), [create.clone()]);
    let two = told(&request("POST", &format!("{multipart}&name=other"), kind, parts));
    assert!(two[0].contains("two objects"), "{two:?}");
    // The address of a session authorises by itself.
    let step =
        "storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=u&name=n";
    let mut step = request("PUT", step, "text/plain", "");
    step.complete = false;
    let Reading::Calls(needs) = read(&step) else { panic!() };
    assert!(needs[0].free && line(&needs[0]) == create, "{needs:?}");
    step.path = "/storage/v1/b/b/o/n".to_owned();
    assert!(told(&step)[0].starts_with("ambiguous"), "{:?}", told(&step));
}

#[test]
fn copies_read_their_sources_and_write_their_destination() {
    let host = "storage.googleapis.com/storage/v1/b";
    let write =
        |name: &str| ["create", "delete"].map(|verb| format!("storage.objects.{verb} {O}/{name}"));
    let [create, delete] = write("z/objects/w");
    let get = format!("storage.objects.get {O}/x/objects/y");
    for verb in ["rewriteTo", "copyTo"] {
        let url = format!("{host}/x/o/y/{verb}/b/z/o/w");
        check("POST", &url, "{}", &[&create, &delete, &get]);
    }
    let [create, delete] = write("z/objects/w");
    let sources = [1, 2].map(|n| format!("storage.objects.get {O}/z/objects/s{n}"));
    check(
        "POST",
        &format!("{host}/z/o/w/compose"),
        r#"{"sourceObjects":[{"name":"s1"},{"name":"s2"}]}"#,
        &[&create, &delete, &sources[0], &sources[1]],
    );
    let moved = format!("{host}/z/o/s1/moveTo/o/w");
    let lines = told(&request("POST", &moved, "", ""));
    assert_eq!(lines.len(), 4, "{lines:?}");
}

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
