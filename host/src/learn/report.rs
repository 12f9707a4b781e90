//! What was learned, for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Source;
use super::observed::{Counts, Observed};
use super::recommend::Recommendation;

/// Everything a report says.
pub struct Report<'a> {
    /// What was seen.
    pub observed: &'a Observed,
    /// What would do.
    pub recommendation: &'a Recommendation,
    /// The ready profile.
    pub profile: &'a str,
    /// How `--verify` went, if it was asked for.
    pub verified: Option<Verified>,
}

/// What running under the recommendation showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Runs.
    pub rounds: u32,
    /// What was denied in the last of them, and had not been before.
    pub missing: Vec<String>,
}

impl Report<'_> {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let observed = self.observed;
        let sources: Vec<&str> = observed.sources().into_iter().map(display).collect();
        let mut text = if sources.is_empty() {
            "Observed actions: none\n".to_owned()
        } else {
            format!("Observed actions (from {}):\n", sources.join(", "))
        };
        for (name, action) in observed.actions.iter().filter(|(_, action)| action.counts.used() > 0) {
            let _ = writeln!(text, "  {name} ({})", calls(action.counts.used()));
        }
        for (name, counts) in &observed.free {
            let _ = writeln!(
                text,
                "  {name} ({}, needs no permission)",
                calls(counts.used().max(counts.denied()))
            );
        }
        let denied: Vec<_> =
            observed.actions.iter().filter(|(_, action)| action.counts.denied() > 0).collect();
        if !denied.is_empty() {
            text += "Denied:\n";
        }
        for (name, action) in &denied {
            let _ = writeln!(text, "  {name} ({})", calls(action.counts.denied()));
        }
        if !observed.unknown.is_empty() {
            text += "Not known, so no permission is recommended for them:\n";
        }
        for (name, counts) in &observed.unknown {
            let _ = writeln!(text, "  {name} ({})", calls(counts.used().max(counts.denied())));
        }
        for gap in &observed.gaps {
            let _ = writeln!(text, "notice: {gap}");
        }
        if self.recommendation.shares.is_empty() {
            let refused: Vec<&str> = denied.iter().map(|(name, _)| name.as_str()).collect();
            return text
                + &match refused.as_slice() {
                    [] => {
                        "Recommended policy: none, for nothing was seen that needs a permission\n".to_owned()
                    }
                    some => format!(
                        "Recommended policy: none, for all that was seen was denied; learn again with --allow {}\n",
                        some.join(",")
                    ),
                };
        }
        let _ = writeln!(text, "Recommended policy: {}", self.recommendation.allow().join(","));
        let resources = self.recommendation.resources();
        if !resources.is_empty() {
            let _ = writeln!(text, "Recommended resources: {}", resources.join(","));
        }
        match &self.verified {
            None => {}
            Some(Verified { rounds, missing }) if missing.is_empty() => {
                let _ = writeln!(text, "Verified: sufficient, after {}", runs(*rounds));
            }
            Some(Verified { rounds, missing }) => {
                let _ = writeln!(
                    text,
                    "Verified: not sufficient after {}; missing: {}",
                    runs(*rounds),
                    missing.join(",")
                );
            }
        }
        let _ = write!(text, "Profile:\n\n{}", self.profile);
        text
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let by_source = |counts: &std::collections::BTreeMap<Source, u32>| -> Value {
            counts
                .iter()
                .map(|(source, count)| (source.name().to_owned(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let counted = |(name, counts): (&String, &Counts)| json!({ "operation": name, "calls": counts.used(), "denied": counts.denied(), "sources": by_source(&counts.used) });
        let actions: Vec<Value> = self
            .observed
            .actions
            .iter()
            .map(|(name, action)| {
                json!({
                    "action": name, "calls": action.counts.used(), "denied": action.counts.denied(),
                    "sources": by_source(&action.counts.used), "resources": action.resources(),
                })
            })
            .collect();
        let shares: Vec<Value> = self
            .recommendation
            .shares
            .iter()
            .map(|share| json!({ "actions": share.actions, "resources": share.resources }))
            .collect();
        json!({
            "sources": self.observed.sources().into_iter().map(Source::name).collect::<Vec<_>>(),
            "observed": actions,
            "no_permission_needed": self.observed.free.iter().map(counted).collect::<Vec<_>>(),
            "unknown": self.observed.unknown.iter().map(counted).collect::<Vec<_>>(),
            "gaps": self.observed.gaps,
            "allow": self.recommendation.allow(),
            "resources": self.recommendation.resources(),
            "statements": shares,
            "profile": self.profile,
            "verified": self.verified.as_ref().map(|verified| json!({
                "sufficient": verified.missing.is_empty(), "rounds": verified.rounds, "missing": verified.missing,
            })),
        })
    }
}

fn calls(count: u32) -> String {
    if count == 1 { "1 call".to_owned() } else { format!("{count} calls") }
}

fn runs(count: u32) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}

fn display(source: Source) -> &'static str {
    match source {
        Source::Cloudtrail => "CloudTrail",
        other => other.name(),
    }
}
