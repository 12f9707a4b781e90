//! Waits until the minted credentials work, if the cloud needs time for that.

use std::thread;
use std::time::{Duration, Instant};

use crate::console::Console;
use crate::failure::Failure;
use audex_child::Signals;
use audex_components::provider::{Minted, Provider};
use audex_core::clock;

/// The pause between two queries.
const PAUSE: Duration = Duration::from_secs(3);
/// The pause between two queries while somebody waits.
const QUIET_PAUSE: Duration = Duration::from_millis(500);
/// The interval between two checks for a signal.
const STEP: Duration = Duration::from_millis(100);
/// The interval between two lines of progress.
const NEWS: Duration = Duration::from_secs(20);

/// Waits if the credentials need time to work. Returns the time (seconds since the Unix epoch) at which
/// access begins.
///
/// # Errors
/// When the provider reports that the credentials will never work, or when a signal arrives.
pub(super) fn wait(
    console: Console,
    provider: &Provider,
    minted: &Minted,
    signals: &mut Signals,
) -> Result<Option<u64>, Failure> {
    let (Some(most), Some(lease)) = (minted.settle, &minted.lease) else { return Ok(None) };
    let began = Instant::now();
    let mut told: Option<Instant> = None;
    while !settled(provider, lease, signals)? {
        let waited = began.elapsed();
        if waited >= most {
            let seconds = waited.as_secs();
            console.notice(&format!(
                "after {seconds} s the cloud does not say that the access works; the first calls may be refused"
            ));
            break;
        }
        if told.is_none_or(|told| told.elapsed() >= NEWS) {
            told = Some(Instant::now());
            console.notice(&format!(
                "waiting until the access works ({} s of at most {} s)",
                waited.as_secs(),
                most.as_secs()
            ));
        }
        pause(signals)?;
    }
    Ok(Some(clock::unix_seconds()))
}

/// Waits without a word and without a terminal, for a session that others wait for. Credentials that need longer are used all the same.
///
/// # Errors
/// When the provider reports that the credentials will never work.
pub(super) fn quietly(provider: &Provider, minted: &Minted) -> Result<(), Failure> {
    let (Some(most), Some(lease)) = (minted.settle, &minted.lease) else { return Ok(()) };
    let began = Instant::now();
    while !provider.settled(lease)? && began.elapsed() < most {
        thread::sleep(QUIET_PAUSE);
    }
    Ok(())
}

/// If a signal interrupted the call, reports the signal instead of the cloud's error.
fn settled(provider: &Provider, lease: &str, signals: &mut Signals) -> Result<bool, Failure> {
    provider.settled(lease).map_err(|error| match signals.interrupted() {
        Some(signal) => Failure::interrupted(signal as i32),
        None => error.into(),
    })
}

fn pause(signals: &mut Signals) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < PAUSE {
        if let Some(signal) = signals.interrupted() {
            return Err(Failure::interrupted(signal as i32));
        }
        thread::sleep(STEP);
    }
    Ok(())
}
