//! Properties of any profile files of the AWS CLI: nothing panics, written files read back the same, and no
//! key reaches the file of the session. (`cases/aws_profile_files.rs` compares the parser to botocore.)

use audex_core::environment::Environment;
use audex_logins::aws::profile::ini::{self, Section, Value};
use audex_logins::aws::profile::{EndpointSource, Profiles, Settings, session_file, words};
use std::fmt::Write as _;

/// Words in the names of properties that contain or select credentials.
const CREDENTIALS: [&str; 10] =
    ["key", "token", "secret", "process", "profile", "role", "login", "sso", "source", "mfa"];

/// The directory of the two profile files, which are rewritten for each input.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

/// Checks a configuration file and a credentials file, which a NUL byte separates.
pub(crate) fn judge(scratch: &Scratch, input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let [config, credentials] = [(); 2].map(|()| parts.next().unwrap_or_default());
    for part in [config, credentials] {
        if let Ok(text) = std::str::from_utf8(part) {
            read_back(text);
            split_back(text);
        }
    }
    let paths = ["config", "credentials"].map(|name| scratch.0.path().join(name));
    std::fs::write(&paths[0], config).unwrap();
    std::fs::write(&paths[1], credentials).unwrap();
    let files = |profile: &str| {
        Environment::from_pairs([
            ("AWS_CONFIG_FILE".into(), paths[0].as_os_str().to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE".into(), paths[1].as_os_str().to_owned()),
            (std::ffi::OsString::from("AWS_PROFILE"), profile.into()),
        ])
    };
    let Ok(all) =
        Profiles::read(&files("default")).or_else(|_| Profiles::read(&Environment::default()))
    else {
        return;
    };
    for name in all.names().map(str::to_owned).collect::<Vec<_>>() {
        select(scratch, &files(&name));
    }
}

/// Checks one selected profile.
fn select(scratch: &Scratch, environment: &Environment) {
    let Ok(profiles) = Profiles::read(environment) else { return };
    if let Ok(canonical) = profiles.canonical(environment, false) {
        ini::parse(&canonical.text).expect("what the SDK is given can be read");
    }
    for leads in [EndpointSource::Profile, EndpointSource::Session] {
        let file = session_file(environment, leads);
        let handed = ini::parse(&file).expect("what the command is given can be read");
        assert!(
            handed
                .iter()
                .all(|section| matches!(section.name.as_str(), "default" | "services session")),
            "{file}"
        );
        let default = handed.iter().filter(|section| section.name == "default");
        for entry in default.flat_map(|section| &section.entries) {
            assert!(!CREDENTIALS.iter().any(|word| entry.name.contains(word)), "{file}");
        }
    }
    // A nested session that reads the file of the session writes the same file.
    let path = scratch.0.path().join("session");
    let file = session_file(environment, EndpointSource::Profile);
    std::fs::write(&path, &file).unwrap();
    let again = Environment::from_pairs([("AWS_CONFIG_FILE", path.as_os_str())]);
    assert_eq!(session_file(&again, EndpointSource::Profile), file);
    assert!(Settings::of(&profiles).is_ok() || file.is_empty());
}

fn read_back(text: &str) {
    let Ok(sections) = ini::parse(text) else { return };
    let Some(written) = write(&sections) else { return };
    let again = ini::parse(&written).expect("what was read is written so that it can be read");
    let plain = |sections: &[Section]| {
        let entry = |entry: &ini::Entry| (entry.name.clone(), entry.value.clone());
        sections
            .iter()
            .map(|section| {
                (section.name.clone(), section.entries.iter().map(entry).collect::<Vec<_>>())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(plain(&again), plain(&sections), "{written:?}");
}

/// Writes the parsed file. Returns `None` if the name of a table's entry cannot start a line, or if a table
/// is empty.
fn write(sections: &[Section]) -> Option<String> {
    let mut text = String::new();
    for section in sections {
        writeln!(text, "[{}]", section.name).ok()?;
        for entry in &section.entries {
            match &entry.value {
                Value::Text(value) => {
                    writeln!(text, "{} = {}", entry.name, value.replace('\n', "\n  ")).ok()?;
                }
                Value::Table(table) => {
                    writeln!(text, "{} =", entry.name).ok()?;
                    for (name, value) in table {
                        if name.starts_with(['#', ';']) {
                            return None;
                        }
                        writeln!(text, "  {name} = {value}").ok()?;
                    }
                    if table.is_empty() {
                        return None;
                    }
                }
            }
        }
    }
    Some(text)
}

fn split_back(text: &str) {
    if let Some(words) = words::split(text) {
        assert_eq!(words::split(&words::quote(&words)), Some(words));
    }
}
