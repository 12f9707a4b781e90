//! Suggests the intended option or command for a mistyped one.

use std::ffi::OsString;

use crate::profile::permission;
use audex_sdk::spelling::nearest;
use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Names that other tools use for an option, each with the name here. An option is suggested only if the
/// command has this option.
const OPTIONS: [(&str, &str); 15] = [
    ("action", "allow"),
    ("actions", "allow"),
    ("duration", "ttl"),
    ("duration-seconds", "ttl"),
    ("dryrun", "dry-run"),
    ("permission", "allow"),
    ("permissions", "allow"),
    ("policies", "profile"),
    ("policy", "profile"),
    ("reason", "justification"),
    ("resources", "resource"),
    ("role", "role-arn"),
    ("service-account-email", "service-account"),
    ("session-duration", "ttl"),
    ("timeout", "ttl"),
];
/// Names that other tools use for a command, each with the name here.
const COMMANDS: [(&str, &str); 9] = [
    ("doctor", "health"),
    ("exec", "run"),
    ("log", "audit"),
    ("logs", "audit"),
    ("plugins", "plugin"),
    ("profiles", "policies"),
    ("receipt", "sessions"),
    ("session", "sessions"),
    ("start", "run"),
];
/// The maximum number of typing errors for which a word is suggested. The program's words are short.
const SLIPS: usize = 2;
/// The tips of clap, which are replaced by a hint. One tip of clap would run a program that has the name of
/// the option.
const TIPS: [ContextKind; 5] = [
    ContextKind::Suggested,
    ContextKind::SuggestedArg,
    ContextKind::SuggestedCommand,
    ContextKind::SuggestedSubcommand,
    ContextKind::TrailingArg,
];

/// Removes clap's own tips from `error` and returns a hint instead. `words` are the arguments after the
/// program's name; `is_profile` says whether a profile of a name exists.
pub(super) fn hint(
    error: &mut clap::Error,
    program: &Command,
    words: &[OsString],
    is_profile: impl FnOnce(&str) -> bool,
) -> Option<String> {
    let (mistyped, suggested) = match error.kind() {
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        ErrorKind::InvalidSubcommand => {
            (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand)
        }
        _ => return None,
    };
    let is_option = error.kind() == ErrorKind::UnknownArgument;
    let wrong = text(error.get(mistyped))?;
    let theirs = text(error.get(suggested));
    for tip in TIPS {
        let _ = error.remove(tip);
    }
    let command = called(program, words);
    let own = if is_option { option(command, &wrong, words) } else { subcommand(command, &wrong) };
    if let Some(meant) = own.or(theirs) {
        return Some(format!("did you mean `{meant}`"));
    }
    if !is_option || command.get_name() != "run" || wrong.starts_with('-') {
        return None;
    }
    let has_command = words.iter().any(|word| word == "--");
    Some(match permission(&wrong) {
        _ if !has_command => {
            "put the command after `--`: tryaudex run --allow … -- COMMAND".to_owned()
        }
        Some(allow) => format!("did you mean `{allow}`"),
        None if is_profile(&wrong) => format!("did you mean `--profile {wrong}`"),
        None => "only options stand before `--`: name permissions with --allow, or a profile with --profile".to_owned(),
    })
}

fn text(value: Option<&ContextValue>) -> Option<String> {
    match value? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

/// Returns the innermost command that the leading `words` name.
fn called<'a>(program: &'a Command, words: &[OsString]) -> &'a Command {
    let mut command = program;
    for word in words {
        match word.to_str().and_then(|word| command.find_subcommand(word)) {
            Some(next) => command = next,
            None => break,
        }
    }
    command
}

fn option(command: &Command, wrong: &str, words: &[OsString]) -> Option<String> {
    let name = wrong.strip_prefix("--")?.split('=').next()?;
    let known: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    let other = OPTIONS.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours);
    let meant =
        other.filter(|other| known.contains(other)).or_else(|| nearest(name, known, SLIPS))?;
    if meant == "profile"
        && let Some(allow) = value(name, words).and_then(permission)
    {
        return Some(allow);
    }
    Some(format!("--{meant}"))
}

/// Returns the value of the option `name` in `words`.
fn value<'a>(name: &str, words: &'a [OsString]) -> Option<&'a str> {
    let mut words = words.iter().filter_map(|word| word.to_str()).skip_while(|word| {
        word.strip_prefix("--").and_then(|word| word.split('=').next()) != Some(name)
    });
    match words.next()?.split_once('=') {
        Some((_, value)) => Some(value),
        None => words.next(),
    }
}

fn subcommand(command: &Command, wrong: &str) -> Option<String> {
    let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let other = COMMANDS.iter().find(|(theirs, _)| *theirs == wrong).map(|(_, ours)| *ours);
    let meant =
        other.filter(|other| known.contains(other)).or_else(|| nearest(wrong, known, SLIPS))?;
    let path = command.get_bin_name().unwrap_or(command.get_name());
    Some(format!("{path} {meant}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let mut program = <super::super::Cli as clap::CommandFactory>::command();
        program.build();
        program
    }

    /// Returns the hint for a command line, and the rest of clap's message.
    fn said(words: &[&str]) -> (Option<String>, String) {
        let line = ["tryaudex"].iter().chain(words);
        let mut error = program().try_get_matches_from(line).unwrap_err();
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let hint = hint(&mut error, &program(), &words, |name| name == "my-job");
        (hint, error.render().to_string())
    }

    #[test]
    fn options_of_other_tools_lead_to_ours_and_never_to_a_program() {
        for (wrong, meant) in [
            ("--policy", "--profile"),
            ("--policy=x", "--profile"),
            ("--role", "--role-arn"),
            ("--permissions", "--allow"),
            ("--alow", "--allow"),
            ("--duration", "--ttl"),
        ] {
            let (hint, rest) = said(&["run", wrong, "x", "--", "true"]);
            assert_eq!(
                hint.as_deref(),
                Some(format!("did you mean `{meant}`").as_str()),
                "{wrong}"
            );
            assert!(!rest.contains("tip:"), "{rest}");
        }
        assert_eq!(said(&["run", "--xyzzy", "--", "true"]).0, None);
        // `demo` has no such option.
        assert_eq!(said(&["demo", "--policy", "x"]).0, None);
    }

    #[test]
    fn commands_of_other_tools_and_misspelt_ones_lead_to_ours() {
        for (words, meant) in [
            (&["exec", "--", "true"][..], "tryaudex run"),
            (&["rnu"], "tryaudex run"),
            (&["plugin", "instal", "x"], "tryaudex plugin install"),
            (&["profiles"], "tryaudex policies"),
        ] {
            let (hint, rest) = said(words);
            assert_eq!(
                hint.as_deref(),
                Some(format!("did you mean `{meant}`").as_str()),
                "{words:?}"
            );
            assert!(!rest.contains("tip:"), "{rest}");
        }
        assert_eq!(said(&["xyzzyplugh"]).0, None);
    }

    #[test]
    fn a_command_without_its_dashes_is_told_where_it_belongs() {
        assert!(said(&["run", "--allow", "a:B", "ls"]).0.unwrap().contains("after `--`"));
    }

    #[test]
    fn a_permission_where_a_profile_is_expected_leads_to_allow() {
        for words in [
            &["run", "--policy", "s3:GetObject", "--", "ls"][..],
            &["run", "--policy=s3:GetObject", "--", "ls"],
            &["run", "s3:GetObject", "--", "ls"],
        ] {
            let hint = said(words).0.unwrap();
            assert_eq!(hint, "did you mean `--allow s3:GetObject`", "{words:?}");
        }
        assert_eq!(said(&["run", "--policy"]).0.unwrap(), "did you mean `--profile`");
    }

    #[test]
    fn a_word_before_the_dashes_is_a_profile_only_if_there_is_one() {
        let hint = |word| said(&["run", word, "--", "ls"]).0.unwrap();
        assert_eq!(hint("my-job"), "did you mean `--profile my-job`");
        assert!(hint("your-job").contains("with --profile"));
    }

    #[test]
    fn every_suggested_name_is_one_of_ours() {
        let program = program();
        let commands: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
        for (_, ours) in COMMANDS {
            assert!(commands.contains(&ours), "{ours}");
        }
        let run = program.find_subcommand("run").unwrap();
        for (_, ours) in OPTIONS {
            assert!(
                run.get_arguments().any(|argument| argument.get_long() == Some(ours)),
                "{ours}"
            );
        }
    }
}
