//! The report of `learn` as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Source;
use super::observed::{Counts, Observed};
use super::recommend::{Recommendation, Share};
use crate::request::joined;
use audex_core::shell;

/// The contents of a report.
pub struct Report<'a> {
    /// The observed calls.
    pub observed: &'a Observed,
    /// The recommended permissions.
    pub recommendation: &'a Recommendation,
    /// The recommended profile, ready to use.
    pub profile: &'a str,
    /// The result of `--verify`, if it was requested.
    pub verified: Option<Verified>,
}

/// The result of running the command under the recommendation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The number of runs under the recommendation.
    pub rounds: u32,
    /// The actions that were denied in the last of these runs and were added to the recommendation.
    pub missing: Vec<String>,
    /// Everything else with a denied call in the last run, known or not.
    pub denied: Vec<String>,
    /// The reasons why requests of the last run were not forwarded or not understood.
    pub lost: Vec<String>,
    /// The command's exit status in the first or the last run, if it was not 0.
    pub failed: Option<u8>,
}

impl Verified {
    /// Returns true only if everything was observed, nothing was denied, and the command succeeded.
    #[must_use]
    pub(crate) fn is_sufficient(&self) -> bool {
        self.rounds > 0
            && self.missing.is_empty()
            && self.denied.is_empty()
            && self.lost.is_empty()
            && self.failed.is_none()
    }

    fn text(&self) -> String {
        if self.is_sufficient() {
            return format!("Verified: sufficient, after {}\n", runs(self.rounds));
        }
        let mut reasons = Vec::new();
        if !self.missing.is_empty() {
            reasons.push(format!("missing: {}", self.missing.join(",")));
        }
        if !self.denied.is_empty() {
            reasons.push(format!("denied: {}", self.denied.join(", ")));
        }
        if !self.lost.is_empty() {
            reasons.push(format!("not seen: {}", self.lost.join(", ")));
        }
        if let Some(status) = self.failed {
            let when =
                if self.rounds == 0 { " in the first run, so it was not run again" } else { "" };
            reasons.push(format!("the command failed with exit status {status}{when}"));
        }
        let after =
            if self.rounds == 0 { String::new() } else { format!(" after {}", runs(self.rounds)) };
        format!("Verified: not sufficient{after}; {}\n", reasons.join("; "))
    }
}

impl Report<'_> {
    /// Returns the report as text.
    #[must_use]
    pub fn text(&self) -> String {
        let observed = self.observed;
        let sources: Vec<&str> = observed.sources().into_iter().map(display).collect();
        let mut seen = String::new();
        for (name, action) in observed.actions.iter().filter(|(_, action)| action.counts.used() > 0)
        {
            let _ = writeln!(seen, "  {name} ({})", calls(action.counts.used()));
        }
        for (needless, why) in [(&observed.free, "needs"), (&observed.unsigned, "unsigned: needs")]
        {
            for (name, counts) in needless {
                let count = calls(counts.used().max(counts.denied()));
                let _ = writeln!(seen, "  {name} ({count}, {why} no permission)");
            }
        }
        let from = if sources.is_empty() {
            String::new()
        } else {
            format!(" (from {})", sources.join(", "))
        };
        let mut text = if seen.is_empty() {
            format!("Observed actions{from}: none\n")
        } else {
            format!("Observed actions{from}:\n{seen}")
        };
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
                        "Recommended policy: none, for nothing was seen that needs a permission\n"
                            .to_owned()
                    }
                    some => format!(
                        "Recommended policy: none, for all that was seen was denied; learn again with --allow {}\n",
                        some.join(",")
                    ),
                };
        }
        text += &recommended(self.recommendation);
        text += &self.verified.as_ref().map(Verified::text).unwrap_or_default();
        let _ = write!(text, "Profile:\n\n{}", self.profile);
        text
    }

    /// Returns the report as JSON.
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
        let mut report = json!({
            "sources": self.observed.sources().into_iter().map(Source::name).collect::<Vec<_>>(),
            "observed": actions,
            "no_permission_needed": self.observed.free.iter().map(counted).collect::<Vec<_>>(),
            "unsigned": self.observed.unsigned.iter().map(counted).collect::<Vec<_>>(),
            "unknown": self.observed.unknown.iter().map(counted).collect::<Vec<_>>(),
            "gaps": self.observed.gaps,
            "verified": self.verified.as_ref().map(|verified| json!({
                "sufficient": verified.is_sufficient(), "rounds": verified.rounds, "missing": verified.missing,
                "denied": verified.denied, "lost": verified.lost, "failed": verified.failed,
            })),
        });
        let recommended = recommended_json(self.recommendation, self.profile);
        if let (Some(report), Value::Object(recommended)) = (report.as_object_mut(), recommended) {
            report.extend(recommended);
        }
        report
    }
}

/// Returns a recommendation as options of `run`, ready to paste.
pub(crate) fn recommended(recommendation: &Recommendation) -> String {
    let mut text = format!("Recommended policy: {}\n", recommendation.allow().join(","));
    match recommendation.resources() {
        Some([]) => {}
        Some(resources) => {
            let _ = writeln!(text, "Recommended resources: {}", shell::quoted(&joined(resources)));
        }
        None => {
            text += "Recommended resources: each line is a request of its own; the profile is all of them together\n";
            for share in &recommendation.shares {
                let _ = writeln!(text, "  {}", options(share));
            }
        }
    }
    text
}

/// Returns a recommendation and its profile as JSON.
pub(crate) fn recommended_json(recommendation: &Recommendation, profile: &str) -> Value {
    let share = |share: &Share| json!({ "actions": share.actions, "resources": share.resources });
    json!({
        "allow": recommendation.allow(),
        "resources": recommendation.resources(),
        "statements": recommendation.shares.iter().map(share).collect::<Vec<_>>(),
        "profile": profile,
    })
}

/// Returns a share as options of `run`.
fn options(share: &Share) -> String {
    let allow = format!("--allow {}", shell::quoted(&joined(&share.actions)));
    if share.resources.is_empty() {
        return allow;
    }
    format!("{allow} --resource {}", shell::quoted(&joined(&share.resources)))
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

#[cfg(test)]
mod tests {
    use super::super::observed::Action;
    use super::*;

    fn share(actions: &[&str], resources: &[&str]) -> Share {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Share { actions: owned(actions), resources: owned(resources) }
    }

    fn report(shares: Vec<Share>) -> String {
        let observed = Observed::default();
        let mut recommendation = Recommendation::default();
        recommendation.shares = shares;
        Report { observed: &observed, recommendation: &recommendation, profile: "", verified: None }
            .text()
    }

    #[test]
    fn a_list_without_an_observed_action_says_none() {
        let empty = report(Vec::new());
        assert!(empty.starts_with("Observed actions: none\nRecommended policy: none"), "{empty}");
        let mut observed = Observed::default();
        let mut denied = Action::default();
        let _ = denied.counts.denied.insert(Source::Cloudtrail, 1);
        let _ = observed.actions.insert("s3:CreateBucket".to_owned(), denied);
        let recommendation = Recommendation::default();
        let report = Report {
            observed: &observed,
            recommendation: &recommendation,
            profile: "",
            verified: None,
        };
        let text = report.text();
        let expected =
            "Observed actions (from CloudTrail): none\nDenied:\n  s3:CreateBucket (1 call)\n";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn one_share_is_a_pair_of_options_whose_names_read_back() {
        let one =
            report(vec![share(&["s3:GetObject"], &["arn:aws:s3:::b/a,arn:aws:s3:::other/x"])]);
        let expected = "Recommended policy: s3:GetObject\nRecommended resources: 'arn:aws:s3:::b/a\\,arn:aws:s3:::other/x'\n";
        assert!(one.contains(expected), "{one}");
    }

    #[test]
    fn shares_with_resources_of_their_own_are_never_one_flat_pair() {
        let two = report(vec![
            share(&["s3:GetObject", "s3:ListBucket"], &["arn:aws:s3:::a", "arn:aws:s3:::a/*"]),
            share(&["s3:PutObject"], &["arn:aws:s3:::b/it's"]),
            share(&["s3:ListAllMyBuckets"], &[]),
        ]);
        for line in [
            "  --allow s3:GetObject,s3:ListBucket --resource 'arn:aws:s3:::a,arn:aws:s3:::a/*'\n",
            "  --allow s3:PutObject --resource 'arn:aws:s3:::b/it'\\''s'\n",
            "  --allow s3:ListAllMyBuckets\n",
        ] {
            assert!(two.contains(line), "{two}");
        }
    }

    #[test]
    fn nothing_but_a_whole_run_without_denials_and_failures_is_sufficient() {
        let good = Verified { rounds: 1, ..Verified::default() };
        assert!(good.is_sufficient() && good.text() == "Verified: sufficient, after 1 run\n");
        let name = || vec!["s3:PUT /b/k".to_owned()];
        for bad in [
            Verified { rounds: 0, ..good.clone() },
            Verified { missing: name(), ..good.clone() },
            Verified { denied: name(), ..good.clone() },
            Verified { lost: name(), ..good.clone() },
            Verified { failed: Some(3), ..good.clone() },
        ] {
            assert!(
                !bad.is_sufficient() && bad.text().starts_with("Verified: not sufficient"),
                "{bad:?}"
            );
        }
    }
}
