//! Errors in settings files: file, line, and the right form.

use insta::assert_snapshot;

use super::RUN;
use crate::support::{ROLE, Sandbox};

#[test]
fn a_key_that_is_nearly_one_is_suggested() {
    let profiles = |text: &str| with_file("profiles.toml", text).run(["policies", "list"]);
    for (text, hint) in [
        ("[profiles.p]\nactoins = [\"s3:GetObject\"]\n", "did you mean `actions`"),
        (
            "[my-job]\nactions = [\"s3:GetObject\"]\n",
            "a profile is a table: write `[profiles.my-job]`",
        ),
    ] {
        let stderr = profiles(text).exits(78).stderr;
        assert!(stderr.contains(&format!("hint: {hint}")), "{stderr}");
    }
    let named = "[profiles.p]\nallow = [\"s3:GetObject\"]\n";
    let plan = with_file("profiles.toml", named).run(["plan", "--profile", "p"]).success().stdout;
    assert!(plan.contains("s3:GetObject"), "{plan}");
}

#[test]
fn a_table_in_another_form_is_answered_with_the_right_one() {
    for (file, text, form) in [
        (
            "deny-list.toml",
            "[[deny]]\naction = \"s3:DeleteBucket\"\n",
            "`deny` must be one table: write `[deny]`",
        ),
        (
            "deny-list.toml",
            "[[deny]]\nactions = [\"s3:DeleteBucket\"]\n",
            "`deny` must be one table: write `[deny]`",
        ),
        ("deny-list.toml", "", "there is no deny list: write `[deny]`"),
        ("deny-list.toml", "deny = \"s3:*\"\n", "`deny` must be one table: write `[deny]`"),
        ("deny-list.toml", "[deny]\n", "`[deny]` has no `actions`: write `[deny]`"),
        (
            "deny-list.toml",
            "[deny]\nactions = \"s3:*\"\n",
            "`actions` must be a list, found a string",
        ),
        ("deny-list.toml", "[deny]\nactions = [\"s3:*\", 1]\n", "`actions` must have texts only"),
        ("deny-list.toml", "[deny]\naction = []\n", "hint: did you mean `actions`"),
        ("config.toml", "[aws]\nrole_arn = \"x\"\n", "write `[providers.aws]`"),
        ("config.toml", "[vault]\naddress = \"x\"\n", "write `[providers.vault]`"),
    ] {
        let stderr = with_file(file, text).run(["policies", "list"]).exits(78).stderr;
        assert!(stderr.contains(form) && stderr.contains(&format!("{file}:")), "{stderr}");
        assert!(
            !stderr.contains("expected struct") && !stderr.contains("invalid type"),
            "{stderr}"
        );
    }
}

pub(super) fn with_file(name: &str, text: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.plant(format!(".config/audex/{name}").as_str(), text);
    sandbox
}

#[test]
fn an_error_in_a_settings_file_names_file_and_line() {
    for (name, text, line) in [
        ("config.toml", "ttl = \"15m\"\nproivder = \"aws\"\n", 2),
        ("config.toml", "\n\nttl = \"soon\"\n", 3),
        ("config.toml", "ttl = \n", 1),
        ("config.toml", "[enforcement]\nrequire = \"maybe\"\n", 2),
        ("deny-list.toml", "[deny]\nactions = [\n  \"iam:*\",\n  \"s3\",\n]\n", 4),
        ("deny-list.toml", "[deny]\naction = [\"iam:*\"]\n", 2),
        ("profiles.toml", "[profiles.p]\nactions = \"s3:GetObject\"\nresource = \"x\"\n", 3),
        ("profiles.toml", "[profiles.p]\ndescription = \"x\"\n", 1),
    ] {
        let sandbox = with_file(name, text);
        let output = sandbox.run(RUN).exits(78);
        let place = format!("{}/.config/audex/{name}:{line}", sandbox.home().display());
        assert!(output.stderr.contains(&place), "{place}: {}", output.stderr);
        assert!(sandbox.cloud().requests().is_empty());
    }
    assert_snapshot!(with_file("config.toml", "tll = \"15m\"\n").run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: [home]/.config/audex/config.toml:1: unknown field `tll`, expected one of `provider`, `ttl`, `on_expiry`, `run`, `approve`, `isolate`, `enforcement`, `mapping`, `intent`, `mcp`, `providers`, `filters`, `secrets`, `endpoints`, `plugins`
    hint: did you mean `ttl`
    "#);
    assert_snapshot!(with_file("deny-list.toml", "[deny]\nactions = [\"s3\"]\n").run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: [home]/.config/audex/deny-list.toml:2: `s3` is not an action pattern
    "#);
}

#[test]
fn a_setting_that_the_provider_does_not_have_is_an_error() {
    let file = "[providers.aws]\nrole_anr = \"x\"\n";
    assert_snapshot!(with_file("config.toml", file).run(RUN).snapshot(), @r#"
    exit 78
    --- stderr
    error: [home]/.config/audex/config.toml:2: provider `aws` has no setting `role_anr`
    hint: did you mean `role_arn`; known settings: `role_arn`, `external_id`, `method`, `region`, `policy_limit`, `allow_unknown`, `source_ip`, `mfa`, `tag`
    "#);
    let file = format!("[providers.aws]\nrole_arn = \"{ROLE}\"\n");
    let mut sandbox = with_file("config.toml", &file);
    sandbox.unset("AUDEX_ROLE_ARN");
    assert_eq!(sandbox.run(RUN).success().stdout, "ran\n");
}
