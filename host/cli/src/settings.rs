//! Settings that are resolved before the request is processed. The only place with precedence:
//! command line, then environment, then the user's files, then built-in defaults; the organisation's files
//! narrow the result.

pub mod approve;
pub mod components;
pub mod config_file;
pub mod delivery;
pub mod deny_list;
mod endpoints;
pub mod enforcement;
mod error;
pub mod isolation;
pub mod profiles_file;
pub mod source;
pub(crate) mod vault_config;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use audex_child::OnExpiry;
use audex_components::backend::Backend;
use audex_components::logins::Logins;
use audex_components::network::Network;
use audex_components::provider::{Enforcer, Setting};
use audex_core::ecosystem;
use audex_core::environment::Environment;
use audex_core::printable::is_hidden;
use audex_gateway::decide::Limit;

use audex_components::imports::tape::Tape;
use audex_logins::aws::Keys;
use audex_logins::secret_source::SecretSources;
use audex_registry::rules::Rules;
use audex_registry::signature::Signer;

use self::approve::{ApproveSettings, OnDenied};
use self::config_file::{ConfigFile, IntentTable, McpTable, OrganisationFile};
use self::delivery::{Deliver, DeliverySettings, GatewayTls, UnknownRequests, delivery};
use self::deny_list::DenyEntry;
use self::enforcement::{RequiredBy, enforcement};
pub use self::error::SettingsError;
pub(crate) use self::error::{UnknownSetting, one_of};
use self::isolation::{Agents, IsolationFlags, IsolationSettings, isolation};
use self::profiles_file::CustomProfile;
use audex_core::paths::Paths;
use audex_logins::vault::VaultFile;

/// The ttl of a run without a configured one.
pub(crate) const DEFAULT_TTL: Duration = Duration::from_mins(15);
/// The provider of a run without a configured one.
pub(crate) const DEFAULT_PROVIDER: &str = "aws";
/// The mapping of a run without a configured one.
pub(crate) const DEFAULT_MAPPING: &str = "universal";

/// The method of the provider `aws` that narrows temporary keys.
const NARROWING: &str = "scoped-credentials";

/// The options of the command line; `None` if an option was not given.
#[derive(Debug, Default, Clone)]
pub struct Flags {
    /// `--provider`.
    pub provider: Option<String>,
    /// `--ttl`.
    pub ttl: Option<Duration>,
    /// `--require`.
    pub require: Option<Enforcer>,
    /// `--on-expiry`.
    pub on_expiry: Option<OnExpiry>,
    /// `--deliver`.
    pub deliver: Option<Deliver>,
    /// `--gateway-listen`: the port.
    pub gateway_listen: Option<u16>,
    /// `--gateway-unknown`.
    pub gateway_unknown: Option<UnknownRequests>,
    /// `--gateway-tls`.
    pub gateway_tls: Option<GatewayTls>,
    /// `--on-denied`.
    pub on_denied: Option<OnDenied>,
    /// `--limit`.
    pub limits: Vec<Limit>,
    /// `--key-life`.
    pub key_life: Option<Duration>,
    /// `--isolate` and what belongs to it.
    pub isolation: IsolationFlags,
    /// The coding agent that the run is for, if there is one.
    pub agent: Option<String>,
    /// Options that are the provider's own settings, such as `role_arn`.
    pub provider_settings: BTreeMap<String, String>,
}

impl Flags {
    /// Returns the same options with this delivery.
    #[must_use]
    pub(crate) fn delivering(self, deliver: Deliver) -> Self {
        Self { deliver: Some(deliver), ..self }
    }
}

/// Resolved settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directories.
    pub paths: Paths,
    /// The provider that an option or a file names. If `None`, the profiles decide.
    pub provider: Option<String>,
    /// The least enforcement that a permission must have.
    pub require: Enforcer,
    /// The origin of the requirement.
    pub required_by: RequiredBy,
    /// The action on the command when access ends, if the user chose one.
    pub on_expiry: Option<OnExpiry>,
    /// The delivery of the credentials to the command.
    pub delivery: DeliverySettings,
    /// Who answers when the session asks for more.
    pub approve: ApproveSettings,
    /// The isolation of the command.
    pub isolation: IsolationSettings,
    /// The coding agent that the run is for, if the defaults for agents are on.
    pub agent: Option<String>,
    /// The name of the mapping component.
    pub mapping: String,
    /// `[intent]`.
    pub intent: IntentTable,
    /// `[mcp]`.
    pub mcp: McpTable,
    /// The user's own profiles.
    pub profiles: BTreeMap<String, CustomProfile>,
    /// Every entry of the deny lists.
    pub deny: Vec<DenyEntry>,
    /// The settings of installed filters by name: the organisation's, and the user's own.
    pub filters: BTreeMap<String, serde_json::Value>,
    /// The sources of the components' secrets.
    pub secrets: SecretSources,
    /// The real addresses of hosts that installed components request.
    pub endpoints: BTreeMap<String, Url>,
    /// The tape for the components' exchanges with the outside, while a run is recorded.
    pub tape: Option<Arc<Tape>>,
    /// The AWS keys to mint from in place of the user's own: those of the session around this one.
    source: Option<Keys>,
    /// The organisation's `[plugins]`, with the user's trusted root if it applies.
    pub plugins: Rules,
    /// Keys and identities of component authors that the user trusts.
    pub signers: Vec<Signer>,
    ttl: Lifetimes,
    /// The login to Vault from `vault-config.toml`.
    pub vault: VaultFile,
    flags: BTreeMap<String, String>,
    provider_files: BTreeMap<String, BTreeMap<String, String>>,
}

/// The values that determine the duration of access.
#[derive(Clone, Copy, Debug)]
struct Lifetimes {
    flag: Option<Duration>,
    file: Option<Duration>,
    ceiling: Option<Duration>,
}

/// The duration of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// The duration, never above the organisation's ceiling.
    pub duration: Duration,
    /// The requested duration, if the ceiling is below it.
    pub lowered_from: Option<Duration>,
}

impl Settings {
    /// Reads the files and merges the layers.
    ///
    /// # Errors
    /// When a file cannot be read or has an invalid entry.
    pub fn resolve(environment: &Environment, flags: Flags) -> Result<Self, SettingsError> {
        Self::resolve_in(directories(environment)?, flags)
    }

    /// Resolves the settings as [`Settings::resolve`] does, in given directories.
    ///
    /// # Errors
    /// As [`Settings::resolve`].
    pub fn resolve_in(paths: Paths, flags: Flags) -> Result<Self, SettingsError> {
        let (user_at, at) =
            (paths.config.join("config.toml"), paths.organisation.join("config.toml"));
        let mut user: ConfigFile = ConfigFile::read(&user_at)?.unwrap_or_default();
        let organisation: OrganisationFile = source::read(&at)?.unwrap_or_default();
        let user_at_directory = paths.config.clone();
        let filters = components::filters(&organisation, &at, user.filters, &user_at)?;
        let endpoints = endpoints::endpoints(&organisation, &at, &user.endpoints, &user_at)?;
        let mapping = components::mapping(&organisation, &at, user.mapping, &user_at)?;
        let mut deny = deny_list::read(&paths.organisation.join("deny-list.toml"))?;
        deny.extend(deny_list::read(&paths.config.join("deny-list.toml"))?);
        let profiles = profiles_file::read(&paths.config.join("profiles.toml"))?;
        let vault = vault_config::read(&paths.config.join("vault-config.toml"))?;
        let of_vault = vault.component_settings();
        if !of_vault.is_empty() {
            // `[providers.vault]` of config.toml takes precedence, because that table works alike for every
            // provider.
            let table = user.providers.entry("vault".to_owned()).or_default();
            for (key, value) in of_vault {
                table.entry(key).or_insert(value);
            }
        }

        let (require, required_by) = enforcement(
            flags.require,
            (user.enforcement.require, &user_at),
            (organisation.enforcement.require, &at),
        );
        let agent = flags.agent.filter(|_| user.run.agents == Agents::On);
        let mut delivery =
            delivery(flags.deliver, (user.run.deliver, &user_at), (organisation.run.deliver, &at))?
                .renewing(flags.key_life, user.run.key_life)?;
        delivery.prefers_gateway = agent.is_some()
            && flags.deliver.or(user.run.deliver).is_none()
            && delivery.required.is_none();
        let isolation = isolation(
            flags.isolation,
            agent.clone(),
            (user.run.isolate, user.isolate, &user_at),
            (organisation.isolate, &at),
        )?;
        // The organisation's word comes first, because it can only narrow.
        let unknown = organisation.run.gateway_unknown.or(flags.gateway_unknown);
        delivery.unknown = unknown.or(user.run.gateway_unknown).unwrap_or_default();
        if flags.gateway_listen.is_some() && delivery.deliver != Deliver::Gateway {
            return Err(SettingsError::Listen { deliver: delivery.deliver.name() });
        }
        delivery.tls = flags.gateway_tls.or(user.run.gateway_tls).unwrap_or_default();
        if flags.gateway_tls.is_some()
            && delivery.deliver != Deliver::Gateway
            && !delivery.prefers_gateway
        {
            return Err(SettingsError::GatewayTls { deliver: delivery.deliver.name() });
        }
        if flags.on_denied.is_some_and(|one| one != OnDenied::Refuse)
            && delivery.deliver != Deliver::Gateway
            && !delivery.prefers_gateway
        {
            return Err(SettingsError::OnDenied { deliver: delivery.deliver.name() });
        }
        let on_denied = organisation.run.on_denied.or(flags.on_denied).or(user.run.on_denied);
        let approve = approve::approve(
            on_denied.unwrap_or_default(),
            (user.approve, &user_at),
            (organisation.approve, &at),
        );
        delivery.listen = flags.gateway_listen;
        delivery.limits = [organisation.run.limits, user.run.limits, flags.limits].concat();
        Ok(Self {
            paths,
            provider: flags.provider.or(user.provider),
            require,
            required_by,
            on_expiry: flags.on_expiry.or(user.on_expiry),
            delivery,
            approve,
            isolation,
            agent,
            mapping,
            intent: user.intent,
            mcp: user.mcp,
            profiles,
            deny,
            filters,
            secrets: SecretSources::new(user.secrets).beside(&user_at_directory),
            endpoints,
            tape: None,
            source: None,
            plugins: organisation.plugins.or_root(user.plugins.sigstore_trusted_root),
            signers: user.plugins.signers,
            ttl: Lifetimes { flag: flags.ttl, file: user.ttl, ceiling: organisation.max_ttl },
            vault,
            flags: flags.provider_settings,
            provider_files: user.providers,
        })
    }

    /// Returns the duration of access. The option comes first, then `profiles`, the ttl of the request's
    /// profiles, then the file. The organisation's ceiling limits the result.
    #[must_use]
    pub fn ttl(&self, profiles: Option<Duration>) -> Ttl {
        let asked = self.ttl.flag.or(profiles).or(self.ttl.file).unwrap_or(DEFAULT_TTL);
        let duration = self.ttl.ceiling.map_or(asked, |ceiling| asked.min(ceiling));
        Ttl { duration, lowered_from: (duration < asked).then_some(asked) }
    }

    /// Returns the same settings for a session inside another: `ttl` is its own option, and `left` the time that is left for it.
    #[must_use]
    pub(crate) fn lasting(mut self, ttl: Option<Duration>, left: Duration) -> Self {
        self.ttl.flag = ttl;
        self.ttl.ceiling = Some(self.ttl.ceiling.map_or(left, |ceiling| ceiling.min(left)));
        self
    }

    /// Returns the settings of a session that narrows `keys` and nothing else.
    pub(crate) fn narrowing(mut self, keys: Keys) -> Self {
        self.source = Some(keys);
        // Security: a role, or another method, could give more than the keys have. An empty setting is not set.
        self.flags.insert("role_arn".to_owned(), String::new());
        self.flags.insert("method".to_owned(), NARROWING.to_owned());
        self
    }

    /// Checks that every provider with settings exists.
    ///
    /// # Errors
    /// [`UnknownSetting::Provider`] for the first provider that does not exist.
    pub(crate) fn check_providers(&self, known: &[String]) -> Result<(), UnknownSetting> {
        match self.provider_files.keys().find(|id| !known.contains(id)) {
            Some(id) => Err(UnknownSetting::Provider {
                place: self.place(&["providers", id]),
                provider: id.clone(),
                known: known.to_vec(),
            }),
            None => Ok(()),
        }
    }

    /// Returns the settings of the provider `id`: flags, then the variables it declared, then its table in
    /// the files. Empty values count as unset.
    ///
    /// # Errors
    /// When a flag or a file names a setting that the provider does not have, or a value has a hidden character.
    pub(crate) fn for_provider(
        &self,
        id: &str,
        declared: &[Setting],
        environment: &Environment,
    ) -> Result<BTreeMap<String, String>, UnknownSetting> {
        let empty = BTreeMap::new();
        let file = self.provider_files.get(id).unwrap_or(&empty);
        let known = |key: &&String| declared.iter().any(|setting| setting.key == **key);
        if let Some(key) = self.flags.keys().chain(file.keys()).find(|key| !known(key)) {
            let known = declared.iter().map(|setting| setting.key.clone()).collect();
            let is_flag = self.flags.contains_key(key);
            let place = if is_flag { String::new() } else { self.place(&["providers", id, key]) };
            return Err(UnknownSetting::Key {
                place,
                provider: id.to_owned(),
                key: key.clone(),
                known,
            });
        }
        let value = |setting: &Setting| {
            let from_flag = self.flags.get(&setting.key).cloned();
            let from_variable =
                || setting.env.as_deref().and_then(|name| ecosystem::value(environment, id, name));
            let value =
                from_flag.or_else(from_variable).or_else(|| file.get(&setting.key).cloned())?;
            (!value.trim().is_empty()).then(|| (setting.key.clone(), value))
        };
        let values: BTreeMap<String, String> = declared.iter().filter_map(value).collect();
        // Security: values become part of policies, and a policy that is shown must be the one that is sent.
        match values.iter().find(|(_, value)| value.contains(is_hidden)) {
            Some((key, value)) => Err(UnknownSetting::Hidden {
                provider: id.to_owned(),
                key: key.clone(),
                value: value.escape_debug().to_string(),
                is_flag: self.flags.get(key) == Some(value),
            }),
            None => Ok(values),
        }
    }

    /// Returns the place of `keys` in a `config.toml`, the user's or else the organisation's.
    /// The text is `PATH:LINE: `, to begin an error with.
    #[must_use]
    pub fn place(&self, keys: &[&str]) -> String {
        let files = [&self.paths.config, &self.paths.organisation]
            .map(|directory| directory.join("config.toml"));
        files
            .iter()
            .map(|file| source::place(file, keys))
            .find(|place| !place.is_empty())
            .unwrap_or_default()
    }

    /// Returns what these settings put behind a component's imports.
    #[must_use]
    pub(crate) fn backend(&self, environment: Environment) -> Backend {
        let environment = Arc::new(environment);
        // The option also decides where the source credentials are used.
        let region = self.flags.get("region").cloned();
        let network = Network::new(Arc::clone(&environment), self.endpoints.clone());
        let mut logins = Logins::new(environment, region, &self.vault, self.secrets.clone());
        if let Some(keys) = &self.source {
            logins = logins.with_keys(keys.clone());
        }
        let backend = Backend::new(network, logins);
        match &self.tape {
            Some(tape) => backend.recording(Arc::clone(tape)),
            None => backend,
        }
    }
}

/// Returns the program's directories. The organisation can move the audit log. If the organisation has rules
/// for components, these are kept in the account's own directories.
///
/// # Errors
/// When the directories cannot be determined, or the organisation's file cannot be read.
pub fn directories(environment: &Environment) -> Result<Paths, SettingsError> {
    with_organisation(Paths::resolve(environment)?)
}

fn with_organisation(mut paths: Paths) -> Result<Paths, SettingsError> {
    let organisation: OrganisationFile =
        source::read(&paths.organisation.join("config.toml"))?.unwrap_or_default();
    let user = nix::unistd::getuid();
    if let Some(directory) = &organisation.audit.directory {
        paths.audit = directory.join(user.to_string());
    }
    Ok(if organisation.rules_components() { paths.of_account(user)? } else { paths })
}

#[cfg(test)]
mod tests;
