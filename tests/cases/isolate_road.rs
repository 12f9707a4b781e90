//! The isolation of a run: who chooses it, what filters, plans and records say of it, and what agents get by default.

use std::fs;

use serde_json::Value;

use crate::support::double::Double;
use crate::support::guests::Guest;
use crate::support::organisation::Organisation;
use crate::support::{Output, Sandbox};

const ALLOW: [&str; 2] = ["--allow", "s3:GetObject"];
const CONFIG: &str = ".config/audex/config.toml";

fn plan(sandbox: &Sandbox, options: &[&str]) -> Value {
    sandbox.run([&["plan"], &ALLOW[..], &["--json"], options].concat()).success().json()
}

fn run(sandbox: &Sandbox, options: &[&str], script: &str) -> Output {
    sandbox.run_sh(&[&ALLOW[..], options].concat(), script)
}

/// Prints each file that the command can read. A hidden file is empty, and a file in a hidden directory is missing.
const READ: &str = "for file in \"$HOME/.aws/credentials\" \"$HOME/.kube/config\" \"$HOME/.ssh/id\" .env notes /srv/none; \
    do cat \"$file\" 2>/dev/null || echo -; done";

fn with_files() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let profile = "[planted]\naws_access_key_id = A\naws_secret_access_key = B\n";
    sandbox.plant(".aws/credentials", profile);
    for (name, text) in
        [(".kube/config", "kube"), (".ssh/id", "ssh"), (".env", "env"), ("notes", "notes")]
    {
        sandbox.plant(name, format!("{text}\n"));
    }
    sandbox
}

#[test]
fn credentials_are_hidden_families_by_name_and_nothing_else() {
    let sandbox = with_files();
    let seen = |options: &[&str]| run(&sandbox, options, READ).success().stdout;
    let all = seen(&[]);
    assert!(all.starts_with("[planted]") && all.ends_with("kube\nssh\nenv\nnotes\n-\n"), "{all}");
    assert_eq!(seen(&["--isolate", "credentials"]), "-\n-\nssh\nenv\nnotes\n-\n");
    let hidden = ["--isolate", "credentials", "--hide", "ssh,dotenv"];
    assert_eq!(seen(&hidden), "-\n-\n-\nnotes\n-\n");
    let path = sandbox.home().join("notes");
    let hidden = ["--isolate", "credentials", "--hide", path.to_str().unwrap()];
    assert_eq!(seen(&hidden), "-\n-\nssh\nenv\n-\n");
}

#[test]
fn what_variables_name_is_hidden_and_what_the_user_shows_is_not() {
    let mut sandbox = with_files();
    let key = sandbox.plant("work/key.json", "{}\n");
    sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", &key);
    let script = format!("cat {} ~/.kube/config 2>/dev/null", key.display());
    assert_eq!(run(&sandbox, &[], &script).success().stdout, "{}\nkube\n");
    assert_eq!(run(&sandbox, &["--isolate", "credentials"], &script).stdout, "");
    sandbox.plant(CONFIG, "[run]\nisolate = \"credentials\"\n[isolate]\nshow = [\"~/.kube\"]\n");
    assert_eq!(run(&sandbox, &[], &script).stdout, "kube\n");
    assert_eq!(run(&sandbox, &[], "cat ~/.config/audex/config.toml").stdout, "");
}

#[test]
fn what_runs_later_is_read_only_unless_it_is_to_be_written() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".bashrc", "# mine\n");
    let script = "echo x >> ~/.bashrc; echo x > ~/.profile; mkdir -p ~/.local/bin && echo x > ~/.local/bin/ls; true";
    let _ = run(&sandbox, &["--isolate", "credentials"], script).success();
    assert_eq!(fs::read_to_string(sandbox.home().join(".bashrc")).unwrap(), "# mine\n");
    for name in [".profile", ".bash_profile", ".local/bin/ls"] {
        assert!(!sandbox.home().join(name).exists(), "{name}");
    }
    let own = sandbox.home().join(".bashrc");
    let write = ["--isolate", "credentials", "--write", own.to_str().unwrap()];
    let _ = run(&sandbox, &write, script).success();
    assert_eq!(fs::read_to_string(own).unwrap(), "# mine\nx\n");
}

#[test]
fn strict_writes_where_it_may_and_nowhere_else() {
    let sandbox = Sandbox::new();
    // The home directory of a sandbox is below a directory for temporary files, to which `strict` writes.
    let outside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let directory = |name: &str| {
        let path = outside.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let (work, data, _) = (directory("work"), directory("data"), directory("other"));
    fs::write(outside.path().join("other/file"), "other\n").unwrap();
    let script = "for f in ./new ../other/new ../data/new; do echo x 2>/dev/null > $f && echo $f; done; \
        cat ../other/file 2>/dev/null; true";
    let ran = |options: &[&str]| {
        let words = [&["run"], &ALLOW[..], options, &["--", "sh", "-c", script]].concat();
        sandbox.tryaudex(words).current_dir(&work).output().success().stdout
    };
    assert_eq!(ran(&[]), "./new\n../other/new\n../data/new\nother\n");
    let strict = |options: &[&str]| ran(&[&["--isolate", "strict"], options].concat());
    assert_eq!(strict(&[]), "./new\n");
    assert_eq!(strict(&["--write", data.to_str().unwrap()]), "./new\n../data/new\n");
    let other = outside.path().join("other");
    assert_eq!(strict(&["--read", other.to_str().unwrap()]), "./new\nother\n");
}

#[test]
fn an_option_of_another_level_is_an_error_and_so_is_an_unknown_name() {
    let sandbox = Sandbox::new();
    let refused = |options: &[&str], says: &str| {
        let stderr = sandbox.run([&["plan"], &ALLOW[..], options].concat()).exits(2).stderr;
        assert!(stderr.contains(says), "{options:?}: {stderr}");
    };
    refused(
        &["--allow-host", "a.example"],
        "--allow-host needs --isolate strict; this run has `off`",
    );
    refused(&["--isolate", "credentials", "--read", "/srv"], "--read needs --isolate strict");
    refused(&["--hide", "ssh"], "--hide needs --isolate credentials");
    refused(&["--isolate", "full"], "expected `off`, `credentials` or `strict`");
    refused(&["--isolate", "credentials", "--hide", "aws"], "`aws` is not a family (`git`");
    refused(&["--isolate", "credentials", "--keep", "sudo"], "only `ssh-agent` can");
    refused(&["--isolate", "strict", "--allow-host", "https://a"], "HOST:PORT");
    let part = ["--isolate", "credentials", "--write", "/usr/bin"];
    if nix::unistd::geteuid().is_root() {
        refused(&part, "`/usr/bin` cannot be written alone: `/usr` is read-only as a whole");
    }
}

#[test]
fn the_organisation_sets_a_minimum_and_nobody_goes_below() {
    let mut sandbox = with_files();
    let organisation = Organisation::of(
        "max_ttl = \"1h\"\n[isolate]\nminimum = \"credentials\"\nhide = [\"~/notes\"]\n",
    );
    let run = |sandbox: &Sandbox, options: &[&str]| {
        let words = [&["run"], &ALLOW[..], options, &["--", "sh", "-c", READ]].concat();
        organisation.run(sandbox, words)
    };
    assert_eq!(run(&sandbox, &[]).success().stdout, "-\n-\nssh\nenv\n-\n");
    let _ = run(&sandbox, &["--isolate", "strict"]).success();
    insta::assert_snapshot!(run(&sandbox, &["--isolate", "off"]).snapshot(), @r"
    exit 77
    --- stderr
    error: --isolate asks for the isolation `off`, and your organisation (/etc/audex/config.toml:3) requires at least `credentials`
    hint: leave out --isolate
    ");
    // A gateway for commands that nothing isolates is a way around it.
    let served = organisation.run(&sandbox, [&["gateway"], &ALLOW[..]].concat()).exits(77).stderr;
    assert!(served.contains("`tryaudex gateway` asks for the isolation `off`"), "{served}");
    sandbox.plant(CONFIG, "[run]\nisolate = \"off\"\n");
    let own = run(&sandbox, &[]).exits(78).stderr;
    assert!(own.contains("config.toml:2 asks for the isolation `off`"), "{own}");
    sandbox.plant(CONFIG, "[isolate]\nshow = [\"~/.kube\"]\n");
    let shown = run(&sandbox, &[]).exits(78).stderr;
    assert!(shown.contains(".kube` undoes a part of the isolation"), "{shown}");
    sandbox.plant(CONFIG, "[isolate]\nwrite = [\"~/.ssh\"]\n");
    let written = run(&sandbox, &[]).exits(78).stderr;
    assert!(written.contains(".ssh` undoes a part of the isolation"), "{written}");
    sandbox.plant(CONFIG, "[isolate]\nwrite = [\"~/data\"]\n");
    assert_eq!(run(&sandbox, &[]).success().stdout, "-\n-\nssh\nenv\n-\n");
    sandbox.plant(CONFIG, "[isolate]\nminimum = \"off\"\n");
    assert!(run(&sandbox, &[]).exits(78).stderr.contains("only the organisation may set it"));
}

#[test]
fn a_filter_demands_an_isolation() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("isolated").install(&mut sandbox, &[]).success();
    for options in [&[][..], &["--isolate", "credentials"]] {
        let refused = run(&sandbox, options, "touch ran").exits(77);
        let says = "filter `hostile-filter` requires the isolation `strict`";
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
    let _ = run(&sandbox, &["--isolate", "strict"], "touch ran").success();
    assert!(sandbox.home().join("ran").exists());
}

#[test]
fn a_level_that_does_not_hold_in_full_is_told_and_meets_no_demand() {
    let mut sandbox = with_files();
    sandbox.set("AUDEX_TEST_WITHOUT", "mount-namespace,landlock");
    let output = run(&sandbox, &["--isolate", "credentials"], "cat ~/.kube/config").success();
    assert_eq!(output.stdout, "kube\n");
    let says = "notice: the isolation `credentials` does not hold in full here: the command can still open hidden files";
    assert!(output.stderr.contains(says), "{}", output.stderr);
    let held = plan(&sandbox, &["--isolate", "credentials"])["isolation"].clone();
    assert_eq!(held["holds"], false);
    let _ = Guest::of("hostile-filter").playing("isolated").install(&mut sandbox, &[]).success();
    let _ = run(&sandbox, &["--isolate", "strict"], "touch ran").exits(77);
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn the_plan_the_log_and_the_receipt_name_level_and_mechanisms() {
    let sandbox = with_files();
    assert_eq!(plan(&sandbox, &[])["isolation"]["level"], "off");
    let isolation = plan(&sandbox, &["--isolate", "credentials"])["isolation"].clone();
    assert_eq!((&isolation["level"], &isolation["holds"]), (&"credentials".into(), &true.into()));
    let aws = &isolation["hidden"].as_array().unwrap()[0];
    assert_eq!(aws["of"], "AWS");
    let directory = sandbox.home().join(".aws");
    assert!(aws["paths"].as_array().unwrap().contains(&directory.to_str().unwrap().into()));
    let text = sandbox
        .run([&["plan"], &ALLOW[..], &["--isolate", "credentials"]].concat())
        .success()
        .stdout;
    for part in ["isolation  credentials\n", "THE COMMAND CANNOT", "HIDDEN ", "READ-ONLY "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let _ = run(&sandbox, &[], "true").success();
    let _ = run(&sandbox, &["--isolate", "credentials"], "true").success();
    let issuing: Vec<Value> =
        sandbox.audit().into_iter().filter(|record| record["event"] == "issuing").collect();
    assert_eq!(issuing[0]["isolation"], Value::Null);
    assert_eq!(issuing[1]["isolation"]["level"], "credentials");
    let mechanisms = issuing[1]["isolation"]["mechanisms"].as_array().unwrap();
    assert!(mechanisms.contains(&"mount-namespace".into()), "{mechanisms:?}");
    for (record, says) in
        [(&issuing[0], "isolation     off\n"), (&issuing[1], "isolation     credentials, by ")]
    {
        let receipt =
            sandbox.run(["sessions", "show", record["session"].as_str().unwrap()]).success();
        assert!(receipt.stdout.contains(says), "{}", receipt.stdout);
    }
}

#[test]
fn a_run_for_an_agent_is_isolated_and_has_a_gateway_unless_it_is_chosen_otherwise() {
    let mut sandbox = with_files();
    let chosen = |sandbox: &Sandbox, options: &[&str]| {
        let plan = plan(sandbox, options);
        (plan["isolation"]["level"].clone(), plan["delivery"].clone())
    };
    let is = |level: &str, deliver: &str| (Value::from(level), Value::from(deliver));
    assert_eq!(chosen(&sandbox, &["--", "make"]), is("off", "env"));
    assert_eq!(chosen(&sandbox, &["--", "claude"]), is("credentials", "gateway"));
    sandbox.set("CLAUDECODE", "1");
    assert_eq!(chosen(&sandbox, &["--", "make"]), is("credentials", "gateway"));
    assert_eq!(chosen(&sandbox, &["--isolate", "off"]), is("off", "gateway"));
    assert_eq!(chosen(&sandbox, &["--deliver", "env"]), is("credentials", "env"));
    let ran = run(
        &sandbox,
        &[],
        "cat ~/.kube/config; case $AWS_ENDPOINT_URL in http://127.*) echo gateway;; esac",
    );
    let first = ran.stderr.lines().next().unwrap();
    let says = "audex: for the agent `claude-code` the defaults are --isolate credentials --deliver gateway; \
        `[run] agents = \"off\"` in config.toml turns them off";
    assert_eq!((first, ran.stdout.as_str()), (says, "gateway\n"));
    let quiet = run(&sandbox, &["--isolate", "off", "--deliver", "env"], "true").success();
    assert!(!quiet.stderr.contains("agent"), "{}", quiet.stderr);
    sandbox.plant(CONFIG, "[run]\nagents = \"off\"\n");
    assert_eq!(chosen(&sandbox, &["--", "claude"]), is("off", "env"));
    assert!(!run(&sandbox, &[], "true").success().stderr.contains("agent"));
}

#[test]
fn an_agent_gets_the_gateway_of_a_cloud_with_tokens_too() {
    let double = Double::start("gcp_double.py");
    let mut sandbox = double.gcp_user();
    sandbox.set("CODEX_CI", "1");
    let words = ["plan", "--profile", "gcs-readonly", "--resource", "gs://alpha", "--json"];
    let plan = sandbox.run(words).success();
    let told: Value = serde_json::from_str(&plan.stderr).unwrap();
    assert_eq!((&told["agent"], &told["delivery"]), (&"codex".into(), &"gateway".into()));
    let plan = plan.json();
    assert_eq!(
        (&plan["isolation"]["level"], &plan["delivery"]),
        (&"credentials".into(), &"gateway".into())
    );
}

#[test]
fn a_run_inside_an_isolated_run_works_and_sees_no_more() {
    let sandbox = with_files();
    let inner = format!(
        "{} run --allow s3:GetObject -- sh -c 'cat ~/.kube/config ~/notes; echo inner'",
        env!("CARGO_BIN_EXE_tryaudex")
    );
    let options = ["--isolate", "credentials", "--allow", "sts:GetScopedCredentials"];
    let output = run(&sandbox, &options, &inner).success();
    assert_eq!(output.stdout, "notes\ninner\n", "{}", output.stderr);
    let isolated = inner.replace("run --allow", "run --isolate credentials --allow");
    let output = run(&sandbox, &options, &isolated).success();
    assert_eq!(output.stdout, "notes\ninner\n", "{}", output.stderr);
    assert!(output.stderr.contains("whose isolation stays"), "{}", output.stderr);
    // Its records were in the session around it; those of the outer runs are the user's.
    assert_eq!(sandbox.events().iter().filter(|event| *event == "issuing").count(), 2);
    assert!(sandbox.session_directories().is_empty());
}

#[test]
fn a_log_that_an_inner_run_cannot_write_is_an_error_that_says_so() {
    let sandbox = Sandbox::new();
    let organisation = Organisation::of("[audit]\ndirectory = \"/etc/log\"\n");
    let inner = format!("{} run --allow s3:GetObject -- true", env!("CARGO_BIN_EXE_tryaudex"));
    let words = ["run", "--isolate", "credentials", "--allow", "sts:GetScopedCredentials"];
    let output = |script: &str| {
        organisation.run(&sandbox, [&words[..], &ALLOW[..], &["--", "sh", "-c", script]].concat())
    };
    let refused = output(&inner).exits(69).stderr;
    assert!(refused.contains("keeps the audit log in `/etc/log/0`"), "{refused}");
    let _ = output("true").success();
}

#[test]
fn a_hidden_working_directory_is_refused_before_anything_is_minted() {
    let mut sandbox = with_files();
    sandbox.plant(".aws/inside/file", "");
    let from = |directory: &str| {
        let options = format!("run --isolate credentials {} -- true", ALLOW.join(" "));
        let tryaudex = env!("CARGO_BIN_EXE_tryaudex");
        let script = format!("cd {directory} && exec {tryaudex} {options}");
        sandbox.program("/bin/sh", ["-c", &script]).output()
    };
    for directory in ["~/.aws", "~/.aws/inside"] {
        let refused = from(directory).exits(2).stderr;
        assert!(refused.contains("is hidden from the command"), "{refused}");
    }
    assert_eq!(sandbox.events(), ["failed", "failed"]);
    let _ = from("~").success();
}

#[test]
fn the_check_of_this_system_has_each_part_of_each_level() {
    let mut sandbox = Sandbox::without_cloud();
    let levels = sandbox.run(["isolate", "--check", "--json"]).success().json();
    let levels = levels.as_array().unwrap();
    assert_eq!(
        (&levels[0]["level"], &levels[1]["level"]),
        (&"credentials".into(), &"strict".into())
    );
    assert!(
        levels
            .iter()
            .all(|level| level["holds"] == true && !level["parts"].as_array().unwrap().is_empty())
    );
    sandbox.set("AUDEX_TEST_WITHOUT", "seccomp");
    let text = sandbox.run(["isolate", "--check"]).exits(69).stdout;
    assert!(text.contains("credentials does not hold in full"), "{text}");
    assert_eq!(sandbox.run(["isolate"]).exits(69).stdout, text);
}

#[test]
fn learning_under_strict_takes_a_source_that_sees_the_command() {
    let sandbox = Sandbox::new();
    let learn = |source: &str| {
        let options =
            ["learn", "--allow", "s3:GetObject", "--isolate", "strict", "--source", source];
        sandbox.run([&options[..], &["--", "true"]].concat())
    };
    let refused = learn("csm").exits(2).stderr;
    assert!(refused.contains("the source `csm` sees nothing"), "{refused}");
    let _ = learn("gateway").success();
}
