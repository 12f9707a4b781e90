//! `--deliver gateway` on Google Cloud: Google's own clients use their own addresses, and the cloud sees what the
//! session allows and nothing else.

use serde_json::Value;

use crate::support::double::{Double, run_program};
use crate::support::{Output, Sandbox};

use super::gateway::used;

const ALLOW: &str = "storage.objects.get,pubsub.topics.publish,secretmanager.versions.access,\
                     bigquery.tables.getData,resourcemanager.projects.get";
const RESOURCES: [&str; 5] = [
    "gs://alpha/team/*",
    "//pubsub.googleapis.com/projects/audex-double/topics/orders",
    "//secretmanager.googleapis.com/projects/audex-double/secrets/db/versions/*",
    "//bigquery.googleapis.com/projects/audex-double/datasets/sales/tables/orders",
    "//cloudresourcemanager.googleapis.com/projects/audex-double",
];

/// Returns the options of a session that has one resource of each service.
fn options() -> Vec<&'static str> {
    let mut options = vec!["--provider", "gcp", "--deliver", "gateway", "--allow", ALLOW];
    for resource in RESOURCES {
        options.extend(["--resource", resource]);
    }
    options
}

fn user() -> (Double, Sandbox) {
    let double = Double::start("gcp_double.py");
    let sandbox = double.gcp_gateway_user();
    (double, sandbox)
}

fn calls(sandbox: &Sandbox, options: &[&str], names: &[&str]) -> Output {
    run_program(sandbox, options, "gcp_calls.py", names)
}

/// Returns the requests to the services, of whomever, in the order in which the double saw them.
fn sent(double: &Double) -> Vec<String> {
    assert_eq!(double.seen(""), [""; 0], "no request went past the gateway");
    double.seen(double.text("agent"))
}

/// Returns the enforcer of each permission of a plan.
pub(super) fn enforcers(sandbox: &Sandbox, options: &[&str]) -> Vec<String> {
    let plan = sandbox.run([&["plan"], options, &["--json"]].concat()).success().json();
    let of = |one: &Value| one["enforced_by"].as_str().unwrap().to_owned();
    plan["permissions"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn googles_clients_do_what_is_allowed_and_the_cloud_sees_nothing_else() {
    let (double, mut sandbox) = user();
    let before = double.told("stored");
    let output = calls(&sandbox, &options(), &[]).success();
    insta::assert_snapshot!(output.stdout, @"
    read object: ok
    read object elsewhere: 403 Forbidden
    read other bucket: 403 Forbidden
    write object: 403 Forbidden
    delete object: 403 Forbidden
    list buckets: 403 Forbidden
    publish: ok
    publish elsewhere: 403 HttpError
    delete topic: 403 HttpError
    pull: 403 HttpError
    access secret: ok
    access other secret: 403 HttpError
    list secrets: 403 HttpError
    read rows: ok
    read other rows: 403 HttpError
    delete table: 403 HttpError
    query: 403 HttpError
    get project: ok
    get other project: 403 HttpError
    list machines: 403 HttpError
    list zones: 403 HttpError
    ");
    insta::assert_snapshot!(sent(&double).join("\n"), @"
    GET /download/storage/v1/b/alpha/o/team%2Fa.txt
    POST /v1/projects/audex-double/topics/orders:publish
    GET /v1/projects/audex-double/secrets/db/versions/latest:access
    GET /bigquery/v2/projects/audex-double/datasets/sales/tables/orders/data
    GET /v1/projects/audex-double
    ");
    let after = double.told("stored");
    assert_eq!((&after["published"], &before["published"]), (&1.into(), &0.into()));
    for of in ["objects", "topics", "secrets", "tables"] {
        assert_eq!(after[of], before[of], "{of}");
    }
    insta::assert_snapshot!(used(&sandbox).join("\n"), @"
    allowed bigquery.tables.getData //bigquery.googleapis.com/projects/audex-double/datasets/sales/tables/orders 1
    allowed pubsub.topics.publish //pubsub.googleapis.com/projects/audex-double/topics/orders 1
    allowed resourcemanager.projects.get //cloudresourcemanager.googleapis.com/projects/audex-double 1
    allowed secretmanager.versions.access //secretmanager.googleapis.com/projects/audex-double/secrets/db/versions/latest 1
    allowed storage.objects.get //storage.googleapis.com/projects/_/buckets/alpha/objects/team/a.txt 1
    refused (not read) * 1
    refused bigquery.jobs.create //cloudresourcemanager.googleapis.com/projects/audex-double 1
    refused bigquery.tables.delete //bigquery.googleapis.com/projects/audex-double/datasets/sales/tables/orders 1
    refused bigquery.tables.getData //bigquery.googleapis.com/projects/audex-double/datasets/staff/tables/pay 1
    refused compute.instances.list //cloudresourcemanager.googleapis.com/projects/audex-double 1
    refused pubsub.subscriptions.consume //pubsub.googleapis.com/projects/audex-double/subscriptions/orders 1
    refused pubsub.topics.delete //pubsub.googleapis.com/projects/audex-double/topics/orders 1
    refused pubsub.topics.publish //pubsub.googleapis.com/projects/audex-double/topics/billing 1
    refused resourcemanager.projects.get //cloudresourcemanager.googleapis.com/projects/foreign-project 1
    refused secretmanager.secrets.list //cloudresourcemanager.googleapis.com/projects/audex-double 1
    refused secretmanager.versions.access //secretmanager.googleapis.com/projects/audex-double/secrets/root/versions/latest 1
    refused storage.buckets.get //storage.googleapis.com/projects/_/buckets/alpha 1
    refused storage.buckets.get //storage.googleapis.com/projects/_/buckets/beta 1
    refused storage.buckets.list //cloudresourcemanager.googleapis.com/projects/audex-double 1
    refused storage.objects.create //storage.googleapis.com/projects/_/buckets/alpha/objects/team/new.txt 1
    refused storage.objects.delete //storage.googleapis.com/projects/_/buckets/alpha/objects/team/a.txt 1
    refused storage.objects.get //storage.googleapis.com/projects/_/buckets/alpha/objects/other/b.txt 1
    refused storage.objects.get //storage.googleapis.com/projects/_/buckets/beta/objects/hello.txt 1
    ");
    double.plant_issued(&mut sandbox, "tokens");
}

#[test]
fn the_gateway_is_the_enforcer_and_a_run_without_it_is_not() {
    let (_double, sandbox) = user();
    let topic = ["--provider", "gcp", "--allow", "pubsub.topics.publish"];
    let resource = ["--resource", "//pubsub.googleapis.com/projects/audex-double/topics/orders"];
    let gateway = [&topic[..], &resource, &["--deliver", "gateway"]].concat();
    assert_eq!(enforcers(&sandbox, &gateway), ["gateway"]);
    let _ = sandbox.run([&["plan"], &gateway[..], &["--require", "gateway"]].concat()).success();
    let _ = sandbox.run([&["plan"], &gateway[..], &["--require", "cloud"]].concat()).exits(77);
    assert_eq!(enforcers(&sandbox, &topic), ["token"]);
    let _ = sandbox.run([&["plan"], &topic[..], &["--require", "gateway"]].concat()).exits(77);
    let refused = sandbox.run([&["plan"], &topic[..], &resource].concat()).exits(2);
    assert!(refused.stderr.contains("--deliver gateway"), "{}", refused.stderr);
}

#[test]
fn a_denied_permission_and_a_used_up_limit_bind_at_the_gateway() {
    let (double, mut sandbox) = user();
    sandbox.plant(
        ".config/audex/deny-list.toml",
        "[deny]\nactions = [\"secretmanager.versions.access\"]\n",
    );
    let mut options = options();
    options.extend(["--limit", "pubsub.topics.publish=1"]);
    let names = ["access secret", "publish", "publish"];
    let output = calls(&sandbox, &options, &names);
    assert_eq!(
        output.stdout, "access secret: 403 HttpError\npublish: ok\npublish: 403 HttpError\n",
        "{}",
        output.stderr
    );
    assert_eq!(sent(&double).len(), 1);
}

/// What a command finds out about its session: where a real token is, and what strangers get.
const LOOK: &str = r#"
held=$1; python=$2; double=$3
"$python" "$held" "$double/double/tokens"
proxy=${HTTPS_PROXY#*@}
curl -s -o /dev/null -w 'without the password: %{http_connect}\n' --proxy "http://$proxy" https://storage.googleapis.com/
env -u SSL_CERT_FILE -u CURL_CA_BUNDLE curl -s -o /dev/null --cacert /etc/ssl/certs/ca-certificates.crt https://storage.googleapis.com/
echo "without the authority: curl $?"
curl -s -o /dev/null -w 'without a token: %{http_code}\n' https://storage.googleapis.com/storage/v1/b
token=$(curl -s -H 'Metadata-Flavor: Google' "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/token")
token=${token#*access_token\":\"}; token=${token%%\"*}
curl -s -o /dev/null -w 'the own token past the gateway: %{http_code}\n' -H "Authorization: Bearer $token" "$double/storage/v1/b/alpha/o/team%2Fa.txt"
curl -s -o /dev/null -w 'metadata of the machine: %{http_connect}\n' -p -x "$HTTPS_PROXY" http://169.254.169.254:80/
grep -c PRIVATE "$SSL_CERT_FILE"
echo "$SSL_CERT_FILE" "$proxy"
"#;

#[test]
fn the_command_has_no_real_token_and_strangers_get_nothing() {
    let (double, mut sandbox) = user();
    let held = crate::support::python::tests().join("support/held_tokens.py");
    let python = crate::support::python::interpreter();
    let words = ["--", "sh", "-c", LOOK, "sh", held.to_str().unwrap(), python.to_str().unwrap()];
    let endpoint = double.text("endpoint").to_owned();
    let words = [&["run"], &options()[..], &words, &[endpoint.as_str()]].concat();
    let output = sandbox.run(words).success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    let places = lines.pop().unwrap();
    assert_eq!(
        lines,
        [
            "looked: True",
            "without the password: 407",
            "without the authority: curl 60",
            "without a token: 401",
            "the own token past the gateway: 401",
            "metadata of the machine: 403",
            "0",
        ],
        "{}",
        output.stderr
    );
    let (bundle, proxy) = places.split_once(' ').unwrap();
    assert!(!std::path::Path::new(bundle).exists(), "the authority ends with the session");
    assert!(std::net::TcpStream::connect(proxy).is_err(), "the proxy ends with the session");
    double.plant_issued(&mut sandbox, "tokens");
}

#[test]
fn the_way_in_tls_is_chosen() {
    let (double, sandbox) = user();
    let never = [&options()[..], &["--gateway-tls", "never"]].concat();
    let script = "echo \"proxy: $HTTPS_PROXY\"; curl -s -o /dev/null -w '%{http_code}\\n' \
        -H \"Authorization: Bearer $CLOUDSDK_AUTH_ACCESS_TOKEN\" \"${CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE}b/alpha/o/$1%2F$2.txt?alt=media\"";
    for (folder, object, expected) in [("team", "a", "200"), ("other", "b", "403")] {
        let words = ["--", "sh", "-c", script, "sh", folder, object];
        let output = sandbox.run([&["run"], &never[..], &words].concat()).success();
        assert_eq!(output.stdout, format!("proxy: \n{expected}\n"), "{}", output.stderr);
    }
    assert_eq!(sent(&double).len(), 1);
    let wrong = [&["plan"], &options()[..], &["--gateway-tls", "maybe"]].concat();
    assert!(sandbox.run(wrong).exits(2).stderr.contains("`auto`, `never`, `always`"));
    let env =
        ["plan", "--provider", "gcp", "--allow", "storage.objects.get", "--gateway-tls", "never"];
    assert!(
        sandbox.run(env).exits(2).stderr.contains("--gateway-tls is for the delivery `gateway`")
    );
    let aws = Sandbox::new();
    let always =
        ["plan", "--allow", "s3:GetObject", "--deliver", "gateway", "--gateway-tls", "always"];
    assert!(aws.run(always).exits(2).stderr.contains("is for a cloud with tokens"));
}
