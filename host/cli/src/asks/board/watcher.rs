//! One who watches a session.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::Event;

/// The events that wait for a slow watcher.
pub(super) const EVENTS: usize = 1024;

/// One who watches. A slow one loses events, and is told how many.
pub(super) struct Watcher {
    events: SyncSender<Event>,
    lost: u64,
}

impl Watcher {
    /// Returns a watcher, and the events that it gets.
    pub(super) fn new() -> (Self, Receiver<Event>) {
        let (events, receiver) = sync_channel(EVENTS);
        (Self { events, lost: 0 }, receiver)
    }

    /// Returns false if the watcher is gone.
    pub(super) fn tell(&mut self, event: &Event) -> bool {
        if self.lost > 0 {
            match self.events.try_send(Event::Lost { count: self.lost }) {
                Ok(()) => self.lost = 0,
                Err(TrySendError::Full(_)) => {
                    self.lost = self.lost.saturating_add(1);
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        match self.events.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.lost = self.lost.saturating_add(1);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}
