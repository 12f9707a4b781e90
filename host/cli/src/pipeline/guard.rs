//! Guards a run, so that every failure is recorded: an error, or a panic of this program or a library.

use super::attempt::Attempt;
use crate::console::Console;
use crate::failure::Failure;
use audex_core::environment::Environment;
use audex_core::shape::Misplaced;
use audex_core::unwind::caught;

/// Runs `work` and turns a panic into a failure.
///
/// # Errors
/// Those of `work`, and a panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    caught(work).unwrap_or_else(|panicked| Err(panicked.into()))
}

/// Runs one attempt and records its failure, if there is one.
///
/// # Errors
/// Those of `work`, and a panic.
pub fn recorded<T>(
    environment: &Environment,
    console: Console,
    attempt: &mut Attempt,
    work: impl FnOnce(&mut Attempt) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let outcome =
        guarded(|| work(attempt)).map_err(|failure| failure.without(&Misplaced::of(environment)));
    // If the log itself failed, that failure is the outcome and needs no record.
    if let Err(failure) = &outcome
        && failure.stage != "audit"
        && let Err(unrecorded) = attempt.record_failure(failure)
    {
        console.notice(&format!("this attempt could not be recorded: {}", unrecorded.line()));
    }
    outcome
}
