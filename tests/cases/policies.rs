//! `tryaudex policies`: information on permissions and profiles without a request for credentials.

use serde_json::{Value, json};

use crate::support::guests::Guest;
use crate::support::{Output, Sandbox};

fn policies(words: &[&str]) -> Output {
    let sandbox = Sandbox::new();
    let output = sandbox.run([&["policies"], words].concat());
    assert!(sandbox.cloud().requests().is_empty(), "something was asked of the cloud");
    output
}

/// With the provider `acme`, and a list that denies closing its doors.
fn with_acme() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"door:close\"]\n");
    sandbox
}

/// With a company's own vocabulary in place of the built-in one.
fn with_house() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("mapping-house").install(&mut sandbox, &[]).success();
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    sandbox
}

#[test]
fn a_check_shows_the_whole_table_and_fails_when_one_permission_is_unknown() {
    insta::assert_snapshot!(policies(&["check", "s3:GetObjct,ec2:Describe*"]).snapshot(), @r#"
    exit 2
    --- stdout
    PERMISSION     STATUS   ACTION         ACCESS  NOTE
    s3:GetObjct    unknown  -              -       did you mean `s3:GetObject`
    ec2:Describe*  known    ec2:Describe*  list    `ec2:Describe*` matches 194 actions: 194 list
    "#);
}

#[test]
fn a_check_of_permissions_that_a_run_would_take_succeeds() {
    let asked = "s3:GetObject,S3:putobject,s3:HeadObject,storage:read";
    insta::assert_snapshot!(policies(&["check", asked]).snapshot(), @r#"
    exit 0
    --- stdout
    PERMISSION     STATUS     ACTION         ACCESS  NOTE
    s3:GetObject   known      s3:GetObject   read
    S3:putobject   known      s3:PutObject   write
    s3:HeadObject  corrected  s3:GetObject   read    IAM has no `s3:HeadObject`: HeadObject is authorised by `s3:GetObject`
    storage:read   known      s3:GetObject   read
    storage:read   known      s3:ListBucket  list
    "#);
}

#[test]
fn a_check_as_json_is_a_list_with_one_entry_for_each_action() {
    let output = policies(&["check", "--json", "s3:GetObjct,storage:read", "s3"]).exits(2).json();
    let entries = output.as_array().unwrap();
    let fields = |entry: &Value| {
        json!([
            entry["permission"],
            entry["status"],
            entry["actions"],
            entry["access"],
            entry["suggestion"]
        ])
    };
    assert_eq!(
        entries.iter().map(fields).collect::<Vec<_>>(),
        [
            json!(["s3:GetObjct", "unknown", [], null, "s3:GetObject"]),
            json!(["storage:read", "known", ["s3:GetObject"], "read", null]),
            json!(["storage:read", "known", ["s3:ListBucket"], "list", null]),
            json!(["s3", "malformed", [], null, null]),
        ]
    );
    assert!(entries[3]["note"].as_str().unwrap().contains("`service:Action`"), "{output}");
    let known = policies(&["check", "--json", "s3:GetObject"]).success().json();
    assert_eq!(known[0]["status"], "known");
}

#[test]
fn an_unknown_action_can_be_let_through() {
    let _ = policies(&["check", "s3:GetObjct"]).exits(2);
    let output = policies(&["check", "s3:GetObjct", "--allow-unknown"]).success();
    assert!(output.stdout.contains("was let through"), "{}", output.stdout);
}

#[test]
fn nothing_to_check_is_a_usage_error() {
    for words in [&["check"][..], &["check", ""], &["check", " , "]] {
        let _ = policies(words).exits(2);
    }
}

#[test]
fn a_universal_name_in_another_case_is_no_universal_name_and_is_suggested() {
    for name in ["Storage:Read", "storage:raed"] {
        let output = policies(&["check", name]).exits(2);
        assert!(output.stdout.contains("did you mean `storage:read`"), "{}", output.stdout);
        let sandbox = Sandbox::new();
        let run = sandbox.run(["run", "--allow", name, "--", "true"]).exits(2);
        assert!(run.stderr.contains("hint: did you mean `storage:read`"), "{}", run.stderr);
    }
}

#[test]
fn a_universal_name_that_means_nothing_on_the_provider_is_refused() {
    let sandbox = with_house();
    let output = sandbox.run(["policies", "check", "door:read"]).exits(2);
    assert!(
        output.stdout.contains("`door:read` means nothing on provider `aws`"),
        "{}",
        output.stdout
    );
    let _ = sandbox.run(["policies", "check", "reports:read"]).success();
}

/// The table of the document.
const UNIVERSAL: [[&str; 4]; 8] = [
    [
        "storage:read",
        "s3:GetObject,s3:ListBucket",
        "storage.objects.get,storage.buckets.list",
        "Microsoft.Storage/storageAccounts/read",
    ],
    [
        "storage:write",
        "s3:PutObject,s3:DeleteObject",
        "storage.objects.create,storage.objects.delete",
        "Microsoft.Storage/storageAccounts/write",
    ],
    [
        "database:read",
        "dynamodb:GetItem,dynamodb:Query",
        "bigquery.tables.get",
        "Microsoft.SQL/servers/databases/read",
    ],
    [
        "database:write",
        "dynamodb:PutItem,dynamodb:UpdateItem",
        "bigquery.tables.update",
        "Microsoft.SQL/servers/databases/write",
    ],
    [
        "compute:read",
        "ec2:DescribeInstances",
        "compute.instances.list",
        "Microsoft.Compute/virtualMachines/read",
    ],
    [
        "secrets:read",
        "secretsmanager:GetSecretValue",
        "secretmanager.secrets.get",
        "Microsoft.KeyVault/vaults/secrets/read",
    ],
    ["logs:read", "logs:GetLogEvents", "logging.logEntries.list", "Microsoft.Insights/logs/read"],
    [
        "monitoring:read",
        "cloudwatch:GetMetricStatistics",
        "monitoring.timeSeries.list",
        "Microsoft.Insights/metrics/read",
    ],
];

#[test]
fn every_row_of_the_documented_table_is_in_the_vocabulary() {
    let all = policies(&["universal", "--json"]).success().json();
    assert_eq!(
        (&all["mapping"]["name"], &all["mapping"]["source"]),
        (&json!("universal"), &json!("built in"))
    );
    let meaning = |name: &str, provider: &str| {
        let row = all["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["universal"] == name && row["provider"] == provider);
        let actions = row.unwrap_or_else(|| panic!("no `{name}` on {provider}"))["actions"]
            .as_array()
            .unwrap();
        actions.iter().map(|action| action.as_str().unwrap()).collect::<Vec<_>>().join(",")
    };
    for [name, aws, gcp, azure] in UNIVERSAL {
        assert_eq!((meaning(name, "aws").as_str(), meaning(name, "gcp").as_str()), (aws, gcp));
        // Azure ignores case, and its own spelling is not the document's.
        assert!(meaning(name, "azure").eq_ignore_ascii_case(azure), "{name}");
    }
}

#[test]
fn the_vocabulary_for_people_has_a_column_for_each_provider_and_the_notes_below() {
    let text = policies(&["universal"]).success().stdout;
    let header: Vec<_> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[..4], ["UNIVERSAL", "AWS", "AZURE", "GCP"]);
    let columns = [
        "s3:GetObject,s3:ListBucket",
        "Microsoft.Storage/storageAccounts/read",
        "storage.objects.get,",
    ];
    let row = text.lines().find(|line| line.starts_with("storage:read ")).unwrap();
    assert!(columns.iter().all(|column| row.contains(column)), "{row}");
    assert!(text.contains("\nnote: `secrets:read` on azure reads properties"), "{text}");
    assert_eq!(
        text.matches("\nnote: on azure this is about items of Cosmos DB").count(),
        1,
        "{text}"
    );
    assert!(text.contains("answered by mapping `universal` (sha256:"), "{text}");
}

#[test]
fn a_provider_that_speaks_anothers_language_has_its_vocabulary() {
    let rows = |provider: &str| {
        let all = policies(&["universal", "--provider", provider, "--json"]).success().json();
        let rows = all["rows"].as_array().unwrap().clone();
        assert!(rows.iter().all(|row| row["provider"] == provider));
        rows.iter().map(|row| json!([row["universal"], row["actions"]])).collect::<Vec<_>>()
    };
    assert_eq!(rows("vault"), rows("aws"));
    assert_ne!(rows("gcp"), rows("aws"));
    let nobody = policies(&["universal", "--provider", "acme"]).exits(2);
    assert!(nobody.stderr.contains("says nothing of provider `acme`"), "{}", nobody.stderr);
}

#[test]
fn the_vocabulary_is_that_of_the_mapping_that_answers() {
    let sandbox = with_house();
    let text = sandbox.run(["policies", "universal"]).success().stdout;
    assert!(text.starts_with("UNIVERSAL     ACME       AWS\n"), "{text}");
    assert!(
        text.contains("answered by mapping `mapping-house` (sha256:") && text.contains("installed"),
        "{text}"
    );
    assert!(!text.contains("storage:read"), "{text}");
}

#[test]
fn profiles_of_every_provider_are_listed() {
    let mut sandbox = with_acme();
    let file = "[profiles.porter]\nprovider = \"acme\"\nactions = \"door:open\"\n[profiles.mine]\nactions = \"s3:GetObject\"\n";
    sandbox.plant(".config/audex/profiles.toml", file);
    let listed = |options: &[&str]| {
        let all = sandbox.run([&["policies", "list", "--json"], options].concat()).success().json();
        let name = |profile: &Value| {
            format!("{} {}", profile["name"], profile["provider"]).replace('"', "")
        };
        all.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let all = listed(&[]);
    assert!(
        ["s3-readonly aws", "porter acme", "mine aws"]
            .iter()
            .all(|name| all.contains(&(*name).to_owned()))
    );
    assert_eq!(all.iter().filter(|name| name.starts_with("mine ")).count(), 1, "{all:?}");
    assert!(!listed(&["--provider", "aws"]).contains(&"porter acme".to_owned()));
    assert_eq!(listed(&["--provider", "acme"]), ["mine acme", "porter acme"]);
    let _ = sandbox.run(["policies", "list", "--provider", "nobody"]).exits(2);
}

#[test]
fn a_profile_is_shown_with_everything_it_says_and_becomes() {
    let mut sandbox = Sandbox::new();
    let file = "[profiles.pipeline]\ndescription = \"Read and write\"\nactions = [\"dynamodb:PutItem\"]\n\
                resources = [\"arn:aws:dynamodb:*:*:table/results\"]\nextends = \"secrets-readonly\"\nttl = \"5m\"\n\
                deny = [\"s3:Delete*\"]\n";
    sandbox.plant(".config/audex/profiles.toml", file);
    insta::assert_snapshot!(sandbox.run(["policies", "show", "pipeline"]).snapshot(), @r#"
    exit 0
    --- stdout
    profile    pipeline
    provider   aws
    use case   Read and write
    defined    in [home]/.config/audex/profiles.toml:1
    holds      2 known permissions
    extends    secrets-readonly
    ttl        5m
    denies     s3:Delete* ([home]/.config/audex/profiles.toml:7)
    actions    dynamodb:PutItem
    resources  arn:aws:dynamodb:*:*:table/results

    pipeline (from secrets-readonly)
    actions    secretsmanager:GetSecretValue
    resources  every resource

    policy (208 of 2048 characters)
    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"arn:aws:dynamodb:*:*:table/results"},{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}
    "#);
    let shown = sandbox.run(["policies", "show", "pipeline", "--json"]).success().json();
    assert_eq!(
        (&shown["ttl_seconds"], &shown["extends"], &shown["deny"]),
        (&json!(300), &json!(["secrets-readonly"]), &json!(["s3:Delete*"]))
    );
    assert_eq!((&shown["policy_limit"], &shown["not_planned"]), (&json!(2048), &Value::Null));
    assert_eq!(shown["policy_size"], shown["policy"].to_string().len());
    assert!(sandbox.cloud().requests().is_empty());
}

#[test]
fn a_profile_that_cannot_be_planned_is_shown_with_the_reason() {
    let mut sandbox = Sandbox::without_cloud();
    sandbox.plant(".config/audex/config.toml", "[providers.aws]\nmethod = \"assume-role\"\n");
    let shown = sandbox.run(["policies", "show", "s3-readonly"]).success().stdout;
    assert!(shown.contains("actions    s3:GetObject\n"), "{shown}");
    assert!(
        shown.contains("not planned: provider `aws`: the method `assume-role` needs a role"),
        "{shown}"
    );
    let shown = sandbox.run(["policies", "show", "s3-readonly", "--json"]).success().json();
    assert!(shown["policy"].is_null() && shown["not_planned"].is_string(), "{shown}");
}

#[test]
fn an_export_holds_what_a_run_would_be_granted() {
    let sandbox = with_acme();
    let export = ["policies", "export", "--provider", "acme", "--allow", "door:open,door:close"];
    let output = sandbox.run(export).success();
    assert_eq!(output.json(), json!({ "name": "audex-grant", "may": ["door:open"] }));
    assert!(
        output.stderr.contains("notice: `door:close` is denied by deny-list"),
        "{}",
        output.stderr
    );
    let denied = sandbox
        .run(["policies", "export", "--provider", "acme", "--allow", "door:close"])
        .exits(77);
    assert_eq!(denied.stdout, "");
    for path in [".local/state/audex", "run/audex"] {
        assert!(!sandbox.home().join(path).exists(), "{path}");
    }
}

#[test]
fn an_export_of_a_profile_has_its_name_and_what_is_added() {
    let mut sandbox = with_acme();
    let file = "[profiles.porter]\nprovider = \"acme\"\nactions = \"door:open\"\ndeny = [\"door:inspect\"]\n";
    sandbox.plant(".config/audex/profiles.toml", file);
    let export = |words: &[&str]| sandbox.run([&["policies", "export", "porter"], words].concat());
    assert_eq!(export(&[]).success().json(), json!({ "name": "porter", "may": ["door:open"] }));
    let more = export(&["--allow", "door:lock,door:inspect"]).success();
    assert_eq!(more.json(), json!({ "name": "porter", "may": ["door:lock", "door:open"] }));
    assert!(more.stderr.contains("profiles.toml:4"), "{}", more.stderr);
}

#[test]
fn an_export_that_cannot_be_made_is_a_usage_error() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    for (words, said) in [
        (
            &["--provider", "acme", "--allow", "door:open", "--format", "terraform"][..],
            "`document terraform`",
        ),
        (&["--allow", "s3:GetObject", "--format", "yaml"], "cloudformation"),
        (&["s3-readnoly"], "did you mean `s3-readonly`"),
        (&["--allow", "s3:GetObjct"], "did you mean `s3:GetObject`"),
        (&[], "<PROFILE>"),
    ] {
        let output = sandbox.run([&["policies", "export"], words].concat()).exits(2);
        assert!(output.stderr.contains(said), "{said}: {}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn an_aws_profile_is_exported_in_three_forms() {
    let sandbox = Sandbox::without_cloud();
    let json = sandbox.run(["policies", "export", "s3-readonly"]).success().json();
    assert_eq!(json["Statement"][0]["Action"][0], "s3:GetObject");
    let export = |format| {
        sandbox.run(["policies", "export", "s3-readonly", "--format", format]).success().stdout
    };
    assert!(export("terraform").contains("resource \"aws_iam_policy\""));
    assert!(export("cloudformation").contains("AWS::IAM::ManagedPolicy"));
}

#[test]
fn a_well_known_command_that_cannot_work_is_told_so_before_it_runs() {
    let sandbox = Sandbox::new().with_aws_cli();
    let run =
        ["run", "--allow", "s3:GetObject,s3:ListBucket,s3:HeadObject", "--", "aws", "s3", "ls"];
    let output = sandbox.run(run).exits(255);
    let advice = "notice: `aws s3 ls` lists buckets: add --allow \"s3:ListAllMyBuckets\"";
    assert!(output.stderr.contains(advice), "{}", output.stderr);
    assert!(output.stderr.contains("the command may have been denied"), "{}", output.stderr);
    let enough = ["run", "--allow", "s3:ListAllMyBuckets", "--", "aws", "s3", "ls"];
    let output = sandbox.run(enough).success();
    assert!(!output.stderr.contains("notice: "), "{}", output.stderr);
}

#[test]
fn a_deny_entry_of_another_cloud_is_left_to_it() {
    let mut sandbox = Sandbox::new();
    let deny = "[deny]\nactions = [\"storage.objects.delete\", \"Microsoft.Compute/virtualMachines/delete\"]\n";
    sandbox.plant(".config/audex/deny-list.toml", deny);
    let output = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).success();
    assert!(!output.stderr.contains("storage.objects"), "{}", output.stderr);
}
