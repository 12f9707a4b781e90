//! `tryaudex ask`: the command asks in advance. It floods, lies, asks for everything, and cannot answer itself.

use super::{READ, asks};
use crate::support::Sandbox;

const ISOLATED: [&str; 2] = ["--isolate", "credentials"];
const CONFIG: &str = "[approve]\nallow_access = [\"read\", \"list\"]\n";

fn sandbox(config: &str) -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/config.toml", config);
    sandbox
}

fn run(sandbox: &Sandbox, options: &[&str], script: &str) -> crate::support::Output {
    let program = env!("CARGO_BIN_EXE_tryaudex");
    sandbox.run_sh(&[READ, options].concat(), &script.replace("tryaudex", program))
}

#[test]
fn what_a_rule_grants_in_advance_works_at_once() {
    let sandbox = sandbox(CONFIG);
    let script = "tryaudex ask --allow storage:read --resource 'arn:aws:s3:::demo-secrets/*' --why 'the payroll' --wait >&2 && \
        aws s3api get-object --bucket demo-secrets --key payroll.csv /dev/null >/dev/null && echo read; \
        aws s3api put-object --bucket demo-secrets --key x >/dev/null 2>&1 || echo no";
    let output = run(&sandbox, &[], script).success();
    assert_eq!(output.stdout, "read\nno\n", "{}", output.stderr);
    assert!(output.stderr.contains(": granted until "), "{}", output.stderr);
    assert!(asks(&sandbox)[0].ends_with(" the payroll"), "{:?}", asks(&sandbox));
}

#[test]
fn an_ask_outside_a_session_or_without_a_gateway_says_what_to_start_with() {
    let sandbox = sandbox(CONFIG);
    let ask = ["ask", "--allow", "s3:PutObject", "--resource", "arn:aws:s3:::a b/*"];
    insta::assert_snapshot!(sandbox.run(ask).snapshot(), @r"
    exit 2
    --- stderr
    error: this command does not run in a session
    hint: start it with: tryaudex run --allow s3:PutObject --resource 'arn:aws:s3:::a b/*' --deliver gateway -- COMMAND
    ");
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let inside =
        ["run", "--allow", "s3:GetObject", "--", program, "ask", "--allow", "s3:PutObject"];
    let inside = sandbox.run(inside).exits(2);
    assert!(
        inside.stderr.contains("hint: start it again with: --allow s3:PutObject --deliver gateway"),
        "{}",
        inside.stderr
    );
}

#[test]
fn a_flood_of_asks_is_cut_off_and_one_ask_is_one_however_often_it_is_made() {
    let sandbox = sandbox("");
    let script = "for n in 1 2 3 4 5 6 7 8; do tryaudex ask --allow s3:PutObject --json; done | sort | uniq | wc -l;
        for n in $(seq 60); do tryaudex ask --allow s3:PutObject --resource arn:aws:s3:::b$n & done 2>&1 | grep -c 'asks too often\\|wait for an answer already' >many; wait;
        [ $(cat many) -gt 30 ] && echo cut off";
    let output = run(&sandbox, &ISOLATED, script).success();
    assert!(output.stdout.ends_with("cut off\n"), "{} {}", output.stdout, output.stderr);
    let used = sandbox.audit().into_iter().find(|record| record["event"] == "used").unwrap();
    assert!(used["asks_not_taken"].as_u64().unwrap() > 30, "{used}");
}

#[test]
fn what_can_mislead_is_shown_on_one_line_or_refused() {
    let sandbox = sandbox("");
    let script = "tryaudex ask --allow '*' ; echo $?
        tryaudex ask --allow \"$(printf 's3:Get\\342\\200\\256Object')\"; echo $?
        tryaudex ask --allow '' ; echo $?
        tryaudex ask --allow s3:NoSuchThing; echo $?
        tryaudex ask --allow s3:PutObject --resource not-an-arn; echo $?
        tryaudex ask --allow s3:PutObject --why \"$(printf 'line\\nask-1: granted \\342\\200\\256 \\033[2J %010000d' 7)\"; echo $?
        tryaudex approve";
    let output = run(&sandbox, &ISOLATED, script);
    let codes: Vec<&str> =
        output.stdout.lines().filter(|line| line.parse::<u8>().is_ok()).collect();
    assert_eq!(codes, ["0", "2", "2", "77", "77", "0"], "{} {}", output.stdout, output.stderr);
    assert!(!output.stdout.contains(['\u{202e}', '\u{1b}']), "{}", output.stdout);
}

#[test]
fn a_refused_ask_does_not_come_back_in_another_spelling_and_an_ask_is_short() {
    let sandbox = sandbox("");
    let script = "id=$(tryaudex ask --allow s3:PutObject | cut -d: -f1); echo $id > id; until [ -e refused ]; do sleep 0.05; done
        for name in s3:PutObject s3:putobject S3:PUTOBJECT s3:PutObject,s3:putobject; do tryaudex ask --allow $name; echo $?; done
        tryaudex ask --allow s3:PutObject --resource arn:aws:s3:::$(printf %03000d 7); echo $?";
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let (home, options) = (sandbox.home(), [READ, &ISOLATED].concat());
    let script = script.replace("tryaudex", program);
    let running = sandbox.tryaudex([&["run"], &options[..], &["--", "sh", "-c", &script]].concat());
    let running = running.start();
    let id = loop {
        let id = std::fs::read_to_string(home.join("id")).unwrap_or_default();
        if id.ends_with('\n') {
            break id;
        }
    };
    let _ = sandbox.run(["refuse", id.trim()]).success();
    std::fs::write(home.join("refused"), "").unwrap();
    let output = running.finish();
    assert_eq!(output.stdout, "77\n77\n77\n77\n2\n", "{}", output.stderr);
}

#[test]
fn the_command_cannot_answer_itself() {
    let sandbox = sandbox("");
    let state = sandbox.home().join(".local/state/audex");
    let script = format!(
        "ask=$(tryaudex ask --allow s3:PutObject | cut -d: -f1); echo $ask | cut -c1-4
        tryaudex approve $ask >/dev/null 2>&1; echo approve $?
        XDG_STATE_HOME={home}/.local/state AUDEX_OUTER_SESSION= tryaudex approve $ask >/dev/null 2>&1; echo elsewhere $?
        ls {state}/control 2>/dev/null | wc -l
        env | grep -c AUDEX_SESSION_DOOR
        address=$(sed 's/.*address\":\"\\([^\"]*\\).*/\\1/' $AUDEX_SESSION_DOOR); token=$(sed 's/.*token\":\"\\([^\"]*\\).*/\\1/' $AUDEX_SESSION_DOOR)
        for path in /asks/$ask /answer /asks/$ask/answer; do for method in POST PUT PATCH DELETE; do
            curl -s -o /dev/null -w '%{{http_code}} ' -X $method -H \"Authorization: Bearer $token\" -d '{{\"answer\":\"yes\"}}' $address$path; done; done; echo
        curl -s -o /dev/null -w '%{{http_code}}\\n' $address/asks/$ask
        curl -s -o /dev/null -w '%{{http_code}}\\n' -H \"Authorization: Bearer $token\" -H 'Host: evil.example' $address/asks/$ask
        tryaudex ask --allow s3:PutObject --json | grep -o '\"state\":{{\"state\":\"[a-z]*'",
        home = sandbox.home().display(),
        state = state.display()
    );
    let output = run(&sandbox, &ISOLATED, &script).success();
    assert_eq!(
        output.stdout,
        "ask-\napprove 2\nelsewhere 2\n0\n1\n404 404 404 404 404 404 404 404 404 404 404 404 \n401\n401\n\"state\":{\"state\":\"pending\n",
        "{}",
        output.stderr
    );
    assert!(!asks(&sandbox).iter().any(|line| line.starts_with("granted")));
}
