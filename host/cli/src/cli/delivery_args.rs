//! The options for the delivery of the credentials to the command, which `run` and `plan` share.

use std::time::Duration;

use super::heading::LIMITS;
use crate::settings::Flags;
use crate::settings::approve::OnDenied;
use crate::settings::config_file::parse_ttl;
use crate::settings::delivery::{Deliver, GatewayTls, UnknownRequests, parse_limit, parse_listen};
use audex_gateway::decide::Limit;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct DeliveryArgs {
    /// How the command gets its credentials: `env`, `endpoint`, `file` or `gateway` [default: env]
    #[arg(long, value_name = "HOW", value_parser = Deliver::parse, help_heading = LIMITS, hide_short_help = true)]
    deliver: Option<Deliver>,
    /// How long one set of keys lives under `--deliver endpoint`, which renews them until the ttl [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = parse_ttl, allow_hyphen_values = true, help_heading = LIMITS, hide_short_help = true)]
    key_life: Option<Duration>,
    #[command(flatten)]
    gateway: GatewayArgs,
}

/// The options of a gateway.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct GatewayArgs {
    /// With the gateway: how often actions may be used, such as `s3:DeleteObject=10`; may be repeated
    #[arg(long, value_name = "ACTION=COUNT", value_parser = parse_limit, help_heading = LIMITS, hide_short_help = true)]
    limit: Vec<Limit>,
    /// With the gateway: what happens to requests that it does not know, `refuse` or `forward` [default: refuse]
    #[arg(long, value_name = "WHAT", value_parser = UnknownRequests::parse, help_heading = LIMITS, hide_short_help = true)]
    gateway_unknown: Option<UnknownRequests>,
    /// With the gateway of Google Cloud or Azure: whether it serves their own hosts in TLS, `auto`, `never` or `always` [default: auto]
    #[arg(long, value_name = "WHEN", value_parser = GatewayTls::parse, help_heading = LIMITS, hide_short_help = true)]
    gateway_tls: Option<GatewayTls>,
    /// With the gateway: what becomes of a request that it refuses, `refuse`, `ask` or `wait` [default: refuse]
    #[arg(long, value_name = "WHAT", value_parser = OnDenied::parse, help_heading = LIMITS, hide_short_help = true)]
    on_denied: Option<OnDenied>,
    /// The one port of the gateway, such as `127.0.0.1:9911`, where a sandbox lets one through [default: free ports]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen, help_heading = LIMITS, hide_short_help = true)]
    gateway_listen: Option<u16>,
}

impl GatewayArgs {
    /// Adds these options to `flags`.
    pub(super) fn add_to(&self, flags: Flags) -> Flags {
        Flags {
            gateway_unknown: self.gateway_unknown,
            gateway_tls: self.gateway_tls,
            on_denied: self.on_denied,
            gateway_listen: self.gateway_listen,
            limits: self.limit.clone(),
            ..flags
        }
    }
}

impl DeliveryArgs {
    /// Adds these options to `flags`.
    pub(super) fn add_to(&self, flags: Flags) -> Flags {
        let flags = self.gateway.add_to(flags);
        Flags { deliver: self.deliver, key_life: self.key_life, ..flags }
    }
}
