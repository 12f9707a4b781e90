//! The tools that return the user's login: the file that Audex runs, and the environment of the tool.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::Sandbox;

const SYSTEM_PATH: &str = "/usr/bin:/bin";
const PLANTED: &str = "planted/tool/0123456789abcdef";
const ROLE: &str = "arn:aws:iam::123456789012:role/Agent";

/// The tools, and runs that ask them because the user has no other login.
const TOOLS: [(&str, [&str; 2]); 2] =
    [("az", ["--profile", "azure-storage-readonly"]), ("gcloud", ["--profile", "gcs-readonly"])];

/// A user with a file of that name in the working directory, which writes down what it is given, and no login.
fn user(tool: &str) -> Sandbox {
    let mut sandbox = Sandbox::without_cloud();
    let file = sandbox.plant(tool, "#!/bin/sh\nenv > \"$HOME/given\"\nexit 1\n");
    fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    sandbox.plant(".config/gcloud/active_config", "default");
    sandbox
        .set("GCE_METADATA_HOST", "127.0.0.1:1")
        .set("AUDEX_GCP_SERVICE_ACCOUNT", "a@p.iam.gserviceaccount.com");
    sandbox.set("AZURE_SUBSCRIPTION_ID", "0f8fad5b-d9cb-469f-a165-70867728950e");
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", PLANTED).set_secret("ANTHROPIC_API_KEY", PLANTED);
    sandbox.set("PYTHONPATH", "/nowhere/planted");
    sandbox
}

#[test]
fn a_file_of_the_working_directory_is_not_run_as_a_tool() {
    for (tool, options) in TOOLS {
        for entry in ["", ".", "./"] {
            for path in [format!("{entry}:{SYSTEM_PATH}"), format!("{SYSTEM_PATH}:{entry}")] {
                let mut sandbox = user(tool);
                sandbox.set("PATH", &path);
                let _ = sandbox.run([&["run"], &options[..], &["--", "true"]].concat()).exits(69);
                assert!(!sandbox.home().join("given").exists(), "{tool} by `{path}`");
            }
        }
    }
}

#[test]
fn a_tool_of_an_absolute_directory_is_run_with_its_own_settings_alone() {
    for (tool, options) in TOOLS {
        let mut sandbox = user(tool);
        sandbox.set("PATH", format!(".:{}:{SYSTEM_PATH}:", sandbox.home().display()));
        sandbox
            .set("AZURE_CONFIG_DIR", "/nowhere/azure")
            .set("CLOUDSDK_CORE_PROJECT", "my-project");
        let _ = sandbox.run([&["run"], &options[..], &["--", "true"]].concat()).exits(69);
        let given = fs::read_to_string(sandbox.home().join("given")).expect("the tool was run");
        assert!(!given.contains("planted"), "{given}");
        let own = if tool == "az" {
            "AZURE_CONFIG_DIR=/nowhere/azure"
        } else {
            "CLOUDSDK_CORE_PROJECT=my-project"
        };
        let path = format!("PATH={}:{SYSTEM_PATH}", sandbox.home().display());
        let lines: Vec<&str> = given.lines().collect();
        assert!(lines.contains(&own) && lines.contains(&path.as_str()), "{given}");
    }
}

#[test]
fn a_shell_of_the_working_directory_is_not_run_for_a_credential_process() {
    for path in
        [format!(":{SYSTEM_PATH}"), format!(".:{SYSTEM_PATH}"), format!("{SYSTEM_PATH}:bin")]
    {
        let mut sandbox = Sandbox::without_cloud();
        let file = sandbox.plant("sh", "#!/bin/sh\nenv > \"$HOME/given\"\nexit 1\n");
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
        sandbox.plant(".aws/config", "[default]\ncredential_process = /bin/false\n");
        sandbox.set("PATH", &path);
        let output =
            sandbox.run(["run", "--allow", "s3:GetObject", "--role-arn", ROLE, "--", "true"]);
        assert_ne!(output.code, 0, "{path}");
        assert!(output.stderr.contains("PATH has an entry"), "{path}: {}", output.stderr);
        assert!(!sandbox.home().join("given").exists(), "{path}");
    }
}

/// A tool is in a process group of its own, so a terminal's Ctrl-C does not reach it.
#[test]
fn a_signal_ends_the_tool_and_its_processes_with_the_program() {
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for command in [
        &["cleanup", "--client-id", id][..],
        &["health", "--check", "azure"],
        &[
            "drift",
            "--provider",
            "azure",
            "--principal",
            id,
            "--expected-policy",
            "azure-storage-readonly",
        ],
        &["run", "--profile", "azure-storage-readonly", "--", "true"],
    ] {
        let mut sandbox = user("gcloud");
        let script = "#!/bin/sh\nsleep 600 & echo $! $$ > \"$HOME/ids\"; kill -INT $PPID; wait\n";
        let file = sandbox.plant("az", script);
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
        sandbox.set("PATH", format!("{}:{SYSTEM_PATH}", sandbox.home().display()));
        let output = sandbox.run(command);
        assert!(matches!(output.code, -2 | 130), "{command:?}: {output:?}");
        let ids = fs::read_to_string(sandbox.home().join("ids")).expect("the tool was run");
        for id in ids.split_whitespace() {
            // Whoever adopts the process may not have reaped it yet.
            let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            assert!(state.is_empty() || state.contains(") Z "), "{command:?}: {state}");
        }
    }
}
