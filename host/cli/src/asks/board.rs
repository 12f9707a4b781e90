//! The asks of one session, and their states.
//!
//! The gateway, the session's door and the control socket add asks. The clerk considers them and carries out a yes.
//! People answer through the control socket or the webhook.

mod error;
#[cfg(test)]
mod tests;
mod watcher;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use self::watcher::Watcher;
use super::rate::Rate;
use super::{Answer, Ask, Event, ID_PREFIX, State, Wanted};
use audex_core::redact::redact_text;
use audex_core::{clock, printable, random};

pub use self::error::{AnswerError, NotAsked, NotLocal};

/// The most asks of one session: more is a program in a loop.
const ASKS: usize = 200;
/// The most asks that wait for an answer: more are not read.
const OPEN: usize = 20;
/// The most bytes of one name, and of all names of one ask: a person has to read them.
const NAME_BYTES: usize = 2048;
const ASK_BYTES: usize = 16 * 1024;
/// The most answers of no after which a session can ask for nothing more.
const REFUSALS: usize = 10;
/// The most characters of a reason.
const WHY_CHARACTERS: usize = 300;
/// The digits of an id.
const ID_DIGITS: usize = 8;
/// The longest time to carry out a yes: the cloud answers within 15 s, and may need time to settle.
const CARRY_OUT: Duration = Duration::from_mins(2);

/// The facts of the session that asks.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// The session's name.
    pub session: String,
    /// The provider's id.
    pub provider: String,
    /// The coding agent, if it is known.
    pub agent: Option<String>,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The reason why no answer from this machine counts; `None` if they do.
    pub not_local: Option<NotLocal>,
}

/// What the clerk has to do.
#[derive(Debug)]
pub enum Work {
    /// Find out whether the filters and the rules agree, or whether a person has to.
    Consider(String),
    /// Record a no.
    Refuse {
        /// The ask.
        id: String,
        /// Who said no.
        by: String,
    },
    /// Carry out a yes.
    Grant {
        /// The ask.
        id: String,
        /// Who said yes.
        by: String,
        /// True if it is for one request.
        once: bool,
        /// The longest time in seconds, if there is one.
        seconds: Option<u64>,
    },
}

/// The asks of one session.
pub struct Board {
    asker: Asker,
    /// The asks of the session around this one, whose limits hold for both together.
    around: Option<Arc<Self>>,
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    entries: Vec<Entry>,
    rate: Rate,
    /// `None` once the session has ended.
    work: Option<Sender<Work>>,
    watchers: Vec<Watcher>,
    /// The number of asks to which somebody said no.
    refusals: usize,
    /// The number of asks of the sessions inside.
    inside: usize,
    /// The number of asks that were not taken.
    not_taken: u64,
    /// The first failure of the webhook.
    webhook_failure: Option<String>,
}

/// What became of the asks of a session, for its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The number of asks that were not taken: too many, too often, or too long.
    pub not_taken: u64,
    /// What became of grants before the session ended, by the id of the ask.
    pub over: BTreeMap<String, String>,
    /// The first failure of the webhook.
    pub webhook_failure: Option<String>,
}

struct Entry {
    ask: Ask,
    /// The permissions in the words of the command.
    asked: Vec<Wanted>,
    /// True if the same ask can be made again.
    is_forgotten: bool,
    /// True while an answer is carried out.
    is_answered: bool,
    /// True once credentials for it have worked.
    was_granted: bool,
    state: watch::Sender<State>,
}

impl Board {
    /// Starts with no asks. The receiver is the clerk's.
    #[must_use]
    pub fn new(asker: Asker) -> (Self, Receiver<Work>) {
        let (work, receiver) = channel();
        let inner = Inner {
            entries: Vec::new(),
            rate: Rate::new(Instant::now()),
            work: Some(work),
            watchers: Vec::new(),
            refusals: 0,
            inside: 0,
            not_taken: 0,
            webhook_failure: None,
        };
        let (inner, changed) = (Mutex::new(inner), Condvar::new());
        (Self { asker, around: None, inner, changed }, receiver)
    }

    /// Starts with no asks, for a session inside the one of `around`.
    #[must_use]
    pub fn inside(asker: Asker, around: Arc<Self>) -> (Self, Receiver<Work>) {
        let (board, work) = Self::new(asker);
        (Self { around: Some(around), ..board }, work)
    }

    /// Counts an ask of a session inside this one, up to the outermost session.
    ///
    /// # Errors
    /// [`NotAsked`]: otherwise a command would open sessions to ask without a limit.
    fn count_inside(&self) -> Result<(), NotAsked> {
        if let Some(around) = &self.around {
            return around.count_inside();
        }
        let mut inner = self.lock();
        inner.may_add()?;
        if !inner.rate.take(Instant::now()) {
            return Err(NotAsked::TooOften);
        }
        inner.inside = inner.inside.saturating_add(1);
        Ok(())
    }

    /// Counts an answer of no, up to the outermost session.
    fn count_refusal(&self) {
        if let Some(around) = &self.around {
            around.count_refusal();
        }
        let mut inner = self.lock();
        inner.refusals = inner.refusals.saturating_add(1);
    }

    /// Returns the asks that wait for a person, the oldest first.
    #[must_use]
    pub fn asks(&self) -> Vec<Ask> {
        let shown = |entry: &&Entry| entry.ask.state == State::Pending;
        self.lock().entries.iter().filter(shown).map(|entry| entry.ask.clone()).collect()
    }

    /// Returns the ask `id`, also before it is considered.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Ask> {
        let mut inner = self.lock();
        inner.expire();
        inner.entries.iter().find(|entry| entry.ask.id == id).map(|entry| entry.ask.clone())
    }

    /// Adds an ask, or finds the same one. An ask that a person, a rule or a filter refused is not asked again.
    ///
    /// # Errors
    /// [`NotAsked`].
    pub fn ask(&self, wanted: Vec<Wanted>, why: Option<&str>) -> Result<Ask, NotAsked> {
        self.add(wanted, why, Rate::take)
    }

    /// Adds an ask for a part of the session's own grant, which nobody has to answer; no rate limits it.
    ///
    /// # Errors
    /// [`NotAsked`].
    pub fn ask_own(&self, wanted: Vec<Wanted>) -> Result<Ask, NotAsked> {
        self.add(wanted, None, |_, _| true)
    }

    fn add(
        &self,
        wanted: Vec<Wanted>,
        why: Option<&str>,
        may: impl FnOnce(&mut Rate, Instant) -> bool,
    ) -> Result<Ask, NotAsked> {
        self.taken(wanted, why, may).inspect_err(|_| {
            let mut inner = self.lock();
            inner.not_taken = inner.not_taken.saturating_add(1);
        })
    }

    fn taken(
        &self,
        wanted: Vec<Wanted>,
        why: Option<&str>,
        may: impl FnOnce(&mut Rate, Instant) -> bool,
    ) -> Result<Ask, NotAsked> {
        let lengths = || {
            let names = wanted.iter().flat_map(|one| one.resources.iter().chain([&one.action]));
            names.map(String::len)
        };
        if lengths().any(|length| length > NAME_BYTES) || lengths().sum::<usize>() > ASK_BYTES {
            return Err(NotAsked::TooLong);
        }
        let mut inner = self.lock();
        inner.expire();
        let is_same = |entry: &&Entry| {
            entry.asked == wanted
                && !entry.is_forgotten
                && !matches!(entry.ask.state, State::Used | State::Ended)
        };
        if let Some(known) = inner.entries.iter().find(is_same) {
            return Ok(known.ask.clone());
        }
        if inner.entries.iter().filter(|entry| entry.ask.state.is_open()).count() >= OPEN {
            return Err(NotAsked::TooMany);
        }
        inner.may_add()?;
        if !may(&mut inner.rate, Instant::now()) {
            return Err(NotAsked::TooOften);
        }
        if let Some(around) = &self.around {
            around.count_inside()?;
        }
        let digits = random::text(ID_DIGITS, random::HEX).map_err(|_| NotAsked::Over)?;
        let ask = Ask {
            id: format!("{ID_PREFIX}{digits}"),
            session: self.asker.session.clone(),
            provider: self.asker.provider.clone(),
            agent: self.asker.agent.clone(),
            command: self.asker.command.clone(),
            wanted: wanted.clone(),
            why: why.map(said),
            asked_at: clock::unix_seconds(),
            state: State::Considered,
        };
        let (state, _) = watch::channel(State::Considered);
        inner.entries.push(Entry {
            ask: ask.clone(),
            asked: wanted,
            is_forgotten: false,
            is_answered: false,
            was_granted: false,
            state,
        });
        inner.tell_clerk(Work::Consider(ask.id.clone()));
        Ok(ask)
    }

    /// Answers an ask from this machine, as [`Board::answer_from_outside`] does.
    ///
    /// # Errors
    /// [`AnswerError`]. Security: without isolation the command could answer itself, because a process of the same user
    /// cannot be told apart.
    pub fn answer(&self, id: &str, answer: &Answer, by: &str) -> Result<Ask, AnswerError> {
        match self.asker.not_local {
            Some(reason) => Err(AnswerError::NotLocal(reason)),
            None => self.answer_from_outside(id, answer, by),
        }
    }

    /// Answers an ask, and waits until a yes is carried out or has failed.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn answer_from_outside(
        &self,
        id: &str,
        answer: &Answer,
        by: &str,
    ) -> Result<Ask, AnswerError> {
        let by = printable::line(by);
        {
            let mut inner = self.lock();
            let entry = inner.entry(id).ok_or_else(|| AnswerError::Unknown(id.to_owned()))?;
            if entry.ask.state != State::Pending || entry.is_answered {
                return Err(AnswerError::NotOpen(id.to_owned()));
            }
            entry.is_answered = true;
            let id = id.to_owned();
            inner.tell_clerk(match *answer {
                Answer::No => Work::Refuse { id, by },
                Answer::Yes { once, seconds } => Work::Grant { id, by, once, seconds },
            });
        }
        if *answer == Answer::No {
            self.count_refusal();
        }
        self.wait(id, CARRY_OUT).ok_or_else(|| AnswerError::StillRunning(id.to_owned()))
    }

    /// Waits until the ask is no longer open. Returns `None` after `time`.
    pub fn wait(&self, id: &str, time: Duration) -> Option<Ask> {
        let is_open =
            |inner: &mut Inner| inner.entry(id).is_some_and(|one| one.ask.state.is_open());
        let inner = self.lock();
        let waited = self.changed.wait_timeout_while(inner, time, is_open);
        let (mut inner, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return None;
        }
        inner.entry(id).map(|entry| entry.ask.clone())
    }

    /// Returns the states of an ask from now on, or nothing if there is no such ask.
    pub fn states(&self, id: &str) -> Option<watch::Receiver<State>> {
        self.lock().entry(id).map(|entry| entry.state.subscribe())
    }

    /// Sets the state of an ask.
    pub fn set(&self, id: &str, state: State) {
        self.lock().set(id, state);
        self.changed.notify_all();
    }

    /// Replaces the permissions of an ask by those that the chain makes of them: native ones, with their access
    /// levels. Returns the id of an equal ask that was refused or waits: a name in another spelling is no other ask.
    pub fn replace_permissions(&self, id: &str, wanted: Vec<Wanted>) -> Option<String> {
        let mut inner = self.lock();
        let plain = normal(&wanted);
        let is_same = |entry: &&Entry| {
            let state = &entry.ask.state;
            entry.ask.id != id
                && !entry.is_forgotten
                && (*state == State::Pending || matches!(state, State::Refused { .. }))
                && normal(&entry.ask.wanted) == plain
        };
        let same = inner.entries.iter().find(is_same).map(|entry| entry.ask.id.clone());
        if let Some(entry) = inner.entry(id) {
            entry.ask.wanted = wanted;
        }
        same
    }

    /// Lets the same ask be made again: it failed for a reason that may pass.
    pub fn forget(&self, id: &str) {
        if let Some(entry) = self.lock().entry(id) {
            entry.is_forgotten = true;
        }
    }

    /// Reports a decision of the gateway to those who watch.
    pub fn decided(&self, action: &str, resource: &str, allowed: bool) {
        let mut inner = self.lock();
        if !inner.watchers.is_empty() {
            let (action, resource) = (action.to_owned(), resource.to_owned());
            inner.tell_watchers(&Event::Decided { action, resource, allowed });
        }
    }

    /// Returns what happens from now on. A watcher that is too slow gets [`Event::Lost`].
    #[must_use]
    pub fn watch(&self) -> Receiver<Event> {
        let (watcher, receiver) = Watcher::new();
        self.lock().watchers.push(watcher);
        receiver
    }

    /// Notes a failure of the webhook. The first one is told to those who watch, and stays.
    pub fn webhook_failed(&self, reason: &str) {
        let text = format!("the webhook of [approve] failed, and is asked again: {reason}");
        let mut inner = self.lock();
        if inner.webhook_failure.is_none() {
            inner.webhook_failure = Some(text.clone());
            inner.tell_watchers(&Event::Noted { text });
        }
    }

    /// Returns what became of the asks.
    #[must_use]
    pub fn account(&self) -> Account {
        let mut inner = self.lock();
        inner.expire();
        let over = inner.entries.iter().filter_map(|Entry { ask, was_granted, .. }| {
            let what = match ask.state {
                State::Used => "used",
                State::Ended if *was_granted => "ended",
                _ => return None,
            };
            Some((ask.id.clone(), what.to_owned()))
        });
        Account {
            not_taken: inner.not_taken,
            over: over.collect(),
            webhook_failure: inner.webhook_failure.clone(),
        }
    }

    /// Ends every ask that is still open, and takes no more.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.work = None;
        let open: Vec<String> = inner
            .entries
            .iter()
            .filter(|entry| entry.ask.state.is_open())
            .map(|entry| entry.ask.id.clone())
            .collect();
        for id in open {
            inner.set(&id, State::Ended);
        }
        inner.tell_watchers(&Event::Over);
        inner.watchers.clear();
        drop(inner);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn entry(&mut self, id: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.ask.id == id)
    }

    /// Checks that the session, with those inside it, may still ask.
    fn may_add(&self) -> Result<(), NotAsked> {
        let asks = self.entries.len().saturating_add(self.inside);
        if self.work.is_none() || asks >= ASKS || self.refusals >= REFUSALS {
            return Err(NotAsked::Over);
        }
        Ok(())
    }

    /// Ends the asks whose grant is over.
    fn expire(&mut self) {
        let now = clock::unix_seconds();
        let is_over = |entry: &&Entry| matches!(entry.ask.state, State::Granted { until, .. } if until <= now);
        let over: Vec<String> =
            self.entries.iter().filter(is_over).map(|entry| entry.ask.id.clone()).collect();
        for id in over {
            self.set(&id, State::Ended);
        }
    }

    fn set(&mut self, id: &str, state: State) {
        let Some(entry) = self.entry(id) else { return };
        // An ask is answered once: after that it is only used up, or ends.
        if !entry.ask.state.is_open() && !matches!(state, State::Used | State::Ended) {
            return;
        }
        entry.ask.state.clone_from(&state);
        entry.is_answered = false;
        entry.was_granted |= matches!(state, State::Granted { .. });
        let ask = entry.ask.clone();
        entry.state.send_replace(state);
        let event =
            if ask.state == State::Pending { Event::Asked(ask) } else { Event::Answered(ask) };
        self.tell_watchers(&event);
    }

    fn tell_clerk(&self, work: Work) {
        if let Some(clerk) = &self.work {
            // The clerk ends only after the board is closed.
            let _ = clerk.send(work);
        }
    }

    fn tell_watchers(&mut self, event: &Event) {
        self.watchers.retain_mut(|watcher| watcher.tell(event));
    }
}

/// Returns permissions in a form in which equal sets are equal.
fn normal(wanted: &[Wanted]) -> BTreeSet<(String, BTreeSet<String>)> {
    let one =
        |one: &Wanted| (one.action.to_ascii_lowercase(), one.resources.iter().cloned().collect());
    wanted.iter().map(one).collect()
}

/// Returns the command's words on one line, without what looks like a secret.
fn said(text: &str) -> String {
    let line = printable::line(&redact_text(text));
    let mut characters = line.trim().chars();
    let mut short: String = characters.by_ref().take(WHY_CHARACTERS).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
