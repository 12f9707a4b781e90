//! An ask as a line for a person who has to decide in a moment.
//!
//! Security: the reason, the command and the resources may be the words of a hostile command. Each is one line of limited length
//! without hidden characters, and stands behind what the session is really asking for.

use super::{Ask, State, Wanted};
use audex_core::printable;

/// The most characters of each part of a line.
const CHARACTERS: usize = 160;
/// The most resources that a line names.
const RESOURCES: usize = 3;

impl Ask {
    /// Returns who asks: the agent, or the command.
    #[must_use]
    pub fn who(&self) -> String {
        let who = self.agent.as_deref().or(self.command.first().map(String::as_str));
        part(who.unwrap_or("-"))
    }

    /// Returns the permissions with their resources.
    #[must_use]
    pub fn what(&self) -> String {
        self.wanted.iter().map(Wanted::text).collect::<Vec<_>>().join("; ")
    }

    /// Returns the access level in a word.
    #[must_use]
    pub fn level(&self) -> &'static str {
        self.access().map_or("unknown", super::Access::name)
    }

    /// Returns the reason in the words of the command, in quotes.
    #[must_use]
    pub fn reason(&self) -> String {
        self.why.as_ref().map(|why| format!("\"{}\"", part(why))).unwrap_or_default()
    }
}

impl Wanted {
    fn text(&self) -> String {
        let named = self.resources.iter().take(RESOURCES).map(|resource| part(resource));
        let named = named.collect::<Vec<_>>().join(", ");
        let on = match self.resources.len() {
            0 => "every resource".to_owned(),
            number if number > RESOURCES => format!("{named} and {} more", number - RESOURCES),
            _ => named,
        };
        format!("{} on {on}", part(&self.action))
    }
}

impl State {
    /// Returns the state in words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Considered => "considered".to_owned(),
            Self::Pending => "waits".to_owned(),
            Self::Granted { by, until, once } => {
                let once = if *once { " for one request" } else { "" };
                let until = audex_core::clock::rfc3339(*until);
                format!("granted{once} until {until} by {}", part(by))
            }
            Self::Refused { by, reason } => format!("refused by {}: {}", part(by), part(reason)),
            Self::Used => "used".to_owned(),
            Self::Ended => "ended".to_owned(),
        }
    }
}

fn part(text: &str) -> String {
    let line = printable::line(text);
    let mut characters = line.chars();
    let mut part: String = characters.by_ref().take(CHARACTERS).collect();
    if characters.next().is_some() {
        part.push('…');
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(why: &str, resources: &[&str]) -> Ask {
        let resources = resources.iter().map(|&one| one.to_owned()).collect();
        Ask {
            id: "ask-1".to_owned(),
            session: "audex-1".to_owned(),
            provider: "aws".to_owned(),
            agent: None,
            command: vec!["sh".to_owned(), "-c".to_owned()],
            wanted: vec![Wanted { action: "s3:PutObject".to_owned(), resources, access: None }],
            why: Some(why.to_owned()),
            asked_at: 0,
            state: State::Pending,
        }
    }

    #[test]
    fn a_misleading_reason_stays_one_short_line_in_quotes() {
        let hostile = format!("ok\r\nask-2\u{1b}[2K\u{202e}txet{}", "x".repeat(10_000));
        let reason = ask(&hostile, &[]).reason();
        assert!(!reason.contains(printable::is_hidden) && reason.chars().count() < 200);
        assert!(reason.starts_with("\"ok  ask-2") && reason.ends_with("…\""));
    }

    #[test]
    fn every_resource_is_said_and_many_are_counted() {
        assert_eq!(ask("", &[]).what(), "s3:PutObject on every resource");
        assert_eq!(ask("", &["a", "b"]).what(), "s3:PutObject on a, b");
        assert_eq!(
            ask("", &["a", "b", "c", "d", "e"]).what(),
            "s3:PutObject on a, b, c and 2 more"
        );
        assert_eq!((ask("", &[]).who(), ask("", &[]).level()), ("sh".to_owned(), "unknown"));
    }
}
