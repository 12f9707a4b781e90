//! The errors of the settings, and the hints to them.

use std::borrow::Cow;
use std::path::PathBuf;

use super::isolation::GATEWAY;
use audex_sdk::spelling::nearest;

use audex_core::hint::Hint;
use audex_core::paths::PathsError;

/// The error for settings that cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The directories cannot be determined.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// A file exists and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file holds a secret, and users other than its owner may read it.
    #[error("`{}` holds a secret, and others may read it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The user sets something that only the organisation may set.
    #[error("{place}only your organisation may set {what} `{name}` (in {})", at.display())]
    Theirs {
        /// The place of the user's setting, as `PATH:LINE: `.
        place: String,
        /// The kind of setting: a filter or an endpoint.
        what: &'static str,
        /// Its name.
        name: String,
        /// The organisation's file.
        at: PathBuf,
    },
    /// The user names another mapping than the organisation.
    #[error("{place}the mapping is `{theirs}`, by {}, and not `{name}`", at.display())]
    Mapping {
        /// The place of the user's setting, as `PATH:LINE: `.
        place: String,
        /// The mapping that the user names.
        name: String,
        /// The organisation's mapping.
        theirs: String,
        /// The organisation's file.
        at: PathBuf,
    },
    /// The user asks for another delivery than the organisation requires.
    #[error(
        "{asker} asks for the delivery `{asked}`, and your organisation ({at}) requires `{theirs}`"
    )]
    Delivery {
        /// The option, or the place of the user's setting.
        asker: String,
        /// True if an option asks.
        is_flag: bool,
        /// The delivery that the user asks for.
        asked: &'static str,
        /// The organisation's delivery.
        theirs: &'static str,
        /// The place of the organisation's setting.
        at: String,
    },
    /// The user asks for less isolation than the organisation requires.
    #[error(
        "{asker} asks for the isolation `{asked}`, and your organisation ({at}) requires at least `{minimum}`"
    )]
    Isolation {
        /// The option, or the place of the user's setting.
        asker: String,
        /// True if an option asks.
        is_flag: bool,
        /// The level that the user asks for.
        asked: &'static str,
        /// The organisation's minimum.
        minimum: &'static str,
        /// The place of the organisation's setting.
        at: String,
    },
    /// An option is given that the level of isolation does not have.
    #[error("{option} needs --isolate {needed}; this run has `{level}`")]
    IsolationOption {
        /// The option.
        option: &'static str,
        /// The least level that has it.
        needed: &'static str,
        /// The level.
        level: &'static str,
    },
    /// An option is given for keys that the delivery does not renew.
    #[error("--key-life is for the delivery `endpoint`, and this run has `{deliver}`")]
    KeyLife {
        /// The delivery.
        deliver: &'static str,
    },
    /// An address is given for a gateway, and there is none.
    #[error("--gateway-listen is for the delivery `gateway`, and this run has `{deliver}`")]
    Listen {
        /// The delivery.
        deliver: &'static str,
    },
    /// A choice is given for a gateway, and there is none.
    #[error("--gateway-tls is for the delivery `gateway`, and this run has `{deliver}`")]
    GatewayTls {
        /// The delivery.
        deliver: &'static str,
    },
    /// A refused request cannot become an ask without a gateway.
    #[error("--on-denied is for the delivery `gateway`, and this run has `{deliver}`")]
    OnDenied {
        /// The delivery.
        deliver: &'static str,
    },
    /// A file has an invalid entry.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The problem, in one line.
        message: String,
    },
}

impl Hint for SettingsError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Exposed { path } => format!("run: chmod 600 {}", path.display()).into(),
            Self::Invalid { message, .. } => {
                return elsewhere(message).or_else(|| key_meant(message));
            }
            Self::Listen { .. } => "add --deliver gateway, or leave out --gateway-listen".into(),
            Self::GatewayTls { .. } => "add --deliver gateway, or leave out --gateway-tls".into(),
            Self::OnDenied { .. } => "add --deliver gateway, or leave out --on-denied".into(),
            Self::KeyLife { .. } => "add --deliver endpoint, or leave out --key-life".into(),
            Self::Delivery { is_flag: true, .. } => "leave out --deliver".into(),
            Self::Isolation { asker, .. } if asker == GATEWAY => {
                "run the command with `tryaudex run --deliver gateway`".into()
            }
            Self::Isolation { is_flag: true, .. } => "leave out --isolate".into(),
            Self::IsolationOption { option, needed, .. } => {
                format!("add --isolate {needed}, or leave out {option}").into()
            }
            Self::Theirs { .. }
            | Self::Mapping { .. }
            | Self::Delivery { .. }
            | Self::Isolation { .. } => "leave it out of your file".into(),
            Self::Paths(PathsError::NoHome) => "set HOME to your home directory".into(),
            _ => return None,
        })
    }
}

/// The error for a setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnknownSetting {
    /// The provider has no such setting.
    #[error("{place}provider `{provider}` has no setting `{key}`")]
    Key {
        /// The place of the setting, if it is in a file.
        place: String,
        /// The provider.
        provider: String,
        /// The setting.
        key: String,
        /// The settings that the provider has.
        known: Vec<String>,
    },
    /// A value has a character that acts on the text around it instead of being shown.
    #[error("the setting `{key}` of provider `{provider}` has a hidden character: `{value}`")]
    Hidden {
        /// The provider.
        provider: String,
        /// The setting.
        key: String,
        /// The value, with hidden characters escaped.
        value: String,
        /// True if the value comes from the command line.
        is_flag: bool,
    },
    /// No provider has this id.
    #[error("{place}there is no provider `{provider}`")]
    Provider {
        /// The place of the provider's settings.
        place: String,
        /// The provider.
        provider: String,
        /// The existing providers.
        known: Vec<String>,
    },
}

impl Hint for UnknownSetting {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Key { key, known, .. } => match nearest(key, known, SLIPS) {
                Some(meant) => {
                    format!("did you mean `{meant}`; known settings: {}", listed(known)).into()
                }
                None => format!("known settings: {}", listed(known)).into(),
            },
            Self::Provider { provider, known, .. } => one_of(provider, known).into(),
            Self::Hidden { .. } => "type it anew: such characters come with copied text".into(),
        })
    }
}

/// Returns a hint that names the right file for a key in a wrong file.
fn elsewhere(message: &str) -> Option<Cow<'static, str>> {
    let (key, _) = message.strip_prefix("unknown field `")?.split_once('`')?;
    match key {
        "max_ttl" | "audit" | "required_filters" | "sources" | "capabilities"
        | "require_signature" | "minimum" => {
            Some("only the organisation may set it, in /etc/audex/config.toml".into())
        }
        "profiles" => Some("profiles are in profiles.toml, beside it".into()),
        "deny" => Some("the deny list is deny-list.toml, beside it".into()),
        _ => None,
    }
}

/// The maximum number of typing errors for which a name is suggested. Keys and names of components are short.
const SLIPS: usize = 2;

/// Returns a hint with the probable meaning of an unknown key. The known keys come from the parser's message.
fn key_meant(message: &str) -> Option<Cow<'static, str>> {
    let (key, rest) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    if known == ["profiles"] && nearest(key, &known, SLIPS).is_none() {
        return Some(format!("a profile is a table: write `[profiles.{key}]`").into());
    }
    nearest(key, &known, SLIPS).map(|meant| format!("did you mean `{meant}`").into())
}

/// Returns a hint with all names in `known` and, if one is similar to `name`, a suggestion.
pub(crate) fn one_of(name: &str, known: &[String]) -> String {
    match nearest(name, known, SLIPS) {
        Some(meant) => format!("did you mean `{meant}`; known names: {}", listed(known)),
        None => format!("known names: {}", listed(known)),
    }
}

fn listed(names: &[String]) -> String {
    format!("`{}`", names.join("`, `"))
}
