//! The control socket of a run.

use super::session::Place;
use super::{Context, Run};
use crate::control::{Control, Hello, Served};
use crate::isolation::Isolating;
use audex_audit::redact_command;
use audex_components::filter::Isolation;
use audex_core::isolation::Level;

impl Run<'_> {
    /// Serves the control socket. A session without one runs all the same.
    pub(super) fn control(&self, place: &Place) -> Option<Control> {
        let Context { settings, console, .. } = self.context;
        let isolating = self.isolating.as_ref();
        let words: Vec<&str> = self.request.command.iter().map(String::as_str).collect();
        let hello = Hello {
            session: self.request.session.clone(),
            pid: std::process::id(),
            started: self.circumstances.now,
            command: redact_command(&words),
            agent: self.circumstances.agent.clone(),
            provider: self.request.provider.clone(),
            deliver: self.deliver.name().to_owned(),
            isolation: isolating.map_or(Level::Off, Isolating::level).name().to_owned(),
            // Security: without a whole isolation, the command can reach the socket too.
            takes_answers: self.circumstances.isolation != Isolation::Off
                && !settings.approve.is_webhook_only,
            ends_at: None,
            parents: self.circumstances.parents.clone(),
        };
        let stop = place.signals.stop();
        Control::of(settings, Served { hello, stop: Box::new(move || stop.request()) })
            .inspect_err(|error| {
                console.notice(&format!(
                    "this session cannot be watched or ended from elsewhere: {error}"
                ));
            })
            .ok()
    }
}
