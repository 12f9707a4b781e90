//! An inner session asks for one thing more: what the session around it has, and nothing else.

use audex_loopback::Seed;

use super::{AUDEX, events, inside};
use crate::support::{CloudView as _, ROLE, Sandbox};

const OUTER: [&str; 5] = ["run", "--allow", "s3:GetObject,s3:ListBucket", "--deliver", "gateway"];
const LIST: &str = "aws s3api list-objects-v2 --bucket demo-reports >/dev/null 2>&1";
const BY_RULE: &str = "[approve]\nallow_access = [\"read\", \"list\"]\n";

fn sandbox(config: &str, narrows: bool) -> Sandbox {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = !narrows;
    let mut sandbox = Sandbox::with_seed(seed, "developer").with_aws_cli();
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    sandbox.plant(".config/audex/config.toml", config);
    sandbox
}

#[test]
fn a_rule_grants_an_inner_session_what_the_one_around_it_has_and_nothing_else() {
    for narrows in [true, false] {
        let sandbox = sandbox(BY_RULE, narrows);
        let script = format!(
            "{LIST} || echo not yet
             '{AUDEX}' ask --allow s3:ListBucket --resource arn:aws:s3:::demo-reports --wait >&2 && {LIST} && echo listed
             '{AUDEX}' ask --allow s3:ListAllMyBuckets --wait >&2 || echo not more"
        );
        let inner = inside("--quiet --allow s3:GetObject", "inner", &script);
        // The session around it got nothing by that: it may list all the same, and so may no second inner session.
        let second = inside(
            "--quiet --allow s3:GetObject",
            "second",
            &format!("{LIST} || echo not the second"),
        );
        let script = inner + &second;
        let words = [&OUTER[..], &["--", "sh", "-c", &script]].concat();
        let output = sandbox.run(words).success();
        let expected = "not yet\nlisted\nnot more\nnot the second\n";
        assert_eq!(output.stdout, expected, "{narrows}: {}", output.stderr);
        assert!(
            output.stderr.contains("the session around it does not have `s3:ListAllMyBuckets`"),
            "{narrows}: {}",
            output.stderr
        );
        let (issued, added) = (events(&sandbox, "issued"), events(&sandbox, "added"));
        assert_eq!(added.len(), 1, "{narrows}: {added:?}");
        assert_eq!(added[0]["session"], issued[1]["session"], "{narrows}");
        // One more scope-down policy on the keys of the session around it, or none where STS does not narrow.
        assert_eq!(added[0]["scoped_policies"].as_u64(), narrows.then_some(1), "{narrows}");
        let denied = sandbox.cloud().denied();
        assert!(denied.iter().all(|one| one.starts_with("sts:")), "{narrows}: {denied:?}");
    }
}

#[test]
fn a_person_answers_an_inner_session_from_outside_and_its_refused_call_then_succeeds() {
    let sandbox = sandbox("", true);
    let script = format!(
        "{LIST} && echo too early; echo $AUDEX_SESSION_ID\nuntil {LIST}; do sleep 0.1; done; echo listed"
    );
    let inner = inside("--quiet --allow s3:GetObject", "inner", &script);
    let options = ["--quiet", "--on-denied", "ask", "--isolate", "credentials", "--", "sh", "-c"];
    let mut running = sandbox.tryaudex([&OUTER[..], &options, &[&inner]].concat()).start();
    let session = running.line();
    let waiting = sandbox.run(["approve", "--json"]).success().json();
    let ask = &waiting.as_array().unwrap()[0];
    assert_eq!(ask["session"], session.as_str(), "{waiting}");
    assert_eq!(ask["wanted"][0]["action"], "s3:ListBucket", "{waiting}");
    let _ = sandbox.run(["approve", ask["id"].as_str().unwrap(), "--for", "1m"]).success();
    assert_eq!(running.line(), "listed");
    let _ = running.finish().success();
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}
