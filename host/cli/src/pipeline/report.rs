//! The messages of a run on stderr and its records in the audit log.

use serde_json::json;

use super::access::Access;
use super::attempt::Attempt;
use crate::console;
use crate::console::Console;
use crate::filter::Denied;
use audex_child::{Ended, OnExpiry, Status};
use audex_components::provider::{Advice, Minted, Provider};
use audex_core::clock::{rfc3339, unix_seconds};

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

/// Reminds the user of the advice if the command failed. The command's output was not captured, so the cause
/// is not known.
pub(super) fn perhaps_denied(console: Console, attempt: &Attempt, ended: &Ended, advice: &[Advice]) {
    let missing: Vec<&str> = advice.iter().flat_map(|advice| &advice.missing).map(String::as_str).collect();
    let failed = matches!(ended.status, Status::Exited(code) if code != 0) && !ended.ended_by_deadline;
    if failed && !missing.is_empty() {
        let line = format!("the command may have been denied: add --allow \"{}\"", missing.join(","));
        // Only these providers have a source with which `learn` can observe a command.
        let can_learn = matches!(attempt.provider(), "aws" | "azure" | "gcp" | "vault");
        let line = if can_learn { format!("{line}; `tryaudex learn` shows what it calls") } else { line };
        console.say("perhaps_denied", &line, &json!({ "missing": missing }));
    }
}

pub(super) fn logged(console: Console, provider: &Provider) {
    for line in provider.logged() {
        console.log(&provider.loaded().name, &line);
    }
}

/// Reports that access has ended while the command continues.
pub(super) fn expired(console: Console) {
    console.say("expired", "access has ended; the command goes on without it", &json!({}));
}

/// Prints the line before the command.
pub(super) fn started(console: Console, attempt: &Attempt, minted: &Minted, access: &Access) {
    let count = attempt.permissions();
    let permissions = if count == 1 { "1 permission".to_owned() } else { format!("{count} permissions") };
    let left = console::duration(access.ends_at.saturating_sub(unix_seconds()));
    let then = match (access.policy, access.credentials_end_at) {
        (OnExpiry::Keep, _) => "",
        (OnExpiry::End, None) => ", then the command is ended",
        (OnExpiry::End, Some(_)) => ", then the command is ended (its credentials would live longer)",
    };
    let line = format!(
        "{permissions} on {} by {} for {left}{then}, session {}",
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

/// Prints the line after the command.
pub(super) fn finished(console: Console, attempt: &Attempt, ended: &Ended) {
    let how = match ended.status {
        Status::Exited(code) => format!("exit {code}"),
        Status::Signalled(signal) => format!("signal {signal}"),
    };
    let because = if ended.ended_by_deadline { ", ended at its ttl" } else { "" };
    let milliseconds = ended.duration.as_millis();
    let line =
        format!("{how} after {:.1} s{because}, session {}", ended.duration.as_secs_f64(), attempt.session());
    let fields = json!({
        "session": attempt.session(),
        "exit_code": ended.exit_code(),
        "ended_by_deadline": ended.ended_by_deadline,
        "duration_ms": u64::try_from(milliseconds).unwrap_or(u64::MAX),
    });
    console.say("ended", &line, &fields);
}

pub(super) fn issued(provider: &str, minted: &Minted, access: &Access) -> audex_audit::Issued {
    audex_audit::Issued {
        provider: provider.to_owned(),
        method: minted.method.clone(),
        expires_at: rfc3339(access.ends_at),
        credentials_expire_at: access.credentials_end_at.map(rfc3339),
        identity: minted.identity.clone(),
        access_key_id: minted.credential_id.clone(),
        lease: minted.lease.clone(),
        scoped_policies: minted.scoped_policies,
    }
}

pub(super) fn ended(ended: &Ended, reason: Option<String>) -> audex_audit::Ended {
    audex_audit::Ended {
        exit_code: ended.exit_code(),
        signal: match ended.status {
            Status::Exited(_) => None,
            Status::Signalled(signal) => Some(signal),
        },
        duration_ms: u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX),
        ended_by_deadline: ended.ended_by_deadline,
        reason,
    }
}
