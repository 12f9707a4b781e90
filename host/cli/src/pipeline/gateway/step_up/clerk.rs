//! The clerk of a session: a thread that takes each ask through the chain, and carries out a yes.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;

use super::Ground;
use super::grant::{Granting, known, wanted};
use crate::asks::State;
use crate::asks::board::{Board, Work};
use crate::failure::{Failure, Kind};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::gateway::decider::Deciding;
use crate::pipeline::guard::guarded;
use audex_audit::Answered;
use audex_components::provider::Provider;
use audex_core::clock::{rfc3339, unix_seconds};
use audex_core::secret::Secret;

/// The least life of what is granted: less cannot be used.
const LEAST_LIFE: u64 = 5;

/// Who grants a part of the run's own grant, in the log.
const OWN_GRANT: &str = "the grant of the run";

/// Who refuses an ask for more than the session around it has.
const AROUND: &str = "the session around it";

/// A running clerk.
pub(in crate::pipeline) struct Clerk {
    board: Arc<Board>,
    thread: Option<JoinHandle<()>>,
    granting: Granting,
}

/// What the clerk's thread works with.
struct Worker {
    ground: Arc<Ground>,
    board: Arc<Board>,
    granting: Granting,
    attempt: Attempt,
    ends_at: u64,
}

impl Clerk {
    /// Starts the clerk of `board`. Access ends at `ends_at`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// If the system has no thread.
    pub(in crate::pipeline) fn start(
        ground: Arc<Ground>,
        (board, work): (Arc<Board>, Receiver<Work>),
        provider: &Arc<Provider>,
        attempt: &Attempt,
        deciding: &Arc<Deciding>,
        ends_at: u64,
    ) -> io::Result<Self> {
        let granting = Granting::new(provider, attempt, deciding);
        let worker = Worker {
            ground,
            board: Arc::clone(&board),
            granting: granting.clone(),
            attempt: attempt.clone(),
            ends_at,
        };
        let thread = std::thread::Builder::new().name("clerk".to_owned());
        let thread = thread.spawn(move || {
            for work in work {
                worker.work(work);
            }
        })?;
        Ok(Self { board, thread: Some(thread), granting })
    }

    /// Returns the asks.
    pub(in crate::pipeline) fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Takes no more asks, and returns the leases of what was made for them. The thread ends what it is at.
    pub(in crate::pipeline) fn stop(&mut self) -> Vec<String> {
        self.board.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread is no reason to keep the leases.
            let _ = thread.join();
        }
        self.granting.made(|made| std::mem::take(&mut made.leases))
    }

    /// Returns the secrets of what was made.
    pub(in crate::pipeline) fn secrets(&self) -> Vec<Secret> {
        self.granting.made(|made| made.secrets.clone())
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        // There is something left only if the session failed before it stopped the clerk.
        for lease in self.stop() {
            self.granting.revoke(lease);
        }
    }
}

impl Worker {
    fn work(&self, work: Work) {
        let (id, outcome) = match work {
            Work::Consider(id) => {
                let outcome = guarded(|| self.consider(&id));
                (id, outcome)
            }
            Work::Refuse { id, by } => {
                self.refused(&id, &by, "the answer is no".to_owned(), false);
                return;
            }
            Work::Grant { id, by, once, seconds } => {
                let outcome = guarded(|| self.grant(&id, &by, once, seconds));
                (id, outcome)
            }
        };
        if let Err(failure) = outcome {
            // The command reads the reason.
            let failure = failure.without(&self.ground.misplaced());
            let can_retry = matches!(failure.kind, Kind::Unavailable | Kind::Internal);
            self.refused(&id, failure.stage, failure.line(), can_retry);
        }
    }

    /// Finds out whether the filters agree, and whether a rule grants the ask.
    fn consider(&self, id: &str) -> Result<(), Failure> {
        let Some(ask) = self.board.get(id).filter(|ask| ask.state.is_open()) else {
            return Ok(());
        };
        self.attempt.record_asked(&ask)?;
        let mut attempt = self.attempt.of_ask();
        let life = self.life(None)?;
        let (known, wanted, beyond) = {
            let ready = self.ground.ready(
                &self.granting.provider,
                &mut attempt,
                &ask.wanted,
                ask.why.as_deref(),
                life,
            )?;
            let known = known(&ready)?;
            let wanted = wanted(&ready, &known);
            let granted = &ready.output.planned().grant.shown().permissions;
            let beyond = self.ground.beyond(granted).map(|one| one.action.clone());
            (known, wanted, beyond)
        };
        if let Some(action) = beyond {
            let reason =
                format!("the session around it does not have `{action}`: it has to ask first");
            self.refused(id, AROUND, reason, true);
            return Ok(());
        }
        let later = &self.ground.later;
        let is_own = later.grants(&ask.wanted)
            && known.iter().all(|one| !one.yields_credentials || later.is_named(&one.action));
        let own = is_own.then(|| OWN_GRANT.to_owned());
        if let Some(same) = self.board.replace_permissions(id, wanted) {
            let message = format!("it is the same as {same}, which was refused or waits");
            return Err(Failure::refused(&message, "").at("approve"));
        }
        if let Some(rule) = own.or_else(|| self.ground.rules().grant(&known)) {
            return self.grant(id, &rule, false, None);
        }
        if let Some(reason) = self.ground.nobody_can_answer() {
            return Err(Failure::refused(&reason.to_string(), "").at("approve"));
        }
        self.board.set(id, State::Pending);
        if let Some(webhook) = self.ground.webhook()
            && let Some(ask) = self.board.get(id)
        {
            webhook.ask(ask, Arc::clone(&self.board));
        }
        self.ground.notify(id, &self.board);
        Ok(())
    }

    /// Carries out a yes: the whole chain once more, and new credentials.
    fn grant(&self, id: &str, by: &str, once: bool, seconds: Option<u64>) -> Result<(), Failure> {
        let Some(ask) = self.board.get(id).filter(|ask| ask.state.is_open()) else {
            return Ok(());
        };
        let life = self.life(seconds)?;
        let until = unix_seconds().saturating_add(life.as_secs()).min(self.ends_at);
        let by = by.to_owned();
        let answered = Answered {
            ask: id.to_owned(),
            granted: true,
            by: by.clone(),
            reason: None,
            once,
            until: Some(rfc3339(until)),
        };
        let mut attempt = self.attempt.of_ask();
        let (provider, why) = (&self.granting.provider, ask.why.as_deref());
        let ready = self.ground.ready(provider, &mut attempt, &ask.wanted, why, life)?;
        let record = || self.attempt.record_answered(answered);
        let granted = self.granting.make(id, ready, (until, once), record)?;
        self.ground.add(granted);
        self.board.set(id, State::Granted { by, until, once });
        Ok(())
    }

    /// Returns how long something granted now may last.
    fn life(&self, seconds: Option<u64>) -> Result<Duration, Failure> {
        let left = self.ends_at.saturating_sub(unix_seconds());
        if left < LEAST_LIFE {
            let message = format!("the session ends in less than {LEAST_LIFE} s");
            return Err(Failure::refused(&message, "start a new one").at("approve"));
        }
        let wanted = seconds.unwrap_or(left).min(left);
        if wanted < LEAST_LIFE {
            let message = format!("{wanted} s are less than {LEAST_LIFE} s, which nothing can use");
            return Err(Failure::refused(&message, "grant it for longer").at("approve"));
        }
        Ok(Duration::from_secs(wanted))
    }

    fn refused(&self, id: &str, by: &str, reason: String, can_retry: bool) {
        let by = by.to_owned();
        let answered = Answered {
            ask: id.to_owned(),
            granted: false,
            by: by.clone(),
            reason: Some(reason.clone()),
            once: false,
            until: None,
        };
        // The ask is refused in any case; the log is the session's, and its own failure is reported at its end.
        let _ = self.attempt.record_answered(answered);
        self.board.set(id, State::Refused { by, reason });
        if can_retry {
            self.board.forget(id);
        }
    }
}
