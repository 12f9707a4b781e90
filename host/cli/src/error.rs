//! Maps the error of every stage to a kind, a hint and an exit code. Only this module does so.

mod component;

use audex_sdk::spelling::nearest;

use crate::check::CheckError;
use crate::components::DENY_LIST;
use crate::demo::DemoError;
use crate::deny::DenyError;
use crate::expansion::ExpansionError;
use crate::failure::{Failure, Kind};
use crate::filter::FilterError;
use crate::learn::save::SaveError;
use crate::learn::watch::WatchError;
use crate::mint::MintError;
use crate::plan::PlanError;
use crate::profile::ProfileError;
use crate::request::RequestError;
use crate::settings::{SettingsError, UnknownSetting};
use audex_audit::AuditError;
use audex_child::ChildError;
use audex_child::deliver::DeliverError;
use audex_components::provider::ProviderError;
use audex_core::paths::PathsError;
use audex_core::unwind::Panicked;
use audex_endpoint::EndpointError;
use audex_loopback::LoopbackError;

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let hint = match &error {
            SettingsError::Exposed { path } => Some(format!("run: chmod 600 {}", path.display())),
            SettingsError::Invalid { message, .. } => {
                elsewhere(message).map(str::to_owned).or_else(|| key_meant(message))
            }
            SettingsError::Theirs { .. } | SettingsError::Mapping { .. } => {
                Some("leave it out of your file".to_owned())
            }
            SettingsError::Paths(PathsError::NoHome) => {
                Some("set HOME to your home directory".to_owned())
            }
            _ => None,
        };
        Self { hint, ..Self::new(Kind::Config, "settings", error) }
    }
}

/// Returns a hint that names the right file for a key in a wrong file.
fn elsewhere(message: &str) -> Option<&'static str> {
    let (key, _) = message.strip_prefix("unknown field `")?.split_once('`')?;
    match key {
        "max_ttl" | "audit" | "required_filters" | "sources" | "capabilities"
        | "require_signature" => {
            Some("that is the organisation's to say, in /etc/audex/config.toml")
        }
        "profiles" => Some("profiles are in profiles.toml, beside it"),
        "deny" => Some("the deny list is deny-list.toml, beside it"),
        _ => None,
    }
}

/// The maximum number of typing errors in a key or setting for which a name is suggested.
const SETTING_SLIPS: usize = 2;

/// Returns a hint with the probable meaning of an unknown key. The known keys come from the parser's message.
fn key_meant(message: &str) -> Option<String> {
    let (key, rest) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    if known == ["profiles"] && nearest(key, &known, SETTING_SLIPS).is_none() {
        return Some(format!("a profile is a table: write `[profiles.{key}]`"));
    }
    nearest(key, &known, SETTING_SLIPS).map(|meant| format!("did you mean `{meant}`"))
}

impl From<UnknownSetting> for Failure {
    fn from(error: UnknownSetting) -> Self {
        let hint = match &error {
            UnknownSetting::Key { key, known, .. } => match nearest(key, known, SETTING_SLIPS) {
                Some(meant) => format!("did you mean `{meant}`; it has `{}`", known.join("`, `")),
                None => format!("it has `{}`", known.join("`, `")),
            },
            UnknownSetting::Provider { provider, known, .. } => component::one_of(provider, known),
            UnknownSetting::Hidden { is_flag, .. } => {
                let kind = if *is_flag { Kind::Usage } else { Kind::Config };
                let hint = "type it anew: such characters come with copied text";
                return Self::new(kind, "settings", error).hinting(hint);
            }
        };
        Self::new(Kind::Config, "settings", error).hinting(hint)
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let hint = match &error {
            RequestError::Nothing => "name permissions with --allow or a profile with --profile",
            RequestError::EmptyItem { .. } => "a variable in it may be unset",
            RequestError::Hidden { .. } => "type it anew: such characters come with copied text",
            RequestError::OutsideProfile { .. } => "--resource can narrow a profile, not leave it",
            RequestError::Session(_) => return Self::new(Kind::Internal, "request", error),
        };
        Self::new(Kind::Usage, "request", error).hinting(hint)
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        let hint = match &error {
            ProfileError::NoParent { .. } => {
                let hint = "correct `extends` there, or say with `provider` whose profile it is";
                return Self::new(Kind::Config, "settings", error).hinting(hint);
            }
            ProfileError::Cycle { .. } => {
                return Self::new(Kind::Config, "settings", error)
                    .hinting("correct `extends` there");
            }
            ProfileError::Unknown { suggestion: Some(name), .. } => {
                format!("did you mean `{name}`")
            }
            _ => "`tryaudex policies list` shows the profiles there are".to_owned(),
        };
        Self::new(Kind::Usage, "request", error).hinting(hint)
    }
}

impl From<DenyError> for Failure {
    fn from(error: DenyError) -> Self {
        let hint = match &error {
            DenyError::Plugin(_) => None,
            DenyError::Nothing { suggestion: Some(name), .. } => {
                Some(format!("did you mean `{name}`"))
            }
            DenyError::Nothing { .. } => Some(
                "an entry that denies nothing is a guard that does not stand: correct or remove it"
                    .to_owned(),
            ),
        };
        if let DenyError::Plugin(error) = error {
            return error.into();
        }
        let mut failure = Self::new(Kind::Config, "settings", error);
        failure.hint = hint;
        failure
    }
}

impl From<ExpansionError> for Failure {
    fn from(error: ExpansionError) -> Self {
        match error {
            ExpansionError::Plugin(error) => error.into(),
            ExpansionError::Unmappable { .. } => Self::new(Kind::Usage, "expansion", error)
                .hinting("ask for the provider's own permissions instead"),
        }
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        let hint = match &error {
            CheckError::Plugin(_) => None,
            CheckError::Malformed { action, .. } if action.trim().contains(char::is_whitespace) => {
                let commas = action.split_whitespace().collect::<Vec<_>>().join(",");
                Some(format!("separate permissions with commas: `{commas}`"))
            }
            CheckError::Unknown { suggestion: None, note, .. } => {
                Some(note.clone().unwrap_or_else(|| {
                    "`tryaudex policies universal` shows names for every cloud".to_owned()
                }))
            }
            CheckError::Malformed { suggestion: Some(name), .. }
            | CheckError::Unknown { suggestion: Some(name), .. } => {
                Some(format!("did you mean `{name}`"))
            }
            CheckError::Malformed { .. } => {
                Some("check --provider and the spelling in --allow".to_owned())
            }
        };
        if let CheckError::Plugin(error) = error {
            return error.into();
        }
        let mut failure = Self::new(Kind::Usage, "check", error);
        failure.hint = hint;
        failure
    }
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        let placed;
        let hint = match &error {
            FilterError::Failed(_) => "fix or remove the filter: `tryaudex plugin list`",
            FilterError::Refused { settings: Some(place), .. } => {
                placed = format!("its settings are at {place}");
                placed.as_str()
            }
            FilterError::Refused { .. } | FilterError::RefusedMethod { .. } => {
                "ask whoever installed the filter, or wrote its [filters] table (`tryaudex plugin list`)"
            }
            FilterError::Unmet { .. } => {
                "ask whoever installed the filter (`tryaudex plugin list`)"
            }
            FilterError::NothingLeft { denied } if denied.iter().all(|one| one.by == DENY_LIST) => {
                "remove it from --allow, or ask whoever owns the deny list"
            }
            FilterError::NothingLeft { .. } => {
                "remove it from --allow, or ask whoever installed or set that filter"
            }
        };
        let denied = match &error {
            FilterError::NothingLeft { denied } => denied.clone(),
            FilterError::Failed(_)
            | FilterError::Refused { .. }
            | FilterError::RefusedMethod { .. }
            | FilterError::Unmet { .. } => Vec::new(),
        };
        Self { denied, ..Self::new(Kind::Denied, "filter", error).hinting(hint) }
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

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Provider(error) => {
                let is_setting = matches!(&error, ProviderError::Refused { error, .. } if component::is_setting_missing(error));
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
            PlanError::DenyVoid => Self::new(Kind::Denied, "plan", error).hinting(
                "use a method that limits the credentials, or ask whoever owns the deny list",
            ),
            PlanError::TooWeak { ref method, .. } => {
                let hint = format!(
                    "`{method}` cannot do more for it: choose another --method, or permissions that it can limit (`tryaudex plan` shows who enforces each)"
                );
                Self::new(Kind::Denied, "plan", error).hinting(hint)
            }
            PlanError::NoLayerLeft => Self::new(Kind::Usage, "plan", error)
                .hinting("run it from an outer session, or set AUDEX_ROLE_ARN to a role to assume"),
        }
    }
}

impl From<ChildError> for Failure {
    fn from(error: ChildError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self { hint, ..Self::new(Kind::Command(error.exit_code()), "child", error) }
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
        let tampered = matches!(error, AuditError::Tampered { .. });
        let failure = Self::new(Kind::Internal, "audit", error);
        if tampered {
            return failure.hinting(
                "keep the `audit.*` files elsewhere as evidence; the next run then begins a new log",
            );
        }
        failure
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Settings(error) => error.into(),
            SaveError::Exists { .. } => Self::new(Kind::Usage, "learn", error)
                .hinting("choose another name, or remove it there first"),
            SaveError::BuiltIn(_) => {
                Self::new(Kind::Usage, "learn", error).hinting("choose another name")
            }
            SaveError::Nothing => Self::new(Kind::Unavailable, "learn", error)
                .hinting("the report above says what was seen; `--source` looks elsewhere"),
            SaveError::Io { .. } => Self::new(Kind::Config, "learn", error),
        }
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::Loopback(_) => Self::new(Kind::Internal, "learn", error),
            WatchError::NoKeys { .. } => {
                Self::new(Kind::Usage, "learn", error).hinting("take another --source or --method")
            }
        }
    }
}

impl From<LoopbackError> for Failure {
    fn from(error: LoopbackError) -> Self {
        let is_busy = matches!(error, LoopbackError::Listen { .. });
        let failure = Self::new(Kind::Unavailable, "demo", error);
        if is_busy {
            failure.hinting("choose another --port, or leave it out for a free one")
        } else {
            failure
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let outside = "`tryaudex demo --serve` prints what the environment needs";
        match error {
            DemoError::Cloud(error) => error.into(),
            DemoError::NoEndpoint | DemoError::Unreachable { .. } => {
                Self::new(Kind::Unavailable, "demo", error).hinting(outside)
            }
            DemoError::NoCredentials { .. } => Self::new(Kind::Unavailable, "demo", error),
            DemoError::NoUser(_)
            | DemoError::Home(_)
            | DemoError::Program(_)
            | DemoError::Signals(_) => Self::new(Kind::Internal, "demo", error),
        }
    }
}

impl From<Panicked> for Failure {
    fn from(error: Panicked) -> Self {
        Self::new(Kind::Internal, "internal", error)
            .hinting("report it with that place, as a defect of tryaudex")
    }
}
