//! What needs the yes of a person, the question, and what was said.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::asks::rules::{Known, Rules};
use crate::asks::{Access, Wanted};
use crate::failure::Failure;
use crate::pipeline::{Chain, Ready};
use crate::settings::approve::ApproveSettings;
use audex_components::provider::Permission;
use audex_core::digest::sha256;
use audex_core::printable::is_hidden;
use audex_core::random;
use audex_sdk::pattern;
use deny_entry::fold;

/// The most lines and characters of one question: a person reads no more.
const MAX_LINES: usize = 60;
const MAX_CHARACTERS: usize = 4_000;
/// The longest time for an answer.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);
/// The most questions that wait for an answer.
const MAX_OPEN: usize = 20;
/// The time of a question about the rest of a session.
pub(super) const UNTIL_THE_END: u64 = 0;
/// The number of digits of a question's handle.
const HANDLE_DIGITS: usize = 32;

/// A permission of a plan.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) wanted: Wanted,
    /// True if a person has to agree.
    pub(super) needs_yes: bool,
}

/// Judges the permissions of a plan by their access levels and the rules of `[approve]`.
///
/// # Errors
/// When `[approve]` says that nobody is asked for one of them, or the provider fails.
pub(super) fn judged(
    chain: &Chain<'_, Ready>,
    approve: &ApproveSettings,
) -> Result<Vec<Judged>, Failure> {
    let (rules, never) = chain.approval(approve)?;
    let granted = chain.output.planned().grant.whole();
    let judge = |permission: &Permission| {
        let action = &permission.action;
        let overlaps = |entry: &&String| pattern::intersects(&fold(entry), &fold(action));
        if let Some(entry) = never.iter().find(overlaps) {
            let message =
                format!("`{action}` is never granted to an agent: `[approve] never` has `{entry}`");
            let hint = "leave it out; the user can run the command in a shell";
            return Err(Failure::refused(&message, hint).at("approve"));
        }
        let known = chain.provider().expand(std::slice::from_ref(action))?;
        // A permission that the catalogue does not know, in whole or in part, has no level.
        let levels = known.iter().map(|one| one.access.map(Access::from));
        let access = levels.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
        let yields_credentials = known.iter().any(|one| one.yields_credentials);
        let known = Known { action: action.clone(), access, yields_credentials };
        let resources = permission.resources.named().to_vec();
        let wanted = Wanted { access, ..Wanted::new(action.clone(), resources) };
        Ok(Judged { needs_yes: needs_yes(&known, &rules), wanted })
    };
    granted.map(judge).collect()
}

/// Returns true if a person has to agree: to everything that does more than read and list, to replies with credentials, and to
/// what a rule reserves to a person; not to what a rule grants.
fn needs_yes(known: &Known, rules: &Rules) -> bool {
    if rules.grant(std::slice::from_ref(known)).is_some() {
        return false;
    }
    !matches!(known.access, Some(Access::Read | Access::List))
        || known.yields_credentials
        || rules.needs_person(&known.action, known.access)
}

/// A question to a person.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) provider: String,
    pub(super) wanted: Vec<Wanted>,
    /// The command; empty for a request without one.
    pub(super) command: Vec<String>,
    pub(super) reason: Option<String>,
    pub(super) ttl_seconds: u64,
}

impl Question {
    /// Returns the whole question as text. Each permission, resource and word of the command is on a line of its own.
    ///
    /// Security: all of it is words of an agent. A person must see what would run, so nothing is cut, and characters that act unseen are
    /// shown as escapes; none of them forges a line.
    ///
    /// # Errors
    /// When the question is longer than a person reads.
    pub(super) fn text(&self) -> Result<String, Failure> {
        let time = match self.ttl_seconds {
            UNTIL_THE_END => "the rest of a session".to_owned(),
            seconds => crate::console::duration(seconds),
        };
        let mut text =
            format!("An agent asks for permissions on {} for {time}:", escaped(&self.provider));
        for Wanted { action, resources, access, .. } in &self.wanted {
            let access = access.map_or("unknown effect", Access::name);
            let _ = write!(text, "\n- {} ({access}) on", escaped(action));
            match resources.as_slice() {
                [] => text.push_str(" EVERY resource"),
                [one] => {
                    let _ = write!(text, " {}", escaped(one));
                }
                many => many.iter().for_each(|one| {
                    let _ = write!(text, "\n    {}", escaped(one));
                }),
            }
        }
        if !self.command.is_empty() {
            text.push_str("\nCommand, one word a line:");
            for word in &self.command {
                let _ = write!(text, "\n    {}", escaped(word));
            }
        }
        let reason = self.reason.as_deref().map_or_else(|| "none".to_owned(), escaped);
        let _ = write!(text, "\nReason in the agent's words: {reason}");
        let (items, characters) = (text.lines().count(), text.chars().count());
        if items > MAX_LINES || characters > MAX_CHARACTERS {
            let message = format!(
                "the question has {items} lines and {characters} characters, and a person is shown all of it"
            );
            let hint = format!(
                "ask for less: at most {MAX_LINES} lines and {MAX_CHARACTERS} characters; put a long script into a file, and name the file"
            );
            return Err(Failure::usage(&message, &hint));
        }
        Ok(text)
    }

    fn digest(&self) -> String {
        let whole = (&self.provider, &self.wanted, &self.command, &self.reason, self.ttl_seconds);
        sha256(serde_json::json!(whole).to_string().as_bytes())
    }
}

/// Returns text on one line, with escapes for characters that act unseen.
fn escaped(text: &str) -> String {
    let shown = |c: char| {
        if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }
    };
    text.chars().map(shown).collect()
}

/// The questions that wait for an answer by a repeated call, and the permissions that were granted.
#[derive(Debug, Default)]
pub(super) struct Memory {
    open: HashMap<String, Open>,
    granted: Vec<Granted>,
}

/// A question that waits for its answer.
#[derive(Debug)]
struct Open {
    /// The digest of the question.
    question: String,
    /// The ask of a session that it is about.
    ask: Option<String>,
    end: Instant,
}

#[derive(Debug)]
struct Granted {
    provider: String,
    wanted: Vec<Wanted>,
    until: Instant,
}

impl Memory {
    /// Keeps a question, which may be about the `ask` of a session, and returns the handle by which its answer comes.
    ///
    /// # Errors
    /// When too many questions wait.
    pub(super) fn open(
        &mut self,
        question: &Question,
        ask: Option<&str>,
    ) -> Result<String, Failure> {
        let now = Instant::now();
        self.open.retain(|_, open| open.end > now);
        if self.open.len() >= MAX_OPEN {
            let message = format!("{MAX_OPEN} questions wait for an answer already");
            return Err(Failure::usage(&message, "wait until they are answered"));
        }
        let handle = random::text(HANDLE_DIGITS, random::HEX)
            .map_err(|error| Failure::internal("approve", error))?;
        let (ask, end) = (ask.map(str::to_owned), now + PATIENCE);
        self.open.insert(handle.clone(), Open { question: question.digest(), ask, end });
        Ok(handle)
    }

    /// Returns the ask of the question with this handle.
    pub(super) fn ask(&self, handle: &str) -> Option<String> {
        self.open.get(handle)?.ask.clone()
    }

    /// Takes the question of `handle`, and returns true if it is `question`. An answer counts once.
    pub(super) fn take(&mut self, handle: &str, question: &Question) -> bool {
        let known = self.open.remove(handle);
        known.is_some_and(|open| open.question == question.digest() && open.end > Instant::now())
    }

    /// Remembers a yes for `seconds`.
    pub(super) fn grant(&mut self, question: &Question, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds.min(question.ttl_seconds));
        let (provider, wanted) = (question.provider.clone(), question.wanted.clone());
        self.granted.push(Granted { provider, wanted, until });
    }

    /// Returns true if a remembered yes covers the permission.
    pub(super) fn covers(&mut self, provider: &str, wanted: &Wanted) -> bool {
        let now = Instant::now();
        self.granted.retain(|granted| granted.until > now);
        let is_within = |granted: &Wanted| {
            granted.action.eq_ignore_ascii_case(&wanted.action)
                && (granted.resources.is_empty()
                    || !wanted.resources.is_empty()
                        && wanted.resources.iter().all(|one| {
                            granted.resources.iter().any(|wide| pattern::covers(wide, one))
                        }))
        };
        let mut granted = self.granted.iter().filter(|granted| granted.provider == provider);
        granted.any(|granted| granted.wanted.iter().any(is_within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(action: &str, resources: &[&str], access: Option<Access>) -> Wanted {
        let resources = resources.iter().map(|&one| one.to_owned()).collect();
        Wanted { access, ..Wanted::new(action.to_owned(), resources) }
    }

    fn question(wanted: Vec<Wanted>) -> Question {
        let (command, reason) =
            (vec!["aws".to_owned()], Some("x\n- s3:List (list)\u{202e}".to_owned()));
        Question { provider: "aws".to_owned(), wanted, command, reason, ttl_seconds: 900 }
    }

    #[test]
    fn reading_and_listing_need_no_yes_unless_a_rule_or_the_reply_says_so() {
        use Access::{List, Permissions, Read, Tagging, Write};
        let known = |action: &str, access| Known {
            action: action.to_owned(),
            access,
            yields_credentials: false,
        };
        let settings = ApproveSettings {
            person_access: vec![Access::Permissions],
            ..ApproveSettings::default()
        };
        let rules =
            Rules::new(&settings, vec!["sqs:Send*".to_owned()], vec!["s3:GetObjectAcl".to_owned()]);
        for (action, access, expected) in [
            ("s3:GetObject", Some(Read), false),
            ("s3:ListBucket", Some(List), false),
            ("s3:GetObjectAcl", Some(Read), true),
            ("s3:Get*", Some(Read), true),
            ("s3:PutObject", Some(Write), true),
            ("sqs:SendMessage", Some(Write), false),
            ("s3:PutObjectTagging", Some(Tagging), true),
            ("iam:CreateUser", Some(Permissions), true),
            ("new:Thing", None, true),
        ] {
            assert_eq!(needs_yes(&known(action, access), &rules), expected, "{action}");
        }
        let carries = Known { yields_credentials: true, ..known("ecr:GetToken", Some(Read)) };
        assert!(needs_yes(&carries, &rules));
    }

    #[test]
    fn a_question_has_one_line_for_each_permission_and_no_forged_one() {
        let text = question(vec![wanted("s3:PutObject", &[], Some(Access::Write))]).text().unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("\n- s3:PutObject (write) on EVERY resource\n"), "{text}");
        assert!(text.ends_with("x\\u{a}- s3:List (list)\\u{202e}"), "{text}");
        let two = wanted("s3:PutObject", &["arn:aws:s3:::a", "arn:aws:s3:::b"], None);
        assert!(question(vec![two]).text().unwrap().contains("on\n    arn:aws:s3:::a\n    arn:"));
        let many = (0..=MAX_LINES).map(|n| wanted(&format!("s3:A{n}"), &[], None)).collect();
        assert!(question(many).text().is_err());
        let long = Question { command: vec!["x".repeat(MAX_CHARACTERS)], ..question(Vec::new()) };
        assert!(long.text().is_err(), "nothing of a command is cut");
    }

    #[test]
    fn an_answer_counts_once_and_for_its_question_alone() {
        let mut memory = Memory::default();
        let (asked, other) =
            (question(vec![wanted("s3:PutObject", &["r"], None)]), question(Vec::new()));
        let handle = memory.open(&asked, None).unwrap();
        assert!(!memory.take("0", &asked));
        assert!(memory.take(&handle, &asked) && !memory.take(&handle, &asked));
        let handle = memory.open(&asked, None).unwrap();
        assert!(!memory.take(&handle, &other) && !memory.take(&handle, &asked));
        let open: Vec<_> = (0..MAX_OPEN).map(|_| memory.open(&asked, None)).collect();
        assert!(open.iter().all(Result::is_ok) && memory.open(&asked, None).is_err());
    }

    #[test]
    fn a_yes_covers_the_same_or_less_and_nothing_else() {
        let mut memory = Memory::default();
        let asked =
            question(vec![wanted("s3:PutObject", &["arn:aws:s3:::b/*"], Some(Access::Write))]);
        memory.grant(&asked, 900);
        let mut covers = |provider, action, resources: &[&str]| {
            memory.covers(provider, &wanted(action, resources, None))
        };
        assert!(covers("aws", "S3:putobject", &["arn:aws:s3:::b/*"]));
        assert!(covers("aws", "s3:PutObject", &["arn:aws:s3:::b/k"]));
        for (provider, action, resources) in [
            ("vault", "s3:PutObject", &["arn:aws:s3:::b/k"][..]),
            ("aws", "s3:PutObjectAcl", &["arn:aws:s3:::b/k"]),
            ("aws", "s3:Put*", &["arn:aws:s3:::b/k"]),
            ("aws", "s3:PutObject", &["arn:aws:s3:::b/k", "arn:aws:s3:::c/k"]),
            ("aws", "s3:PutObject", &["arn:aws:s3:::*"]),
            ("aws", "s3:PutObject", &[]),
        ] {
            assert!(!covers(provider, action, resources), "{provider} {action} {resources:?}");
        }
        memory.grant(&question(vec![wanted("sqs:Send", &[], None)]), 0);
        assert!(!memory.covers("aws", &wanted("sqs:Send", &[], None)), "its time is over");
    }
}
