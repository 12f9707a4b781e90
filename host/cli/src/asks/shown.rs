//! An ask as text for a person who has to decide in a moment.
//!
//! Security: the reason, the command and the resources may be the words of a hostile command. What is granted is never shortened: each
//! resource is a quoted string without hidden characters, so it cannot pass for two. The reason and the name of the command are cut.

use super::{Access, Ask, State, Wanted};
use audex_core::printable;

/// The most characters of a reason, a name or an answerer.
const CHARACTERS: usize = 160;
/// The most characters of one line about everything that an ask wants: a person reads no more of a line.
const LINE_CHARACTERS: usize = 400;
/// Letters and a symbol that terminals show as a blank (Unicode, `Default_Ignorable_Code_Point`; U+2800 is a braille cell without dots).
const BLANK: [char; 5] = ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

impl Ask {
    /// Returns who asks: the agent, or the command.
    #[must_use]
    pub fn who(&self) -> String {
        let who = self.agent.as_deref().or(self.command.first().map(String::as_str));
        word(&part(who.unwrap_or("-")))
    }

    /// Returns one line for each action and resource.
    #[must_use]
    pub fn items(&self) -> Vec<String> {
        let items = self.wanted.iter().flat_map(|wanted| {
            let head = wanted.head();
            wanted.on().into_iter().map(move |on| format!("{head} on {on}"))
        });
        items.collect()
    }

    /// Returns the permissions with their resources on one line, or where to read them if the line would be too long.
    #[must_use]
    pub fn what(&self) -> String {
        self.line().unwrap_or_else(|| {
            format!("{} permissions: see `tryaudex approve`", self.items().len())
        })
    }

    /// Returns true if a person can grant the ask by its line alone: the line names everything, each action is known and named,
    /// none changes who may do what, and each resource is limited.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_known = self.access().is_some_and(|access| access < Access::Permissions);
        let is_narrow = |one: &Wanted| {
            !is_pattern(&one.action)
                && !one.yields_credentials
                && !one.resources.is_empty()
                && !one.resources.iter().any(|resource| is_wide(resource))
        };
        is_known && self.wanted.iter().all(is_narrow) && self.line().is_some()
    }

    /// Returns the access level in a word.
    #[must_use]
    pub fn level(&self) -> &'static str {
        level(self.access())
    }

    /// Returns the reason in the words of the command, in quotes.
    #[must_use]
    pub fn reason(&self) -> String {
        self.why.as_ref().map(|why| quoted(&part(why))).unwrap_or_default()
    }

    fn line(&self) -> Option<String> {
        let item = |wanted: &Wanted| format!("{} on {}", wanted.head(), wanted.on().join(", "));
        let line = self.wanted.iter().map(item).collect::<Vec<_>>().join("; ");
        (line.chars().count() <= LINE_CHARACTERS).then_some(line)
    }
}

impl Wanted {
    fn head(&self) -> String {
        let pattern = if is_pattern(&self.action) { ", pattern" } else { "" };
        let carries = if self.yields_credentials { ", its reply carries credentials" } else { "" };
        format!("{} ({}{pattern}{carries})", word(&self.action), level(self.access))
    }

    fn on(&self) -> Vec<String> {
        if self.resources.is_empty() {
            return vec!["every resource".to_owned()];
        }
        let on = |resource: &String| {
            let text = quoted(resource);
            if is_everything(resource) {
                format!("{text} (every resource)")
            } else if is_pattern(resource) {
                format!("{text} (pattern)")
            } else {
                text
            }
        };
        self.resources.iter().map(on).collect()
    }
}

fn level(access: Option<Access>) -> &'static str {
    access.map_or("unknown", Access::name)
}

fn is_everything(resource: &str) -> bool {
    resource.chars().all(|c| c == '*')
}

/// Returns true if `text` has a wildcard: `*` and `?` of the clouds, or the `+` that is a whole part of a path in Vault
/// (Vault, "Policies").
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?']) || text.split('/').any(|part| part == "+")
}

/// Returns true for a pattern that begins with a wildcard, by itself or behind the last `:`, as `arn:aws:s3:::*` does.
fn is_wide(resource: &str) -> bool {
    let own = resource.rsplit(':').next().unwrap_or_default();
    own.is_empty() || own.starts_with(['*', '?', '+'])
}

/// Returns `text` as it is if it is one plain word, and in quotes otherwise.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/*?@+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// Returns the whole of `text` in quotes, with quotes, backslashes and characters that are not visible as escapes.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if printable::is_hidden(c) || BLANK.contains(&c) {
            quoted.extend(c.escape_unicode());
        } else if c == '\'' {
            quoted.push(c);
        } else {
            quoted.extend(c.escape_debug());
        }
    }
    quoted.push('"');
    quoted
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
            wanted: vec![Wanted::new("s3:PutObject".to_owned(), resources)],
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
    fn every_item_is_a_line_and_wildcards_are_marked() {
        assert_eq!(ask("", &[]).items(), ["s3:PutObject (unknown) on every resource"]);
        let names: Vec<String> = (0..100).map(|number| format!("b{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = ask("", &names);
        assert_eq!((many.items().len(), many.line()), (100, None));
        assert_eq!(many.what(), "100 permissions: see `tryaudex approve`");
        let mut patterns = ask("", &["*", "b/*", "secret/+/x", "a+b"]);
        patterns.wanted[0].action = "s3:*".to_owned();
        let resources = [
            r#""*" (every resource)"#,
            r#""b/*" (pattern)"#,
            r#""secret/+/x" (pattern)"#,
            r#""a+b""#,
        ];
        let expected = resources.map(|on| format!("s3:* (unknown, pattern) on {on}"));
        assert_eq!(patterns.items(), expected);
        assert_eq!((ask("", &[]).who(), ask("", &[]).level()), ("sh".to_owned(), "unknown"));
    }

    #[test]
    fn a_resource_is_whole_and_cannot_pass_for_two() {
        let tail = format!("{}/*", "x".repeat(1_900));
        assert_eq!(
            ask("", &[&tail]).items(),
            [format!("s3:PutObject (unknown) on \"{tail}\" (pattern)")]
        );
        let hostile = "a\"; s3:ListBucket on \"b\\\r\n\u{202e}\u{a0}\u{3164}'é";
        let shown = r#"s3:PutObject (unknown) on "a\"; s3:ListBucket on \"b\\\u{d}\u{a}\u{202e}\u{a0}\u{3164}'é""#;
        assert_eq!(ask("", &[hostile]).items(), [shown]);
        assert_eq!(ask("", &[hostile]).what(), shown);
        let mut named = ask("", &["a"]);
        named.agent = Some("x by root".to_owned());
        named.wanted[0].action = "s3:Get on b".to_owned();
        assert_eq!(named.who(), r#""x by root""#);
        assert_eq!(named.items(), [r#""s3:Get on b" (unknown) on "a""#]);
    }

    #[test]
    fn only_what_its_line_names_whole_is_plain() {
        let with = |action: &str, access, resources: &[&str]| {
            let mut ask = ask("", resources);
            ask.wanted[0].access = access;
            ask.wanted[0].action = action.to_owned();
            ask
        };
        let (put, write) = ("s3:PutObject", Some(Access::Write));
        assert!(with(put, write, &["arn:aws:s3:::b/x"]).is_plain());
        assert!(with(put, write, &["arn:aws:s3:::b/*"]).is_plain());
        let long = "x".repeat(LINE_CHARACTERS);
        for (action, access, resources) in [
            (put, None, &["arn:aws:s3:::b/x"][..]),
            (put, Some(Access::Permissions), &["arn:aws:s3:::b/x"]),
            ("s3:Put*", write, &["arn:aws:s3:::b/x"]),
            (put, write, &[]),
            (put, write, &["arn:aws:s3:::b/x", "*"]),
            (put, write, &["arn:aws:s3:::*/x"]),
            (put, write, &[long.as_str()]),
        ] {
            assert!(!with(action, access, resources).is_plain(), "{action} {resources:?}");
        }
    }
}
