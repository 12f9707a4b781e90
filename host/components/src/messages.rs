//! The messages of a component, until the program shows them.

use std::sync::{Mutex, PoisonError};

use crate::limit;

/// The lines that a component logged or printed and that are not shown yet.
#[derive(Default)]
pub(crate) struct Messages(Mutex<Vec<String>>);

impl Messages {
    pub(crate) fn add(&self, lines: Vec<String>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = limit::KEPT_MESSAGES.saturating_sub(kept.len());
        kept.extend(lines.into_iter().take(room));
    }

    /// Returns the lines since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_messages_are_kept() {
        let messages = Messages::default();
        for _ in 0..limit::KEPT_MESSAGES {
            messages.add(vec!["a".to_owned(), "b".to_owned()]);
        }
        assert_eq!(messages.take().len(), limit::KEPT_MESSAGES);
        messages.add(vec!["c".to_owned()]);
        assert_eq!(messages.take(), ["c"]);
    }
}
