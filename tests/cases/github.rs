//! The provider `github`, installed from its `.wasm`, with a double that enforces the rules of GitHub.

use std::path::PathBuf;
use std::process::Command;

use http_double::{Answer, Double as Server};
use serde_json::{Value, json};

use super::plugin_files::inspect;
use crate::support::double::{Double, run_python};
use crate::support::guests::Guest;
use crate::support::{Output, Sandbox, python};

const GRANTS: &[&str] =
    &["http:api.github.com", "http:github.com", "secret:GITHUB_APP_PRIVATE_KEY"];
const HELLO: &[&str] =
    &["--provider", "github", "--allow", "contents:read", "--resource", "octo-org/hello"];

/// What GitHub says to each of these requests of the command.
const SCRIPT: &str = r#"
import os, urllib.error, urllib.request
def ask(method, path, body=None):
    request = urllib.request.Request(os.environ["DOUBLE"] + path, data=body, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["GH_TOKEN"])
    try: return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error: return error.code
print(ask("GET", "/repos/octo-org/hello/contents/README.md"),
      ask("PUT", "/repos/octo-org/hello/contents/new.txt", b'{"message":"m","content":"eA=="}'),
      ask("GET", "/repos/octo-org/hello/issues"),
      ask("GET", "/repos/octo-org/other/contents/README.md"),
      os.environ["GH_TOKEN"] == os.environ["GITHUB_TOKEN"], os.environ.get("GITHUB_APP_PRIVATE_KEY"))
"#;

/// A user with the App's key in the environment, and the provider installed.
fn user(double: &Double) -> Sandbox {
    let mut sandbox = Sandbox::without_cloud();
    let key = double.text("private_key").to_owned();
    sandbox.plant_secret(key.lines().nth(1).unwrap());
    sandbox.plant_secret(double.text("mark"));
    sandbox.set("GITHUB_APP_PRIVATE_KEY", key);
    sandbox.set("AUDEX_GITHUB_APP_ID", double.text("app_id"));
    sandbox.set("DOUBLE", double.text("address"));
    endpoint(&mut sandbox, double, "");
    let _ = Guest::of("github").install(&mut sandbox, GRANTS).success();
    sandbox
}

fn endpoint(sandbox: &mut Sandbox, double: &Double, more: &str) {
    let config =
        format!("[endpoints]\n\"api.github.com\" = \"{}\"\n{more}", double.text("address"));
    let _ = sandbox.plant(".config/audex/config.toml", config);
}

/// Asks the double of the tests' own things.
fn ask(double: &Double, what: &str, body: &Value) -> Value {
    let program = "import sys, urllib.request as u; \
        print(u.urlopen(u.Request(sys.argv[1], data=sys.argv[2].encode(), method='POST')).read().decode())";
    let url = format!("{}/double/{what}", double.text("address"));
    let output = Command::new(python::interpreter())
        .args(["-c", program, &url, &body.to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

fn live_tokens(double: &Double) -> Value {
    ask(double, "state", &json!({}))["tokens"].clone()
}

fn run(sandbox: &Sandbox, options: &[&str]) -> Output {
    run_python(sandbox, options, SCRIPT)
}

#[test]
fn a_token_reads_what_was_asked_and_nothing_else_and_is_revoked() {
    let double = Double::start("github_double.py");
    let sandbox = user(&double);
    let output = run(&sandbox, HELLO).success();
    // Read, write, another permission, another repository, and nothing of what it was minted from.
    assert_eq!(output.stdout, "200 403 403 404 True None\n", "{}", output.stderr);
    assert_eq!(live_tokens(&double), 0);
    let state = ask(&double, "state", &json!({}));
    let asked = &state["requests"][0]["body"];
    assert_eq!(asked["repositories"], json!(["hello"]), "{state}");
    assert_eq!(asked["permissions"], json!({ "contents": "read", "metadata": "read" }), "{state}");
    assert_eq!(sandbox.audit().last().unwrap()["reason"], "revoked", "{:?}", sandbox.audit());
}

#[test]
fn writing_is_another_permission_and_a_deny_list_keeps_it_away() {
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    let write =
        ["--provider", "github", "--allow", "contents:write", "--resource", "octo-org/hello"];
    assert!(run(&sandbox, &write).success().stdout.starts_with("200 201 403 404"));
    let deny = "[deny]\nactions = [\"contents:write\"]\n";
    let _ = sandbox.plant(".config/audex/deny-list.toml", deny);
    let output = run(&sandbox, &write).success();
    assert!(output.stdout.starts_with("200 403 403 404"), "{}", output.stdout);
    assert!(output.stderr.contains("`contents:write` is denied"), "{}", output.stderr);
    assert_eq!(live_tokens(&double), 0);
}

#[test]
fn a_token_ends_with_the_command_and_after_a_signal() {
    let double = Double::start("github_double.py");
    let sandbox = user(&double);
    let options = [HELLO, &["--ttl", "1s"]].concat();
    let ended =
        sandbox.tryaudex([&["run"], &options[..], &["--", "sleep", "60"]].concat()).output();
    assert_eq!(ended.code, 128 + 15, "{}", ended.stderr);
    assert_eq!(live_tokens(&double), 0);
    let mut started = sandbox
        .tryaudex([&["run"], HELLO, &["--", "sh", "-c", "echo up; exec sleep 60"]].concat())
        .start();
    assert_eq!(started.line(), "up");
    assert_eq!(live_tokens(&double), 1);
    started.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(started.finish().code, 128 + 15);
    assert_eq!(live_tokens(&double), 0);
}

#[test]
fn what_github_grants_beyond_the_request_is_refused_and_taken_back() {
    let double = Double::start("github_double.py");
    let sandbox = user(&double);
    let forged = json!({ "permissions": { "contents": "write", "metadata": "read" } });
    ask(&double, "set", &json!({ "forge": forged }));
    let refused = sandbox.run([&["run"], HELLO, &["--", "touch", "ran"]].concat());
    assert_ne!(refused.code, 0);
    assert!(!sandbox.home().join("ran").exists(), "{}", refused.stderr);
    assert_eq!(live_tokens(&double), 0);
}

#[test]
fn refusals_of_github_are_told_and_nothing_runs() {
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    for (options, code, words) in [
        (
            &["--allow", "actions:read", "--resource", "octo-org/hello"][..],
            77,
            "the App has no `actions:read`",
        ),
        (&["--allow", "contents:read", "--resource", "octo-org/vault"], 78, "vault"),
        (&["--allow", "contents:read", "--resource", "nobody/x"], 78, "nobody"),
        (
            &["--allow", "contents:raed", "--resource", "octo-org/hello"],
            2,
            "did you mean `contents:read`",
        ),
        (&["--allow", "contents:read"], 78, "which installation"),
        (
            &["--allow", "contents:read", "--resource", "octo-org/hello", "--ttl", "2h"],
            2,
            "GitHub's tokens live",
        ),
    ] {
        let output = sandbox
            .run([&["run", "--provider", "github"], options, &["--", "touch", "ran"]].concat());
        assert!(output.stderr.contains(words), "{options:?}: {}", output.stderr);
        assert_eq!(output.code, code, "{options:?}: {}", output.stderr);
        assert!(!sandbox.home().join("ran").exists());
    }
    let other = double.text("other_private_key").to_owned();
    sandbox.plant_secret(other.lines().nth(1).unwrap());
    sandbox.set("GITHUB_APP_PRIVATE_KEY", other);
    let output = sandbox.run([&["run"], HELLO, &["--", "touch", "ran"]].concat());
    assert!(output.code != 0 && !sandbox.home().join("ran").exists(), "{}", output.stderr);
    sandbox.unset("GITHUB_APP_PRIVATE_KEY");
    let output = sandbox.run([&["run"], HELLO, &["--", "touch", "ran"]].concat()).exits(69);
    assert!(output.stderr.contains("`GITHUB_APP_PRIVATE_KEY` is not set"), "{}", output.stderr);
}

#[test]
fn the_apps_key_may_be_in_a_private_file_and_in_no_open_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    sandbox.unset("GITHUB_APP_PRIVATE_KEY");
    let path: PathBuf = sandbox.plant("app.pem", double.text("private_key_pkcs8"));
    let more = format!("[secrets]\nGITHUB_APP_PRIVATE_KEY = {{ file = \"{}\" }}\n", path.display());
    endpoint(&mut sandbox, &double, &more);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = sandbox.run([&["run"], HELLO, &["--", "touch", "ran"]].concat()).exits(69);
    assert!(open.stderr.contains("chmod 600"), "{}", open.stderr);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(run(&sandbox, HELLO).success().stdout.starts_with("200 403"));
    let health = sandbox.run(["health", "--check", "github"]).success();
    assert!(health.stdout.contains("github"), "{}", health.stdout);
}

#[test]
fn git_is_led_to_the_sessions_token_and_away_from_the_users_own() {
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    let own = "[user]\n\tname = A User\n[credential]\n\thelper = \"!echo password=the-users-own-token;:\"\n\
        [http \"https://github.com/\"]\n\textraheader = AUTHORIZATION: basic dXNlcg==\n\
        [http \"https://github.com/octo-org/\"]\n\textraheader = AUTHORIZATION: basic dXNlcg==\n\
        [url \"git@github.com:\"]\n\tinsteadOf = https://github.com/\n";
    let _ = sandbox.plant(".gitconfig", own);
    sandbox.set(
        "GIT_CONFIG_PARAMETERS",
        "'http.https://github.com/octo-org/.extraheader=basic dXNlcg=='",
    );
    // The count is one no list can have, and `grep -c` prints how many lines there are.
    sandbox.set("GIT_CONFIG_COUNT", u64::MAX.to_string());
    let script = "cd /\n\
        printf 'protocol=https\\nhost=github.com\\n\\n' | git credential fill | grep -c \"^password=$GH_TOKEN$\"\n\
        git config --get-urlmatch http.extraheader https://github.com/octo-org/hello | grep -c dXNlcg\n\
        git ls-remote --get-url https://github.com/octo-org/hello\n\
        git ls-remote --get-url git@github.com:octo-org/hello\n\
        git config user.name\n\
        for url in https://gist.github.com https://github.com.evil.example https://example.org http://github.com; do\n\
        echo url=$url | git credential fill; git config --get-urlmatch http.extraheader $url; done 2>&1 |\n\
        grep -c -e ^password -e basic\n\
        test -e \"$GH_CONFIG_DIR\" || echo ${GH_HOST-gone}";
    sandbox.set("GH_HOST", "github.example.com");
    sandbox.set("GH_CONFIG_DIR", sandbox.home().display().to_string());
    let output = sandbox.run_sh(HELLO, script);
    let address = "https://github.com/octo-org/hello";
    // No other host gets the credential or the user's own.
    let expected = format!("1\n0\n{address}\n{address}\nA User\n0\ngone\n");
    assert_eq!(output.stdout, expected, "{}", output.stderr);
}

#[test]
fn git_sends_the_users_own_login_to_no_other_server_either() {
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let _ = sandbox.plant(".netrc", "machine 127.0.0.1 login me password own\n");
    let sent = |options: &[&str]| {
        let answer =
            Answer::new("401 Unauthorized", "").header("www-authenticate", "Basic realm=x");
        let server = Server::scripted(vec![answer]);
        let script = format!(
            "git ls-remote {}/o/r; git ls-remote http://me:own@{}/o/r; true",
            server.endpoint,
            server.authority()
        );
        let _ = sandbox.run_sh(options, &script).success();
        let asked = server.asked();
        assert!(!asked.is_empty());
        asked.iter().filter(|asked| !asked.header("authorization").is_empty()).count()
    };
    assert_eq!(sent(HELLO), 0);
    // A session without a login to a git host leaves git alone.
    assert!(sent(&["--provider", "acme", "--allow", "door:open"]) > 0);
}

#[test]
fn its_profiles_and_what_it_asks_for_can_be_looked_at() {
    let double = Double::start("github_double.py");
    let sandbox = user(&double);
    let shown = inspect(&sandbox, "github");
    assert_eq!((&shown["contract"], &shown["requested"]), (&json!("0.1.0"), &json!(GRANTS)));
    let plan = sandbox.run([&["plan"], HELLO, &["--json"]].concat()).success().json();
    assert_eq!(plan["policy"]["repositories"], json!(["hello"]), "{plan}");
    assert_eq!(plan["permissions"][0]["enforced_by"], "cloud");
    let profile = ["plan", "--profile", "pull-request", "--resource", "octo-org/hello", "--json"];
    let plan = sandbox.run(profile).success().json();
    assert_eq!(plan["policy"]["permissions"]["pull_requests"], "write", "{plan}");
}

#[test]
fn the_double_enforces_as_its_own_check_says() {
    let check = python::tests().join("python/check_github_double.py");
    let output = Command::new(python::interpreter()).arg(check).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_recording_has_no_secret_and_plays_without_github() {
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    let path = Guest::of("github").plant(&mut sandbox);
    let (component, tape) = (path.to_str().unwrap(), sandbox.home().join("tape.json"));
    let tape = tape.to_str().unwrap();
    let record = [
        "plugin",
        "test",
        component,
        "--record",
        tape,
        "--allow",
        "contents:read",
        "--resource",
        "octo-org/hello",
    ];
    let recorded = sandbox.run(record).success();
    assert!(recorded.stderr.contains("revoke: done"), "{}", recorded.stderr);
    assert_eq!(live_tokens(&double), 0);
    // It is a run like any other: filters and the log see it, and what is not installed is not recorded.
    assert!(sandbox.events().contains(&"issued".to_owned()));
    let _ = sandbox.plant(
        ".config/audex/deny-list.toml",
        "[deny]\nactions = [\"contents:*\", \"metadata:*\"]\n",
    );
    let denied = sandbox.run(record).exits(77);
    assert!(denied.stderr.contains("denied"), "{}", denied.stderr);
    std::fs::remove_file(sandbox.home().join(".config/audex/deny-list.toml")).unwrap();
    let _ = sandbox.run(["plugin", "disable", "github"]).success();
    let gone = sandbox.run(record).exits(2);
    assert!(gone.stderr.contains("is not installed as it is in"), "{}", gone.stderr);
    let _ = sandbox.run(["plugin", "enable", "github"]).success();
    let text = std::fs::read_to_string(tape).unwrap();
    assert!(text.contains("Bearer <secret>") && !text.contains(double.text("mark")), "{text}");
    drop(double);
    sandbox.unset("GITHUB_APP_PRIVATE_KEY");
    let _ = sandbox.run(["plugin", "test", component, "--replay", tape]).success();
    // A request that was not recorded is told.
    std::fs::write(
        tape,
        text.replace("repos/octo-org/hello/installation", "repos/octo-org/x/installation"),
    )
    .unwrap();
    let wrong = sandbox.run(["plugin", "test", component, "--replay", tape]).exits(1);
    assert!(
        wrong.stdout.contains("WRONG") && wrong.stdout.contains("was recorded"),
        "{}",
        wrong.stdout
    );
    let other = Guest::of("provider-static").plant(&mut sandbox);
    let refused =
        sandbox.run(["plugin", "test", other.to_str().unwrap(), "--replay", tape]).exits(2);
    assert!(refused.stderr.contains("is of the component `github`"), "{}", refused.stderr);
}

#[test]
fn the_apps_key_is_for_no_command_of_any_provider() {
    let double = Double::start("github_double.py");
    let mut sandbox = user(&double);
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    sandbox.set("COPY_OF_THE_KEY", double.text("private_key"));
    let script = "echo ${GITHUB_APP_PRIVATE_KEY-gone} ${COPY_OF_THE_KEY-gone}";
    let other = sandbox.run_sh(&["--provider", "acme", "--allow", "door:open"], script).success();
    assert_eq!(other.stdout, "gone gone\n");
}
