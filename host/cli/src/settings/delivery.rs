//! The delivery of the credentials to the command, and who chooses it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audex_components::filter;
use audex_core::printable::is_hidden;
use audex_core::toml_place::location;
use audex_gateway::decide::Limit;

use super::SettingsError;

/// The life of one set of keys without a configured one: no cloud makes shorter ones everywhere, and boto3 asks for new keys
/// from this time before their end on.
const DEFAULT_KEY_LIFE: Duration = Duration::from_mins(15);

/// A way in which the command gets its credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deliver {
    /// As the provider hands them out: AWS keys in variables.
    #[default]
    Env,
    /// From a server on loopback, in the protocol of container credentials.
    Endpoint,
    /// In a private credentials file.
    File,
    /// Not at all: a gateway holds them, and decides on each request.
    Gateway,
}

impl Deliver {
    const ALL: [Self; 4] = [Self::Env, Self::Endpoint, Self::File, Self::Gateway];

    /// Returns the word for the delivery in options, settings and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Endpoint => "endpoint",
            Self::File => "file",
            Self::Gateway => "gateway",
        }
    }

    /// Returns the delivery called `name`.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|one| one.name() == name)
            .ok_or_else(|| format!("`{name}` is none of `env`, `endpoint`, `file`, `gateway`"))
    }
}

/// The gateway's treatment of requests whose meaning is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownRequests {
    /// They are refused.
    #[default]
    Refuse,
    /// They are sent: the cloud decides on them by the same grant.
    Forward,
}

impl UnknownRequests {
    /// Returns the treatment called `name`.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "refuse" => Ok(Self::Refuse),
            "forward" => Ok(Self::Forward),
            _ => Err(format!("`{name}` is none of `refuse`, `forward`")),
        }
    }
}

/// Whether a gateway serves the cloud's own hosts in TLS, with certificates of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatewayTls {
    /// Where the cloud's tools take no other address.
    #[default]
    Auto,
    /// Not at all: only tools that take an address on loopback are served.
    Never,
    /// Always; an error where the gateway needs none.
    Always,
}

impl GatewayTls {
    /// Returns the choice called `name`.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "never" => Ok(Self::Never),
            "always" => Ok(Self::Always),
            _ => Err(format!("`{name}` is none of `auto`, `never`, `always`")),
        }
    }
}

/// Reads the address of a gateway, and returns its port.
///
/// # Errors
/// A text with the right form. Security: other machines reach no gateway, so the host is loopback.
pub(crate) fn parse_listen(text: &str) -> Result<u16, String> {
    let port = text.strip_prefix("127.0.0.1:").or_else(|| text.strip_prefix("localhost:"));
    let port = port.and_then(|port| port.parse().ok()).filter(|port| *port > 0);
    port.ok_or_else(|| format!("`{text}` is not of the form `127.0.0.1:PORT`"))
}

/// Reads a limit such as `s3:DeleteObject=10`.
///
/// # Errors
/// A text with the right form.
pub(crate) fn parse_limit(text: &str) -> Result<Limit, String> {
    let form =
        || format!("`{text}` is not of the form `ACTION=COUNT`, such as `s3:DeleteObject=10`");
    let (pattern, most) = text.split_once('=').ok_or_else(form)?;
    let (pattern, most) = (pattern.trim(), most.trim());
    if !pattern.contains([':', '.', '/'])
        || pattern.contains(|c: char| is_hidden(c) || c.is_whitespace())
    {
        return Err(form());
    }
    Ok(Limit { pattern: pattern.to_owned(), most: most.parse().map_err(|_| form())? })
}

impl From<Deliver> for filter::Delivery {
    fn from(deliver: Deliver) -> Self {
        match deliver {
            Deliver::Env => Self::Env,
            Deliver::Endpoint => Self::Endpoint,
            Deliver::File => Self::File,
            Deliver::Gateway => Self::Gateway,
        }
    }
}

/// The resolved delivery of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliverySettings {
    /// The delivery.
    pub deliver: Deliver,
    /// The delivery that the organisation requires, and the organisation's file.
    pub required: Option<(Deliver, PathBuf)>,
    /// True if nobody chose a delivery and the run is for a coding agent: then a gateway is taken where the provider has one.
    pub prefers_gateway: bool,
    /// True if an observer takes the credentials, and shows what the command does with them.
    pub is_observed: bool,
    /// The gateway's treatment of requests that it does not know.
    pub unknown: UnknownRequests,
    /// The one port of the gateway, if it is not to choose its ports.
    pub listen: Option<u16>,
    /// Whether the gateway serves the cloud's own hosts in TLS.
    pub tls: GatewayTls,
    /// The limits of the command line and of both files: all of them count.
    pub limits: Vec<Limit>,
    /// The life of one set of keys, if the session renews them.
    pub key_life: Option<Duration>,
}

impl DeliverySettings {
    /// Returns the organisation's requirement with its `PATH:LINE`, if there is one. Reads the file, so it is
    /// for errors only.
    #[must_use]
    pub(crate) fn requirement(&self) -> Option<String> {
        let (deliver, file) = self.required.as_ref()?;
        let name = deliver.name();
        Some(format!("your organisation ({}) requires the delivery `{name}`", place(file)))
    }
}

/// Returns the delivery of a run: the option, then the user's file, then the default.
///
/// # Errors
/// When the organisation requires another delivery than the option or the user's file asks for.
pub(super) fn delivery(
    flag: Option<Deliver>,
    (user, user_at): (Option<Deliver>, &Path),
    (organisation, at): (Option<Deliver>, &Path),
) -> Result<DeliverySettings, SettingsError> {
    let asked = flag.or(user);
    let Some(theirs) = organisation else {
        let deliver = asked.unwrap_or_default();
        return Ok(DeliverySettings { deliver, ..DeliverySettings::default() });
    };
    match asked {
        Some(asked) if asked != theirs => Err(SettingsError::Delivery {
            asker: if flag.is_some() { "--deliver".to_owned() } else { place(user_at) },
            is_flag: flag.is_some(),
            asked: asked.name(),
            theirs: theirs.name(),
            at: place(at),
        }),
        _ => {
            let required = Some((theirs, at.to_owned()));
            Ok(DeliverySettings { deliver: theirs, required, ..DeliverySettings::default() })
        }
    }
}

impl DeliverySettings {
    /// Sets the life of one set of keys, if the delivery renews them: the option, then the user's file, then the
    /// default.
    ///
    /// # Errors
    /// When the option is given and the delivery renews no keys.
    pub(super) fn renewing(
        self,
        flag: Option<Duration>,
        user: Option<Duration>,
    ) -> Result<Self, SettingsError> {
        match self.deliver {
            Deliver::Endpoint => {
                Ok(Self { key_life: flag.or(user).or(Some(DEFAULT_KEY_LIFE)), ..self })
            }
            other if flag.is_some() => Err(SettingsError::KeyLife { deliver: other.name() }),
            _ => Ok(self),
        }
    }
}

fn place(file: &Path) -> String {
    location(file, &["run", "deliver"]).unwrap_or_else(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(
        flag: Option<Deliver>,
        user: Option<Deliver>,
        theirs: Option<Deliver>,
    ) -> Option<Deliver> {
        let (user_at, at) = (Path::new("/u/config.toml"), Path::new("/o/config.toml"));
        delivery(flag, (user, user_at), (theirs, at)).ok().map(|settings| settings.deliver)
    }

    #[test]
    fn the_option_wins_over_the_file_and_the_organisation_over_none() {
        use Deliver::{Endpoint, Env, File, Gateway};
        for (flag, user, theirs, expected) in [
            (None, None, None, Some(Env)),
            (None, Some(File), None, Some(File)),
            (Some(Endpoint), Some(File), None, Some(Endpoint)),
            (None, None, Some(Gateway), Some(Gateway)),
            (Some(Gateway), Some(File), Some(Gateway), Some(Gateway)),
            (None, Some(Gateway), Some(Gateway), Some(Gateway)),
            (Some(Env), None, Some(Gateway), None),
            (None, Some(File), Some(Gateway), None),
            (Some(Gateway), None, Some(Env), None),
        ] {
            assert_eq!(resolved(flag, user, theirs), expected, "{flag:?} {user:?} {theirs:?}");
        }
    }

    #[test]
    fn every_name_is_parsed_to_its_delivery_and_no_other() {
        for deliver in Deliver::ALL {
            assert_eq!(Deliver::parse(deliver.name()), Ok(deliver));
        }
        for wrong in ["", "ENV", "env ", "proxy"] {
            assert!(Deliver::parse(wrong).unwrap_err().contains("`gateway`"), "{wrong}");
        }
    }
}
