//! `tryaudex intent`: translates a sentence into permissions, and runs nothing.

use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use crate::console::{self, Console};
use crate::failure::Failure;
use crate::intent::{self, Choice, Proposed};
use crate::pipeline::Context;
use crate::request::joined;
use crate::settings::{DEFAULT_PROVIDER, Flags, Settings};
use audex_core::environment::Environment;
use audex_core::shell;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is to be done, in plain words
    #[arg(value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    text: String,
    /// Cloud whose permissions are wanted; `aws` unless the settings say otherwise
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    provider: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
    /// Also say who answered, what was weighed and what was left out
    #[arg(long)]
    json: bool,
}

/// The help heading for options about a request in plain words.
pub(super) const WORDS: &str = "In plain words";

/// Which engine is asked.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct EngineArgs {
    /// Intent engine [default: `intent-claude` if `ANTHROPIC_API_KEY` is set, else `intent-local`]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = WORDS, hide_short_help = true)]
    engine: Option<String>,
    /// Model that the engine asks
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new(), help_heading = WORDS, hide_short_help = true)]
    model: Option<String>,
}

impl EngineArgs {
    pub(super) fn choice(&self) -> Choice {
        Choice { engine: self.engine.clone(), model: self.model.clone() }
    }
}

pub(super) fn intent(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let flags = Flags { provider: args.provider.clone(), ..Flags::default() };
    let settings = Settings::resolve(environment, flags)?;
    let context = Context { environment, settings: &settings, console: Console::default() };
    let proposed = intent::propose(context, &args.text, &args.engine.choice())?;
    if !args.json {
        told(context.console, &proposed);
    }
    console::result(&format!("{:#}", to_json(&proposed, args.json)));
    if !args.json && console::is_watched() {
        console::tell(&format!(
            "run with these permissions:\n  {}",
            next_command(&proposed.provider, &proposed.allow, &proposed.resources)
        ));
    }
    Ok(0)
}

/// Prints a notice for each action that was left out, with the reason.
pub(super) fn told(console: Console, proposed: &Proposed) {
    for refused in &proposed.refused {
        console.notice(&format!("left out `{}`: {}", refused.action, refused.reason));
    }
}

/// Returns a `tryaudex run` command with the proposed permissions, for the user to copy.
fn next_command(provider: &str, allow: &[String], resources: &[String]) -> String {
    let mut words = vec!["tryaudex".to_owned(), "run".to_owned()];
    if provider != DEFAULT_PROVIDER {
        words.extend(["--provider".to_owned(), shell::quoted(provider)]);
    }
    words.extend(["--allow".to_owned(), shell::quoted(&joined(allow))]);
    for resource in resources {
        words.extend([
            "--resource".to_owned(),
            shell::quoted(&joined(std::slice::from_ref(resource))),
        ]);
    }
    words.extend(["--".to_owned(), "COMMAND".to_owned()]);
    words.join(" ")
}

/// Returns the three fields of the document that defines the command, and more fields if `all` is set
/// (`--json`).
fn to_json(proposed: &Proposed, all: bool) -> Value {
    let resource = (!proposed.resources.is_empty()).then(|| joined(&proposed.resources));
    let mut value = json!({
        "allow": proposed.allow.join(","), "resource": resource, "description": proposed.description,
    });
    if let (true, Some(fields)) = (all, value.as_object_mut()) {
        let refused = proposed
            .refused
            .iter()
            .map(|one| json!({ "action": one.action, "reason": one.reason }));
        let candidates = proposed.candidates.iter();
        let candidates = candidates
            .map(|one| json!({ "action": one.action, "score": one.score, "reason": one.reason }));
        fields.insert("provider".to_owned(), proposed.provider.clone().into());
        fields.insert("engine".to_owned(), proposed.engine.name.clone().into());
        fields.insert("refused".to_owned(), refused.collect());
        fields.insert("candidates".to_owned(), candidates.collect());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_can_be_pasted() {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        let (allow, resources) = (
            list(&["s3:GetObject", "s3:ListBucket"]),
            list(&["arn:aws:s3:::b", "arn:aws:s3:::b/*"]),
        );
        assert_eq!(
            next_command("aws", &allow, &resources),
            "tryaudex run --allow s3:GetObject,s3:ListBucket --resource arn:aws:s3:::b --resource 'arn:aws:s3:::b/*' -- COMMAND"
        );
        assert_eq!(
            next_command("gcp", &list(&["storage.objects.get"]), &[]),
            "tryaudex run --provider gcp --allow storage.objects.get -- COMMAND"
        );
    }
}
