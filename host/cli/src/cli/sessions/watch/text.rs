//! An event of a session as a plain line.

use crate::asks;
use crate::control::Event;
use audex_core::printable;

/// Returns an event as a line.
pub(super) fn text(event: &Event) -> String {
    match event {
        Event::Watched(hello) => format!("running  {}", printable::line(&hello.command.join(" "))),
        Event::Of(asks::Event::Decided { action, resource, allowed }) => {
            let verdict = if *allowed { "allowed" } else { "refused" };
            format!("{verdict}  {} {}", printable::line(action), printable::line(resource))
        }
        Event::Of(asks::Event::Asked(ask)) => {
            let (id, what, level) = (&ask.id, ask.what(), ask.level());
            format!("asks     {id} {what} ({level}) by {} {}", ask.who(), ask.reason())
        }
        Event::Of(asks::Event::Answered(ask)) => {
            format!("answer   {} {}", ask.id, ask.state.text())
        }
        Event::Of(asks::Event::Lost { count }) => {
            format!("lost     {count} events, because this output is slow")
        }
        Event::Of(asks::Event::Noted { text }) => format!("notice   {}", printable::line(text)),
        // The session's own end follows.
        Event::Of(asks::Event::Over) => "over".to_owned(),
        Event::Ended { exit_code, by } => {
            let code = exit_code.map(|code| format!("exit {code}"));
            let code = code.unwrap_or_else(|| "before its command".to_owned());
            let by = by.as_ref().map(|by| format!(", by {}", printable::line(by)));
            format!("ended    {code}{}", by.unwrap_or_default())
        }
    }
}
