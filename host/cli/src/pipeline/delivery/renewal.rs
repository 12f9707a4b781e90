//! Renews the keys of a session until its ttl, in a thread beside the command.
//!
//! Security: a renewal repeats the approved plan ([`Spent`]); it must not ask for anything else, and no set of keys may
//! outlive the access.

mod schedule;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Scene, Unrevoked, endpoint};
use crate::console::Console;
use crate::failure::Failure;
use crate::mint::Spent;
use crate::pipeline::access::EXPIRY_SLACK_SECONDS;
use crate::pipeline::attempt::{Attempt, secrets};
use crate::pipeline::end::{record_lease, revoke_announced, revoke_lease};
use crate::pipeline::guard::guarded;
use crate::pipeline::report;
use audex_components::provider::{Description, Minted, Provider};
use audex_core::clock::{rfc3339, unix_seconds};
use audex_core::secret::Secret;
use audex_endpoint::CurrentKeys;

use self::schedule::{Life, due, pause};

/// The longest sleep: the wall clock decides, and may jump, or the machine may have slept.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// The pause between two queries for new keys that need time to work.
const SETTLE_PAUSE: Duration = Duration::from_secs(3);

/// The name of a lease in messages.
pub(in crate::pipeline) const LEASE: &str = "a lease of renewed keys";

/// A running renewal. Dropping it stops it.
pub(super) struct Renewal {
    /// Dropping the sender ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<Renewed>>,
    /// The secrets of every set that was minted, once the thread has ended.
    secrets: Vec<Secret>,
    console: Console,
    provider: Arc<Provider>,
    attempt: Attempt,
}

/// The outcome of a thread that has ended.
#[derive(Default)]
struct Renewed {
    secrets: Vec<Secret>,
    unrevoked: Unrevoked,
}

/// One set of keys.
struct Set {
    lease: Option<String>,
    is_first: bool,
    life: Life,
}

/// The thread's own state.
struct Renewer {
    console: Console,
    provider: Arc<Provider>,
    spent: Arc<Spent>,
    description: Description,
    attempt: Attempt,
    current: Arc<CurrentKeys>,
    stopped: Receiver<()>,
    ends_at: u64,
    /// The sets that are not revoked, the newest last.
    sets: Vec<Set>,
    renewed: Renewed,
}

/// The end of one attempt to renew.
enum Outcome {
    Renewed,
    /// The session has ended meanwhile.
    Stopped,
    /// No further attempt can succeed.
    Over(&'static str),
}

impl Renewal {
    /// Starts the thread, which replaces the keys in `current`.
    pub(super) fn start(scene: &Scene<'_>, current: Arc<CurrentKeys>) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let minted = scene.minted;
        let life = Life { from: unix_seconds(), until: minted.expires_at };
        let (console, provider) = (scene.context.console, scene.provider);
        let renewer = Renewer {
            console,
            provider: Arc::clone(provider),
            spent: Arc::clone(scene.spent),
            description: scene.description.clone(),
            attempt: scene.attempt.clone(),
            current,
            stopped,
            ends_at: scene.ends_at,
            sets: vec![Set { lease: minted.lease.clone(), is_first: true, life }],
            renewed: Renewed::default(),
        };
        let thread = std::thread::Builder::new().name("renewal".to_owned());
        let thread = thread.spawn(move || renewer.run())?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
            secrets: Vec::new(),
            console,
            provider: Arc::clone(provider),
            attempt: scene.attempt.clone(),
        })
    }

    /// Stops the thread.
    pub(super) fn stop(&mut self) -> Unrevoked {
        self.stop.take();
        let ended = self.thread.take().map(JoinHandle::join);
        let Renewed { secrets, unrevoked } = ended.and_then(Result::ok).unwrap_or_default();
        self.secrets.extend(secrets);
        unrevoked
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.secrets.iter().cloned()
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        // There is something left only if the session failed before it stopped the renewal.
        for lease in self.stop().leases {
            revoke_lease(self.console, &self.provider, &self.attempt, lease, LEASE);
        }
    }
}

impl Renewer {
    fn run(mut self) -> Renewed {
        // While the command runs, a signal is the command's.
        self.provider.ignore_interruption();
        let pause = pause(self.spent.planned().life());
        let (mut earliest, mut is_failing) = (0, false);
        while let Some(next) = self.sets.last().and_then(|set| due(set.life, self.ends_at)) {
            if !self.sleep_until(next.max(earliest)) {
                break;
            }
            match guarded(|| self.renew()) {
                Ok(Outcome::Renewed) => is_failing = false,
                Ok(Outcome::Stopped) => break,
                Ok(Outcome::Over(reason)) => {
                    self.tell(reason, "");
                    break;
                }
                Err(failure) => {
                    if !is_failing {
                        self.tell(&failure.line(), "; trying again");
                    }
                    is_failing = true;
                }
            }
            earliest = unix_seconds().saturating_add(pause);
        }
        // The session drops the sender at its end; it sends nothing.
        let _ = self.stopped.recv();
        let own = self.sets.into_iter().filter(|set| !set.is_first);
        self.renewed.unrevoked.leases = own.filter_map(|set| set.lease).collect();
        self.renewed
    }

    /// Waits until `time`, in seconds since the Unix epoch. Returns false if the session or its access has ended.
    fn sleep_until(&self, time: u64) -> bool {
        loop {
            let left = Duration::from_secs(time.saturating_sub(unix_seconds()));
            if left.is_zero() {
                return unix_seconds() < self.ends_at;
            }
            if !self.sleep(left.min(LOOK_EVERY)) {
                return false;
            }
        }
    }

    /// Returns false if the session has ended.
    fn sleep(&self, time: Duration) -> bool {
        matches!(self.stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    /// Mints the next set and hands it out.
    fn renew(&mut self) -> Result<Outcome, Failure> {
        let now = unix_seconds();
        let left = self.ends_at.saturating_sub(now);
        let seconds = u32::try_from(left).unwrap_or(u32::MAX).min(self.spent.planned().life());
        if seconds == 0 {
            return Ok(Outcome::Stopped);
        }
        let minted = self.spent.repeat(&self.provider, &self.description, now, seconds, |minted| {
            self.take_back(minted);
        });
        report::logged(self.console, self.provider.loaded(), self.provider.logged());
        let lease = minted.as_ref().ok().and_then(|minted| minted.lease.as_deref());
        revoke_announced(self.console, &self.provider, &self.attempt, lease);
        let minted = minted?;
        self.renewed.secrets.extend(secrets(&minted));
        let accepted = guarded(|| self.accept(&minted, left));
        if !matches!(accepted, Ok(Outcome::Renewed)) {
            self.take_back(&minted);
            return accepted;
        }
        let life = Life { from: now, until: minted.expires_at };
        self.sets.push(Set { lease: minted.lease, is_first: false, life });
        self.retire();
        accepted
    }

    /// Checks the new set, waits until it works, records it, and hands it out. `left` is the rest of the access in
    /// seconds, at the request.
    fn accept(&self, minted: &Minted, left: u64) -> Result<Outcome, Failure> {
        // Security: the requested life decides, as in `Access`, because the clocks may differ.
        let outlives = match minted.asked_seconds {
            Some(seconds) => u64::from(seconds) > left,
            None => minted.expires_at > self.ends_at.saturating_add(EXPIRY_SLACK_SECONDS),
        };
        if outlives {
            return Ok(Outcome::Over("the cloud makes no keys that end at the ttl"));
        }
        let Some(keys) = endpoint::keys(minted) else {
            return Ok(Outcome::Over("the provider handed out something other than AWS keys"));
        };
        if !self.settle(minted)? {
            return Ok(Outcome::Stopped);
        }
        self.attempt.record_renewed(minted)?;
        self.current.replace(keys);
        Ok(Outcome::Renewed)
    }

    /// Waits until new keys work. Returns false if the session has ended.
    fn settle(&self, minted: &Minted) -> Result<bool, Failure> {
        let (Some(most), Some(lease)) = (minted.settle, &minted.lease) else { return Ok(true) };
        let began = Instant::now();
        while !self.provider.settled(lease)? && began.elapsed() < most {
            if !self.sleep(SETTLE_PAUSE) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Revokes the sets that have ended: until then, clients may use them. What cannot be revoked yet is tried again.
    fn retire(&mut self) {
        let (now, newest) = (unix_seconds(), self.sets.len().saturating_sub(1));
        let sets = std::mem::take(&mut self.sets);
        for (position, set) in sets.into_iter().enumerate() {
            let has_ended = position < newest && set.life.until <= now;
            match &set.lease {
                None if has_ended => {}
                Some(lease) if has_ended && self.provider.revoke(lease).is_ok() => {
                    self.renewed.unrevoked.has_revoked_first |= set.is_first;
                    record_lease(self.console, &self.attempt, lease.clone(), Ok(()), LEASE);
                }
                _ => self.sets.push(set),
            }
        }
    }

    fn take_back(&self, minted: &Minted) {
        if let Some(lease) = minted.lease.clone() {
            revoke_lease(self.console, &self.provider, &self.attempt, lease, LEASE);
        }
    }

    fn tell(&self, reason: &str, next: &str) {
        let until = self.sets.last().map_or(0, |set| set.life.until).min(self.ends_at);
        let until = rfc3339(until);
        self.console.notice(&format!(
            "the session's keys end at {until} and were not renewed: {reason}{next}"
        ));
    }
}
