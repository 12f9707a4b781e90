//! `--deliver gateway` on Google Cloud: Google's own clients use their own addresses, and the cloud sees what the
//! session allows and nothing else.

use std::net::TcpStream;

use serde_json::Value;

use crate::support::double::{Double, run_program, run_python};
use crate::support::{Output, Sandbox, python};

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
    insta::assert_snapshot!(output.stdout, @"");
    insta::assert_snapshot!(sent(&double).join("\n"), @"");
    let after = double.told("stored");
    assert_eq!((&after["published"], &before["published"]), (&1.into(), &0.into()));
    for of in ["objects", "topics", "secrets", "tables"] {
        assert_eq!(after[of], before[of], "{of}");
    }
    insta::assert_snapshot!(used(&sandbox).join("\n"), @"");
    double.plant_issued(&mut sandbox, "tokens");
}
