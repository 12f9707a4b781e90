//! Maps the error of every stage to a kind and thereby to an exit code. Only this module does so.

use std::borrow::Cow;

use crate::agents::setup::AgentsError;
use crate::check::CheckError;
use crate::components::ComponentsError;
use crate::control::ControlError;
use crate::demo::DemoError;
use crate::deny::DenyError;
use crate::expansion::ExpansionError;
use crate::explain::NotUnderstood;
use crate::failure::{Failure, Kind};
use crate::filter::FilterError;
use crate::isolation::IsolationError;
use crate::learn::save::SaveError;
use crate::learn::watch::WatchError;
use crate::mint::MintError;
use crate::pipeline::delivery::DeliveryError;
use crate::pipeline::gateway::GatewayError;
use crate::plan::PlanError;
use crate::profile::ProfileError;
use crate::request::RequestError;
use crate::settings::{SettingsError, UnknownSetting};
use audex_audit::{AuditError, ReceiptError};
use audex_child::ChildError;
use audex_child::deliver::DeliverError;
use audex_components::component::PluginError;
use audex_components::manifest::World;
use audex_components::provider::{self, ErrorKind, ProviderError};
use audex_core::hint::Hint;
use audex_core::unwind::Panicked;
use audex_endpoint::EndpointError;
use audex_loopback::LoopbackError;
use audex_registry::source::SourceError;
use audex_registry::store::StoreError;

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

impl Failure {
    fn of(kind: Kind, stage: &'static str, error: impl Hint + Send + Sync + 'static) -> Self {
        let hint = error.hint().map(Cow::into_owned);
        Self { hint, ..Self::new(kind, stage, error) }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let kind = match error {
            SettingsError::Delivery { is_flag: true, .. }
            | SettingsError::Isolation { is_flag: true, .. } => Kind::Denied,
            SettingsError::KeyLife { .. }
            | SettingsError::Listen { .. }
            | SettingsError::GatewayTls { .. }
            | SettingsError::OnDenied { .. }
            | SettingsError::IsolationOption { .. } => Kind::Usage,
            _ => Kind::Config,
        };
        Self::of(kind, "settings", error)
    }
}

impl From<AgentsError> for Failure {
    fn from(error: AgentsError) -> Self {
        Self::of(Kind::Config, "agents", error)
    }
}

impl From<UnknownSetting> for Failure {
    fn from(error: UnknownSetting) -> Self {
        let kind = match error {
            UnknownSetting::Hidden { is_flag: true, .. } => Kind::Usage,
            _ => Kind::Config,
        };
        Self::of(kind, "settings", error)
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let kind = match error {
            RequestError::Session(_) => Kind::Internal,
            _ => Kind::Usage,
        };
        Self::of(kind, "request", error)
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        let (kind, stage) = match error {
            ProfileError::NoParent { .. } | ProfileError::Cycle { .. } => {
                (Kind::Config, "settings")
            }
            _ => (Kind::Usage, "request"),
        };
        Self::of(kind, stage, error)
    }
}

impl From<DenyError> for Failure {
    fn from(error: DenyError) -> Self {
        match error {
            DenyError::Plugin(error) => error.into(),
            DenyError::Nothing { .. } => Self::of(Kind::Config, "settings", error),
        }
    }
}

impl From<ExpansionError> for Failure {
    fn from(error: ExpansionError) -> Self {
        match error {
            ExpansionError::Plugin(error) => error.into(),
            ExpansionError::Unmappable { .. } => Self::of(Kind::Usage, "expansion", error),
        }
    }
}

impl From<NotUnderstood> for Failure {
    fn from(error: NotUnderstood) -> Self {
        Self::of(Kind::Usage, "explain", error)
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Plugin(error) => error.into(),
            other => Self::of(Kind::Usage, "check", other),
        }
    }
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        let denied = match &error {
            FilterError::NothingLeft { denied } => denied.clone(),
            _ => Vec::new(),
        };
        Self { denied, ..Self::of(Kind::Denied, "filter", error) }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        let kind = match error {
            ControlError::NotRunning { .. } => Kind::Usage,
            ControlError::Foreign { .. } | ControlError::Directory { .. } => Kind::Config,
            ControlError::NoAnswer { .. } | ControlError::TooManyWatch { .. } => Kind::Unavailable,
        };
        Self::of(kind, "control", error)
    }
}

impl From<IsolationError> for Failure {
    fn from(error: IsolationError) -> Self {
        let kind = match error {
            IsolationError::NotHeld { .. }
            | IsolationError::Inner { .. }
            | IsolationError::LogOutside(_) => Kind::Unavailable,
            IsolationError::Theirs { .. } | IsolationError::Undone { .. } => Kind::Config,
            IsolationError::PartOfWhole { .. }
            | IsolationError::HiddenWorkingDirectory(_)
            | IsolationError::NoWorkingDirectory(_) => Kind::Usage,
        };
        Self::of(kind, "isolation", error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Provider(error) => {
                let is_setting = matches!(&error, ProviderError::Refused { error, .. } if is_setting_missing(error));
                let failure = Self { stage: "plan", ..error.into() };
                // If a request cannot be planned, the cause is the command line or a profile.
                let kind = match failure.kind {
                    Kind::Config if !is_setting => Kind::Usage,
                    kind => kind,
                };
                Self { kind, ..failure }
            }
            // The command line chooses the document.
            PlanError::NoDocument(error) => {
                let failure = Self { stage: "document", ..error.into() };
                let asked = matches!(failure.kind, Kind::Config | Kind::Unavailable);
                Self { kind: if asked { Kind::Usage } else { failure.kind }, ..failure }
            }
            PlanError::DenyVoid | PlanError::TooWeak { .. } => {
                Self::of(Kind::Denied, "plan", error)
            }
            PlanError::NoLayerLeft | PlanError::NoRoomInside => {
                Self::of(Kind::Usage, "plan", error)
            }
        }
    }
}

impl From<MintError> for Failure {
    fn from(error: MintError) -> Self {
        match error {
            MintError::Provider(error) => error.into(),
            MintError::NotApproved { error } => error.into(),
            MintError::Panicked { error } => error.into(),
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let kind = match &error {
            ProviderError::Plugin(_) => Kind::Internal,
            ProviderError::Refused { world: World::Intent, error, .. }
                if matches!(error.kind, ErrorKind::InvalidInput)
                    && NOT_UNDERSTOOD.contains(&error.code.as_str()) =>
            {
                Kind::Usage
            }
            ProviderError::Refused { error, .. } => provider_kind(error),
        };
        let stage = if matches!(error, ProviderError::Plugin(_)) { "plugin" } else { "mint" };
        Self::of(kind, stage, error)
    }
}

/// Returns true if the provider lacks a setting.
fn is_setting_missing(error: &provider::Error) -> bool {
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

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Self {
        Self::of(Kind::Internal, "plugin", error)
    }
}

impl From<ComponentsError> for Failure {
    fn from(error: ComponentsError) -> Self {
        match error {
            ComponentsError::Store(error) => error.into(),
            ComponentsError::Plugin(error) => error.into(),
            ComponentsError::Engine(_) => Self::of(Kind::Internal, "plugin", error),
            ComponentsError::NoIntent { .. } => Self::of(Kind::Config, "intent", error),
            ComponentsError::NoProvider { .. } => Self::of(Kind::Usage, "request", error),
            other => Self::of(Kind::Config, "settings", other),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
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
        Self::of(kind, "plugin", error)
    }
}

impl From<ChildError> for Failure {
    fn from(error: ChildError) -> Self {
        Self::of(Kind::Command(error.exit_code()), "child", error)
    }
}

impl From<DeliverError> for Failure {
    fn from(error: DeliverError) -> Self {
        Self::new(Kind::Internal, "deliver", error)
    }
}

impl From<EndpointError> for Failure {
    fn from(error: EndpointError) -> Self {
        Self::new(Kind::Internal, "deliver", error)
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        Self::of(Kind::Internal, "audit", error)
    }
}

impl From<ReceiptError> for Failure {
    fn from(error: ReceiptError) -> Self {
        let kind = match error {
            ReceiptError::Io { .. } => Kind::Usage,
            ReceiptError::Outdated { .. } => Kind::Denied,
            _ => Kind::Internal,
        };
        Self::of(kind, "audit", error)
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        let kind = match error {
            SaveError::Settings(error) => return error.into(),
            SaveError::Exists { .. } | SaveError::BuiltIn(_) => Kind::Usage,
            SaveError::Nothing => Kind::Unavailable,
            SaveError::Io { .. } => Kind::Config,
        };
        Self::of(kind, "learn", error)
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        let kind = match error {
            WatchError::Loopback(_) => Kind::Internal,
            WatchError::NoKeys { .. } => Kind::Usage,
        };
        Self::of(kind, "learn", error)
    }
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        let kind = match &error {
            GatewayError::Loopback(_) => Kind::Internal,
            GatewayError::NoPolicy { .. }
            | GatewayError::OnePort { .. }
            | GatewayError::Unenforced { .. }
            | GatewayError::NoKeys { .. }
            | GatewayError::NoTokens { .. }
            | GatewayError::Listen { .. }
            | GatewayError::NoTls { .. } => Kind::Usage,
            GatewayError::Address(_) => Kind::Config,
        };
        Self::of(kind, "deliver", error)
    }
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        Self::of(Kind::Usage, "deliver", error)
    }
}

impl From<LoopbackError> for Failure {
    fn from(error: LoopbackError) -> Self {
        Self::of(Kind::Unavailable, "demo", error)
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let kind = match error {
            DemoError::Cloud(error) => return error.into(),
            DemoError::NoEndpoint
            | DemoError::Unreachable { .. }
            | DemoError::NoCredentials { .. } => Kind::Unavailable,
            DemoError::NoUser(_)
            | DemoError::Home(_)
            | DemoError::Program(_)
            | DemoError::Signals(_) => Kind::Internal,
        };
        Self::of(kind, "demo", error)
    }
}

impl From<Panicked> for Failure {
    fn from(error: Panicked) -> Self {
        Self::of(Kind::Internal, "internal", error)
    }
}
