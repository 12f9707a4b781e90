//! Profile files are read as botocore reads them. Both read some thousand generated files.

use std::io::Write as _;
use std::process::{Command, Stdio};

use audex_core::environment::Environment;
use audex_logins::aws::profile::{Profiles, Properties, Value as Property};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::oracle::aws_profiles;
use crate::support::python;

/// Pairs of files in one run.
const PAIRS: usize = 4000;

const HEADERS: [&str; 24] = [
    "[default]",
    "[profile a]",
    "[profile \"My Laptop\"]",
    "[profile équipe]",
    "[a]",
    "[My Laptop]",
    "[DEFAULT]",
    "[sso-session s]",
    "[services x]",
    "[profile 'q]",
    "[profile b] # c",
    "[]",
    "[profile  a\tb]",
    "[profile default]",
    "[a] ; [b]",
    "[profile \\\"c]",
    "[profilex d]",
    "[services 'x y']",
    "[profile e",
    "[profile \"\"]",
    "[preview]",
    "[profile\u{a0}f g]",
    "[ default ]",
    "[default]]",
];
const LINES: [&str; 28] = [
    "region = eu-west-1",
    "Region=us",
    "output: json",
    "s3 =",
    "addressing_style = path",
    "# c",
    "; c = d",
    "",
    "   ",
    "novalue",
    "= x",
    "key = v # c",
    "key=\u{a0}v\u{a0}",
    "aws_access_key_id = AKIA",
    "endpoint_url = http://x:1",
    "a = b = c",
    "a : b = c",
    "İ = 1",
    "role_arn =",
    "x =\u{b}y",
    "[ = ]",
    "\u{feff}b = 1",
    "k\u{1c}=\u{1d}v",
    "a=\u{2028}b",
    "c = \"q\"",
    "ß=ẞ",
    "credential_process = sh -c 'x ; y'",
    "d\t=\t1\t",
];
const INDENTS: [&str; 6] = ["", "", "", "  ", "\t", "    "];
const ENDS: [&str; 5] = ["\n", "\n", "\n", "\r\n", "\r"];

fn line() -> impl Strategy<Value = String> {
    let header = prop::sample::select(HEADERS.to_vec());
    let other = prop::sample::select(LINES.to_vec());
    let text = prop_oneof![2 => header.prop_map(str::to_owned), 5 => other.prop_map(str::to_owned), 1 => "[ -~\u{a0}]{0,12}"];
    (prop::sample::select(INDENTS.to_vec()), text, prop::sample::select(ENDS.to_vec()))
        .prop_map(|(indent, text, end)| format!("{indent}{text}{end}"))
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => prop::collection::vec(line(), 0..9).prop_map(|lines| lines.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// What botocore reads.
fn oracle(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<Value> {
    let script = python::tests().join("support/aws_profiles.py");
    let mut command = Command::new(python::interpreter());
    command
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env_clear()
        .env("PYTHONUTF8", "1");
    let mut python = command.spawn().unwrap();
    let input: Vec<Value> =
        pairs.iter().map(|(one, other)| json!([latin_1(one), latin_1(other)])).collect();
    python.stdin.take().unwrap().write_all(&serde_json::to_vec(&input).unwrap()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn section(properties: &Properties) -> Value {
    let value = |value: &Property| match value {
        Property::Text(text) => json!(text),
        Property::Table(table) => table
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect::<Map<_, _>>()
            .into(),
    };
    properties
        .iter()
        .map(|(name, property)| (name.clone(), value(&property.value)))
        .collect::<Map<_, _>>()
        .into()
}

/// What Audex reads.
fn read(directory: &std::path::Path, (config, credentials): &(Vec<u8>, Vec<u8>)) -> Value {
    let paths = ["config", "credentials"].map(|name| directory.join(name));
    std::fs::write(&paths[0], config).unwrap();
    std::fs::write(&paths[1], credentials).unwrap();
    let environment = Environment::from_pairs([
        ("AWS_CONFIG_FILE", paths[0].as_os_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", paths[1].as_os_str()),
    ]);
    let Ok(read) = Profiles::read(&environment) else { return Value::Null };
    let all = |sections: &std::collections::BTreeMap<String, Properties>| {
        sections
            .iter()
            .map(|(name, properties)| (name.clone(), section(properties)))
            .collect::<Map<_, _>>()
    };
    let profiles: Map<_, _> = read
        .names()
        .map(|name| (name.to_owned(), section(read.properties(name).unwrap())))
        .collect();
    json!({"profiles": profiles, "sso_sessions": all(read.sso_sessions()), "services": all(read.services())})
}

#[test]
fn made_up_files_are_read_as_botocore_reads_them() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[13; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut make = || (file(), file()).new_tree(&mut runner).unwrap().current();
    let pairs: Vec<_> = (0..PAIRS).map(|_| make()).collect();
    let directory = tempfile::tempdir().unwrap();
    let scratch = aws_profiles::Scratch::new();
    let mut accepted = 0;
    for (pair, expected) in pairs.iter().zip(oracle(&pairs)) {
        let ours = read(directory.path(), pair);
        let texts = || (String::from_utf8_lossy(&pair.0), String::from_utf8_lossy(&pair.1));
        assert_eq!(ours, expected, "{:#?}", texts());
        accepted += usize::from(!ours.is_null());
        aws_profiles::judge(&scratch, &[&pair.0, &b"\0"[..], &pair.1].concat());
    }
    // Neither side may agree by refusing everything.
    assert!(
        (PAIRS / 20..PAIRS * 19 / 20).contains(&accepted),
        "{accepted} of {PAIRS} were accepted"
    );
}
