//! The organisation's rules for components: required filters, sources, signers, and the capabilities that
//! components may have.
//!
//! The rules are in `[plugins]` of `/etc/audex/config.toml`. They are checked at install **and** at every
//! load: a component that was installed before a rule was made is not exempt.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::PathBuf;

use audex_sdk::pattern;
use percent_encoding::percent_decode_str;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::signature::Signer;
use super::sigstore::Root;
use audex_components::capability::Capability;
use audex_components::version;
use audex_core::address;

/// The entry of `sources` for every file on this machine.
const ANY_FILE: &str = "file";
/// The prefix of an address.
const WEB: &str = "https://";
/// The maximum number of times that an address may be encoded. An address with more encodings hides
/// something.
const ENCODINGS: usize = 4;
/// The prefix of a place in a registry.
const REGISTRY: &str = "oci://";

/// `[plugins]` of the organisation's `config.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// The filters without which nothing runs: `name`, `name>=1.2.0`, or `name@sha256:…`.
    pub required_filters: Vec<Required>,
    /// The sources from which components may come: `file`, `/a/directory/`, `https://host/path/`,
    /// `oci://registry/repository`.
    pub sources: Option<Vec<Place>>,
    /// The trusted signers. A component that none of them signed is rejected.
    pub signers: Option<Vec<Signer>>,
    /// True if unsigned components are rejected.
    pub require_signature: bool,
    /// The most that components may reach; `*` stands for any text.
    pub capabilities: Option<Vec<Ceiling>>,
    /// The `trusted_root.json` by which sigstore bundles are verified, in place of the public instance's.
    #[serde(deserialize_with = "audex_core::paths::deserialize_absolute")]
    pub sigstore_trusted_root: Option<PathBuf>,
}

/// A filter that must be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// The filter's name.
    pub name: String,
    /// The only digest that the filter may have, if one is set.
    pub digest: Option<String>,
    /// The oldest version that the filter may have, if one is set.
    pub least: Option<String>,
}

/// A source from which components may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

/// A pattern of capabilities that components may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceiling(String);

/// A violation of the organisation's rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The source is not allowed.
    #[error("your organisation does not take components from `{0}`")]
    Source(String),
    /// The component is not signed.
    #[error("your organisation takes signed components only")]
    Unsigned,
    /// The signer is not trusted.
    #[error("your organisation does not trust components signed by `{0}`")]
    Signer(Signer),
    /// A required filter is not installed.
    #[error("your organisation requires the filter `{0}`, which is not installed")]
    Missing(String),
    /// A required filter is turned off.
    #[error("your organisation requires the filter `{0}`, which is turned off")]
    Disabled(String),
    /// A required filter has another digest.
    #[error(
        "your organisation requires the filter `{name}` to be sha256:{wanted}, and sha256:{found} is installed"
    )]
    Other {
        /// The filter.
        name: String,
        /// The digest it must have.
        wanted: String,
        /// The digest it has.
        found: String,
    },
    /// A required filter is too old.
    #[error(
        "your organisation requires the filter `{name}` {least} or newer, and {found} is installed"
    )]
    TooOld {
        /// The filter.
        name: String,
        /// The oldest version it may have.
        least: String,
        /// The version it has.
        found: String,
    },
    /// A version that is not known to be newer was to replace a required filter.
    #[error(
        "your organisation requires it, so only a newer one replaces {installed}, and {offered} is not known to be newer"
    )]
    OnlyNewer {
        /// The installed version.
        installed: String,
        /// The offered version.
        offered: String,
    },
}

impl Rules {
    /// Returns true if there is any rule for components. If there is, no variable may move the directories of
    /// components.
    #[must_use]
    pub fn is_any(&self) -> bool {
        let Self {
            required_filters,
            sources,
            signers,
            require_signature,
            capabilities,
            sigstore_trusted_root,
        } = self;
        let lists = sources.is_some() || signers.is_some() || capabilities.is_some();
        lists
            || !required_filters.is_empty()
            || *require_signature
            || sigstore_trusted_root.is_some()
    }

    /// Returns every entry for the filter `name`, if it is required. A name may have several entries, and
    /// each of them applies.
    #[must_use]
    pub fn required(&self, name: &str) -> Option<Vec<&Required>> {
        let all: Vec<_> =
            self.required_filters.iter().filter(|required| required.name == name).collect();
        (!all.is_empty()).then_some(all)
    }

    /// Returns the rules with the user's own trusted root, if the organisation has neither a root nor signers
    /// that the user's root could forge.
    ///
    /// Security: an identity is worth as much as the root that vouches for it. The user's root must not
    /// decide who the organisation's signers are.
    #[must_use]
    pub fn or_root(mut self, users: Option<PathBuf>) -> Self {
        if self.sigstore_trusted_root.is_none() && self.signers.is_none() {
            self.sigstore_trusted_root = users;
        }
        self
    }

    /// Returns the root whose certificates and logs are trusted.
    #[must_use]
    pub fn root(&self) -> Root {
        self.sigstore_trusted_root.clone().map_or(Root::PublicGood, Root::File)
    }

    /// Returns true if unsigned components are rejected.
    #[must_use]
    pub(crate) fn wants_signatures(&self) -> bool {
        self.require_signature || self.signers.is_some()
    }

    /// Checks that a component from `origin`, signed by `signer`, may take part.
    ///
    /// # Errors
    /// The rule that the component breaks.
    pub fn check(&self, origin: &str, signer: Option<&Signer>) -> Result<(), RuleError> {
        if let Some(sources) = &self.sources
            && !sources.iter().any(|place| place.holds(origin))
        {
            return Err(RuleError::Source(origin.to_owned()));
        }
        match (signer, &self.signers) {
            (None, _) if self.wants_signatures() => Err(RuleError::Unsigned),
            (Some(signer), Some(trusted)) if !trusted.iter().any(|one| one.covers(signer)) => {
                Err(RuleError::Signer(signer.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Returns true if `capability` is below the ceiling.
    #[must_use]
    pub fn allows(&self, capability: &Capability) -> bool {
        self.is_below(&capability.to_string())
    }

    /// Returns true if requests may really go to `host`, which may be an address.
    #[must_use]
    pub fn allows_host(&self, host: &str) -> bool {
        self.is_below(&format!("http:{host}"))
    }

    fn is_below(&self, capability: &str) -> bool {
        self.capabilities
            .as_ref()
            .is_none_or(|list| list.iter().any(|one| pattern::matches(&one.0, capability)))
    }

    /// Returns those of `capabilities` that are below the ceiling.
    #[must_use]
    pub fn within(&self, capabilities: BTreeSet<Capability>) -> BTreeSet<Capability> {
        capabilities.into_iter().filter(|capability| self.allows(capability)).collect()
    }
}

impl Required {
    /// Checks that a component of this version and digest is the required filter.
    ///
    /// # Errors
    /// The rule that the component breaks.
    pub fn check(&self, version: &str, digest: &str) -> Result<(), RuleError> {
        if let Some(wanted) = self.digest.as_ref().filter(|wanted| *wanted != digest) {
            let (name, wanted, found) = (self.name.clone(), wanted.clone(), digest.to_owned());
            return Err(RuleError::Other { name, wanted, found });
        }
        self.check_version(version)
    }

    /// Checks that this version is new enough.
    ///
    /// # Errors
    /// The rule that the version breaks.
    pub(crate) fn check_version(&self, version: &str) -> Result<(), RuleError> {
        let is_enough =
            |least: &String| version::compare(version, least).is_some_and(Ordering::is_ge);
        match &self.least {
            Some(least) if !is_enough(least) => {
                let (name, least, found) = (self.name.clone(), least.clone(), version.to_owned());
                Err(RuleError::TooOld { name, least, found })
            }
            _ => Ok(()),
        }
    }
}

impl Place {
    /// Returns true if `origin` is inside this place.
    ///
    /// Security: a prefix must end where a name ends, so `https://a.example/x` contains neither
    /// `https://a.example/xyz` nor `https://a.example:8443/x`. A tag or a digest follows only the name of a
    /// repository.
    fn holds(&self, origin: &str) -> bool {
        let is_file = origin.starts_with('/');
        if self.0 == ANY_FILE {
            return is_file;
        }
        let ends: &[char] = match self.0.strip_prefix(REGISTRY) {
            Some(rest) if rest.contains('/') => &['/', ':', '@'],
            _ => &['/'],
        };
        // An origin that climbs out of a directory is in no directory.
        let is_web = !is_file && !origin.starts_with(REGISTRY);
        let climbs = if is_web {
            climbs_somewhere(origin)
        } else {
            origin.split('/').any(|part| part == "..")
        };
        let rest = origin.strip_prefix(&self.0).filter(|_| !climbs);
        rest.is_some_and(|rest| rest.is_empty() || self.0.ends_with('/') || rest.starts_with(ends))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let place = if text.starts_with(WEB) {
            // The address is written like those compared with it: without the default port, and with the host
            // in lower case.
            let url = address::parse("sources", &text).ok().map(String::from);
            url.filter(|url| !climbs_somewhere(url))
        } else {
            let is_known = text == ANY_FILE || text.starts_with('/') || text.starts_with(REGISTRY);
            is_known.then(|| text.clone())
        };
        place.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is not a source: write `file`, `/directory/`, `https://…` or `oci://…`"
            ))
        })
    }
}

/// Returns true if some server could read the address as one that leaves a directory.
///
/// Security: servers decode addresses, some more than once, and join the decoded parts. So no dot and no
/// slash may be encoded, at any depth, and the decoded text must be plain text.
fn climbs_somewhere(address: &str) -> bool {
    let mut text = address.to_owned();
    for _ in 0..=ENCODINGS {
        let is_up =
            |part: &str| part.split(';').next().is_some_and(|name| [".", ".."].contains(&name));
        let lower = text.to_ascii_lowercase();
        let is_hidden = ["%2e", "%2f", "%5c", "%u", "\\"].iter().any(|sign| lower.contains(sign));
        if is_hidden || text.contains(char::is_control) || text.split('/').any(is_up) {
            return true;
        }
        match String::from_utf8(percent_decode_str(&text).collect()) {
            Ok(decoded) if decoded == text => return false,
            Ok(decoded) => text = decoded,
            Err(_) => return true,
        }
    }
    true
}

impl<'de> Deserialize<'de> for Ceiling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = ["http:", "slot:", "secret:"].iter().any(|kind| text.starts_with(kind));
        if known {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!(
                "`{text}` is not a capability: they begin with `http:`, `slot:` or `secret:`"
            )))
        }
    }
}

impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (name, digest, least) = match (text.split_once("@sha256:"), text.split_once(">=")) {
            (Some((name, digest)), _) => (name, Some(digest.to_ascii_lowercase()), None),
            (None, Some((name, least))) => {
                (name.trim_end(), None, Some(least.trim_start().to_owned()))
            }
            (None, None) => (text.as_str(), None, None),
        };
        let is_hex = |digest: &String| {
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let is_name = !name.is_empty() && !name.contains(['@', ' ', '>', '=']);
        let is_digest = digest.as_ref().is_none_or(is_hex);
        if is_name && is_digest && least.as_deref().is_none_or(version::is_version) {
            return Ok(Self { name: name.to_owned(), digest, least });
        }
        Err(D::Error::custom(format!(
            "`{text}` is not a filter: write `name`, `name>=1.2.0` or `name@sha256:…`"
        )))
    }
}

#[cfg(test)]
mod tests;
