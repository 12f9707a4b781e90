//! The messages of a run on stderr and its records in the audit log.

use audex_sdk::pattern;
use deny_entry::fold;
use serde_json::json;

use super::access::Access;
use super::attempt::Attempt;
use crate::console::{self, Console};
use crate::filter::Denied;
use crate::settings::Settings;
use crate::settings::delivery::Deliver;
use crate::settings::isolation::ChosenBy;
use crate::used::unused;
use audex_audit::Used;
use audex_child::{Ended, OnExpiry, Status};
use audex_components::component::Loaded;
use audex_components::provider::{Advice, Minted, Provider};
use audex_core::clock::{rfc3339, unix_seconds};

/// The patterns that match every action of a cloud.
const EVERYTHING: [&str; 2] = ["*", "*:*"];
/// The line after a command that failed without known missing permissions.
const PERHAPS_DENIED: &str = "the command may have been denied: `tryaudex learn` runs it with everything the role may do, and prints what it used";
/// The exit codes of a shell for a command that it could not start.
const NOT_STARTED: [u8; 2] = [126, 127];

/// Says which defaults a run has because it is for a coding agent.
pub(super) fn agent(console: Console, settings: &Settings, deliver: Deliver) {
    let Some(agent) = &settings.agent else { return };
    let isolation = matches!(settings.isolation.chosen_by, ChosenBy::Agent(_))
        .then(|| settings.isolation.level.name());
    let is_default = settings.delivery.prefers_gateway && deliver == Deliver::Gateway;
    let deliver = is_default.then(|| deliver.name());
    let options = isolation.map(|level| format!("--isolate {level}")).into_iter();
    let options: Vec<_> = options.chain(deliver.map(|name| format!("--deliver {name}"))).collect();
    if options.is_empty() {
        return;
    }
    let line = format!(
        "for the agent `{agent}` the defaults are {}; `[run] agents = \"off\"` in config.toml turns them off",
        options.join(" ")
    );
    let fields = json!({ "agent": agent, "isolation": isolation, "delivery": deliver });
    console.say("agent", &line, &fields);
}

/// Reports the permissions that filters removed.
pub fn denied(console: Console, denied: &[Denied]) {
    for Denied { action, by, reason } in denied {
        console.notice(&format!("`{action}` is denied by {by} ({reason})"));
    }
}

/// Prints notices for the user.
pub fn notices(console: Console, notices: &[String]) {
    for notice in notices {
        console.notice(notice);
    }
}

/// Prints advice about calls that are known to fail with this grant.
pub(super) fn advice(console: Console, advice: &[Advice]) {
    for Advice { message, missing } in advice {
        console.notice(&said(message, missing));
    }
}

/// Returns advice as one line.
#[must_use]
pub fn said(message: &str, missing: &[String]) -> String {
    if missing.is_empty() {
        return message.to_owned();
    }
    format!("{message}: add --allow \"{}\"", missing.join(","))
}

/// Reminds the user of the advice if the command failed, and of `learn` if the provider can be observed. The
/// command's output was not captured, so the cause is not known.
pub(super) fn perhaps_denied(
    console: Console,
    can_learn: bool,
    ended: &Ended,
    advice: &[Advice],
    is_learning: bool,
) {
    let missing: Vec<&str> =
        advice.iter().flat_map(|advice| &advice.missing).map(String::as_str).collect();
    let failed = matches!(ended.status, Status::Exited(code) if code != 0)
        && !ended.ended_by_deadline
        && !ended.ended_by_request;
    let may_be_denied = failed && !NOT_STARTED.contains(&ended.exit_code());
    if may_be_denied && !is_learning && missing.is_empty() && can_learn {
        // Security: the line shows no argument, which may be a secret, and no command to paste, because
        // `learn` runs the command with everything that the role may do.
        console.say("perhaps_denied", PERHAPS_DENIED, &json!({ "missing": missing }));
    }
    if failed && !missing.is_empty() {
        let line =
            format!("the command may have been denied: add --allow \"{}\"", missing.join(","));
        let line = if can_learn && !is_learning {
            format!("{line}; `tryaudex learn` shows what it calls")
        } else {
            line
        };
        console.say("perhaps_denied", &line, &json!({ "missing": missing }));
    }
}

/// Describes a grant in a few words: the number of permissions and the reach of the patterns among them.
pub(super) fn granted(attempt: &Attempt, provider: &Provider) -> String {
    let actions: Vec<&str> = attempt.actions().collect();
    let denied: Vec<&str> = attempt.denied().collect();
    let count =
        |pattern: &str| provider.expand(&[pattern.to_owned()]).map_or(0, |known| known.len());
    summary(&actions, &denied, attempt.is_everywhere(), count)
}

/// `denied` are the permissions that were removed, and the patterns that are denied within others. `count` returns the number of
/// actions that a pattern matches, or 0 if the number is not known.
fn summary(
    actions: &[&str],
    denied: &[&str],
    everywhere: bool,
    count: impl Fn(&str) -> usize,
) -> String {
    let overlaps = |one: &str, other: &str| pattern::intersects(&fold(one), &fold(other));
    let is_within = |denied: &&&str| actions.iter().any(|action| overlaps(action, denied));
    let removed = denied.len() - denied.iter().filter(is_within).count();
    let total = actions.len() + removed;
    let number = match (removed, total) {
        (0, 1) => "1 permission".to_owned(),
        (0, total) => format!("{total} permissions"),
        (_, total) => format!("{} of {total} permissions", actions.len()),
    };
    let patterns: Vec<&str> =
        actions.iter().copied().filter(|action| pattern::is_wild(action)).collect();
    let [first, rest @ ..] = patterns.as_slice() else { return number };
    if patterns.iter().any(|pattern| EVERYTHING.contains(pattern)) {
        let denials = if denied.is_empty() { "" } else { " but what is denied" };
        let limits = if everywhere { "" } else { " to the given resources" };
        return format!("everything the role may do{limits}{denials}");
    }
    let place = if everywhere { ", every resource," } else { ", the given resources," };
    let less = if denied.iter().any(|denied| overlaps(first, denied)) {
        ", less what is denied"
    } else {
        ""
    };
    let matched = match count(first) {
        0 if less.is_empty() => format!("`{first}`"),
        0 => format!("`{first}` (less what is denied)"),
        1 => format!("`{first}` (1 action{less})"),
        many => format!("`{first}` ({many} actions{less})"),
    };
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    match (actions.len(), removed) {
        (1, 0) => format!("{matched}{place}"),
        _ => format!("{number}, with {matched}{more}{place}"),
    }
}

/// Prints the messages of a component.
pub(crate) fn logged(console: Console, component: &Loaded, lines: Vec<String>) {
    for line in lines {
        console.log(&component.name, &line);
    }
}

/// Names the variables that the command does not get, if `--verbose` is given.
pub(super) fn removed(console: Console, names: &[String]) {
    if console.verbose && !names.is_empty() {
        let listed: Vec<_> = names.iter().map(|name| name.escape_default().to_string()).collect();
        let line = format!("the command does not get `{}`", listed.join("`, `"));
        console.say("removed", &line, &json!({ "variables": listed }));
    }
}

/// Reports that access has ended while the command continues.
pub(super) fn expired(console: Console) {
    console.say("expired", "access has ended; the command goes on without it", &json!({}));
}

/// Prints the line before the command.
pub(super) fn started(
    console: Console,
    attempt: &Attempt,
    granted: &str,
    minted: &Minted,
    access: &Access,
) {
    let count = attempt.permissions();
    let left = console::duration(access.ends_at.saturating_sub(unix_seconds()));
    let then = match (access.policy, access.credentials_end_at) {
        (OnExpiry::Keep, _) => "",
        (OnExpiry::End, None) => ", then the command is ended",
        (OnExpiry::End, Some(_)) => {
            ", then the command is ended (its credentials would live longer)"
        }
    };
    let line = format!(
        "{granted} on {} by {} for {left}{then}, session {}",
        attempt.provider(),
        minted.method,
        attempt.session()
    );
    let fields = json!({
        "session": attempt.session(),
        "provider": attempt.provider(),
        "method": minted.method,
        "permissions": count,
        "identity": minted.identity,
        "scoped_policies": minted.scoped_policies,
        "access_ends_at": rfc3339(access.ends_at),
        "credentials_end_at": access.credentials_end_at.map(rfc3339),
        "on_expiry": match access.policy { OnExpiry::Keep => "keep", OnExpiry::End => "end" },
    });
    console.say("started", &line, &fields);
}

/// Points to the session's receipt if a request was refused or most permissions were unused.
pub fn receipt(console: Console, attempt: &Attempt, used: &Used) {
    let (granted, session) = (attempt.permissions(), attempt.session());
    let refused = used.decisions.iter().filter(|decision| !decision.allowed);
    let refused: u64 = refused.map(|decision| decision.count).sum();
    let unused = unused(attempt.actions(), used).map_or(0, |unused| unused.len());
    if let Some(line) = pointer(refused, unused, granted, session) {
        let fields =
            json!({ "session": session, "refused": refused, "unused": unused, "granted": granted });
        console.say("receipt", &line, &fields);
    }
}

fn pointer(refused: u64, unused: usize, granted: usize, session: &str) -> Option<String> {
    let requests = match refused {
        0 => None,
        1 => Some("1 request was refused".to_owned()),
        many => Some(format!("{many} requests were refused")),
    };
    let permissions =
        (unused * 2 > granted).then(|| format!("{unused} of {granted} permissions were not used"));
    let both: Vec<_> = requests.into_iter().chain(permissions).collect();
    (!both.is_empty())
        .then(|| format!("{}: see `tryaudex sessions show {session}`", both.join(", and ")))
}

/// Prints the line after the command.
pub(super) fn finished(console: Console, attempt: &Attempt, ended: &Ended, by: Option<&str>) {
    let how = match ended.status {
        Status::Exited(code) => format!("exit {code}"),
        Status::Signalled(signal) => format!("signal {signal}"),
    };
    let because = if ended.ended_by_deadline {
        ", ended at its ttl".to_owned()
    } else {
        by.map(|by| format!(", ended by {by}")).unwrap_or_default()
    };
    let milliseconds = ended.duration.as_millis();
    let line = format!(
        "{how} after {:.1} s{because}, session {}",
        ended.duration.as_secs_f64(),
        attempt.session()
    );
    let fields = json!({
        "session": attempt.session(),
        "exit_code": ended.exit_code(),
        "ended_by_deadline": ended.ended_by_deadline,
        "ended_by": by,
        "duration_ms": u64::try_from(milliseconds).unwrap_or(u64::MAX),
    });
    console.say("ended", &line, &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_or_a_mostly_unused_grant_points_to_the_receipt_and_nothing_else_does() {
        for (refused, unused, granted, expected) in [
            (0, 0, 1, None),
            (0, 2, 4, None),
            (1, 0, 4, Some("1 request was refused")),
            (0, 3, 4, Some("3 of 4 permissions were not used")),
            (7, 1, 1, Some("7 requests were refused, and 1 of 1 permissions were not used")),
        ] {
            let expected = expected.map(|what| format!("{what}: see `tryaudex sessions show s`"));
            assert_eq!(pointer(refused, unused, granted, "s"), expected);
        }
    }

    #[test]
    fn a_pattern_is_not_one_permission_and_what_was_denied_is_counted() {
        let said = |actions: &[&str], denied: &[&str], everywhere| {
            summary(actions, denied, everywhere, |_| 180)
        };
        let get = "s3:GetObject";
        for (actions, denied, everywhere, expected) in [
            (&[get][..], &[][..], true, "1 permission"),
            (&[get, "s3:PutObject"], &[], false, "2 permissions"),
            (&[get], &["s3:PutObject"], false, "1 of 2 permissions"),
            (&["s3:*"], &[], true, "`s3:*` (180 actions), every resource,"),
            (&["s3:*"], &[], false, "`s3:*` (180 actions), the given resources,"),
            (
                &["s3:*"],
                &["S3:DeleteBucket"],
                true,
                "`s3:*` (180 actions, less what is denied), every resource,",
            ),
            (
                &["s3:*"],
                &["s3:DeleteBucket", "iam:*"],
                true,
                "1 of 2 permissions, with `s3:*` (180 actions, less what is denied), every resource,",
            ),
            (
                &["s3:*"],
                &["iam:GetUser"],
                true,
                "1 of 2 permissions, with `s3:*` (180 actions), every resource,",
            ),
            (
                &["s3:*", "sqs:Get*", "a:B"],
                &[],
                true,
                "3 permissions, with `s3:*` (180 actions) and 1 more, every resource,",
            ),
            (&["*"], &[], true, "everything the role may do"),
            (
                &["*:*"],
                &["iam:*"],
                false,
                "everything the role may do to the given resources but what is denied",
            ),
        ] {
            assert_eq!(said(actions, denied, everywhere), expected);
        }
        assert_eq!(summary(&["x:*"], &[], true, |_| 0), "`x:*`, every resource,");
    }
}
