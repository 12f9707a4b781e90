//! The options that narrow a policy, or widen the set of actions that it may name. Each option is a setting
//! of the provider.

use clap::builder::NonEmptyStringValueParser;

use super::heading::LIMITS;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct PolicyArgs {
    /// Networks the credentials may be used from, as CIDR, comma-separated (AWS)
    #[arg(long, help_heading = LIMITS, hide_short_help = true, value_name = "CIDRS", value_parser = NonEmptyStringValueParser::new())]
    source_ip: Option<String>,
    /// Ask for credentials that were signed in with a second factor (AWS)
    #[arg(long, help_heading = LIMITS, hide_short_help = true)]
    mfa: bool,
    /// Tags a resource must carry, `key=value`; may be repeated (AWS)
    #[arg(long, help_heading = LIMITS, hide_short_help = true, value_name = "KEY=VALUE", value_parser = NonEmptyStringValueParser::new())]
    tag: Vec<String>,
    /// Let actions through that the catalogue does not know
    #[arg(long, help_heading = LIMITS, hide_short_help = true)]
    allow_unknown: bool,
}

impl PolicyArgs {
    /// Returns the key and the value of each given option.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let networks = self.source_ip.clone().map(|networks| ("source_ip", networks));
        let tags = (!self.tag.is_empty()).then(|| ("tag", self.tag.join(",")));
        let mfa = self.mfa.then(|| ("mfa", "true".to_owned()));
        let unknown = self.allow_unknown.then(|| ("allow_unknown", "true".to_owned()));
        [networks, tags, mfa, unknown]
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}
