//! The cloud's own log of calls, which is minutes behind: asked until nothing new comes, or the time is up.

use std::time::{Duration, Instant};

use crate::clock;
use crate::console::Console;
use crate::plugin::provider::{Call, Provider, ProviderError, Window};

/// Between two questions, at most: the log allows two a second, and nothing is lost by patience.
const PAUSE: Duration = Duration::from_secs(30);
/// Questions in the whole time, at least.
const QUESTIONS: u32 = 10;
/// Clocks differ, and the log counts whole seconds.
const MARGIN_SECONDS: u64 = 60;

/// What to look for in the log.
pub struct Search {
    /// When the session began, in seconds since the Unix epoch.
    pub since: u64,
    /// The public id of its key.
    pub key: Option<String>,
    /// Where to look.
    pub regions: Vec<String>,
    /// How long to wait at most.
    pub wait: Duration,
}

/// Asks until half of the time has passed and two answers are the same, or the time is up.
///
/// # Errors
/// When the log refuses.
pub fn search(provider: &Provider, console: Console, search: &Search) -> Result<Vec<Call>, ProviderError> {
    let (began, until) = (Instant::now(), clock::unix_seconds().saturating_add(MARGIN_SECONDS));
    let pause = PAUSE.min(search.wait / QUESTIONS);
    let mut found: Vec<Call> = Vec::new();
    loop {
        let window = Window {
            since: search.since.saturating_sub(MARGIN_SECONDS),
            until,
            credential_id: search.key.clone(),
            regions: search.regions.clone(),
        };
        let new = merge(&mut found, provider.observed(&window)?);
        let waited = began.elapsed();
        if waited >= search.wait || (waited * 2 >= search.wait && !new && !found.is_empty()) {
            return Ok(found);
        }
        console.notice(&format!(
            "waiting for CloudTrail, which is about five minutes behind ({} s of at most {} s, {} operations so far)",
            waited.as_secs(),
            search.wait.as_secs(),
            found.len()
        ));
        std::thread::sleep(pause);
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
