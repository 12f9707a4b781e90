//! The refusals that the audit log has of a session.

use std::borrow::Cow;

use super::{Denial, RefusedBy, text};
use crate::pipeline::gateway::decider::NOT_READ;
use crate::receipt::{End, Receipt};
use audex_audit::{Event, Issuing, Record, Used};
use audex_sdk::pattern;

/// Returns true if the record says that something was refused.
#[must_use]
pub fn is_refusal(record: &Record) -> bool {
    match &record.event {
        Event::Used(used) => used.decisions.iter().any(|decision| !decision.allowed),
        Event::Denied(_) => true,
        _ => false,
    }
}

/// Returns what was refused to the session, as the log has it.
#[must_use]
pub fn denials(receipt: &Receipt) -> Vec<Denial> {
    if let Some(End::Denied(denied)) = &receipt.end {
        let provider = Some(Cow::<str>::Owned(denied.provider.clone())).filter(|id| !id.is_empty());
        let one = |dropped: &audex_audit::RecordedDenial| Denial {
            provider: provider.clone(),
            action: Some(dropped.action.clone()),
            refused_by: RefusedBy::Filter,
            explicit: true,
            rule: Some(format!("{}: {}", dropped.by, dropped.reason)),
            ..Denial::default()
        };
        let dropped: Vec<Denial> = denied.denied.iter().map(one).collect();
        return if dropped.is_empty() { of_reason(&denied.reason, provider) } else { dropped };
    }
    match (&receipt.issuing, &receipt.used) {
        (Some(issuing), Some(used)) => of_gateway(issuing, used),
        _ => Vec::new(),
    }
}

/// Returns the denials that the reason of a refused request quotes, or the reason itself.
fn of_reason(reason: &str, provider: Option<Cow<'static, str>>) -> Vec<Denial> {
    text(reason).unwrap_or_else(|_| {
        let (refused_by, rule) = (RefusedBy::Filter, Some(reason.to_owned()));
        vec![Denial { provider, refused_by, explicit: true, rule, ..Denial::default() }]
    })
}

fn of_gateway(issuing: &Issuing, used: &Used) -> Vec<Denial> {
    let refused = used.decisions.iter().filter(|decision| !decision.allowed);
    let denial = |decision: &audex_audit::Decision| {
        let provider = Some(Cow::Owned(issuing.provider.clone()));
        if decision.action == NOT_READ {
            let refused_by = RefusedBy::GatewayUnread;
            return Denial { provider, refused_by, ..Denial::default() };
        }
        let (action, resource) = (Some(decision.action.clone()), Some(decision.resource.clone()));
        let by = issuing
            .denied
            .iter()
            .find(|denied| pattern::matches_ignore_ascii_case(&denied.action, &decision.action));
        let (refused_by, rule) = match by {
            Some(denied) => (RefusedBy::Filter, Some(format!("{}: {}", denied.by, denied.reason))),
            None => (RefusedBy::Gateway, None),
        };
        let explicit = rule.is_some();
        Denial { provider, action, resource, refused_by, explicit, rule, ..Denial::default() }
    };
    refused.map(denial).collect()
}
