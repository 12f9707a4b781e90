//! What the user asks for, put into one shape.

use std::time::Duration;

use crate::private_file;
use crate::settings::Settings;
use crate::settings::profiles_file::split_list;

/// Characters of a session name that every provider takes (`GetFederationToken` allows 32).
const SESSION_PREFIX: &str = "audex-";

/// One permission as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Native or universal.
    pub permission: String,
    /// What to call it when talking about it.
    pub origin: String,
}

/// A whole request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Provider id.
    pub provider: String,
    /// Permissions, without repetition, in the order of first mention.
    pub permissions: Vec<Asked>,
    /// Resources; empty means every resource.
    pub resources: Vec<String>,
    /// The lifetime asked for.
    pub ttl: Duration,
    /// The command; empty for a plan without one.
    pub command: Vec<String>,
    /// Names the session, here and in the cloud's log.
    pub session: String,
}

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// `--allow`, each possibly comma-separated.
    pub allow: Vec<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--resource`, each possibly comma-separated.
    pub resources: Vec<String>,
    /// The command, for the record; bytes that are no UTF-8 replaced.
    pub command: Vec<String>,
}

/// A profile's share of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileShare {
    /// The profile's name.
    pub name: String,
    /// Its actions.
    pub actions: Vec<String>,
    /// Its resources.
    pub resources: Vec<String>,
}

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nothing was asked for.
    #[error("no permissions were asked for")]
    Nothing,
    /// A profile with resources beside permissions without.
    #[error(
        "profile `{profile}` is limited to resources of its own, and other permissions of this request are not"
    )]
    MixedResources {
        /// The profile.
        profile: String,
    },
    /// No randomness.
    #[error("cannot name the session")]
    Session(#[source] std::io::Error),
}

/// Puts a request together; `profiles` are the ones named, already looked up.
///
/// # Errors
/// When nothing is asked for, or the resources of a profile would be lost or spread to other permissions.
pub fn request(
    ask: Ask,
    provider: String,
    profiles: Vec<ProfileShare>,
    settings: &Settings,
) -> Result<Request, RequestError> {
    let mut resources: Vec<String> = ask.resources.iter().flat_map(|text| split_list(text)).collect();
    if resources.is_empty() {
        resources = shared_resources(&profiles, !ask.allow.is_empty())?;
    }
    let direct = ask.allow.iter().flat_map(|text| split_list(text));
    let direct = direct.map(|permission| Asked { origin: permission.clone(), permission });
    let from_profiles = profiles.into_iter().flat_map(|profile| {
        let origin = format!("profile {}", profile.name);
        profile.actions.into_iter().map(move |permission| Asked { permission, origin: origin.clone() })
    });
    let mut permissions: Vec<Asked> = Vec::new();
    for asked in direct.chain(from_profiles) {
        if !permissions.iter().any(|known| known.permission == asked.permission) {
            permissions.push(asked);
        }
    }
    if permissions.is_empty() {
        return Err(RequestError::Nothing);
    }
    let random = private_file::random_name().map_err(RequestError::Session)?;
    Ok(Request {
        provider,
        permissions,
        resources,
        ttl: settings.ttl,
        command: ask.command,
        session: format!("{SESSION_PREFIX}{random}"),
    })
}

/// The resources of the profiles, where they hold for the whole request. A grant has one list of resources: giving one
/// profile's permissions another's resources would widen both.
fn shared_resources(profiles: &[ProfileShare], has_direct: bool) -> Result<Vec<String>, RequestError> {
    let Some(limited) = profiles.iter().find(|profile| !profile.resources.is_empty()) else {
        return Ok(Vec::new());
    };
    let same = profiles.iter().all(|profile| profile.resources == limited.resources);
    if has_direct || !same {
        return Err(RequestError::MixedResources { profile: limited.name.clone() });
    }
    Ok(limited.resources.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(name: &str, resources: &[&str]) -> ProfileShare {
        ProfileShare {
            name: name.to_owned(),
            actions: vec!["s3:GetObject".to_owned()],
            resources: resources.iter().map(|&r| r.to_owned()).collect(),
        }
    }

    #[test]
    fn one_limited_profile_limits_the_request() {
        assert_eq!(shared_resources(&[share("a", &["r"])], false).unwrap(), ["r"]);
        assert_eq!(shared_resources(&[share("a", &[])], true).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn resources_of_one_profile_never_spread_or_vanish() {
        assert!(shared_resources(&[share("a", &["r"])], true).is_err());
        assert!(shared_resources(&[share("a", &["r"]), share("b", &["s"])], false).is_err());
        assert!(shared_resources(&[share("a", &["r"]), share("b", &[])], false).is_err());
    }
}
