//! The prompt of one ask, and the keys that answer it.
//!
//! Security: a key answers only the ask that the person was looking at when it was pressed.

use std::time::{Duration, Instant};

use crate::asks::{Answer, Ask};

/// The time in which keys do not count after a prompt: they were meant for the one before, or are the second half of a double tap.
const SETTLING: Duration = Duration::from_millis(500);

/// A key, and when it was pressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pressed {
    pub(super) key: u8,
    pub(super) at: Instant,
}

/// A prompt on the screen.
#[derive(Debug)]
pub(super) struct Prompt {
    id: String,
    shown: Instant,
}

impl Prompt {
    pub(super) fn new(ask: &Ask, shown: Instant) -> Self {
        Self { id: ask.id.clone(), shown }
    }

    pub(super) fn is_of(&self, ask: &Ask) -> bool {
        self.id == ask.id
    }

    /// Returns the answer to `ask` that a key gives, or `None` if the key does not answer it.
    pub(super) fn answer(&self, ask: &Ask, pressed: Pressed) -> Option<Answer> {
        let has_settled = pressed.at.checked_duration_since(self.shown)? >= SETTLING;
        match pressed.key {
            _ if !self.is_of(ask) || !has_settled => None,
            b'y' if ask.is_plain() => Some(Answer::Yes { once: false, seconds: None }),
            b'n' => Some(Answer::No),
            _ => None,
        }
    }
}

/// Returns the words about the keys for an ask.
pub(super) fn keys(ask: &Ask) -> String {
    let id = &ask.id;
    if ask.is_plain() {
        format!("y grants {id}, n refuses it")
    } else {
        format!("to grant it: tryaudex approve {id}; n refuses it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asks::{Access, State, Wanted};

    fn ask(id: &str, action: &str) -> Ask {
        let resources = vec!["arn:aws:s3:::b/x".to_owned()];
        Ask {
            id: id.to_owned(),
            session: "audex-1".to_owned(),
            provider: "aws".to_owned(),
            agent: None,
            command: Vec::new(),
            wanted: vec![Wanted {
                access: Some(Access::Write),
                ..Wanted::new(action.to_owned(), resources)
            }],
            why: None,
            asked_at: 0,
            state: State::Pending,
        }
    }

    #[test]
    fn a_key_answers_the_ask_of_its_prompt_once_the_prompt_has_settled() {
        let shown = Instant::now();
        let one = ask("ask-1", "s3:PutObject");
        let prompt = Prompt::new(&one, shown);
        let pressed = |key, at| Pressed { key, at };
        let (early, settled) = (shown + SETTLING / 2, shown + SETTLING);
        let yes = Some(Answer::Yes { once: false, seconds: None });
        assert_eq!(prompt.answer(&one, pressed(b'y', settled)), yes);
        assert_eq!(prompt.answer(&one, pressed(b'n', settled)), Some(Answer::No));
        assert_eq!(prompt.answer(&one, pressed(b'x', settled)), None);
        let before = Prompt::new(&one, settled);
        for key in *b"yn" {
            assert_eq!(prompt.answer(&one, pressed(key, early)), None);
            assert_eq!(before.answer(&one, pressed(key, shown)), None);
            assert_eq!(prompt.answer(&ask("ask-2", "s3:PutObject"), pressed(key, settled)), None);
        }
    }

    #[test]
    fn a_y_does_not_grant_what_a_line_does_not_show() {
        let shown = Instant::now();
        let wide = ask("ask-1", "s3:*");
        let prompt = Prompt::new(&wide, shown);
        let at = shown + SETTLING;
        assert_eq!(prompt.answer(&wide, Pressed { key: b'y', at }), None);
        assert_eq!(prompt.answer(&wide, Pressed { key: b'n', at }), Some(Answer::No));
        assert_eq!(keys(&wide), "to grant it: tryaudex approve ask-1; n refuses it");
        let plain = keys(&ask("ask-1", "s3:PutObject"));
        assert_eq!(plain, "y grants ask-1, n refuses it");
    }
}
