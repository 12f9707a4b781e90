//! A receipt as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{AskAccount, End, Receipt, Tighter};
use crate::console::{self, table};
use crate::learn::report::{recommended, recommended_json};
use crate::request::union;
use crate::used::{requests, resources_of, unused};
use audex_audit::{
    Answered, Decision, Issuing, RecordedDenial, RecordedIsolation, RecordedPermission, Used,
};
use audex_core::printable;

/// The maximum number of decisions in the text; the JSON has all of them.
const DECISIONS: usize = 40;

/// A receipt at one moment.
pub struct Shown<'a> {
    /// The receipt.
    pub receipt: &'a Receipt,
    /// True if the session's process lives.
    pub is_live: bool,
    /// The moment, RFC 3339 in UTC.
    pub now: String,
    /// The comparison of grant and use, if the use was recorded, and the profile of the recommendation.
    pub tighter: Option<(Tighter, String)>,
}

impl Shown<'_> {
    /// Returns the receipt as text.
    #[must_use]
    pub fn text(&self) -> String {
        let receipt = self.receipt;
        let mut text = String::new();
        for (name, value) in self.facts() {
            // Security: a line break in a command or a reason could forge a line of the receipt.
            let _ = writeln!(text, "{name:12}  {}", printable::line(&value));
        }
        let dropped = match (&receipt.issuing, &receipt.end) {
            (_, Some(End::Denied(denied))) => {
                let row = |asked: &String| vec![asked.clone()];
                let rows: Vec<_> = denied.permissions.iter().map(row).collect();
                let _ = write!(text, "\n{}", table(&["ASKED"], &rows));
                denied.denied.as_slice()
            }
            (Some(issuing), _) => {
                let _ = write!(text, "\n{}", granted(issuing, receipt.used.as_ref()));
                issuing.denied.as_slice()
            }
            (None, _) => &[],
        };
        if !dropped.is_empty() {
            let row =
                |one: &RecordedDenial| vec![one.action.clone(), one.by.clone(), one.reason.clone()];
            let rows: Vec<_> = dropped.iter().map(row).collect();
            let _ = write!(text, "\n{}", table(&["DROPPED", "BY", "REASON"], &rows));
        }
        if !receipt.asks.is_empty() {
            let rows: Vec<_> = receipt.asks.values().map(ask_row).collect();
            let _ = write!(text, "\n{}", table(&["ASKED FOR", "ON", "WHY", "ANSWER"], &rows));
        }
        if let Some(Used { asks_not_taken, webhook_failure, .. }) = &receipt.used {
            if *asks_not_taken > 0 {
                let _ = writeln!(
                    text,
                    "\nAsks that were not taken, too many or too often: {asks_not_taken}"
                );
            }
            if let Some(failure) = webhook_failure {
                let _ = writeln!(text, "\n{failure}");
            }
        }
        match &receipt.used {
            Some(used) => text += &self.used(used),
            None if receipt.issuing.is_some() => {
                let _ = write!(text, "\n{}\n", self.unknown_use());
            }
            None => {}
        }
        text
    }

    /// Returns the facts of the session in the order of the text.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let (receipt, summary) = (self.receipt, &self.receipt.summary);
        let after = match &receipt.end {
            Some(End::Ended(ended)) => format!(" after {} ms", ended.duration_ms),
            _ => String::new(),
        };
        let mut facts = vec![
            ("session", summary.session.clone()),
            ("state", summary.state_text(self.is_live) + &after),
            ("started", summary.started.clone()),
            ("provider", summary.provider.clone()),
        ];
        let parents = summary.parents.join(" > ");
        facts.extend((!parents.is_empty()).then_some(("inside", parents)));
        let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
        if let Some(issuing) = &receipt.issuing {
            add("method", Some(issuing.method.clone()));
            add("profile", issuing.profile.clone());
            add("intent", issuing.intent.clone());
            add("reason", issuing.justification.clone());
            add("resources", Some(places(&issuing.resources)));
            add("ttl", Some(console::duration(issuing.ttl_seconds)));
            add("isolation", Some(isolation(issuing.isolation.as_ref())));
            add("command", Some(issuing.command.join(" ")));
        }
        if let Some(issued) = &receipt.issued {
            add("identity", issued.identity.clone());
            add("access", Some(format!("until {}", issued.expires_at)));
        }
        match &receipt.end {
            Some(End::Ended(ended)) => add("credentials", ended.reason.clone()),
            Some(End::Denied(denied)) => {
                add("denied by", Some(format!("{}: {}", denied.by, denied.reason)));
                add("command", receipt.issuing.is_none().then(|| denied.command.join(" ")));
            }
            Some(End::Failed(failed)) => {
                add("failed at", Some(format!("{}: {}", failed.stage, failed.reason)));
                add("command", receipt.issuing.is_none().then(|| failed.command.join(" ")));
            }
            None => {}
        }
        let valid = summary.valid_until(&self.now);
        add(
            "still valid",
            Some(valid.map_or_else(|| "nothing".to_owned(), |end| format!("until {end}"))),
        );
        let left = summary.leases_left();
        add("leases left", (left > 0).then(|| format!("{left}; `tryaudex cleanup` revokes them")));
        facts
    }

    fn unknown_use(&self) -> &'static str {
        if self.is_complete() {
            "Used: not known; only a session with a gateway records at its end what was used"
        } else {
            "Used: not known yet; with a gateway it is recorded at the end of the session"
        }
    }

    fn used(&self, used: &Used) -> String {
        let mut decisions: Vec<&Decision> = used.decisions.iter().collect();
        decisions.sort_by_key(|decision| (decision.allowed, std::cmp::Reverse(decision.count)));
        let row = |decision: &&Decision| {
            let verdict = if decision.allowed { "allowed" } else { "refused" };
            let (action, resource) = (decision.action.clone(), decision.resource.clone());
            vec![verdict.to_owned(), decision.count.to_string(), action, resource]
        };
        let rows: Vec<_> = decisions.iter().take(DECISIONS).map(row).collect();
        let mut text = format!("\n{}", table(&["VERDICT", "REQUESTS", "ACTION", "ON"], &rows));
        if decisions.len() > DECISIONS {
            let _ = writeln!(text, "… {} more, see --json", decisions.len() - DECISIONS);
        }
        if used.uncounted > 0 {
            let _ = writeln!(text, "… {} more requests of other actions", used.uncounted);
        }
        let actions = self.receipt.issuing.iter().flat_map(|issuing| &issuing.permissions);
        match unused(actions.map(|permission| permission.action.as_str()), used).as_deref() {
            Some([]) => text += "\nNot used: nothing\n",
            Some(unused) => {
                let _ = write!(text, "\nNot used: {}\n", unused.join(", "));
            }
            None => {}
        }
        match &self.tighter {
            Some((Tighter::Unknown, _)) => {
                text += "\nNot used: not known, because the log has no room for all decisions\n";
            }
            Some((Tighter::Exact, _)) => text += "Recommended policy: the same\n",
            Some((Tighter::Nothing, _)) => text += "Recommended policy: none\n",
            Some((Tighter::Recommended(recommendation), profile)) => {
                let _ = write!(text, "{}Profile:\n\n{profile}", recommended(recommendation));
            }
            None => {}
        }
        text
    }

    /// Returns true if the session has ended or its process is gone.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !(self.is_live && self.receipt.summary.is_open())
    }

    /// Returns the receipt as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let (receipt, summary) = (self.receipt, &self.receipt.summary);
        let (issuing, issued) = (receipt.issuing.as_ref(), receipt.issued.as_ref());
        let (mut ended, mut denied, mut failed) = (None, None, None);
        match &receipt.end {
            Some(End::Ended(end)) => ended = Some(end),
            Some(End::Denied(end)) => denied = Some(end),
            Some(End::Failed(end)) => failed = Some(end),
            None => {}
        }
        let permissions = || issuing.iter().flat_map(|issuing| &issuing.permissions);
        let used = receipt.used.as_ref();
        let granted = permissions().map(|permission| {
            json!({
                "resources": issuing.map(|issuing| resources_of(issuing, permission)),
                "action": permission.action, "asked_as": permission.origin, "enforced_by": permission.enforced_by,
                "used": used.map(|used| requests(used, &permission.action, true)),
            })
        });
        let unused =
            used.and_then(|used| unused(permissions().map(|one| one.action.as_str()), used));
        let tighter = match &self.tighter {
            Some((Tighter::Recommended(tighter), profile)) => {
                Some(recommended_json(tighter, profile))
            }
            _ => None,
        };
        json!({
            "session": summary.session, "parents": summary.parents, "provider": summary.provider, "started": summary.started,
            "written": self.now, "state": summary.state(self.is_live),
            "complete": self.is_complete(),
            "method": issuing.map(|one| &one.method), "profile": issuing.and_then(|one| one.profile.as_ref()),
            "intent": issuing.and_then(|one| one.intent.as_ref()),
            "justification": issuing.and_then(|one| one.justification.as_ref()),
            "ttl_seconds": issuing.map(|one| one.ttl_seconds),
            "resources": issuing.map(|one| &one.resources),
            "isolation": issuing.and_then(|one| one.isolation.as_ref()),
            "command": issuing.map(|one| &one.command)
                .or(denied.map(|one| &one.command)).or(failed.map(|one| &one.command)),
            "components": issuing.map(|one| &one.components),
            "granted": granted.collect::<Vec<_>>(),
            "dropped": denied.map(|one| &one.denied).or(issuing.map(|one| &one.denied)),
            "asks": receipt.asks.values().map(ask_json).collect::<Vec<_>>(),
            "identity": issued.and_then(|one| one.identity.as_ref()),
            "access_ends_at": issued.map(|one| &one.expires_at),
            "valid_until": summary.valid_until(&self.now), "leases_left": summary.leases_left(),
            "used": used, "unused": unused, "recommended": tighter,
            "ended": ended, "denied": denied, "failed": failed,
        })
    }
}

/// Returns the table of permissions. It has a column for resources only if these differ.
fn granted(issuing: &Issuing, used: Option<&Used>) -> String {
    let differ = issuing.permissions.iter().any(|permission| !permission.resources.is_empty());
    let row = |permission: &RecordedPermission| {
        let (action, origin) = (permission.action.clone(), permission.origin.clone());
        let mut row = vec![action, origin, permission.enforced_by.clone()];
        if let Some(used) = used {
            let number = |allowed| requests(used, &permission.action, allowed).to_string();
            row.extend([number(true), number(false)]);
        }
        if differ {
            row.push(places(resources_of(issuing, permission)));
        }
        row
    };
    let rows: Vec<_> = issuing.permissions.iter().map(row).collect();
    let mut headings = vec!["GRANTED", "ASKED AS", "ENFORCED BY"];
    headings.extend(used.iter().flat_map(|_| ["ALLOWED", "REFUSED"]));
    headings.extend(differ.then_some("ON"));
    table(&headings, &rows)
}

fn ask_row(account: &AskAccount) -> Vec<String> {
    let AskAccount { asked, answered, over, .. } = account;
    let actions: Vec<&str> = asked.permissions.iter().map(|one| one.action.as_str()).collect();
    let on = union(asked.permissions.iter().map(|one| one.resources.as_slice()));
    let answer = match answered {
        None => "none".to_owned(),
        Some(Answered { until: Some(until), by, once, .. }) => {
            let once = if *once { "for one request, " } else { "" };
            let over = over.as_ref().map(|over| format!(", {over}")).unwrap_or_default();
            format!("granted {once}until {until}, by {by}{over}")
        }
        Some(Answered { by, reason, .. }) => {
            format!("refused by {by}: {}", reason.as_deref().unwrap_or("no reason"))
        }
    };
    let what = format!("{}: {}", asked.ask, actions.join(", "));
    vec![what, places(&on), asked.why.clone().unwrap_or_default(), answer]
}

fn ask_json(account: &AskAccount) -> Value {
    let AskAccount { asked, answered, added, over } = account;
    let (answered, added) = (answered.as_ref(), added.as_ref());
    json!({
        "over": over,
        "ask": asked.ask, "permissions": asked.permissions, "why": asked.why,
        "granted": answered.map(|one| one.granted), "by": answered.map(|one| &one.by),
        "reason": answered.and_then(|one| one.reason.as_ref()),
        "once": answered.map(|one| one.once), "until": answered.and_then(|one| one.until.as_ref()),
        "identity": added.and_then(|one| one.identity.as_ref()),
        "access_key_id": added.and_then(|one| one.access_key_id.as_ref()),
    })
}

fn isolation(isolation: Option<&RecordedIsolation>) -> String {
    let Some(isolation) = isolation else { return "off".to_owned() };
    let by = format!("{}, by {}", isolation.level, isolation.mechanisms.join(", "));
    if isolation.not_held.is_empty() {
        return by;
    }
    format!("{by}; the command could still {}", isolation.not_held.join(", "))
}

fn places(resources: &[String]) -> String {
    if resources.is_empty() { "every resource".to_owned() } else { resources.join(", ") }
}
