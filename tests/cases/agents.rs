//! `tryaudex agents`: the configuration of coding agents is changed, looked at and taken back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Output, Sandbox};

const AGENTS: [&str; 4] = ["claude", "codex", "gemini", "vscode"];
/// The user's own files, before anything is added: comments, tabs, the line ends of Windows, a byte order
/// mark, no line end at all, and a last comma.
const OWN: [(&str, &str); 7] = [
    (".claude.json", "{\"theme\":\"dark\",\"mcpServers\":{\"other\":{\"command\":\"x\"}}}"),
    (".claude/CLAUDE.md", "# Mine\r\n\r\n- be brief\r\n"),
    (
        ".codex/config.toml",
        "# mine\nmodel = \"m\" # keep\n\n[mcp_servers.other]\ncommand = 'x'\n\n[tui]\na = 1",
    ),
    (".codex/AGENTS.md", "no line end"),
    (
        ".gemini/settings.json",
        "\u{feff}{\n\t// mine\n\t\"ui\": { \"theme\": \"x\" }, /* keep */\n}\n",
    ),
    (".config/Code/User/mcp.json", "{\r\n    \"servers\": {},\r\n    \"inputs\": []\r\n}\r\n"),
    ("notes/AGENTS.md", "a project's\n"),
];

fn user() -> Sandbox {
    let mut sandbox = Sandbox::without_cloud();
    for (name, text) in OWN {
        sandbox.plant(name, text);
    }
    sandbox
}

/// Every file below `directory` but the program's own state, with its text.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                waiting.push(path);
            } else if !path.to_string_lossy().contains("/audex/") {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

fn agents(sandbox: &Sandbox, words: &[&str]) -> Output {
    sandbox.run([&["agents"], words].concat())
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.home().join(name)).unwrap()
}

#[test]
fn a_setup_shows_its_change_and_writes_nothing_until_it_is_told() {
    let sandbox = user();
    let before = files(sandbox.home());
    for agent in AGENTS {
        let shown = agents(&sandbox, &["setup", agent]).success();
        assert!(shown.stdout.contains("+++ ") && shown.stdout.contains("audex"), "{agent}");
        assert!(shown.stderr.contains("nothing was written"), "{}", shown.stderr);
    }
    assert_eq!(files(sandbox.home()), before);
}

#[test]
fn what_was_added_is_taken_back_byte_for_byte() {
    let sandbox = user();
    let before = files(sandbox.home());
    for order in [AGENTS, ["vscode", "gemini", "codex", "claude"]] {
        for agent in AGENTS {
            let _ = agents(&sandbox, &["setup", agent, "--write"]).success();
        }
        let set = files(sandbox.home());
        assert_eq!(set.len(), before.len() + 5, "three launchers, two files of instructions");
        for agent in AGENTS {
            let again = agents(&sandbox, &["setup", agent, "--write"]).success();
            assert!(again.stdout.is_empty() && again.stderr.contains("nothing changes"), "{agent}");
        }
        assert_eq!(files(sandbox.home()), set, "a second setup changes nothing");
        for agent in order {
            let _ = agents(&sandbox, &["undo", agent]).success();
        }
        assert_eq!(files(sandbox.home()), before);
    }
}

#[test]
fn the_servers_and_the_instructions_are_where_each_tool_reads_them() {
    let sandbox = user();
    for agent in AGENTS {
        let _ = agents(&sandbox, &["setup", agent, "--write"]).success();
    }
    let claude: Value = serde_json::from_str(&text(&sandbox, ".claude.json")).unwrap();
    assert_eq!(claude["mcpServers"]["audex"]["type"], "stdio");
    assert_eq!(claude["mcpServers"]["audex"]["args"], json!(["mcp"]));
    assert_eq!(claude["mcpServers"]["other"], json!({ "command": "x" }));
    let program = claude["mcpServers"]["audex"]["command"].as_str().unwrap().to_owned();
    assert!(Path::new(&program).is_absolute(), "{program}");
    let codex: toml::Table = text(&sandbox, ".codex/config.toml").parse().unwrap();
    assert_eq!(codex["mcp_servers"]["audex"]["command"].as_str(), Some(program.as_str()));
    assert!(text(&sandbox, ".codex/config.toml").starts_with("# mine\nmodel = \"m\" # keep\n"));
    assert!(text(&sandbox, ".gemini/settings.json").contains("/* keep */"));
    assert!(text(&sandbox, ".config/Code/User/mcp.json").contains("\"audex\""));
    for name in [".claude/CLAUDE.md", ".codex/AGENTS.md", ".gemini/GEMINI.md"] {
        assert!(text(&sandbox, name).contains("tryaudex ask"), "{name}");
    }
    let launcher = sandbox.home().join(".local/bin/audex-claude");
    assert_eq!(launcher.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let script = fs::read_to_string(launcher).unwrap();
    let expected = "run --profile aws-readonly --deliver gateway --on-denied ask --isolate credentials -- claude \"$@\"";
    assert!(script.contains(expected), "{script}");
}

#[test]
fn what_the_user_changed_meanwhile_stays() {
    let mut sandbox = user();
    for agent in ["claude", "codex"] {
        let _ = agents(&sandbox, &["setup", agent, "--write"]).success();
    }
    let set = text(&sandbox, ".claude.json");
    sandbox.plant(".claude.json", set.replace("\"theme\":\"dark\"", "\"theme\":\"light\""));
    let codex = format!("{}\n[new]\nb = 2\n", text(&sandbox, ".codex/config.toml"));
    sandbox.plant(".codex/config.toml", codex);
    let lines = text(&sandbox, ".claude/CLAUDE.md").replace("be brief", "be long");
    sandbox.plant(".claude/CLAUDE.md", lines);
    for agent in ["claude", "codex"] {
        let _ = agents(&sandbox, &["undo", agent]).success();
    }
    assert_eq!(
        text(&sandbox, ".claude.json"),
        "{\"theme\":\"light\",\"mcpServers\":{\"other\":{\"command\":\"x\"}}}"
    );
    assert_eq!(text(&sandbox, ".claude/CLAUDE.md"), "# Mine\r\n\r\n- be long\r\n");
    let left = text(&sandbox, ".codex/config.toml");
    assert!(left.starts_with(OWN[2].1) && left.ends_with("[new]\nb = 2\n"), "{left}");
    assert!(!left.contains("audex"), "{left}");
}

#[test]
fn an_undo_without_a_record_takes_out_our_parts_alone() {
    let sandbox = user();
    let _ = agents(&sandbox, &["setup", "claude", "--write"]).success();
    fs::remove_dir_all(sandbox.home().join(".local/state/audex/agents")).unwrap();
    let _ = agents(&sandbox, &["undo", "claude"]).success();
    let claude: Value = serde_json::from_str(&text(&sandbox, ".claude.json")).unwrap();
    assert_eq!(claude["mcpServers"], json!({ "other": { "command": "x" } }));
    assert!(!text(&sandbox, ".claude/CLAUDE.md").contains("audex"));
    assert!(!sandbox.home().join(".local/bin/audex-claude").exists());
    let nothing = agents(&sandbox, &["undo", "claude"]).success();
    assert!(nothing.stderr.contains("has nothing of ours"), "{}", nothing.stderr);
}

#[test]
fn a_linked_file_stays_linked_and_keeps_its_mode() {
    let mut sandbox = Sandbox::without_cloud();
    let real = sandbox.plant("dotfiles/claude.json", "{}");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("dotfiles/claude.json", sandbox.home().join(".claude.json")).unwrap();
    let _ = agents(&sandbox, &["setup", "claude", "--write"]).success();
    assert!(sandbox.home().join(".claude.json").is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("audex"));
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let _ = agents(&sandbox, &["undo", "claude"]).success();
    assert_eq!(fs::read_to_string(&real).unwrap(), "{}");
}

#[test]
fn a_file_that_cannot_be_read_as_its_format_is_refused_with_its_line_and_nothing_is_written() {
    for (agent, name, wrong, line) in [
        ("claude", ".claude.json", "{\n  \"a\": 1\n  \"b\": 2\n}\n", "line 2"),
        ("gemini", ".gemini/settings.json", "{\n  \"mcpServers\": 1\n}\n", "line 2"),
        ("codex", ".codex/config.toml", "a = 1\nb = \n", "line 2"),
        ("claude", ".claude/CLAUDE.md", "a\n<!-- /audex -->\n", "line 2"),
        ("claude", ".local/bin/audex-claude", "#!/bin/sh\n", "did not write it"),
    ] {
        let mut sandbox = user();
        sandbox.plant(name, wrong);
        let before = files(sandbox.home());
        let refused = agents(&sandbox, &["setup", agent, "--write"]).exits(78);
        let path = sandbox.home().join(name).display().to_string();
        assert!(refused.stderr.contains(&path), "{}", refused.stderr);
        assert!(refused.stderr.contains(line), "{name}: {}", refused.stderr);
        assert_eq!(files(sandbox.home()), before, "{name}");
    }
}

#[test]
fn a_projects_files_name_the_program_alone_and_are_taken_back() {
    let sandbox = user();
    let project = sandbox.home().join("notes");
    let before = files(sandbox.home());
    let run = |words: &[&str]| {
        sandbox.tryaudex([&["agents"], words].concat()).current_dir(&project).output()
    };
    for agent in AGENTS {
        let _ = run(&["setup", agent, "--project", "--write"]).success();
    }
    let servers: Value = serde_json::from_str(&text(&sandbox, "notes/.mcp.json")).unwrap();
    assert_eq!(servers["mcpServers"]["audex"]["command"], "tryaudex");
    assert!(text(&sandbox, "notes/.vscode/mcp.json").contains("\"servers\""));
    assert!(text(&sandbox, "notes/.github/copilot-instructions.md").contains("tryaudex ask"));
    assert!(text(&sandbox, "notes/AGENTS.md").starts_with("a project's\n\n<!-- audex"));
    for agent in AGENTS {
        let _ = run(&["undo", agent, "--project"]).success();
    }
    assert_eq!(files(sandbox.home()), before);
    assert!(!project.join(".github").exists(), "a directory that was made is removed");
}

#[test]
fn a_diff_shows_no_login_of_the_file() {
    let mut sandbox = user();
    let login = "sk-ant-api03-planted0planted0planted0";
    sandbox.plant(".claude.json", format!("{{\n  \"primaryApiKey\": \"{login}\"\n}}\n"));
    sandbox.plant_secret(login);
    let shown = agents(&sandbox, &["setup", "claude"]).success();
    assert!(shown.stdout.contains("primaryApiKey") && !shown.stdout.contains(login));
}

#[test]
fn a_check_says_what_is_wrong() {
    let mut sandbox = user();
    let nothing = agents(&sandbox, &["check"]).success();
    assert!(nothing.stderr.contains("no agent was set up"), "{}", nothing.stderr);
    let programs = sandbox.home().join("programs");
    for name in ["claude", "code"] {
        let path = sandbox.plant(format!("programs/{name}").as_str(), "#!/bin/sh\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = [
        programs,
        sandbox.home().join(".local/bin"),
        PathBuf::from("/usr/bin"),
        PathBuf::from("/bin"),
    ];
    sandbox.set("PATH", std::env::join_paths(path).unwrap());
    for agent in ["claude", "vscode"] {
        let _ = agents(&sandbox, &["setup", agent, "--write"]).success();
    }
    let wrong = |sandbox: &Sandbox, words: &[&str], code: i32| -> Vec<(String, String)> {
        let rows = agents(sandbox, &[&["check", "--json"], words].concat()).exits(code).json();
        let wrong = rows.as_array().unwrap().iter().filter(|row| row["ok"] == false);
        let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        wrong.map(|row| (word(row, "check"), word(row, "detail"))).collect()
    };
    let isolation = |rows: Vec<(String, String)>| -> Vec<(String, String)> {
        rows.into_iter().filter(|(check, _)| check != "isolation").collect()
    };
    // The isolation may not hold where the test runs; everything else does.
    let holds = agents(&sandbox, &["check", "vscode"]).success();
    assert!(holds.stdout.contains("MCP server"), "{}", holds.stdout);
    let code = agents(&sandbox, &["check", "claude"]).code;
    assert_eq!(isolation(wrong(&sandbox, &["claude"], code)), []);
    sandbox.plant(".claude.json", text(&sandbox, ".claude.json").replace("[\"mcp\"]", "[\"x\"]"));
    sandbox.plant(".claude/CLAUDE.md", "# Mine\n");
    fs::remove_file(sandbox.home().join(".local/bin/audex-claude")).unwrap();
    fs::remove_file(sandbox.home().join("programs/claude")).unwrap();
    let found = isolation(wrong(&sandbox, &["claude"], 1));
    let about = |what: &str, how: &str| {
        assert!(
            found.iter().any(|(check, detail)| check == what && detail.contains(how)),
            "{found:?}"
        );
    };
    about("agent", "`claude` is not on PATH");
    about("MCP server", "our part was changed");
    about("instructions", "our part is missing");
    about("launcher", "there is no such file");
    let never = wrong(&sandbox, &["gemini"], 1);
    assert!(never.iter().any(|(_, detail)| detail.contains("did not set it up")), "{never:?}");
}

#[test]
fn a_launcher_for_another_cloud_names_its_provider_and_an_unknown_profile_is_refused() {
    let sandbox = user();
    let _ = agents(&sandbox, &["setup", "codex", "--profile", "gcp-readonly", "--write"]).success();
    let script = text(&sandbox, ".local/bin/audex-codex");
    let expected =
        "run --profile gcp-readonly --provider gcp --isolate credentials -- codex \"$@\"";
    assert!(script.contains(expected), "{script}");
    let refused = agents(&sandbox, &["setup", "codex", "--profile", "no-such"]).exits(2);
    assert!(refused.stderr.contains("there is no profile `no-such`"), "{}", refused.stderr);
    let unknown = agents(&sandbox, &["setup", "vim"]).exits(2);
    assert!(unknown.stderr.contains("`claude`, `codex`, `gemini`, `vscode`"), "{}", unknown.stderr);
}
