//! Maps the errors of components and of their store to a kind and a hint.

use audex_sdk::spelling;

use crate::components::ComponentsError;
use crate::failure::{Failure, Kind};
use audex_components::component::PluginError;
use audex_components::manifest::World;
use audex_components::provider::{self, ErrorKind, ProviderError};
use audex_registry::rules::RuleError;
use audex_registry::source::SourceError;
use audex_registry::store::StoreError;

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let (kind, hint) = match error {
            ProviderError::Plugin(error) => return error.into(),
            ProviderError::Refused { world: World::Intent, ref error, .. }
                if matches!(error.kind, ErrorKind::InvalidInput)
                    && NOT_UNDERSTOOD.contains(&error.code.as_str()) =>
            {
                (Kind::Usage, error.hint.clone())
            }
            ProviderError::Refused { ref error, .. } => (provider_kind(error), error.hint.clone()),
        };
        let mut failure = Self::new(kind, "mint", error);
        failure.hint = hint;
        failure
    }
}

/// The error codes of intent engines for a sentence that they do not understand. The user must rephrase it.
const NOT_UNDERSTOOD: [&str; 2] = ["not-understood", "too-broad"];

/// The error codes of providers for a missing setting. They have the same exit code at every stage.
const MISSING_SETTINGS: [&str; 9] = [
    "identity-missing",
    "no-app",
    "no-installation",
    "no-project",
    "no-role",
    "no-service-account",
    "no-vault-role",
    "setting-missing",
    "subscription-missing",
];

/// Returns true if the provider lacks a setting.
pub(super) fn is_setting_missing(error: &provider::Error) -> bool {
    matches!(error.kind, ErrorKind::InvalidInput) && MISSING_SETTINGS.contains(&error.code.as_str())
}

/// Returns the kind of a provider's error. A denial by a cloud has the same kind as a denial by a filter.
fn provider_kind(error: &provider::Error) -> Kind {
    match error.kind {
        ErrorKind::InvalidInput => Kind::Config,
        ErrorKind::Denied => Kind::Denied,
        ErrorKind::Unsupported | ErrorKind::Unavailable => Kind::Unavailable,
        ErrorKind::Internal => Kind::Internal,
    }
}

/// Returns a hint with all names in `known` and, if one is similar to `name`, a suggestion.
pub(super) fn one_of(name: &str, known: &[String]) -> String {
    match spelling::nearest(name, known, SLIPS) {
        Some(meant) => format!("did you mean `{meant}`; there are `{}`", known.join("`, `")),
        None => format!("there are `{}`", known.join("`, `")),
    }
}

/// The maximum number of typing errors for which a component is suggested. Names of components are short.
const SLIPS: usize = 2;

/// Returns a hint with the allowed sources of a required filter.
fn from(sources: &[String]) -> String {
    match sources {
        [] => {
            "ask your organisation where it keeps the filter, then: tryaudex plugin install SOURCE"
                .to_owned()
        }
        some => format!(
            "tryaudex plugin install SOURCE, where SOURCE is below `{}`",
            some.join("` or `")
        ),
    }
}

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Self {
        Self::new(Kind::Internal, "plugin", error)
            .hinting("`tryaudex plugin list` shows where it comes from; tell its author")
    }
}

impl From<ComponentsError> for Failure {
    fn from(error: ComponentsError) -> Self {
        let hint = match &error {
            ComponentsError::NoProvider { id, known } => one_of(id, known),
            ComponentsError::NoMapping { name, known } => {
                format!("{}; check `[mapping] component` in config.toml", one_of(name, known))
            }
            ComponentsError::MappingOff { name } => format!("tryaudex plugin enable {name}"),
            ComponentsError::BuiltInFilter { .. } => "its list is deny-list.toml".to_owned(),
            ComponentsError::NoIntent { name } => {
                let known = ["intent-claude", "intent-local"].map(str::to_owned);
                format!("{}, and what is installed (`tryaudex plugin list`)", one_of(name, &known))
            }
            ComponentsError::NoFilter { .. } => {
                "check `[filters]` in config.toml, or install the filter".to_owned()
            }
            ComponentsError::Engine(_) => return Self::new(Kind::Internal, "plugin", error),
            ComponentsError::Store(_) | ComponentsError::Plugin(_) => String::new(),
        };
        match error {
            ComponentsError::Store(error) => error.into(),
            ComponentsError::Plugin(error) => error.into(),
            ComponentsError::NoIntent { .. } => {
                Self::new(Kind::Config, "intent", error).hinting(hint)
            }
            ComponentsError::NoProvider { .. } => {
                Self::new(Kind::Usage, "request", error).hinting(hint)
            }
            other => Self::new(Kind::Config, "settings", other).hinting(hint),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let said;
        let hint = match &error {
            StoreError::Plugin(_) => {
                "if it is installed, install it again or remove it; `tryaudex plugin test FILE` shows its author more"
            }
            StoreError::Signature { .. } => "install it again, or remove it",
            StoreError::NotGranted { .. } => {
                "grant each with --grant, if you trust the component with it"
            }
            StoreError::BuiltInOnly { .. } => {
                "its author can take a key of its own with `secret:NAME`, and a fixed host with `http:HOST`"
            }
            StoreError::NotRequested { .. } => "leave that --grant out",
            StoreError::Taken { .. } => {
                "remove the other one first; built-in names cannot be taken"
            }
            StoreError::Alike { .. } => {
                "remove the other one first, or ask the author for another id"
            }
            StoreError::NotInstalled { .. } | StoreError::BuiltIn { .. } => {
                "`tryaudex plugin list` shows what is installed"
            }
            StoreError::Manifest { .. } | StoreError::Unfit { .. } => {
                "build it with the audex SDK for wasm32-unknown-unknown"
            }
            StoreError::NoPrevious { .. } => {
                "`tryaudex plugin inspect` shows what a component has replaced"
            }
            StoreError::NotThere { name, rule: RuleError::Disabled(_), .. } => {
                said = format!("tryaudex plugin enable {name}");
                &said
            }
            StoreError::NotThere { at, .. } => {
                said = from(&at.sources);
                &said
            }
            StoreError::Required { .. } => "ask whoever owns that file",
            StoreError::Rule { .. }
            | StoreError::AboveCeiling { .. }
            | StoreError::Replaced { .. } => {
                "the rules stand in /etc/audex/config.toml, under [plugins]"
            }
            StoreError::Untrusted { reason, .. } => reason.hint(),
            StoreError::Downgrade { .. } | StoreError::Incomparable { .. } => {
                "give --allow-downgrade if you mean it, or `tryaudex plugin rollback`"
            }
            StoreError::Changed { .. } => {
                "the source changed since the lock was written: ask whoever wrote it"
            }
            StoreError::Source(SourceError::Missing(_)) => {
                "name a `.wasm` file, https://… or oci://…"
            }
            StoreError::Lock { .. } => {
                "put it back from a copy; or delete it and `plugins.key` beside it: that uninstalls every component, filters too"
            }
            StoreError::LockGone(_) => {
                "put it back from a copy; or delete `plugins.key` beside it, and install what you need again"
            }
            StoreError::NoLock { .. } => {
                "a team's lock is a copy of ~/.local/share/audex/plugins/plugins.lock"
            }
            StoreError::Io { .. } | StoreError::Cache(_) | StoreError::Source(_) => "",
        };
        let kind = match &error {
            StoreError::Plugin(_) => Kind::Internal,
            StoreError::Lock { .. }
            | StoreError::LockGone(_)
            | StoreError::Io { .. }
            | StoreError::Cache(_)
            | StoreError::Rule { .. }
            | StoreError::NotThere { .. }
            | StoreError::Source(SourceError::Read { .. }) => Kind::Config,
            StoreError::Untrusted { .. }
            | StoreError::Signature { .. }
            | StoreError::Required { .. }
            | StoreError::AboveCeiling { .. }
            | StoreError::Replaced { .. }
            | StoreError::Changed { .. }
            | StoreError::Incomparable { .. }
            | StoreError::Downgrade { .. } => Kind::Denied,
            StoreError::Source(SourceError::Refused { .. }) => Kind::Unavailable,
            StoreError::Source(_)
            | StoreError::NoPrevious { .. }
            | StoreError::Manifest { .. }
            | StoreError::Unfit { .. }
            | StoreError::NotGranted { .. }
            | StoreError::BuiltInOnly { .. }
            | StoreError::NotRequested { .. }
            | StoreError::Taken { .. }
            | StoreError::NoLock { .. }
            | StoreError::BuiltIn { .. }
            | StoreError::Alike { .. }
            | StoreError::NotInstalled { .. } => Kind::Usage,
        };
        let failure = Self::new(kind, "plugin", error);
        if hint.is_empty() { failure } else { failure.hinting(hint) }
    }
}
