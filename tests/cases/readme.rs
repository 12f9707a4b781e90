//! The README and the pages of `docs/`: their commands run as written, and the options that they name exist.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use audex_loopback::{BucketSeed, Seed};

use crate::support::{Moto, Output, ROLE, Sandbox, python};

/// The README is for a reader who decides in two minutes.
const README_LINES: usize = 130;
/// Commands that other tests run: a demo that runs until Ctrl-C, builds of components, real calls to an account with a new role.
const ELSEWHERE: [&str; 2] = ["tryaudex demo", "tryaudex plugin "];
/// Parts of commands for clouds that this account does not have: they are planned, not run.
const PLANNED: [&str; 3] = ["gcloud storage", "az storage", "--provider vault"];
/// The one command that must fail, with its exit code and a part of its stderr.
const DENIED: (&str, i32, &str) = ("aws s3 rm s3://demo-reports/readme.txt", 1, "(AccessDenied)");
/// Commands of `tryaudex` that have commands of their own.
const GROUPS: [&str; 5] = ["plugin", "policies", "audit", "sessions", "explain"];

fn root() -> PathBuf {
    python::tests().parent().unwrap().to_owned()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The lines of the page's blocks of this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let (mut lines, mut is_inside) = (Vec::new(), false);
    for line in page.lines().map(str::trim_start) {
        if let Some(fence) = line.strip_prefix("```") {
            is_inside = !is_inside && fence == language;
        } else if is_inside {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// The commands of `tryaudex` that a page shows.
fn commands(page: &str) -> Vec<String> {
    let shown = |line: &String| {
        line.strip_prefix("$ ").filter(|line| line.starts_with("tryaudex ")).map(str::to_owned)
    };
    blocks(page, "console").iter().filter_map(shown).collect()
}

/// The demo account with the bucket and the scripts that the README names.
fn documented() -> Sandbox {
    let mut seed = Seed::demo();
    let objects = vec![("report.txt".to_owned(), b"a report\n".to_vec())];
    seed.buckets.push(BucketSeed { name: "my-bucket".to_owned(), objects });
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    for script in ["my-script.sh", "report.sh", "deploy.sh", "agent"] {
        let path = sandbox.plant(script, "#!/bin/sh\nexec aws s3 cp s3://my-bucket/report.txt -\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    sandbox.set("AUDEX_ROLE_ARN", ROLE).set("AUDEX_VAULT_ROLE", "audex");
    sandbox.set("AUDEX_GCP_SERVICE_ACCOUNT", "audex-agent@my-project.iam.gserviceaccount.com");
    with_programs(&mut sandbox);
    sandbox
}

/// As a user has it: the command and the AWS CLI are on the PATH.
fn with_programs(sandbox: &mut Sandbox) {
    let program = Path::new(env!("CARGO_BIN_EXE_tryaudex")).parent().unwrap();
    sandbox.set(
        "PATH",
        format!("{}:{}:/usr/bin:/bin", program.display(), python::binaries().display()),
    );
}

fn typed(sandbox: &Sandbox, script: &str) -> Output {
    sandbox.program("/bin/sh", ["-c", script]).current_dir(sandbox.home()).output()
}

#[test]
fn the_readme_is_short() {
    let lines = readme().lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
}

#[test]
fn the_readme_names_what_continuous_integration_runs() {
    let run = fs::read_to_string(root().join(".ci/run")).unwrap();
    let targets = run.lines().find_map(|line| line.strip_prefix("make ")).unwrap();
    for target in targets.split(' ') {
        assert!(readme().contains(&format!("`make {target}`")), "{target}");
    }
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let sandbox = documented();
    let mut count = 0;
    for command in commands(&readme()) {
        if ELSEWHERE.iter().any(|start| command.starts_with(start)) {
            continue;
        }
        count += 1;
        if command.contains(DENIED.0) {
            let output = typed(&sandbox, &command).exits(DENIED.1);
            assert!(output.stderr.contains(DENIED.2), "{}", output.stderr);
        } else if PLANNED.iter().any(|part| command.contains(part)) {
            let _ =
                typed(&sandbox, &command.replacen("tryaudex run", "tryaudex plan", 1)).success();
        } else {
            let _ = typed(&sandbox, &command).success();
        }
    }
    assert!(count >= 15, "{count} commands");
}

#[test]
fn the_four_steps_of_the_readme_make_a_role_that_can_be_assumed() {
    let moto = Moto::get();
    let mut sandbox = Sandbox::with_moto(moto);
    with_programs(&mut sandbox);
    sandbox.set("AWS_ACCESS_KEY_ID", &moto.admin_access_key_id);
    sandbox.set("AWS_SECRET_ACCESS_KEY", &moto.admin_secret_access_key);
    let steps = format!("set -e\n{}\n", blocks(&readme(), "sh").join("\n"));
    let made = typed(&sandbox, &steps);
    // The double is shared by all tests.
    let removed = typed(
        &sandbox,
        "aws iam delete-role-policy --role-name AudexAgentRole --policy-name ceiling && \
         aws iam delete-role --role-name AudexAgentRole",
    );
    let output = made.success();
    let _ = removed.success();
    assert!(output.stdout.contains("role/AudexAgentRole can be assumed"), "{}", output.stdout);
}

#[test]
fn the_pages_name_only_options_that_there_are() {
    let sandbox = Sandbox::without_cloud();
    let mut pages = vec![root().join("README.md")];
    pages.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let mut count = 0;
    for page in pages {
        for command in commands(&fs::read_to_string(&page).unwrap()) {
            let own = command.split(" -- ").next().unwrap().split(" # ").next().unwrap();
            let words: Vec<&str> =
                own.split_whitespace().skip(1).take_while(|word| *word != "&&").collect();
            let depth = if GROUPS.contains(&words[0]) { 2 } else { 1 };
            let help =
                sandbox.run(words.iter().take(depth).copied().chain(["--help"])).success().stdout;
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
                    "{command}: {option}"
                );
                count += 1;
            }
        }
    }
    assert!(count >= 20, "{count} options");
}
