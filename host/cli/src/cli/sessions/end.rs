//! `tryaudex sessions end`: ends a session, and mends what a killed one left.

use std::time::Duration;

use super::super::cleanup;
use super::{Read, named};
use crate::console::{self, Console};
use crate::control::{self, Client};
use crate::failure::{Failure, Kind};
use crate::receipt::summary::Summaries;
use audex_audit::Audit;
use audex_child::deadline::DEFAULT_GRACE;
use audex_child::end_marked;
use audex_core::delivery::AUDEX_SESSION_ID;
use audex_core::environment::Environment;
use audex_core::paths::Paths;

/// The longest wait for the end of a session: the grace of its command, and the calls that revoke its credentials.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) fn end(
    environment: &Environment,
    paths: &Paths,
    audit: &Audit,
    id: &str,
) -> Result<u8, Failure> {
    let (found, errors) = control::living(&paths.state)?;
    for error in errors {
        Console::default().notice(&Failure::from(error).line());
    }
    // A session must end even if the log is damaged.
    let unreadable = |failure: Failure| {
        let line = failure.line();
        Console::default().notice(&format!("only sessions that answer are known: {line}"));
        Summaries::new()
    };
    let mut sessions = Read::of(audit).map_or_else(unreadable, |read| read.sessions);
    for one in &found {
        let session = &one.hello.session;
        sessions.entry(session.clone()).or_default().session.clone_from(session);
    }
    let session = named(&sessions, Some(id))?.to_owned();
    match found.into_iter().find(|one| one.hello.session == session) {
        Some(found) => end_living(audit, &session, found.client),
        None => end_gone(environment, audit, &session),
    }
}

fn end_living(audit: &Audit, session: &str, client: Client) -> Result<u8, Failure> {
    if !client.end(PATIENCE)? {
        let message = format!("session `{session}` is still ending");
        let failure = Failure::usage(&message, "`tryaudex sessions list` shows when it has ended");
        return Err(Failure { kind: Kind::Unavailable, ..failure });
    }
    let sessions = Read::of(audit).map(|read| read.sessions).unwrap_or_default();
    let state = sessions.get(session).map(|summary| summary.state_text(false));
    let state = state.map(|state| format!(": {state}")).unwrap_or_default();
    console::result(&format!("session `{session}` has ended{state}"));
    Ok(0)
}

/// Ends a session whose process does not answer.
fn end_gone(environment: &Environment, audit: &Audit, session: &str) -> Result<u8, Failure> {
    // Read again: the session may have ended meanwhile.
    let Read { sessions, live } = Read::of(audit)?;
    if sessions.get(session).is_none_or(|summary| !summary.is_open()) {
        console::result(&format!("session `{session}` has ended already"));
        return Ok(0);
    }
    if live.contains(session) {
        let message = format!("session `{session}` is running and has no control socket");
        let failure = Failure::usage(&message, "end its process; it then revokes its credentials");
        return Err(Failure { kind: Kind::Unavailable, ..failure });
    }
    let ended = end_marked(AUDEX_SESSION_ID, session, DEFAULT_GRACE);
    Console::default().notice(&format!(
        "the process of session `{session}` is gone; {ended} processes of its command were ended, and what the log shows is revoked"
    ));
    cleanup::cleanup(environment, &cleanup::Args::of(session.to_owned()))
}
