//! The end of a session: revokes its credentials and records the outcome.

use super::access::Access;
use super::attempt::Attempt;
use super::{REVOKED, report};
use crate::console::Console;
use crate::failure::Failure;
use audex_child::Ended;
use audex_components::provider::{Minted, Provider};
use audex_core::secret::Secret;
use audex_core::unwind::caught;

/// Revokes the credentials if possible; the text states the outcome.
pub(super) fn revoke(provider: &Provider, minted: &Minted) -> Result<Option<String>, String> {
    caught(|| try_revoke(provider, minted))
        .unwrap_or_else(|panicked| Err(format!("not revoked: {panicked}")))
}

fn try_revoke(provider: &Provider, minted: &Minted) -> Result<Option<String>, String> {
    let Some(lease) = &minted.lease else { return Ok(None) };
    provider.ignore_interruption();
    let Err(error) = provider.revoke(lease) else { return Ok(Some(REVOKED.to_owned())) };
    // The end of the login with which the credentials were made ends them too.
    if provider.close() == Ok(true) {
        return Ok(Some(REVOKED.to_owned()));
    }
    Err(format!("not revoked: {}", Failure::from(error).line()))
}

/// Revokes credentials that no command will get. If that fails, records them as issued, so that `cleanup` finds them.
pub(super) fn revoke_or_keep(
    console: Console,
    provider: &Provider,
    minted: &Minted,
    access: &Access,
    attempt: &Attempt,
) {
    let Err(reason) = revoke(provider, minted) else { return };
    console.notice(&format!("the credentials were {reason}"));
    if let Err(error) = attempt.record_issued(minted, access) {
        console.notice(&format!(
            "the credentials that were not revoked could not be recorded: {}",
            error.line()
        ));
    }
}

/// Revokes the leases that the provider announced, except `minted`, and records the outcome of each.
pub(super) fn revoke_announced(
    console: Console,
    provider: &Provider,
    attempt: &Attempt,
    minted: Option<&str>,
) {
    for lease in provider.announced().into_iter().filter(|lease| Some(lease.as_str()) != minted) {
        provider.ignore_interruption();
        let outcome = match caught(|| provider.revoke(&lease)) {
            Ok(Ok(())) => REVOKED.to_owned(),
            Ok(Err(error)) => format!("not revoked: {}", Failure::from(error).line()),
            Err(panicked) => format!("not revoked: {panicked}"),
        };
        if outcome != REVOKED {
            console.notice(&format!("an announced lease was {outcome}; run `tryaudex cleanup`"));
        }
        if let Err(error) = attempt.record_cleaned_up(lease, outcome) {
            console.notice(&format!(
                "the outcome for an announced lease could not be recorded: {}",
                error.line()
            ));
        }
    }
}

/// Records the end of the session. A failure here does not change the exit status of the command.
pub(super) fn finish(
    ended: &Ended,
    revoked: Result<Option<String>, String>,
    secrets: &[Secret],
    attempt: &Attempt,
    console: Console,
) {
    if let Err(error) = attempt.record_ended(ended, revoked.unwrap_or_else(Some), secrets) {
        console.notice(&format!("the end of the session could not be recorded: {}", error.line()));
    }
    report::finished(console, attempt, ended);
}
