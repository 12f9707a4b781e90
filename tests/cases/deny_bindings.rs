//! An entry of a deny list binds every provider whose actions it matches, whatever syntax a provider claims.
//! Otherwise nothing runs.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::aws_cli::script;
use crate::support::guests::Guest;
use crate::support::organisation::Organisation;

const SECRET: [&str; 5] = ["plan", "--provider", "gcp", "--allow", "secretmanager.versions.access"];
const MACHINES: [&str; 5] =
    ["plan", "--provider", "azure", "--allow", "Microsoft.Compute/virtualMachines/read"];
const UNSCOPED: [&str; 9] = [
    "plan",
    "--provider",
    "vault",
    "--method",
    "vault-unscoped",
    "--require",
    "none",
    "--allow",
    "sqs:ListQueues",
];
const READ: (&str, &str) =
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const WRITE: (&str, &str) = ("write", "s3api put-object --bucket demo-reports --key new.txt");

fn denying(entry: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("AUDEX_VAULT_ROLE", "my-vault-role");
    sandbox.plant(".config/audex/deny-list.toml", format!("[deny]\nactions = [\"{entry}\"]\n"));
    sandbox
}

#[test]
fn an_entry_that_a_wide_credential_cannot_keep_refuses_wherever_its_wildcards_stand() {
    for (words, entries) in [
        (
            &SECRET[..],
            &[
                "*.delete",
                "*.setIamPolicy",
                "iam*.getAccessToken",
                "STORAGE.objects.*",
                "Storage:Write",
                "stor*:write",
                "*",
            ][..],
        ),
        (
            &MACHINES[..],
            &[
                "Microsoft.Storage*",
                "Microsoft.KeyVault*",
                "Microsoft.Auth*",
                "*/DELETE",
                "Database:Write",
            ],
        ),
        (
            &UNSCOPED[..],
            &["s?:Delete*", "*:DeleteBucket", "*:HeadObject", "Storage:Write", "s3:HeadObject"],
        ),
    ] {
        for entry in entries {
            let output = denying(entry).run(words).exits(77);
            let is_said = output.stderr.contains("denied") || output.stderr.contains("deny list");
            assert!(is_said, "{entry}: {}", output.stderr);
        }
    }
}

#[test]
fn an_entry_that_matches_another_cloud_alone_stands_in_no_ones_way() {
    for (words, entries) in [
        (&SECRET[..], &["s3:DeleteBucket", "iam:*", "Microsoft.Storage*", "*:DeleteBucket"][..]),
        (&MACHINES[..], &["s3:*", "storage.objects.delete", "*.setIamPolicy"]),
        (&UNSCOPED[..], &["*.setIamPolicy", "Microsoft.KeyVault*", "storage.objects.delete"]),
    ] {
        for entry in entries {
            let _ = denying(entry).run(words).success();
        }
    }
}

#[test]
fn an_entry_that_matches_nothing_is_an_error_with_a_correction_in_every_clouds_runs() {
    for (entry, meant) in [
        ("*:DelteBucket", Some("*:DeleteBucket")),
        ("s?:DeleteObjct", Some("s?:DeleteObject")),
        ("storage.objets.*", Some("storage.objects.*")),
        ("storage.objects.delte", Some("storage.objects.delete")),
        ("*.setIamPolcy", Some("*.setIamPolicy")),
        ("Microsoft.Storge/*", Some("Microsoft.Storage/*")),
        ("*:Nothing*", None),
        ("Contoso.Garden/*", None),
    ] {
        for words in [&SECRET[..], &MACHINES, &UNSCOPED, &["plan", "--allow", "s3:GetObject"]] {
            let output = denying(entry).run(words).exits(78);
            assert!(
                output
                    .stderr
                    .contains(&format!("deny-list.toml:2: `{entry}` matches no action of")),
                "{}",
                output.stderr
            );
            if let Some(meant) = meant {
                assert!(
                    output.stderr.contains(&format!("did you mean `{meant}`")),
                    "{}",
                    output.stderr
                );
            }
        }
    }
}

#[test]
fn a_guard_with_a_wildcard_for_the_service_denies_what_its_name_is_corrected_to() {
    for entry in ["*:HeadObject", "s?:HeadObject", "stor*:read-data"] {
        let sandbox = denying(entry).with_aws_cli();
        let output = sandbox.run_sh(&["--allow", "s3:*"], &script(&[READ, WRITE])).success();
        assert_eq!(output.stdout, "read: AccessDenied\nwrite: ok\n", "{entry}");
        let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(77);
    }
    let sandbox = denying("*:DeleteBucket").with_aws_cli();
    let output = sandbox.run_sh(&["--allow", "s3:*"], &script(&[READ, WRITE])).success();
    assert_eq!(output.stdout, "read: ok\nwrite: ok\n");
}

#[test]
fn entries_of_other_clouds_leave_every_action_to_be_asked_for() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    let entries = "\"storage.objects.delete\", \"Microsoft.KeyVault*\", \"s3:PutObject\"";
    sandbox.plant(".config/audex/deny-list.toml", format!("[deny]\nactions = [{entries}]\n"));
    let output = sandbox.run_sh(&["--allow", "*"], &script(&[READ, WRITE])).success();
    assert_eq!(output.stdout, "read: ok\nwrite: AccessDenied\n");
}

#[test]
fn a_name_of_a_service_that_no_cloud_has_is_an_error() {
    for entry in [
        "s3.objects.delete",
        "dynamodb.tables.delete",
        "Microsoft.S3/buckets/delete",
        "AWS.S3/buckets/delete",
    ] {
        let output = denying(entry).run(["plan", "--allow", "s3:DeleteObject"]).exits(78);
        assert!(output.stderr.contains("matches no action of"), "{entry}: {}", output.stderr);
    }
    // A new action of a service that another cloud has is left to that cloud.
    for entry in ["storage.newthings.delete", "Microsoft.Storage/newThings/delete"] {
        let _ = denying(entry).run(["plan", "--allow", "s3:DeleteObject"]).success();
    }
}

/// With a mapping that says of every name which writes, deletes or sets that it means nothing.
fn with_an_emptied_mapping(entry: &str) -> Sandbox {
    let mut sandbox = denying(entry);
    let _ = Guest::of("hostile-mapping").playing("empty").install(&mut sandbox, &[]).success();
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"hostile-mapping\"\n");
    sandbox
}

#[test]
fn a_mapping_that_answers_nothing_voids_no_entry() {
    for entry in ["storage:write", "Storage:Write", "s3:PutObject", "s?:Put*"] {
        let sandbox = with_an_emptied_mapping(entry).with_aws_cli();
        let output = sandbox.run_sh(&["--allow", "s3:*"], &script(&[READ, WRITE])).success();
        assert_eq!(output.stdout, "read: ok\nwrite: AccessDenied\n", "{entry}");
    }
    for entry in ["storage.objects.delete", "storage:write", "*.setIamPolicy"] {
        let output = with_an_emptied_mapping(entry).run(SECRET).exits(77);
        assert!(output.stderr.contains("is denied"), "{entry}: {}", output.stderr);
    }
    let _ = with_an_emptied_mapping("s3:DeleteBucket").run(SECRET).success();
}

#[test]
fn a_mapping_cannot_vouch_for_an_entry_that_matches_nothing() {
    let sandbox = with_an_emptied_mapping("s3:DeleteBuckt");
    let output = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(78);
    assert!(output.stderr.contains("did you mean `s3:DeleteBucket`"), "{}", output.stderr);
}

#[test]
fn a_configured_mapping_adds_to_what_an_entry_covers() {
    let mut sandbox = denying("reports:read");
    let _ = Guest::of("mapping-house").install(&mut sandbox, &[]).success();
    // Without the mapping the name is an entry that denies nothing.
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(78);
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    for allow in ["s3:GetObject", "reports:read"] {
        let _ = sandbox.run(["run", "--allow", allow, "--", "true"]).exits(77);
    }
    let _ = sandbox.run(["run", "--allow", "s3:PutObject", "--", "true"]).success();
}

#[test]
fn the_mapping_that_an_organisation_names_is_not_the_users_to_replace() {
    let mut sandbox = Sandbox::new();
    let organisation = Organisation::of("[mapping]\ncomponent = \"universal\"\n");
    let plan = ["plan", "--allow", "storage:read"];
    let _ = organisation.run(&sandbox, plan).success();
    let path = Guest::of("mapping-house").plant(&mut sandbox);
    let _ = organisation.run(&sandbox, ["plugin", "install", path.to_str().unwrap()]).success();
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    let output = organisation.run(&sandbox, plan).exits(78);
    assert!(
        output.stderr.contains("config.toml:2: the mapping is `universal`"),
        "{}",
        output.stderr
    );
    // The same name is not a change; and the organisation may name an installed one.
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"universal\"\n");
    let _ = organisation.run(&sandbox, plan).success();
    organisation.says("config.toml", "[mapping]\ncomponent = \"mapping-house\"\n");
    sandbox.plant(".config/audex/config.toml", "ttl = \"10m\"\n");
    let _ = organisation.run(&sandbox, ["plan", "--allow", "reports:read"]).success();
}

#[test]
fn a_policy_that_is_written_shorter_denies_what_its_wildcards_overlap() {
    // So many names of S3 fit only as wildcards, and one of those could match an action of analytics that is new.
    let mut asked = Vec::new();
    let mut names = aws_catalogue::service("s3").unwrap().names();
    while names.advance() {
        let is_read = names.name().starts_with("Get") || names.name().starts_with("Put");
        if is_read && !names.name().contains("Analytics") {
            asked.push(format!("s3:{}", names.name()));
        }
    }
    let asked = asked.join(",");
    let planned = |entry: &str, effect: &str| -> Vec<String> {
        let plan = denying(entry).run(["plan", "--json", "--allow", &asked]).success().json();
        let statements = plan["policy"]["Statement"].as_array().unwrap().clone();
        let of = statements.iter().filter(|one| one["Effect"] == effect);
        let actions = of.flat_map(|one| match &one["Action"] {
            Value::Array(many) => many.clone(),
            one => vec![one.clone()],
        });
        actions.map(|action| action.as_str().unwrap().to_lowercase()).collect()
    };
    let entry = "s3:*analytics*";
    let allowed = planned(entry, "Allow");
    let overlaps = |action: &String| audex_sdk::pattern::intersects(action, entry);
    assert!(allowed.iter().any(overlaps), "nothing was shortened to what overlaps: {allowed:?}");
    assert_eq!(planned(entry, "Deny"), [entry]);
    // An entry that overlaps nothing of it is not in the policy.
    assert!(planned("s3:DeleteBucket", "Deny").is_empty());
}

#[test]
fn a_hidden_character_in_what_a_policy_is_made_of_is_refused_before_anything_is_planned() {
    for hidden in ["\u{202e}", "\u{200b}", "\u{1b}[2J", "\u{feff}"] {
        let resource = format!("arn:aws:s3:::a{hidden}b/*");
        let mut sandbox = Sandbox::new();
        let words = ["run", "--allow", "s3:GetObject", "--resource", &resource, "--", "true"];
        let output = sandbox.run(words).exits(2);
        assert!(output.stderr.contains("`--resource` has a hidden character"), "{}", output.stderr);
        assert!(!output.stderr.contains(hidden), "{:?}", output.stderr);
        let tag = format!("team=a{hidden}b");
        let output = sandbox.run(["plan", "--allow", "s3:GetObject", "--tag", &tag]).exits(2);
        assert!(output.stderr.contains("the setting `tag`"), "{}", output.stderr);
        let profiles = format!(
            "[profiles.p]\nactions = \"s3:GetObject\"\nresources = [\"{}\"]\n",
            escaped(&resource)
        );
        sandbox.plant(".config/audex/profiles.toml", profiles);
        let output = sandbox.run(["plan", "--profile", "p"]).exits(78);
        assert!(output.stderr.contains("profiles.toml:3"), "{}", output.stderr);
    }
    let plain = ["plan", "--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports/ключ"];
    let _ = Sandbox::new().run(plain).success();
}

/// A text as TOML writes it.
fn escaped(text: &str) -> String {
    let escape = |c: char| {
        if c.is_ascii_graphic() { c.to_string() } else { format!("\\u{:04X}", u32::from(c)) }
    };
    text.chars().map(escape).collect()
}
