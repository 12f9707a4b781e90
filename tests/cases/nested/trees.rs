//! Random trees of sessions: no session can do more than the one around it, by the evaluator and at the enforcing double.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use audex_loopback::iam::{Decision, PolicyDocument, Request, decide};
use serde_json::Value;

use super::{CALLS, events, inside};
use crate::support::aws_cli::script;
use crate::support::{CloudView as _, Sandbox};

/// The sessions on the longest way from the outermost to the innermost.
const DEPTH: usize = 5;
/// The most sessions of a tree: each starts the aws CLI.
const SESSIONS: usize = 9;
/// Repeats a tree: the seed that a failure prints.
const SEED: &str = "AUDEX_TEST_SEED";
/// The resources of the calls, by action.
const RESOURCES: [(&str, &str); 4] = [
    ("s3:GetObject", "arn:aws:s3:::demo-reports/readme.txt"),
    ("s3:PutObject", "arn:aws:s3:::demo-reports/new.txt"),
    ("s3:ListBucket", "arn:aws:s3:::demo-reports"),
    ("s3:DeleteObject", "arn:aws:s3:::demo-reports/none.txt"),
];

/// A session of a tree.
struct Session {
    /// The way to it: `t`, `t0`, `t01`.
    name: String,
    actions: BTreeSet<&'static str>,
    inside: Vec<Session>,
}

/// A pseudo-random series (Knuth, MMIX).
struct Series(u64);

impl Series {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    /// Returns a set of actions that is not empty. Most sessions have most actions, so that something is left to the innermost.
    fn actions(&mut self) -> BTreeSet<&'static str> {
        loop {
            let chosen: BTreeSet<_> =
                CALLS.iter().map(|(action, _)| *action).filter(|_| self.next(4) > 0).collect();
            if !chosen.is_empty() {
                return chosen;
            }
        }
    }

    /// Grows a session whose longest way inside has `depth` sessions. `spare` are the sessions that may stand beside it.
    fn session(&mut self, name: &str, depth: usize, spare: &mut usize) -> Session {
        let mut inside = Vec::new();
        if depth > 1 {
            let deep = self.session(&format!("{name}0"), depth - 1, spare);
            inside.push(deep);
            while *spare > 0 && self.next(2) == 0 {
                *spare -= 1;
                let its_depth =
                    1 + usize::try_from(self.next(2)).unwrap().min(depth - 2).min(*spare);
                *spare -= its_depth - 1;
                let sibling = format!("{name}{}", inside.len());
                inside.push(self.session(&sibling, its_depth, &mut 0));
            }
            // The sibling can come first.
            let place = usize::try_from(self.next(u64::try_from(inside.len()).unwrap())).unwrap();
            inside.swap(0, place);
        }
        Session { name: name.to_owned(), actions: self.actions(), inside }
    }
}

impl Session {
    fn allow(&self) -> String {
        self.actions.iter().copied().collect::<Vec<_>>().join(",")
    }

    /// Returns the script of the session's command: its name and session, its calls, and the sessions inside.
    fn script(&self) -> String {
        let names = CALLS.map(|(action, call)| (format!("{} {action}", self.name), call));
        let calls: Vec<_> = names.iter().map(|(name, call)| (name.as_str(), *call)).collect();
        let mut text = format!("echo {} is $AUDEX_SESSION_ID\n{}", self.name, script(&calls));
        for one in &self.inside {
            let options = format!("--quiet --allow {}", one.allow());
            text += &inside(&options, &one.name, &one.script());
        }
        text
    }

    /// Calls `work` with each session and the policies of those around it and its own, the outermost first.
    fn walk<'a>(
        &'a self,
        around: &[&'a PolicyDocument],
        policies: &'a BTreeMap<String, PolicyDocument>,
        work: &mut impl FnMut(&'a Self, &[&'a PolicyDocument]),
    ) {
        let own = [around, &[&policies[&self.allow()]]].concat();
        work(self, &own);
        for one in &self.inside {
            one.walk(&own, policies, work);
        }
    }

    fn grants(&self, all: &mut BTreeSet<String>) {
        all.insert(self.allow());
        self.inside.iter().for_each(|one| one.grants(all));
    }
}

fn may(policies: &[&PolicyDocument], action: &str, resource: &str) -> bool {
    let all: Vec<PolicyDocument> = policies.iter().map(|&one| one.clone()).collect();
    let (first, limits) = all.split_first().unwrap();
    decide(std::slice::from_ref(first), limits, &Request::new(action, resource)).is_allowed()
}

#[test]
fn no_session_of_a_random_tree_exceeds_the_one_around_it() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::try_from(now % u128::from(u32::MAX)).unwrap());
    let mut series = Series(seed);
    for _ in 0..3 {
        check(&series.session("t", DEPTH, &mut (SESSIONS - DEPTH)), seed);
    }
}

fn check(tree: &Session, start: u64) {
    let sandbox = Sandbox::new().with_aws_cli();
    let mut grants = BTreeSet::new();
    tree.grants(&mut grants);
    let policy = |allow: String| {
        let words = ["plan", "--json", "--deliver", "gateway", "--allow", &allow];
        let plan = sandbox.run(words).success().json();
        let policy = PolicyDocument::parse(&plan["policy"].to_string()).unwrap();
        (allow, policy)
    };
    let policies: BTreeMap<String, PolicyDocument> = grants.into_iter().map(policy).collect();
    let words = ["run", "--quiet", "--allow", &tree.allow(), "--deliver", "gateway"];
    let output = sandbox.run([&words[..], &["--", "sh", "-c", &tree.script()]].concat()).success();

    // By the evaluator: what all policies from the outermost inwards allow, and nothing else.
    let mut expected = String::new();
    let mut sent = BTreeSet::new();
    let keys = keys(&sandbox, &output.stdout);
    tree.walk(&[], &policies, &mut |session, policies| {
        writeln!(expected, "{} is session", session.name).unwrap();
        for (action, resource) in RESOURCES {
            let is_allowed = may(policies, action, resource);
            let around = &policies[..policies.len() - 1];
            assert!(!is_allowed || around.is_empty() || may(around, action, resource));
            let verdict = if is_allowed { "ok" } else { "AccessDenied" };
            writeln!(expected, "{} {action}: {verdict}", session.name).unwrap();
            if is_allowed {
                sent.insert((keys[&session.name].clone(), action.to_owned()));
            }
        }
    });
    let stdout: String = output.stdout.lines().map(without_id).collect();
    assert_eq!(stdout, expected, "{SEED}={start} {}", output.stderr);

    // At the double: each call came with the session's own keys, and the double refused none. At the fourth layer and
    // below, where STS narrows no further, it came with the keys of the last session that has some.
    let seen = sandbox.cloud().requests();
    let seen = seen.into_iter().filter(|seen| seen.service != "sts");
    let seen: BTreeSet<_> = seen
        .inspect(|seen| assert_eq!(seen.decision, Some(Decision::Allowed), "{seen:?}"))
        .map(|seen| (seen.access_key_id, seen.action))
        .collect();
    assert_eq!(seen, sent, "{SEED}={start} {}", output.stdout);
    assert_eq!(sandbox.cloud().denied(), [""; 0], "{SEED}={start}");
    let _ = sandbox.run(["audit", "verify"]).success();
}

/// Returns a line of the output without the session's random name.
fn without_id(line: &str) -> String {
    match line.split_once(" is ") {
        Some((name, _)) => format!("{name} is session\n"),
        None => format!("{line}\n"),
    }
}

/// Returns the keys that sign for each session, as the log names them, by the session's place in the tree. Checks the layers.
fn keys(sandbox: &Sandbox, stdout: &str) -> BTreeMap<String, String> {
    let issued = events(sandbox, "issued");
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for (name, id) in stdout.lines().filter_map(|line| line.split_once(" is ")) {
        let issued = issued.iter().find(|one| one["session"] == id).unwrap();
        let layer = name.len() - 1;
        let own = issued["access_key_id"].as_str();
        match layer {
            0 => assert_eq!(issued["method"], "assume-role"),
            1..4 => assert_eq!(
                (&issued["method"], &issued["scoped_policies"]),
                (&Value::from("scoped-credentials"), &Value::from(layer))
            ),
            _ => assert_eq!((&issued["method"], own), (&Value::from("session-around"), None)),
        }
        let around = name.get(..name.len() - 1).and_then(|around| keys.get(around));
        let key = own.or(around.map(String::as_str)).unwrap().to_owned();
        keys.insert(name.to_owned(), key);
    }
    keys
}
