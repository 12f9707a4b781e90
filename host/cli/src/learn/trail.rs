//! Reads CloudTrail, which is minutes behind, until no new calls appear or the time is up.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use audex_child::Signals;
use audex_components::provider::{Call, Provider, ProviderError, Window};
use audex_core::clock;

/// The maximum pause between two queries. CloudTrail allows two queries a second, and waiting loses nothing.
const PAUSE: Duration = Duration::from_secs(30);
/// The minimum number of queries in the whole time.
const QUESTIONS: u32 = 10;
/// The interval between two checks for a signal.
const STEP: Duration = Duration::from_millis(100);
/// The margin around the time of the session, because clocks differ and CloudTrail counts whole seconds.
const MARGIN_SECONDS: u64 = 60;

/// A search for a session's calls in CloudTrail.
pub(super) struct Trail<'a> {
    pub provider: &'a Provider,
    pub console: Console,
    /// The start of the session, in seconds since the Unix epoch.
    pub since: u64,
    /// The public id of the session's access key.
    pub key: String,
    /// The regions to search.
    pub regions: Vec<String>,
    /// The maximum time to wait.
    pub wait: Duration,
}

#[derive(Default)]
pub(super) struct Found {
    pub calls: Vec<Call>,
    /// The reason why calls may be missing.
    pub gap: Option<String>,
}

impl Trail<'_> {
    /// Queries CloudTrail until half of the time has passed and an answer brings nothing new, the time is up,
    /// or a signal arrives.
    pub(super) fn search(self) -> Found {
        let window = Window {
            since: self.since.saturating_sub(MARGIN_SECONDS),
            until: clock::unix_seconds().saturating_add(MARGIN_SECONDS),
            credential_id: Some(self.key),
            regions: self.regions,
        };
        let began = Instant::now();
        let pause = PAUSE.min(self.wait / QUESTIONS);
        // The command has ended, so a signal now ends this search.
        let mut signals = Signals::install().ok();
        let mut found = Found::default();
        loop {
            let new = match self.provider.observed(&window) {
                Ok(calls) => merge(&mut found.calls, calls),
                // If CloudTrail throttles, the same query is sent again after the pause.
                Err(ProviderError::Refused { error, .. }) if error.code == "throttled" => true,
                Err(error) => {
                    found.gap =
                        Some(format!("CloudTrail was not read: {}", Failure::from(error).line()));
                    return found;
                }
            };
            let waited = began.elapsed();
            let is_settled = waited * 2 >= self.wait && !new && !found.calls.is_empty();
            if is_settled || waited >= self.wait {
                return found;
            }
            let seconds = self.wait.saturating_sub(waited).as_secs();
            let line = format!(
                "waiting for CloudTrail, which is about 5 minutes behind; {seconds} s at most"
            );
            self.console.say("waiting", &line, &json!({ "seconds_left": seconds }));
            let next = Instant::now() + pause;
            while Instant::now() < next {
                std::thread::sleep(STEP.min(pause));
                if signals.as_mut().is_some_and(|signals| signals.interrupted().is_some()) {
                    found.gap =
                        Some("CloudTrail was not waited for to the end: interrupted".to_owned());
                    return found;
                }
            }
        }
    }
}

/// Adds the calls of `answer` that are new or more frequent. Returns true if there were any.
fn merge(found: &mut Vec<Call>, answer: Vec<Call>) -> bool {
    let mut new = false;
    for call in answer {
        let same = |known: &&mut Call| {
            known.service == call.service
                && known.operation == call.operation
                && known.denied == call.denied
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
