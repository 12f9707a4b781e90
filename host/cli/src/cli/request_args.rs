//! The options of a request, which `run`, `plan` and `learn` share.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;

use super::heading::{LIMITS, OUTPUT, WHAT, WHO};
use super::identity_args::IdentityArgs;
use super::policy_args::PolicyArgs;
use crate::console::Console;
use crate::request::Arguments;
use crate::settings::Flags;
use crate::settings::config_file::{parse_enforcer, parse_on_expiry, parse_ttl};
use crate::settings::isolation::IsolationFlags;
use audex_child::OnExpiry;
use audex_components::provider::Enforcer;
use audex_core::printable::is_hidden;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct RequestArgs {
    /// Permissions to allow, comma-separated; may be repeated
    #[arg(long, value_name = "PERMISSIONS", help_heading = WHAT)]
    allow: Vec<String>,
    /// Profile whose permissions to allow; may be repeated
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = WHAT)]
    profile: Vec<String>,
    /// Resources to limit the permissions to, comma-separated; may be repeated
    #[arg(long, value_name = "RESOURCES", help_heading = WHAT)]
    resource: Vec<String>,
    /// How long access lasts, such as `15m`, `1h 30m` or `30s` [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = parse_ttl, allow_hyphen_values = true, help_heading = WHAT)]
    ttl: Option<Duration>,
    /// Cloud to ask; `aws` unless the settings or the profile say otherwise
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help_heading = WHO)]
    provider: Option<String>,
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new(), help = "IAM role to assume (AWS) [env: AUDEX_ROLE_ARN]", help_heading = WHO)]
    role_arn: Option<String>,
    #[command(flatten)]
    identity: IdentityArgs,
    /// Region, for the credentials and the command
    #[arg(long, value_name = "REGION", value_parser = NonEmptyStringValueParser::new(), help_heading = WHO)]
    region: Option<String>,
    /// How to make the credentials; the plan shows what is picked automatically
    #[arg(long, value_name = "METHOD", value_parser = NonEmptyStringValueParser::new(), help_heading = WHO, hide_short_help = true)]
    method: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Least enforcement to accept: `cloud`, `gateway`, `token` or `none` [default: token]
    #[arg(long, value_name = "WHO", value_parser = parse_enforcer, help_heading = LIMITS, hide_short_help = true)]
    require: Option<Enforcer>,
    /// What happens to the command when access ends: `keep` it or `end` it [default: keep]
    #[arg(long, value_name = "WHAT", value_parser = parse_on_expiry, help_heading = LIMITS, hide_short_help = true)]
    on_expiry: Option<OnExpiry>,
    /// Why access is needed, such as `OPS-123: rotate keys`; for filters and the audit log
    #[arg(long, value_name = "TEXT", value_parser = justification, help_heading = LIMITS, hide_short_help = true)]
    justification: Option<String>,
    /// Mint nothing unless the filters leave exactly this grant; `mcp` gives it
    #[arg(long, value_name = "DIGEST", hide = true)]
    pub expect_grant: Option<String>,
    /// Write JSON: the plan on stdout, or events as lines on stderr
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "verbose", help_heading = OUTPUT)]
    quiet: bool,
    /// Show what components log, and which variables the command does not get
    #[arg(long, short, help_heading = OUTPUT)]
    verbose: bool,
}

/// The maximum length of a justification. A longer text is a document.
const JUSTIFICATION_CHARACTERS: usize = 500;

pub(super) fn justification(text: &str) -> Result<String, String> {
    if text.trim().is_empty()
        || text.chars().count() > JUSTIFICATION_CHARACTERS
        || text.contains(is_hidden)
    {
        return Err(format!("give one line of 1 to {JUSTIFICATION_CHARACTERS} characters"));
    }
    Ok(text.to_owned())
}

impl RequestArgs {
    /// Returns options with only a role and a region, for commands that request no permissions.
    pub(super) fn of_provider(role_arn: Option<String>, region: Option<String>) -> Self {
        Self { role_arn, region, ..Self::default() }
    }

    pub(super) fn console(&self) -> Console {
        Console { quiet: self.quiet, json: self.json, verbose: self.verbose }
    }

    pub(super) fn flags(&self) -> Flags {
        let mut provider_settings = BTreeMap::new();
        for (key, value) in
            [("role_arn", &self.role_arn), ("region", &self.region), ("method", &self.method)]
        {
            if let Some(value) = value {
                provider_settings.insert(key.to_owned(), value.clone());
            }
        }
        provider_settings.extend(self.policy.settings());
        provider_settings.extend(self.identity.settings());
        Flags {
            provider: self.provider.clone(),
            ttl: self.ttl,
            require: self.require,
            on_expiry: self.on_expiry,
            gateway_unknown: None,
            gateway_listen: None,
            gateway_tls: None,
            on_denied: None,
            limits: Vec::new(),
            deliver: None,
            key_life: None,
            isolation: IsolationFlags::default(),
            agent: None,
            provider_settings,
        }
    }

    pub(super) fn ask(&self, command: &[OsString]) -> Arguments {
        Arguments {
            allow: self.allow.clone(),
            profiles: self.profile.clone(),
            resources: self.resource.clone(),
            command: command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
            justification: self.justification.clone(),
        }
    }
}
