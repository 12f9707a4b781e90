//! The number of policies from `GetScopedCredentials` that the credentials will carry, determined before
//! minting.
//!
//! STS accepts three for one session. The session of a run inside a run also carries those of the outer runs.

use super::Context;
use crate::plan::{PlanError, Planned};
use audex_audit::{Audit, Event, Filter};
use audex_components::provider::Provider;
use audex_core::delivery::AUDEX_SESSION_ID;
use audex_core::source::Source;
use audex_logins::aws::MAX_SCOPED_POLICIES;

/// The method that adds a policy to the source credentials' own session.
const OF_SOURCE: (&str, &str) = ("aws", "scoped-credentials");
/// The methods, by provider, that add the first policy to a session made for it. Vault's `auto` may turn out
/// to be another method.
const OF_NEW_SESSION: [(&str, &str); 4] = [
    ("aws", "assume-role-scoped"),
    ("aws", "session-scoped"),
    ("vault", "vault-sts"),
    ("vault", "auto"),
];

/// Sets the layer of `planned`.
///
/// # Errors
/// When the source credentials are known to carry as many policies as STS accepts.
pub(super) fn note(
    context: Context<'_>,
    provider: &Provider,
    planned: &mut Planned,
) -> Result<(), PlanError> {
    if provider.loaded().source != Source::BuiltIn {
        return Ok(());
    }
    let method = (planned.grant.shown().provider.as_str(), planned.plan.method.as_str());
    let below = match method {
        OF_SOURCE => of_source(context, provider).unwrap_or(0),
        new if OF_NEW_SESSION.contains(&new) => 0,
        _ => return Ok(()),
    };
    if below >= MAX_SCOPED_POLICIES {
        return Err(PlanError::NoLayerLeft);
    }
    planned.layer = Some(below + 1);
    Ok(())
}

/// Returns the number of policies that the source credentials carry, if they are the credentials of the
/// session around this run.
fn of_source(context: Context<'_>, provider: &Provider) -> Option<u32> {
    let session = context.environment.get(AUDEX_SESSION_ID)?.to_owned();
    let key = provider.source_key_id()?;
    let filter = Filter { session: Some(session), ..Filter::default() };
    // A log that cannot be read is ignored here. The code that writes to the log reports the problem.
    let records = Audit::new(&context.settings.paths.audit).list(&filter).ok()?;
    records.into_iter().find_map(|record| match record.event {
        Event::Issued(issued) if issued.access_key_id.as_ref() == Some(&key) => {
            issued.scoped_policies
        }
        Event::Added(added) if added.access_key_id.as_ref() == Some(&key) => added.scoped_policies,
        Event::Renewed(renewed) if renewed.access_key_id.as_ref() == Some(&key) => {
            renewed.scoped_policies
        }
        _ => None,
    })
}
