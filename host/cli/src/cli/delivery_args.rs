//! The options for the delivery of the credentials to the command, which `run` and `plan` share.

use super::heading::LIMITS;
use crate::settings::Flags;
use crate::settings::delivery::Deliver;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct DeliveryArgs {
    /// How the command gets its credentials: `env`, `endpoint`, `file` or `gateway` [default: env]
    #[arg(long, value_name = "HOW", value_parser = Deliver::parse, help_heading = LIMITS, hide_short_help = true)]
    deliver: Option<Deliver>,
}

impl DeliveryArgs {
    /// Adds these options to `flags`.
    pub(super) fn add_to(&self, flags: Flags) -> Flags {
        Flags { deliver: self.deliver, ..flags }
    }
}
