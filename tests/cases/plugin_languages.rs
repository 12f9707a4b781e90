//! New components in Python and JavaScript, from the start to a run: only with the files of `plugin new` and
//! the steps in their README.

mod patterns;
mod unbuilt;
mod wasi;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use audex::components::Components;
use audex::settings::{Flags, Settings};
use audex_components::filter::{Context, Delivery, Filter, Isolation};
use audex_components::provider::{Enforcer, Grant, GrantPlan, Permission, Planned, Scope};
use audex_core::environment::Environment;
use audex_sdk::pattern::{covers, intersects, matches};

use crate::support::guests::Guest;
use crate::support::{Output, Sandbox, javascript, python};

/// Permissions of one request: as many as `plugin test` asks about.
const MANY: usize = 2_000;

#[derive(Clone, Copy, Debug)]
enum Language {
    Python,
    JavaScript,
}
use Language::{JavaScript, Python};

impl Language {
    fn name(self) -> &'static str {
        match self {
            Python => "python",
            JavaScript => "javascript",
        }
    }
}

/// Runs `tryaudex plugin …` in a directory of the sandbox, with the tools of the tests.
fn plugin(sandbox: &Sandbox, directory: &Path, words: &[&str]) -> Output {
    let words = [&["plugin"], words].concat();
    sandbox.tryaudex(words).env("PATH", path()).current_dir(directory).output()
}

/// As after `pip install` and with node installed.
fn path() -> String {
    let (python, node) = (python::binaries(), javascript::directory().join("bin"));
    format!("{}:{}:/usr/bin:/bin", python.display(), node.display())
}

/// A shell line of a project's README.
fn typed(sandbox: &Sandbox, project: &Path, line: &str) -> Output {
    sandbox.program("/bin/sh", ["-ec", line]).env("PATH", path()).current_dir(project).output()
}

/// A new project whose own tests pass.
fn project(sandbox: &Sandbox, language: Language, kind: &str, name: &str) -> PathBuf {
    let made = ["new", name, "--kind", kind, "--lang", language.name()];
    let _ = plugin(sandbox, sandbox.home(), &made).success();
    let project = sandbox.home().join(name);
    match language {
        Python => {
            let readme = fs::read_to_string(project.join("README.md")).unwrap();
            let bindings =
                readme.lines().find_map(|line| line.strip_prefix("$ .venv/bin/componentize-py "));
            let bindings = bindings.unwrap().split('#').next().unwrap();
            let line =
                format!("componentize-py {bindings}\nPYTHONPATH=bindings python -m unittest");
            let tested = typed(sandbox, &project, &line).success();
            assert!(
                tested.stderr.ends_with("OK\n") && !tested.stderr.contains("Ran 0"),
                "{}",
                tested.stderr
            );
        }
        JavaScript => {
            // As after `npm install`.
            symlink(javascript::directory().join("node_modules"), project.join("node_modules"))
                .unwrap();
            let line = r#"eval "$(node -p 'require("./package.json").scripts.test')""#;
            let tested = typed(sandbox, &project, line).success();
            assert!(
                tested.stdout.contains("fail 0") && !tested.stdout.contains("pass 0"),
                "{}",
                tested.stdout
            );
        }
    }
    project
}

/// Makes, builds, tries and installs a component of this kind.
fn install(sandbox: &Sandbox, language: Language, kind: &str, name: &str) {
    let project = tried(sandbox, language, kind, name);
    let _ = plugin(sandbox, &project, &["install", &format!("{name}.wasm")]).success();
}

/// Makes, builds and tries one.
fn tried(sandbox: &Sandbox, language: Language, kind: &str, name: &str) -> PathBuf {
    let project = project(sandbox, language, kind, name);
    let built = plugin(sandbox, &project, &["build"]).success();
    assert!(
        built.stdout.starts_with(&format!("built the {kind} `{name}` 0.1.0: ")),
        "{}",
        built.stdout
    );
    assert_eq!(
        built.stdout.lines().count(),
        1,
        "the tool's own words are not ours: {}",
        built.stdout
    );
    let file = format!("{name}.wasm");
    let tested = plugin(sandbox, &project, &["test", &file]).success();
    assert!(!tested.stdout.contains("WRONG"), "{}", tested.stdout);
    assert_eq!(fs::read_dir(sandbox.home().join("tmp")).unwrap().count(), 0, "something was left");
    project
}

#[test]
fn a_filter_in_any_language_is_made_built_tried_installed_and_says_the_same() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("filter-no-deletes").install(&mut sandbox, &[]).success();
    install(&sandbox, Python, "filter", "in-python");
    install(&sandbox, JavaScript, "filter", "in-javascript");
    let plan =
        sandbox.run(["plan", "--allow", "s3:GetObject,s3:DeleteObject", "--json"]).success().json();
    let denied: Vec<_> =
        plan["denied"].as_array().unwrap().iter().map(|one| one["by"].as_str().unwrap()).collect();
    assert_eq!(denied, ["filter-no-deletes", "in-javascript", "in-python"]);
    let shown = sandbox.run(["plugin", "inspect", "in-python", "--json"]).success().json();
    assert_eq!(
        (&shown["sdk"], &shown["contract"]),
        (&"componentize-py-0.25.1".into(), &"0.1.0".into())
    );
    let shown = sandbox.run(["plugin", "inspect", "in-javascript", "--json"]).success().json();
    assert_eq!(shown["sdk"], "componentize-js-0.23.0");
    let imports = shown["imports"].as_array().unwrap();
    assert!(imports.iter().all(|name| name.as_str().unwrap().starts_with("wasi:")), "{imports:?}");

    let settings =
        Settings::resolve(&Environment::from_pairs([("HOME", sandbox.home())]), Flags::default())
            .unwrap();
    let filters = Components::open(&settings).unwrap().filters(&settings, &[]).unwrap();
    let ours: Vec<&Filter> =
        filters.iter().filter(|filter| filter.loaded().name != "deny-list").collect();
    assert_eq!(ours.len(), 3);
    for actions in requests() {
        let verdicts: Vec<String> = ours.iter().map(|filter| says(filter, &actions)).collect();
        let [first, rest @ ..] = verdicts.as_slice() else { panic!("no verdict") };
        assert!(rest.iter().all(|verdict| verdict == first), "{actions:?}: {verdicts:#?}");
    }
}

/// What it makes of a request, and of the plan of it.
fn says(filter: &Filter, actions: &[String]) -> String {
    let context = Context {
        command: vec!["aws".to_owned(), String::new(), "ä\u{0}".to_owned()],
        user: "ann".to_owned(),
        now: u64::MAX,
        justification: None,
        profiles: vec!["s3-readonly".to_owned()],
        isolation: Isolation::Strict,
        delivery: Some(Delivery::Gateway),
        agent: Some("ä\u{0}".to_owned()),
        subject: "ann".to_owned(),
        parents: vec![String::new()],
        step_up: None,
    };
    let permission = |action: &String| Permission {
        action: action.clone(),
        origin: action.clone(),
        resources: Scope::These(vec!["arn:aws:s3:::b/*".to_owned()]),
    };
    let planned = |action: &String| Planned {
        action: action.clone(),
        origin: action.clone(),
        enforced_by: Enforcer::Cloud,
        note: None,
    };
    let grant = Grant {
        provider: "aws".to_owned(),
        permissions: actions.iter().map(permission).collect(),
        deny: vec!["iam:*".to_owned()],
        ttl_seconds: 900,
        session: "audex-test".to_owned(),
        gateway: false,
    };
    let plan = GrantPlan {
        method: "assume-role".to_owned(),
        policy: Some("{}".to_owned()),
        policy_limit: None,
        permissions: actions.iter().map(planned).collect(),
        longest_life_seconds: 900,
        notices: Vec::new(),
        decides: Vec::new(),
    };
    format!(
        "{:?} {:?}",
        filter.review(&grant, &context).unwrap(),
        filter.approve(&grant, &plan, &context).unwrap()
    )
}

/// Requests of nothing, of names with and without wildcards, in any case and script, and of two thousand permissions.
fn requests() -> Vec<Vec<String>> {
    let names = [
        "s3:GetObject",
        "s3:DeleteObject",
        "s3:delete",
        "s3:DELETEOBJECT",
        "s3:deletE*Version",
        "s3:Delete?bject",
        "s3:*",
        "*",
        "*:*",
        "**",
        "s3:*?",
        "s3:?*",
        "s3:Del*",
        "s3:D?lete*",
        "s3:?elete",
        "s3:*Object",
        "s3:Undelete*",
        "s3:?",
        "s3:?????",
        "s3:??????",
        "s3:",
        "",
        ":",
        "a:b:delete",
        "delete",
        "deleteThing:get",
        "storage.objects.delete",
        "Microsoft.Storage/storageAccounts/delete",
        "s3:DELETE\u{130}",
        "s3:ΣDELETΣ",
        "s3:DELETΣ",
        "s3:d\u{435}lete",
        "s3:\u{0}delete",
        "s3:dele\u{fe0f}*",
        "🔑:del🔑te*",
        "s3:🔑?*",
        "s3:del[e]te",
        "s3:delete\n",
        "s3:\u{2028}*",
    ];
    let names = names.map(str::to_owned);
    let mut requests: Vec<Vec<String>> = names.iter().map(|name| vec![name.clone()]).collect();
    requests.push(Vec::new());
    requests.push(names.iter().cycle().take(MANY).cloned().collect());
    // Every word of six of these characters at each place.
    let words = "delete".chars().fold(vec![String::new()], |words, letter| {
        words
            .iter()
            .flat_map(|word| [letter, 'x', '?', '*'].map(|next| format!("{word}{next}")))
            .collect()
    });
    requests.extend(
        words.chunks(MANY).map(|words| words.iter().map(|word| format!("s3:{word}")).collect()),
    );
    // One by one where it matters which of them says what.
    requests.extend(words.iter().step_by(97).map(|word| vec![format!("s3:{word}")]));
    requests
}

#[test]
fn each_other_kind_in_python_is_made_built_tried_installed_and_used() {
    let mut sandbox = Sandbox::new();
    install(&sandbox, Python, "provider", "my-provider");
    assert_eq!(account(&sandbox, "my-provider", "MY_PROVIDER_ACCOUNT"), "main\n");
    install(&sandbox, Python, "intent", "my-intent");
    let asked = sandbox.run(["intent", "--engine", "my-intent", "read the report"]).success();
    assert!(asked.stdout.contains("s3:GetObject,s3:ListBucket"), "{}", asked.stdout);
    install(&sandbox, Python, "mapping", "my-mapping");
    sandbox.plant(".config/audex/config.toml", "[mapping]\ncomponent = \"my-mapping\"\n");
    let plan = sandbox.run(["plan", "--allow", "reports:read", "--json"]).success().json();
    assert_eq!(plan["permissions"][0]["origin"], "reports:read");
}

/// A provider is what imports the host; the rest is tried, which calls all that they export.
#[test]
fn each_other_kind_in_javascript_is_made_built_and_tried_and_a_provider_used() {
    let sandbox = Sandbox::new();
    install(&sandbox, JavaScript, "provider", "my-provider");
    assert_eq!(account(&sandbox, "my-provider", "MY_PROVIDER_ACCOUNT"), "main\n");
    let _ = tried(&sandbox, JavaScript, "intent", "my-intent");
    let _ = tried(&sandbox, JavaScript, "mapping", "my-mapping");
}

/// What a run with this provider sets `variable` to; the token is in the file that the provider made.
fn account(sandbox: &Sandbox, provider: &str, variable: &str) -> String {
    let script = format!(
        "grep -q ^acme-main-audex- \"${}\" && echo \"${variable}\"",
        variable.replace("ACCOUNT", "CREDENTIALS")
    );
    let run = ["run", "--provider", provider, "--allow", "door:open", "--", "sh", "-c", &script];
    sandbox.run(run).success().stdout
}
