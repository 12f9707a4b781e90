//! `config.toml`: the user's, and the organisation's in `/etc/audex`, which can only narrow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::approve::{ApproveTable, OnDenied, OrganisationApproveTable};
use super::delivery::{Deliver, GatewayTls, UnknownRequests, parse_limit};
use super::isolation::{Agents, Choices, OrganisationIsolateTable, choice};
use super::{SettingsError, source};
use audex_child::OnExpiry;
use audex_components::embedded;
use audex_components::provider::Enforcer;
use audex_core::isolation::Level;
use audex_core::paths::deserialize_absolute;
use audex_gateway::decide::Limit;
use audex_logins::secret_source::SecretSource;
use audex_registry::rules::Rules;
use audex_registry::signature::Signer;

/// The user's `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigFile {
    /// The provider of a run that names none.
    pub provider: Option<String>,
    /// The ttl of a run that names none.
    #[serde(deserialize_with = "duration")]
    pub ttl: Option<Duration>,
    /// `keep` or `end`.
    #[serde(deserialize_with = "on_expiry")]
    pub on_expiry: Option<OnExpiry>,
    /// `[run]`.
    pub run: RunTable,
    /// `[approve]`: who answers when a session asks for more.
    pub approve: ApproveTable,
    /// `[isolate]`.
    pub isolate: Choices,
    /// `[enforcement]`.
    pub enforcement: Enforcement,
    /// `[mapping]`.
    pub mapping: Mapping,
    /// `[intent]`.
    pub intent: IntentTable,
    /// `[mcp]`.
    pub mcp: McpTable,
    /// `[providers.ID]`: each provider's own settings.
    pub providers: BTreeMap<String, BTreeMap<String, String>>,
    /// `[filters.NAME]`: each filter's own settings.
    pub filters: BTreeMap<String, serde_json::Value>,
    /// `[secrets]`: the sources of the values of `secret:NAME`.
    pub secrets: BTreeMap<String, SecretSource>,
    /// `[endpoints]`: the real addresses of hosts that installed components request.
    pub endpoints: BTreeMap<String, String>,
    /// `[plugins]`.
    pub plugins: PluginsTable,
}

impl ConfigFile {
    /// Reads the file at `path`, or nothing if there is no file.
    ///
    /// # Errors
    /// As [`source::read`]. The error for a table such as `[aws]` names the right one.
    pub fn read(path: &Path) -> Result<Option<Self>, SettingsError> {
        source::read(path).map_err(|error| match error {
            SettingsError::Invalid { path, line, message } => {
                let message = provider_table(&message).unwrap_or(message);
                SettingsError::Invalid { path, line, message }
            }
            other => other,
        })
    }
}

/// Returns the message for the settings of a provider in a table of its name.
fn provider_table(message: &str) -> Option<String> {
    let (key, _) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let is_provider = embedded::providers().any(|id| id == key);
    is_provider.then(|| format!("`{key}` is not a table of this file: write `[providers.{key}]`"))
}

/// The user's table `[plugins]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginsTable {
    /// Keys and identities of component authors that are trusted without `--signer`.
    pub signers: Vec<Signer>,
    /// The `trusted_root.json` by which sigstore bundles are verified, in place of the public instance's.
    #[serde(deserialize_with = "deserialize_absolute")]
    pub sigstore_trusted_root: Option<PathBuf>,
}

/// The organisation's `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganisationFile {
    /// The maximum ttl.
    #[serde(deserialize_with = "duration")]
    pub max_ttl: Option<Duration>,
    /// `[run]`.
    pub run: OrganisationRunTable,
    /// `[approve]`: rules for the asks of every session.
    pub approve: OrganisationApproveTable,
    /// `[isolate]`: a minimum, and what is hidden from every command.
    pub isolate: OrganisationIsolateTable,
    /// `[enforcement]`.
    pub enforcement: Enforcement,
    /// `[audit]`.
    pub audit: AuditTable,
    /// `[filters.NAME]`: settings that the user's file cannot change.
    pub filters: BTreeMap<String, serde_json::Value>,
    /// `[endpoints]`: hosts that the user's file cannot move.
    pub endpoints: BTreeMap<String, String>,
    /// `[mapping]`: the mapping that the user's file cannot replace.
    pub mapping: Mapping,
    /// `[plugins]`.
    pub plugins: Rules,
}

impl OrganisationFile {
    /// Returns true if the file has rules for components: required ones, limits for them, settings of
    /// filters, endpoints, or a mapping.
    #[must_use]
    pub(crate) fn rules_components(&self) -> bool {
        let is_pinned = self.mapping.component.is_some();
        self.plugins.is_any() || !self.filters.is_empty() || !self.endpoints.is_empty() || is_pinned
    }
}

/// `[audit]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditTable {
    /// The directory of the logs, with a subdirectory for each user id. No variable of a user moves it.
    #[serde(deserialize_with = "deserialize_absolute")]
    pub directory: Option<PathBuf>,
}

/// The user's `[run]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunTable {
    /// `env`, `endpoint`, `file` or `gateway`.
    #[serde(deserialize_with = "deliver")]
    pub deliver: Option<Deliver>,
    /// `refuse` or `forward`: the gateway's treatment of requests that it does not know.
    #[serde(deserialize_with = "gateway_unknown")]
    pub gateway_unknown: Option<UnknownRequests>,
    /// `auto`, `never` or `always`: whether the gateway serves the cloud's own hosts in TLS.
    #[serde(deserialize_with = "gateway_tls")]
    pub gateway_tls: Option<GatewayTls>,
    /// `ACTION=COUNT`: how often the gateway lets a session use actions.
    #[serde(deserialize_with = "limits")]
    pub limits: Vec<Limit>,
    /// `refuse`, `ask` or `wait`: what becomes of a request that the gateway refuses.
    #[serde(deserialize_with = "on_denied")]
    pub on_denied: Option<OnDenied>,
    /// The life of one set of keys, where the delivery renews them.
    #[serde(deserialize_with = "duration")]
    pub key_life: Option<Duration>,
    /// `off`, `credentials` or `strict`.
    #[serde(deserialize_with = "choice::optional_level")]
    pub isolate: Option<Level>,
    /// `on` or `off`: the defaults for coding agents.
    #[serde(deserialize_with = "choice::agents")]
    pub agents: Agents,
}

/// The organisation's `[run]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganisationRunTable {
    /// The delivery of every run.
    #[serde(deserialize_with = "deliver")]
    pub deliver: Option<Deliver>,
    /// `refuse` or `forward`: the gateway's treatment of requests that it does not know, in every run.
    #[serde(deserialize_with = "gateway_unknown")]
    pub gateway_unknown: Option<UnknownRequests>,
    /// `refuse`, `ask` or `wait`: what becomes of a request that the gateway refuses, in every run.
    #[serde(deserialize_with = "on_denied")]
    pub on_denied: Option<OnDenied>,
    /// `ACTION=COUNT`: limits that count in every run.
    #[serde(deserialize_with = "limits")]
    pub limits: Vec<Limit>,
}

/// `[enforcement]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Enforcement {
    /// `cloud`, `gateway`, `token` or `none`.
    #[serde(deserialize_with = "enforcer")]
    pub require: Option<Enforcer>,
}

/// `[intent]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntentTable {
    /// The name of the engine.
    pub engine: Option<String>,
    /// The model that the engine asks.
    pub model: Option<String>,
    /// The address that the engine asks, in place of the vendor's own.
    pub base_url: Option<String>,
}

/// `[mcp]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpTable {
    /// The absolute paths of the commands that the tool `run` may start; `None` means none.
    #[serde(deserialize_with = "absolute")]
    pub commands: Option<Vec<PathBuf>>,
}

/// `[mapping]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// The name of the mapping component.
    pub component: Option<String>,
}

/// Returns the enforcer called `name`.
///
/// # Errors
/// A text with the valid names.
pub(crate) fn parse_enforcer(name: &str) -> Result<Enforcer, String> {
    match name {
        "cloud" => Ok(Enforcer::Cloud),
        "gateway" => Ok(Enforcer::Gateway),
        "token" => Ok(Enforcer::Token),
        "none" => Ok(Enforcer::None),
        other => Err(format!("`{other}` is none of `cloud`, `gateway`, `token`, `none`")),
    }
}

/// Returns the policy called `name`.
///
/// # Errors
/// A text with the valid names.
pub(crate) fn parse_on_expiry(name: &str) -> Result<OnExpiry, String> {
    match name {
        "keep" => Ok(OnExpiry::Keep),
        "end" => Ok(OnExpiry::End),
        other => Err(format!("`{other}` is neither `keep` nor `end`")),
    }
}

/// Parses a ttl such as `15m`, `1h 30m`, `90s`.
///
/// # Errors
/// When the text is not a duration, is under a second, or does not have whole seconds.
pub(crate) fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is not a duration: write 90s, 15m, 1h 30m or 1day"))?;
    if ttl.as_secs() == 0 || ttl.subsec_nanos() != 0 || u32::try_from(ttl.as_secs()).is_err() {
        return Err(format!("`{text}` is not one or more whole seconds"));
    }
    Ok(ttl)
}

pub(super) fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    parse_ttl(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// Reads a list of absolute paths.
fn absolute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<PathBuf>>, D::Error> {
    let list = Vec::<PathBuf>::deserialize(deserializer)?;
    match list.iter().find(|path| !path.is_absolute()) {
        Some(path) => {
            Err(D::Error::custom(format!("`{}` is not an absolute path", path.display())))
        }
        None => Ok(Some(list)),
    }
}

fn on_expiry<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OnExpiry>, D::Error> {
    parse_on_expiry(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn deliver<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Deliver>, D::Error> {
    Deliver::parse(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn gateway_unknown<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<UnknownRequests>, D::Error> {
    UnknownRequests::parse(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn gateway_tls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GatewayTls>, D::Error> {
    GatewayTls::parse(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn on_denied<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OnDenied>, D::Error> {
    OnDenied::parse(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// Reads a list of `ACTION=COUNT`.
pub(super) fn limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Limit>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    list.iter().map(|text| parse_limit(text)).collect::<Result<_, _>>().map_err(D::Error::custom)
}

fn enforcer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Enforcer>, D::Error> {
    parse_enforcer(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}
