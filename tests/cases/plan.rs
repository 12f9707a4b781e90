//! The plan is exactly what a run does, and planning has no effects.

use serde_json::{Value, json};

use crate::support::{Answerer, Sandbox};

const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A request in which every stage has something to say.
const RICH: &[&str] = &[
    "--allow",
    "storage:read,s3:HeadObject,s3:Delete*,s3:DeleteBucket",
    "--profile",
    "dynamodb-readonly",
    "--resource",
    "arn:aws:s3:::demo-reports/*,arn:aws:s3:::demo-reports",
    "--ttl",
    "30s",
];

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.plant(
        ".config/audex/deny-list.toml",
        "[deny]\nactions = [\"s3:DeleteBucket\", \"iam:*\"]\n",
    );
    sandbox
}

fn plan(sandbox: &Sandbox, options: &[&str]) -> Value {
    sandbox.run([&["plan", "--json"], options].concat()).success().json()
}

#[test]
fn a_dry_run_is_the_plan() {
    let sandbox = sandbox();
    let dry =
        sandbox.run([&["run", "--dry-run", "--json"], RICH, &["--", "true"]].concat()).success();
    assert_eq!(dry.json(), plan(&sandbox, &[RICH, &["--", "true"]].concat()));
    let dry = sandbox.run([&["run", "--dry-run"], RICH].concat()).success();
    assert_eq!(dry.stdout, sandbox.run([&["plan"], RICH].concat()).success().stdout);
}

#[test]
fn the_plan_has_these_fields() {
    let plan = plan(&sandbox(), RICH);
    let promised = [
        "provider",
        "method",
        "ttl_seconds",
        "resources",
        "permissions",
        "denied",
        "policy",
        "notices",
    ];
    let more = [
        "on_expiry",
        "delivery",
        "isolation",
        "key_life_seconds",
        "layer",
        "policy_size",
        "policy_limit",
        "components",
        "preflight",
        "later",
    ];
    let mut expected = [&promised[..], &more[..]].concat();
    expected.sort_unstable();
    let mut found = keys(&plan);
    found.sort_unstable();
    assert_eq!(found, expected);

    assert_eq!(
        keys(&plan["permissions"][0]),
        ["action", "enforced_by", "note", "origin", "resources"]
    );
    assert_eq!(keys(&plan["denied"][0]), ["action", "by", "reason"]);
    assert_eq!(keys(&plan["components"][0]), ["digest", "kind", "name", "source"]);
    assert_eq!(
        (&plan["provider"], &plan["method"], &plan["ttl_seconds"]),
        (&json!("aws"), &json!("assume-role-scoped"), &json!(30))
    );
    assert_eq!(
        plan["resources"],
        json!(["arn:aws:s3:::demo-reports/*", "arn:aws:s3:::demo-reports"])
    );
    assert_eq!(plan["policy_size"], plan["policy"].to_string().len());
}

#[test]
fn every_permission_keeps_what_the_user_wrote() {
    let plan = plan(&sandbox(), RICH);
    let row = |p: &Value| {
        format!("{} from {} by {}", p["action"], p["origin"], p["enforced_by"]).replace('"', "")
    };
    let rows: Vec<String> = plan["permissions"].as_array().unwrap().iter().map(row).collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    s3:GetObject from storage:read by cloud
    s3:ListBucket from storage:read by cloud
    s3:Delete* from s3:Delete* by cloud
    dynamodb:GetItem from profile dynamodb-readonly by cloud
    dynamodb:Query from profile dynamodb-readonly by cloud
    dynamodb:Scan from profile dynamodb-readonly by cloud
    dynamodb:BatchGetItem from profile dynamodb-readonly by cloud
    "#);
    insta::assert_snapshot!(plan["policy"].to_string(), @r#"{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"arn:aws:s3:::demo-reports/*"},{"Action":"s3:ListBucket","Effect":"Allow","Resource":"arn:aws:s3:::demo-reports"},{"Action":"s3:Delete*","Effect":"Allow","Resource":["arn:aws:s3:::demo-reports/*","arn:aws:s3:::demo-reports"]},{"Action":"s3:DeleteBucket","Effect":"Deny","Resource":"*"}],"Version":"2012-10-17"}"#);
    assert_eq!(plan["denied"][0]["action"], "s3:DeleteBucket");
    assert!(
        plan["denied"][0]["reason"].as_str().unwrap().contains("deny-list.toml:2"),
        "{}",
        plan["denied"]
    );
}

#[test]
fn a_plan_mints_nothing_and_writes_nothing() {
    let sandbox = sandbox();
    let _ = plan(&sandbox, RICH);
    let _ = sandbox
        .run(["run", "--dry-run", "--allow", "s3:GetObject", "--", "touch", "touched"])
        .success();
    assert!(sandbox.cloud().requests().is_empty());
    for path in ["touched", ".local/state/audex", "run/audex"] {
        assert!(!sandbox.home().join(path).exists(), "{path}");
    }
    // The twin: the same without `--dry-run`.
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "touched"]).success();
    assert!(!sandbox.cloud().requests().is_empty() && sandbox.home().join("touched").exists());
}

#[test]
fn a_plan_of_nothing_but_denied_actions_is_denied() {
    let sandbox = sandbox();
    let output = sandbox.run(["plan", "--allow", "iam:CreateUser"]).exits(77);
    insta::assert_snapshot!(output.snapshot(), @r#"
    exit 77
    --- stderr
    error: every requested permission is denied: `iam:CreateUser` by `deny-list` (`iam:*` in [home]/.config/audex/deny-list.toml:2)
    hint: remove it from --allow, or ask whoever owns the deny list
    "#);
}

#[test]
fn the_planned_policy_is_what_the_cloud_receives() {
    for options in
        [RICH, &["--allow", "s3:*", "--ttl", "1h"], &["--allow", "s3:GetObject", "--ttl", "15m"]]
    {
        let mut sandbox = sandbox();
        let planned = plan(&sandbox, options);
        let cloud = Answerer::start("403 Forbidden", DENIED);
        sandbox.set("AWS_ENDPOINT_URL", &cloud.endpoint);
        let _ = sandbox.run([&["run"], options, &["--", "true"]].concat()).exits(77);
        let sent: Value = serde_json::from_str(&cloud.form_field("Policy").unwrap()).unwrap();
        if planned["method"] == "assume-role" {
            assert_eq!(sent, planned["policy"]);
        } else {
            // The first of two sessions may also narrow itself; it is never handed out.
            let statements = |policy: &Value| policy["Statement"].as_array().unwrap().clone();
            let (sent, planned) = (statements(&sent), statements(&planned["policy"]));
            assert_eq!(sent[..planned.len()], planned);
            let rest = json!([{ "Effect": "Allow", "Action": "sts:GetScopedCredentials", "Resource": "*" }]);
            assert_eq!(Value::from(&sent[planned.len()..]), rest);
        }
    }
}

#[test]
fn a_scoped_session_receives_exactly_the_planned_policy() {
    let mut sandbox = Sandbox::new();
    sandbox.unset("AUDEX_ROLE_ARN");
    sandbox.set_secret("AWS_SESSION_TOKEN", "a-session-token-of-nobody");
    let options =
        ["--allow", "s3:Get*", "--resource", "arn:aws:s3:::demo-reports/*", "--ttl", "5m"];
    let planned = plan(&sandbox, &options);
    assert_eq!(planned["method"], "scoped-credentials");
    let cloud = Answerer::start("403 Forbidden", DENIED);
    sandbox.set("AWS_ENDPOINT_URL", &cloud.endpoint);
    let _ = sandbox.run([&["run"], &options[..], &["--", "true"]].concat()).exits(77);
    let sent: Value = serde_json::from_str(&cloud.form_field("Policy").unwrap()).unwrap();
    assert_eq!(sent, planned["policy"]);
    assert_eq!(cloud.form_field("DurationSeconds").unwrap(), "300");
}

#[test]
fn the_plan_for_people_shows_it_all() {
    insta::assert_snapshot!(sandbox().run([&["plan"], RICH].concat()).snapshot(), @r#"
    exit 0
    --- stdout
    provider   aws
    method     assume-role-scoped
    ttl        30s
    delivery   env
    isolation  off
    layer      1 of 3
    resources  arn:aws:s3:::demo-reports/*, arn:aws:s3:::demo-reports

    PERMISSION             ASKED AS                   ENFORCED BY  NOTE
    s3:GetObject           storage:read               cloud        read
    s3:ListBucket          storage:read               cloud        list
    s3:Delete*             s3:Delete*                 cloud        matches 23 actions: 12 write, 4 tagging, 7 permissions management
    dynamodb:GetItem       profile dynamodb-readonly  cloud        read; grants nothing on the given resources
    dynamodb:Query         profile dynamodb-readonly  cloud        read; grants nothing on the given resources
    dynamodb:Scan          profile dynamodb-readonly  cloud        read; grants nothing on the given resources
    dynamodb:BatchGetItem  profile dynamodb-readonly  cloud        read; grants nothing on the given resources

    DENIED           BY         REASON
    s3:DeleteBucket  deny-list  `s3:DeleteBucket` in [home]/.config/audex/deny-list.toml:2

    policy (377 of 2048 characters)
    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::demo-reports/*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::demo-reports"},{"Effect":"Allow","Action":"s3:Delete*","Resource":["arn:aws:s3:::demo-reports/*","arn:aws:s3:::demo-reports"]},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}

    COMPONENT  KIND      DIGEST               SOURCE
    aws        provider  sha256:[digest]  built in
    universal  mapping   sha256:[digest]  built in
    deny-list  filter    sha256:[digest]  built in

    notice: IAM has no `s3:HeadObject`: HeadObject is authorised by `s3:GetObject`
    notice: `dynamodb:GetItem` grants nothing: no given resource is of a kind it works on (it takes `arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE_NAME`)
    notice: `dynamodb:Query` grants nothing: no given resource is of a kind it works on (it takes `arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE_NAME`)
    notice: `dynamodb:Scan` grants nothing: no given resource is of a kind it works on (it takes `arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE_NAME`)
    notice: `dynamodb:BatchGetItem` grants nothing: no given resource is of a kind it works on (it takes `arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE_NAME`)
    notice: the cloud may make credentials that live 15m; if so, the command is ended after 30s
    "#);
}

#[test]
fn a_plan_needs_no_credentials() {
    let sandbox = Sandbox::without_cloud();
    let plan = plan(&sandbox, &["--allow", "s3:GetObject"]);
    assert_eq!(plan["method"], "undetermined");
    assert!(
        plan["notices"][0].as_str().unwrap().contains("no AWS credentials were found"),
        "{}",
        plan["notices"]
    );
}
