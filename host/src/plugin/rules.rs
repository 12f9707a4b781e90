//! What the organisation says of components: which must be there, where they may come from, who signs, what they may reach.
//!
//! It stands in `[plugins]` of `/etc/audex/config.toml`. Checked at install **and** at every load: what was installed before a
//! rule was made is no exception to it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use audex_sdk::pattern;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::capability::Capability;
use super::signature::Signer;
use super::sigstore::Root;

/// Every file of this machine, in `sources`.
const ANY_FILE: &str = "file";

/// `[plugins]` of the organisation's `config.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Filters without which nothing runs: `name`, or `name@sha256:…`.
    pub required_filters: Vec<Required>,
    /// Where components may come from: `file`, `/a/directory/`, `https://host/path/`, `oci://registry/repository`.
    pub sources: Option<Vec<Place>>,
    /// The keys that may sign; a component of nobody else's is refused.
    pub signers: Option<Vec<Signer>>,
    /// Unsigned components are refused.
    pub require_signature: bool,
    /// What components may reach at most; `*` stands for any text.
    pub capabilities: Option<Vec<Ceiling>>,
    /// The `trusted_root.json` that sigstore bundles are checked by, instead of the public instance's.
    #[serde(deserialize_with = "crate::settings::config_file::absolute")]
    pub sigstore_trusted_root: Option<PathBuf>,
}

/// A filter that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// Its name.
    pub name: String,
    /// The one component it may be, if that is said.
    pub digest: Option<String>,
}

/// Where a component may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

/// Capabilities that may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceiling(String);

/// What the organisation does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// From elsewhere.
    #[error("your organisation does not take components from `{0}`")]
    Source(String),
    /// Not signed.
    #[error("your organisation takes signed components only")]
    Unsigned,
    /// Signed by somebody else.
    #[error("your organisation does not trust components signed by `{0}`")]
    Signer(Signer),
    /// A required filter is not there.
    #[error("your organisation requires the filter `{0}`, which is not installed")]
    Missing(String),
    /// It is there and turned off.
    #[error("your organisation requires the filter `{0}`, which is turned off")]
    Disabled(String),
    /// It is there, and another.
    #[error(
        "your organisation requires the filter `{name}` to be sha256:{wanted}, and sha256:{found} is installed"
    )]
    Other {
        /// The filter.
        name: String,
        /// The digest it must have.
        wanted: String,
        /// The one it has.
        found: String,
    },
}

impl Rules {
    /// With the user's own trusted root, where there is none of the organisation's and no signers that it could forge.
    ///
    /// Security: an identity is worth what vouches for it. Who the organisation's signers are, is not for the user's root to say.
    #[must_use]
    pub fn or_root(mut self, users: Option<PathBuf>) -> Self {
        if self.sigstore_trusted_root.is_none() && self.signers.is_none() {
            self.sigstore_trusted_root = users;
        }
        self
    }

    /// Whose certificates and logs are believed.
    #[must_use]
    pub fn root(&self) -> Root {
        self.sigstore_trusted_root.clone().map_or(Root::PublicGood, Root::File)
    }

    /// Whether a component that nobody signed is refused.
    #[must_use]
    pub fn wants_signatures(&self) -> bool {
        self.require_signature || self.signers.is_some()
    }

    /// Whether a component from `origin`, signed by `signer`, may take part.
    ///
    /// # Errors
    /// The rule it breaks.
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

    /// Whether `capability` is below the ceiling.
    #[must_use]
    pub fn allows(&self, capability: &Capability) -> bool {
        let text = capability.to_string();
        self.capabilities.as_ref().is_none_or(|list| list.iter().any(|one| pattern::matches(&one.0, &text)))
    }

    /// Those of `capabilities` that are below the ceiling.
    #[must_use]
    pub fn within(&self, capabilities: BTreeSet<Capability>) -> BTreeSet<Capability> {
        capabilities.into_iter().filter(|capability| self.allows(capability)).collect()
    }
}

impl Place {
    /// Security: a prefix ends where a name does, so `https://a.example/x` is no `https://a.example/xyz`.
    fn holds(&self, origin: &str) -> bool {
        let is_file = origin.starts_with('/');
        if self.0 == ANY_FILE {
            return is_file;
        }
        let rest = origin.strip_prefix(&self.0);
        // What climbs out of a directory is in none.
        let climbs = origin.split('/').any(|part| part == "..");
        !climbs
            && rest.is_some_and(|rest| {
                rest.is_empty() || self.0.ends_with('/') || rest.starts_with(['/', ':', '@'])
            })
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known =
            text == ANY_FILE || ["/", "https://", "oci://"].iter().any(|start| text.starts_with(start));
        if known {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!(
                "`{text}` is no source: write `file`, `/directory/`, `https://…` or `oci://…`"
            )))
        }
    }
}

impl<'de> Deserialize<'de> for Ceiling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = ["http:", "slot:", "secret:"].iter().any(|kind| text.starts_with(kind));
        if known {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!(
                "`{text}` is no capability: they begin with `http:`, `slot:` or `secret:`"
            )))
        }
    }
}

impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (name, digest) = match text.split_once("@sha256:") {
            Some((name, digest)) => (name, Some(digest.to_ascii_lowercase())),
            None => (text.as_str(), None),
        };
        let hex = |digest: &String| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if name.is_empty() || name.contains(['@', ' ']) || digest.as_ref().is_some_and(|digest| !hex(digest))
        {
            return Err(D::Error::custom(format!("`{text}` is no filter: write `name` or `name@sha256:…`")));
        }
        Ok(Self { name: name.to_owned(), digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<Rules, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn sources_are_whole_names_and_never_left() {
        let rules = rules(
            r#"sources = ["/opt/audex/", "https://plugins.example/team", "oci://registry.example/audex"]"#,
        )
        .unwrap();
        for (origin, may) in [
            ("/opt/audex/x.wasm", true),
            ("/opt/audexx/x.wasm", false),
            ("/opt/audex/../x.wasm", false),
            ("https://plugins.example/team/x.wasm", true),
            ("https://plugins.example/teams/x.wasm", false),
            ("https://plugins.example.evil/team/x.wasm", false),
            ("oci://registry.example/audex:1", true),
            ("oci://registry.example/audex@sha256:00", true),
            ("oci://registry.example/audex-evil:1", false),
        ] {
            assert_eq!(rules.check(origin, None).is_ok(), may, "{origin}");
        }
        assert!(Rules::default().check("anywhere", None).is_ok());
        let files = self::rules(r#"sources = ["file"]"#).unwrap();
        assert!(files.check("/x", None).is_ok() && files.check("https://x/", None).is_err());
    }

    #[test]
    fn signatures_are_required_and_of_those_that_are_trusted() {
        let key = "RWQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let signer: Signer = key.parse().unwrap();
        let required = rules("require_signature = true").unwrap();
        assert_eq!(required.check("/x", None), Err(RuleError::Unsigned));
        assert!(required.check("/x", Some(&signer)).is_ok());
        let trusted = rules("signers = []").unwrap();
        assert_eq!(trusted.check("/x", Some(&signer)), Err(RuleError::Signer(signer.clone())));
        assert_eq!(trusted.check("/x", None), Err(RuleError::Unsigned));
        assert!(rules(&format!("signers = [\"{key}\"]")).unwrap().check("/x", Some(&signer)).is_ok());
    }

    #[test]
    fn an_identity_is_trusted_by_a_pattern_that_covers_it_and_by_no_root_of_the_users() {
        let trusted =
            rules(r#"signers = ["sigstore:https://code.example/o/*@https://tokens.example"]"#).unwrap();
        for (signer, may) in [
            ("sigstore:https://code.example/o/r@https://tokens.example", true),
            ("sigstore:https://code.example/o/r/*@https://tokens.example", true),
            ("sigstore:https://code.example/*@https://tokens.example", false),
            ("sigstore:https://code.example/o/r@https://other.example", false),
        ] {
            assert_eq!(trusted.check("/x", Some(&signer.parse().unwrap())).is_ok(), may, "{signer}");
        }
        let users = || Some(PathBuf::from("/home/me/root.json"));
        let root = |text: &str| rules(text).unwrap().or_root(users()).root();
        assert_eq!(root(""), Root::File("/home/me/root.json".into()));
        assert_eq!(
            root(r#"sigstore_trusted_root = "/etc/audex/root.json""#),
            Root::File("/etc/audex/root.json".into())
        );
        assert_eq!(trusted.or_root(users()).root(), Root::PublicGood);
    }

    #[test]
    fn the_ceiling_takes_away_and_what_is_misspelt_is_an_error() {
        let rules = rules(r#"capabilities = ["http:*.example.com", "secret:TEAM_*"]"#).unwrap();
        let all = ["http:api.example.com", "http:evil.com", "slot:aws", "secret:TEAM_KEY"];
        let kept = rules.within(all.iter().map(|text| text.parse().unwrap()).collect());
        assert_eq!(
            kept.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["http:api.example.com", "secret:TEAM_KEY"]
        );
        for wrong in [
            r#"capabilities = ["files:/"]"#,
            r#"sources = ["http://x/"]"#,
            r#"signers = ["me"]"#,
            r#"required_filters = ["a@sha256:1"]"#,
            r#"required_filters = [""]"#,
            "require_signatures = true",
            r#"signers = ["sigstore:me"]"#,
            r#"sigstore_trusted_root = "root.json""#,
        ] {
            assert!(self::rules(wrong).is_err(), "{wrong}");
        }
    }
}
