//! `tryaudex sessions watch`: the decisions and asks of running sessions as they happen.

mod prompt;
mod text;

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::prompt::{Pressed, Prompt};
use super::named;
use crate::asks::{self, Ask, State};
use crate::cli::approve::discard_typed;
use crate::console::{self, Console, Keys};
use crate::control::{self, Client, ControlError, Event, Found, NotCounted};
use crate::failure::Failure;
use crate::receipt::summary::Summaries;
use audex_core::paths::Paths;

/// The pause between two looks for new sessions; a person does not notice it.
const PAUSE: Duration = Duration::from_millis(250);
/// The events that wait to be printed. Behind a slow terminal, the session counts what is lost.
const QUEUE: usize = 64;
/// The keys that end the view: q, Ctrl-C and Ctrl-D.
const LEAVING: [u8; 3] = [b'q', 3, 4];

/// What the view learns.
enum Seen {
    Event(String, Event),
    /// The session does not answer any more.
    Gone(String, Option<ControlError>),
    Key(Pressed),
}

/// A live view.
struct View<'a> {
    state: &'a Path,
    json: bool,
    events: SyncSender<Seen>,
    /// Every session that was ever watched.
    known: BTreeSet<String>,
    /// The sessions that are watched and have not ended.
    running: BTreeSet<String>,
    /// The asks that wait for an answer, the oldest first.
    open: VecDeque<Ask>,
    /// The prompt on the screen.
    prompt: Option<Prompt>,
    has_keys: bool,
}

pub(super) fn watch(paths: &Paths, id: Option<&str>, json: bool) -> Result<u8, Failure> {
    let (events, seen) = sync_channel(QUEUE);
    let is_interactive = !json && console::is_result_watched();
    let keys = if is_interactive { Keys::open() } else { None };
    if let Some(mut reader) = keys.as_ref().and_then(|keys| keys.reader().ok()) {
        let events = events.clone();
        thread::spawn(move || reader.all(|key| send_key(&events, key)));
    }
    let mut view = View {
        state: &paths.state,
        json,
        events,
        known: BTreeSet::new(),
        running: BTreeSet::new(),
        open: VecDeque::new(),
        prompt: None,
        has_keys: keys.is_some(),
    };
    if let Some(id) = id {
        let session = view.only(id)?;
        view.add(&session)?;
    }
    view.follow(&seen, id.is_none())
}

impl View<'_> {
    /// Returns the only running session whose name begins with `id`.
    fn only(&self, id: &str) -> Result<String, Failure> {
        let mut sessions = Summaries::new();
        for session in control::names(self.state)? {
            sessions.entry(session).or_default();
        }
        let session = named(&sessions, Some(id)).map_err(|failure| {
            let message = failure.message().replace("the audit log has no", "there is no running");
            failure.saying(&message)
        })?;
        Ok(session.to_owned())
    }

    /// Prints what happens. With `all`, looks for new sessions, and does not end by itself.
    fn follow(&mut self, seen: &Receiver<Seen>, all: bool) -> Result<u8, Failure> {
        loop {
            if all {
                self.add_new()?;
            } else if self.running.is_empty() {
                return Ok(0);
            }
            let goes_on = match seen.recv_timeout(PAUSE) {
                Ok(Seen::Event(session, event)) => self.event(&session, &event),
                Ok(Seen::Gone(session, error)) => {
                    self.gone(&session, error);
                    true
                }
                Ok(Seen::Key(pressed)) => {
                    let leaves = LEAVING.contains(&pressed.key);
                    if !leaves {
                        self.key(pressed);
                    }
                    !leaves
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            };
            if !goes_on || !self.ask_person() {
                return Ok(0);
            }
        }
    }

    /// Watches the sessions that are not watched yet. What cannot be watched is said once.
    fn add_new(&mut self) -> Result<(), Failure> {
        for session in control::names(self.state)? {
            if self.known.contains(&session) {
                continue;
            }
            match self.add(&session) {
                Err(ControlError::NotRunning { .. }) | Ok(()) => {}
                Err(error) => Console::default().notice(&Failure::from(error).line()),
            }
        }
        Ok(())
    }

    fn add(&mut self, session: &str) -> Result<(), ControlError> {
        self.known.insert(session.to_owned());
        let Found { hello, client } = Client::connect(self.state, session)?.greeted()?;
        let (events, name) = (self.events.clone(), session.to_owned());
        let state = self.state.to_owned();
        thread::spawn(move || {
            let send = |event| events.send(Seen::Event(name.clone(), event)).is_ok();
            let watched = client.watch(
                || {
                    // The asks that waited before the watcher came.
                    let known = Client::connect(&state, &name)
                        .and_then(|mut client| client.asks_and_notice());
                    let (asks, notice) = known.unwrap_or_default();
                    let notice = notice.map(|text| asks::Event::Noted { text });
                    let known = notice.into_iter().chain(asks.into_iter().map(asks::Event::Asked));
                    send(Event::Watched(Box::new(hello))) && known.map(Event::Of).all(send)
                },
                send,
            );
            // If this fails, the view has ended.
            let _ = events.send(Seen::Gone(name.clone(), watched.err()));
        });
        self.running.insert(session.to_owned());
        Ok(())
    }

    /// Prints an event. Returns false if the reader of the output is gone.
    fn event(&mut self, session: &str, event: &Event) -> bool {
        match event {
            Event::Of(asks::Event::Asked(ask)) => {
                // An ask may be seen twice: in the list, and as it comes.
                let is_known = self.open.iter().any(|known| known.id == ask.id);
                if is_known || ask.state != State::Pending {
                    return true;
                }
                self.open.push_back(ask.clone());
                // The prompt comes after every line about an ask, so the last ask on the screen is the one that the keys answer.
                self.prompt = None;
                let is_prompted = self.has_keys && self.open.len() == 1;
                return is_prompted || self.show(session, event);
            }
            Event::Of(asks::Event::Answered(ask)) => self.open.retain(|known| known.id != ask.id),
            Event::Ended { .. } => {
                self.running.remove(session);
                self.open.retain(|known| known.session != session);
            }
            Event::Watched(_) | Event::Of(_) => {}
        }
        self.show(session, event)
    }

    fn show(&self, session: &str, event: &Event) -> bool {
        if !self.json {
            return console::show(&format!("{session}  {}", text::text(event)));
        }
        let mut value = serde_json::to_value(event).unwrap_or_default();
        if let Value::Object(fields) = &mut value {
            fields.insert("session".to_owned(), session.into());
        }
        console::show(&value.to_string())
    }

    /// Shows the oldest ask and names the keys for it, if there are keys and the ask is not the one on the screen. Returns false if
    /// the reader of the output is gone.
    fn ask_person(&mut self) -> bool {
        let Some(ask) = self.open.front().filter(|_| self.has_keys) else {
            self.prompt = None;
            return true;
        };
        if self.prompt.as_ref().is_some_and(|prompt| prompt.is_of(ask)) {
            return true;
        }
        discard_typed();
        let is_shown = self.show(&ask.session, &Event::Of(asks::Event::Asked(ask.clone())))
            && console::show(&format!("{}  {}", ask.session, prompt::keys(ask)));
        self.prompt = Some(Prompt::new(ask, Instant::now()));
        is_shown
    }

    fn gone(&mut self, session: &str, error: Option<ControlError>) {
        if !self.running.remove(session) {
            return;
        }
        self.open.retain(|known| known.session != session);
        match error {
            Some(ControlError::NoAnswer { .. }) | None => {
                Console::default().notice(&format!(
                    "session `{session}` is gone without an end; `tryaudex sessions end {session}` mends what it left"
                ));
            }
            Some(error) => Console::default().notice(&Failure::from(error).line()),
        }
    }

    /// Answers the ask of the prompt, if it is still the oldest one.
    fn key(&mut self, pressed: Pressed) {
        let Some(ask) = self.open.front() else { return };
        let answer = self.prompt.as_ref().and_then(|prompt| prompt.answer(ask, pressed));
        let Some(answer) = answer else { return };
        let Some(ask) = self.open.pop_front() else { return };
        let answered = Client::connect(self.state, &ask.session)
            .and_then(|mut client| client.answer(&ask.id, answer, None));
        match answered {
            // The event of the answer follows.
            Ok(Ok(_) | Err(NotCounted::NotOpen)) => {}
            Ok(Err(why)) => Console::default().notice(&why.text(&ask.id)),
            Err(error) => Console::default().notice(&Failure::from(error).line()),
        }
    }
}

/// Hands a key to the view. Returns false if the view has ended.
///
/// INVARIANT: a key that can be an answer does not wait for room in the queue, so the next key is read, and gets its time, when it is
/// pressed. Behind a full queue it is dropped.
fn send_key(events: &SyncSender<Seen>, key: u8) -> bool {
    let seen = Seen::Key(Pressed { key, at: Instant::now() });
    if LEAVING.contains(&key) {
        return events.send(seen).is_ok();
    }
    !matches!(events.try_send(seen), Err(TrySendError::Disconnected(_)))
}
