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

/// The revocation of what a session minted.
pub(super) struct Revocation<'a> {
    provider: &'a Provider,
    /// True if the login is ended with which everything was made. That ends everything too.
    has_ended_login: bool,
}

impl<'a> Revocation<'a> {
    pub(super) fn new(provider: &'a Provider) -> Self {
        Self { provider, has_ended_login: false }
    }

    /// Revokes the credentials if possible; the text states the outcome.
    pub(super) fn credentials(&mut self, minted: &Minted) -> Result<Option<String>, String> {
        let Some(lease) = &minted.lease else { return Ok(None) };
        self.lease(lease).map(|()| Some(REVOKED.to_owned()))
    }

    /// Revokes a lease.
    ///
    /// # Errors
    /// A text that states the outcome.
    pub(super) fn lease(&mut self, lease: &str) -> Result<(), String> {
        caught(|| self.try_lease(lease))
            .unwrap_or_else(|panicked| Err(format!("not revoked: {panicked}")))
    }

    fn try_lease(&mut self, lease: &str) -> Result<(), String> {
        if self.has_ended_login {
            return Ok(());
        }
        self.provider.ignore_interruption();
        let Err(error) = self.provider.revoke(lease) else { return Ok(()) };
        self.has_ended_login = self.provider.close() == Ok(true);
        if self.has_ended_login {
            return Ok(());
        }
        Err(format!("not revoked: {}", Failure::from(error).line()))
    }
}

/// Revokes credentials that no command will get. If that fails, records them as issued, so that `cleanup` finds them.
pub(super) fn revoke_or_keep(
    console: Console,
    provider: &Provider,
    minted: &Minted,
    access: &Access,
    attempt: &Attempt,
) {
    let Err(reason) = Revocation::new(provider).credentials(minted) else { return };
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
        revoke_lease(console, provider, attempt, lease, "an announced lease");
    }
}

/// Revokes a lease that the record of the session's end does not cover, and records the outcome. `what` names the
/// lease in messages.
pub(super) fn revoke_lease(
    console: Console,
    provider: &Provider,
    attempt: &Attempt,
    lease: String,
    what: &str,
) {
    provider.ignore_interruption();
    let outcome = match caught(|| provider.revoke(&lease)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("not revoked: {}", Failure::from(error).line())),
        Err(panicked) => Err(format!("not revoked: {panicked}")),
    };
    record_lease(console, attempt, lease, outcome, what);
}

/// Reports and records the outcome for a lease that the record of the session's end does not cover.
pub(super) fn record_lease(
    console: Console,
    attempt: &Attempt,
    lease: String,
    outcome: Result<(), String>,
    what: &str,
) {
    if let Err(reason) = &outcome {
        console.notice(&format!("{what} was {reason}; run `tryaudex cleanup`"));
    }
    let outcome = outcome.err().unwrap_or_else(|| REVOKED.to_owned());
    if let Err(error) = attempt.record_cleaned_up(lease, outcome) {
        let line = error.line();
        console.notice(&format!("the outcome for {what} could not be recorded: {line}"));
    }
}

/// Records the end of the session, which `by` may have ended. A failure here does not change the exit status of the command.
pub(super) fn finish(
    ended: &Ended,
    by: Option<&str>,
    revoked: Result<Option<String>, String>,
    secrets: &[Secret],
    attempt: &Attempt,
    console: Console,
) {
    if let Err(error) =
        attempt.record_ended(ended, by.map(str::to_owned), revoked.unwrap_or_else(Some), secrets)
    {
        console.notice(&format!("the end of the session could not be recorded: {}", error.line()));
    }
    report::finished(console, attempt, ended, by);
}
