//! The cloud's own record of calls, which is minutes behind: asked until nothing new comes, or the time is up.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use audex_child::Signals;
use audex_components::provider::{Call, Provider, ProviderError, Window};
use audex_core::clock;

/// Between two questions, at most: the record allows two a second, and nothing is lost by patience.
const PAUSE: Duration = Duration::from_secs(30);
/// Questions in the whole time, at least.
const QUESTIONS: u32 = 10;
/// How soon a signal is noticed.
const STEP: Duration = Duration::from_millis(100);
/// Clocks differ, and the record counts whole seconds.
const MARGIN_SECONDS: u64 = 60;

/// What to look for.
pub(super) struct Trail<'a> {
    pub provider: &'a Provider,
    pub console: Console,
    /// When the session began, in seconds since the Unix epoch.
    pub since: u64,
    /// The public id of its key.
    pub key: String,
    /// Where to look.
    pub regions: Vec<String>,
    /// How long to wait at most.
    pub wait: Duration,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub calls: Vec<Call>,
    /// Why there may be more.
    pub gap: Option<String>,
}

impl Trail<'_> {
    /// Asks until half of the time has passed and two answers are the same, the time is up, or a signal arrives.
    pub(super) fn search(self) -> Found {
        let window = Window {
            since: self.since.saturating_sub(MARGIN_SECONDS),
            until: clock::unix_seconds().saturating_add(MARGIN_SECONDS),
            credential_id: Some(self.key),
            regions: self.regions,
        };
        let began = Instant::now();
        let pause = PAUSE.min(self.wait / QUESTIONS);
        // The command has ended, and with it what its signals were for.
        let mut signals = Signals::install().ok();
        let mut found = Found::default();
        loop {
            let new = match self.provider.observed(&window) {
                Ok(calls) => merge(&mut found.calls, calls),
                // Too many questions: the same one is asked again after the pause.
                Err(ProviderError::Refused { error, .. }) if error.code == "throttled" => true,
                Err(error) => {
                    found.gap = Some(format!("CloudTrail was not read: {}", Failure::from(error).line()));
                    return found;
                }
            };
            let waited = began.elapsed();
            let is_settled = waited * 2 >= self.wait && !new && !found.calls.is_empty();
            if is_settled || waited >= self.wait {
                return found;
            }
            let seconds = self.wait.saturating_sub(waited).as_secs();
            let line =
                format!("waiting for CloudTrail, which is about 5 minutes behind; {seconds} s at most");
            self.console.say("waiting", &line, &json!({ "seconds_left": seconds }));
            let next = Instant::now() + pause;
            while Instant::now() < next {
                std::thread::sleep(STEP.min(pause));
                if signals.as_mut().is_some_and(|signals| signals.interrupted().is_some()) {
                    found.gap = Some("CloudTrail was not waited for to the end: interrupted".to_owned());
                    return found;
                }
            }
        }
    }
}

/// Adds what an answer has more than those before; whether it had more.
fn merge(found: &mut Vec<Call>, answer: Vec<Call>) -> bool {
    let mut new = false;
    for call in answer {
        let same = |known: &&mut Call| {
            known.service == call.service && known.operation == call.operation && known.denied == call.denied
        };
        match found.iter_mut().find(same) {
            Some(known) if known.count >= call.count => {}
            Some(known) => {
                *known = call;
                new = true;
            }
            None => {
                found.push(call);
                new = true;
            }
        }
    }
    new
}
