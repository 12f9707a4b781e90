//! `tryaudex policies export`: writes a grant as a document for the cloud's own tools. The code path is the
//! same as in `run`, up to the filters.

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::policy_args::PolicyArgs;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::pipeline::attempt::Attempt;
use crate::pipeline::{self, Context, report};
use crate::plan::PlanError;
use crate::request::Arguments;
use audex_core::environment::Environment;

/// The name of the document if no profile names it.
const UNNAMED: &str = "audex-grant";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Profile whose permissions the document holds
    #[arg(value_name = "PROFILE", required_unless_present = "allow", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Permissions to hold, comma-separated; beside a profile, in addition
    #[arg(long, value_name = "PERMISSIONS")]
    allow: Vec<String>,
    /// Resources to limit the permissions to, comma-separated; may be repeated
    #[arg(long, value_name = "RESOURCES")]
    resource: Vec<String>,
    /// Cloud it is for; `aws` unless the settings or the profile say otherwise
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    provider: Option<String>,
    /// Form of the document
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    format: Format,
    #[command(flatten)]
    policy: PolicyArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// As the cloud's own API and CLI take it
    Json,
    /// A Terraform resource
    Terraform,
    #[value(help = "A CloudFormation template (AWS)")]
    Cloudformation,
}

pub(super) fn export(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let settings = super::settings(environment, args.provider.as_ref(), args.policy.settings())?;
    let context = Context { environment, settings: &settings, console: Console::default() };
    let title = args.name.clone().unwrap_or_else(|| UNNAMED.to_owned());
    let ask = Arguments {
        allow: args.allow,
        profiles: args.name.into_iter().collect(),
        resources: args.resource,
        ..Arguments::default()
    };
    let mut attempt = Attempt::new(&settings.paths);
    let granted = pipeline::request(context, ask, &mut attempt)?.expand()?.check()?.filter()?;
    let filtered = &granted.output.filtered;
    let format = match args.format {
        Format::Json => "json",
        Format::Terraform => "terraform",
        Format::Cloudformation => "cloudformation",
    };
    let document = granted
        .provider()
        .document(filtered.grant.shown(), &title, format)
        .map_err(PlanError::NoDocument)?;
    report::denied(context.console, &filtered.denied);
    report::notices(context.console, &filtered.notices);
    console::result(document.trim_end());
    Ok(0)
}
