//! What the user asks for, put into one shape.

mod list;

use std::time::Duration;

use audex_sdk::pattern;

use audex_core::printable::is_hidden;
use audex_core::private_file;

pub use list::joined;

/// Characters of a session name that every provider takes (`GetFederationToken` allows 32).
const SESSION_PREFIX: &str = "audex-";

/// One permission as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Native or universal.
    pub permission: String,
    /// What to call it when talking about it.
    pub origin: String,
    /// Resources it is limited to; empty means every resource.
    pub resources: Vec<String>,
}

/// A whole request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Provider id.
    pub provider: String,
    /// Permissions, without repetition, in the order of first mention.
    pub permissions: Vec<Asked>,
    /// The lifetime asked for.
    pub ttl: Duration,
    /// The command; empty for a plan without one.
    pub command: Vec<String>,
    /// Names the session, here and in the cloud's log.
    pub session: String,
}

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// `--allow`, each possibly comma-separated.
    pub allow: Vec<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--resource`, each possibly comma-separated.
    pub resources: Vec<String>,
    /// The command, for the record; bytes that are no UTF-8 replaced.
    pub command: Vec<String>,
    /// `--justification`.
    pub justification: Option<String>,
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
    /// An option that is there and says nothing.
    #[error("`{option}` has an empty item")]
    EmptyItem {
        /// The option.
        option: &'static str,
    },
    /// An option with a character that acts on the text around it instead of being seen.
    #[error("`{option}` has a hidden character: `{}`", item.escape_debug())]
    Hidden {
        /// The option.
        option: &'static str,
        /// The item that has it.
        item: String,
    },
    /// A resource outside those a profile is limited to.
    #[error("profile `{profile}` is limited to resources of its own, and `{resource}` is not among them")]
    OutsideProfile {
        /// The profile.
        profile: String,
        /// The resource asked for.
        resource: String,
    },
    /// No randomness.
    #[error("cannot name the session")]
    Session(#[source] std::io::Error),
}

/// Puts a request together; `profiles` are the ones named, already looked up.
///
/// # Errors
/// When nothing is asked for, or a resource is outside those of a profile.
pub fn request(
    ask: Arguments,
    provider: String,
    profiles: Vec<ProfileShare>,
    ttl: Duration,
) -> Result<Request, RequestError> {
    let resources = items("--resource", &ask.resources)?;
    within_profiles(&resources, &profiles)?;
    let direct = items("--allow", &ask.allow)?.into_iter();
    let direct = direct.map(|permission| Asked {
        origin: permission.clone(),
        permission,
        resources: resources.clone(),
    });
    let from_profiles = profiles.into_iter().flat_map(|profile| {
        let origin = format!("profile {}", profile.name);
        // A profile's resources hold for its own permissions, and for no other: the request is a union.
        let resources = if resources.is_empty() { profile.resources } else { resources.clone() };
        profile.actions.into_iter().map(move |permission| Asked {
            permission,
            origin: origin.clone(),
            resources: resources.clone(),
        })
    });
    let mut permissions: Vec<Asked> = Vec::new();
    for asked in direct.chain(from_profiles) {
        let again = |known: &Asked| {
            known.permission == asked.permission && includes(&known.resources, &asked.resources)
        };
        if !permissions.iter().any(again) {
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
        ttl,
        command: ask.command,
        session: format!("{SESSION_PREFIX}{random}"),
    })
}

/// The items of a comma-separated, repeatable option.
///
/// Security: an empty item is an error. `--resource "$ARN"` with the variable unset must not mean every resource. A hidden
/// character is an error too: the plan that is shown would not be the policy that is sent.
fn items(option: &'static str, values: &[String]) -> Result<Vec<String>, RequestError> {
    let all: Vec<String> = values.iter().flat_map(|text| list::split(text)).collect();
    if all.iter().any(String::is_empty) {
        return Err(RequestError::EmptyItem { option });
    }
    match all.iter().find(|item| item.contains(|c| is_hidden(c) || is_private(c))) {
        Some(item) => Err(RequestError::Hidden { option, item: item.clone() }),
        None => Ok(all),
    }
}

/// Returns whether `c` has no meaning of its own (Unicode, private use): patterns are compared with two such characters in the
/// place of a written `*` and `?`.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}')
}

/// Whether a permission on `wide` makes the same one on `narrow` say nothing new. Empty means every resource.
#[must_use]
pub fn includes(wide: &[String], narrow: &[String]) -> bool {
    wide.is_empty() || wide == narrow
}

/// The resources of several permissions together, each once; empty if one of them has every resource.
pub fn union<'a>(lists: impl Iterator<Item = &'a [String]>) -> Vec<String> {
    let mut union: Vec<String> = Vec::new();
    for list in lists {
        if list.is_empty() {
            return Vec::new();
        }
        for resource in list.iter().filter(|resource| !union.contains(resource)).collect::<Vec<_>>() {
            union.push(resource.clone());
        }
    }
    union
}

/// The resources asked for may narrow those of a profile and never leave them.
fn within_profiles(asked: &[String], profiles: &[ProfileShare]) -> Result<(), RequestError> {
    for profile in profiles.iter().filter(|profile| !profile.resources.is_empty()) {
        let inside = |resource: &String| profile.resources.iter().any(|own| pattern::covers(own, resource));
        if let Some(resource) = asked.iter().find(|resource| !inside(resource)) {
            let (profile, resource) = (profile.name.clone(), resource.clone());
            return Err(RequestError::OutsideProfile { profile, resource });
        }
    }
    Ok(())
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
    fn a_union_is_everything_once_one_of_them_is() {
        let (a, b): (&[String], &[String]) = (&["r".to_owned()], &["r".to_owned(), "s".to_owned()]);
        assert_eq!(union([a, b].into_iter()), ["r", "s"]);
        assert!(union([a, &[], b].into_iter()).is_empty());
    }

    #[test]
    fn an_empty_item_is_refused_and_never_means_everything() {
        for text in ["", " ", ",", "a,", ",a", "a,,b"] {
            assert!(items("--resource", &[text.to_owned()]).is_err(), "`{text}`");
        }
        assert_eq!(items("--resource", &["a, b".to_owned(), "c".to_owned()]).unwrap(), ["a", "b", "c"]);
        assert_eq!(items("--resource", &[r"a\,b,c".to_owned()]).unwrap(), ["a,b", "c"]);
    }

    #[test]
    fn an_item_with_a_hidden_character_is_refused_and_shown_without_it() {
        for hidden in
            ['\u{1b}', '\r', '\u{e000}', '\u{e001}', '\u{200b}', '\u{202e}', '\u{feff}', '\u{e0041}']
        {
            let error = items("--resource", &[format!("arn:aws:s3:::a{hidden}b")]).unwrap_err().to_string();
            assert!(error.contains("hidden character") && !error.contains(hidden), "{error:?}");
        }
        assert!(items("--resource", &["arn:aws:s3:::bücher/ключ".to_owned()]).is_ok());
    }

    #[test]
    fn resources_asked_for_narrow_a_profile_and_never_leave_it() {
        let profiles = [share("a", &["arn:b/*"])];
        assert!(within_profiles(&["arn:b/x".to_owned()], &profiles).is_ok());
        for outside in ["arn:c/x", "*", "arn:b*"] {
            assert!(within_profiles(&[outside.to_owned()], &profiles).is_err(), "{outside}");
        }
    }
}
