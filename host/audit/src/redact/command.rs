//! Removes secrets from a command's arguments.

use audex_core::redact::{REDACTED, is_secret_name, redact_text};

/// A program's option that takes a secret although its name does not say so.
struct Rule {
    programs: &'static [&'static str],
    option: &'static str,
    /// True if the next argument may be the value, besides an attached one (`-pX`).
    takes_next: bool,
}

const RULES: &[Rule] = &[
    // Attached values only: `mysql -p name` prompts for the password and opens the database `name`.
    Rule {
        programs: &["mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump"],
        option: "-p",
        takes_next: false,
    },
    Rule {
        programs: &["sshpass", "mongosh", "mongo", "mongodump", "docker", "podman", "az"],
        option: "-p",
        takes_next: true,
    },
    Rule { programs: &["curl", "wget", "http", "https"], option: "-u", takes_next: true },
    Rule { programs: &["curl", "wget"], option: "--user", takes_next: true },
    Rule { programs: &["redis-cli", "http", "https"], option: "-a", takes_next: true },
    Rule { programs: &["ldapsearch", "ldapmodify", "ldapadd"], option: "-w", takes_next: true },
    Rule { programs: &["kubectl"], option: "--from-literal", takes_next: true },
    Rule { programs: &["aws"], option: "--value", takes_next: true },
    Rule { programs: &["gh"], option: "--body", takes_next: true },
];

/// Returns the arguments with every value replaced that is or may be a secret.
///
/// In case of doubt a value is replaced: the readers of a record know the program and do not need every value.
#[must_use]
pub fn redact_command(words: &[&str]) -> Vec<String> {
    let mut walk = Walk::default();
    words.iter().map(|word| walk.argument(word)).collect()
}

#[derive(Default)]
struct Walk {
    program: Option<String>,
    hides_next: bool,
}

impl Walk {
    fn argument(&mut self, argument: &str) -> String {
        if !argument.contains(char::is_whitespace) || self.hides_next {
            return self.word(argument);
        }
        // This is most likely a shell script: its words are read like arguments, by a separate walk.
        let mut inner = Self::default();
        redact_text(argument)
            .split_inclusive(char::is_whitespace)
            .map(|piece| {
                let word = piece.trim_end();
                let gap = piece.get(word.len()..).unwrap_or_default();
                if word.is_empty() { piece.to_owned() } else { inner.word(word) + gap }
            })
            .collect()
    }

    fn word(&mut self, word: &str) -> String {
        if std::mem::take(&mut self.hides_next) {
            return REDACTED.to_owned();
        }
        let name = word.rsplit('/').next().unwrap_or(word);
        if self.program.is_none() || RULES.iter().any(|rule| rule.programs.contains(&name)) {
            self.program = Some(name.to_owned());
        }
        if let Some(option) = word.strip_prefix('-') {
            if let Some(redacted) = self.by_rule(word) {
                return redacted;
            }
            let (name, value) =
                option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
            if is_secret_name(name.trim_start_matches('-')) {
                self.hides_next = value.is_none();
                return if value.is_some() {
                    format!("-{name}={REDACTED}")
                } else {
                    word.to_owned()
                };
            }
        }
        redact_text(word)
    }

    fn by_rule(&mut self, word: &str) -> Option<String> {
        let program = self.program.as_deref()?;
        let rules = RULES.iter().filter(|rule| rule.programs.contains(&program));
        for rule in rules {
            let Some(attached) = word.strip_prefix(rule.option) else { continue };
            if attached.is_empty() {
                self.hides_next = rule.takes_next;
                return Some(word.to_owned());
            }
            let is_long = rule.option.starts_with("--");
            if !is_long || attached.starts_with('=') {
                let equals = if is_long { "=" } else { "" };
                return Some(format!("{}{equals}{REDACTED}", rule.option));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &[&str], expected: &[&str]) {
        assert_eq!(redact_command(command), expected);
    }

    #[test]
    fn values_of_secret_options_are_redacted() {
        check(&["x", "--password", "a", "b"], &["x", "--password", "[redacted]", "b"]);
        check(&["x", "--password=a"], &["x", "--password=[redacted]"]);
        check(&["x", "--secret-string", "two words"], &["x", "--secret-string", "[redacted]"]);
        check(&["x", "-token", "é日本"], &["x", "-token", "[redacted]"]);
        check(&["x", "--api-key", "--odd"], &["x", "--api-key", "[redacted]"]);
    }

    #[test]
    fn short_options_are_redacted_where_the_program_means_a_secret() {
        check(&["mysql", "-phunter2", "-u", "me"], &["mysql", "-p[redacted]", "-u", "me"]);
        check(&["/usr/bin/curl", "-u", "me:pw", "h"], &["/usr/bin/curl", "-u", "[redacted]", "h"]);
        check(&["curl", "-ume:pw"], &["curl", "-u[redacted]"]);
        check(&["curl", "--user=me:pw"], &["curl", "--user=[redacted]"]);
        check(&["curl", "--user="], &["curl", "--user=[redacted]"]);
        check(&["kubectl", "--from-literal=k=v=w"], &["kubectl", "--from-literal=[redacted]"]);
        check(&["sh", "-c", "curl --user=me:pw h"], &["sh", "-c", "curl --user=[redacted] h"]);
        check(
            &["env", "sshpass", "-p", "pw", "ssh"],
            &["env", "sshpass", "-p", "[redacted]", "ssh"],
        );
    }

    #[test]
    fn options_that_are_no_secret_stay() {
        for command in [
            &["mkdir", "-p", "/a/b"][..],
            &["mysql", "-p", "database"],
            &["aws", "s3", "cp", "s3://b/k", "-"],
            &["curl", "--user-agent", "x"],
            &["ls", "-password.txt.name"],
            &["\u{e9}", "-\u{e9}=\u{1f980}", ""],
        ] {
            check(command, command);
        }
    }

    #[test]
    fn scripts_for_a_shell_are_read_word_by_word() {
        check(
            &[
                "sh",
                "-c",
                "FOO=1 mysql  -ppw db &&\n tool --token abc | curl -H 'Authorization: Bearer x' u",
            ],
            &[
                "sh",
                "-c",
                "FOO=1 mysql  -p[redacted] db &&\n tool --token [redacted] | curl -H 'Authorization: [redacted]' u",
            ],
        );
    }
}
