//! Builds one request from the options and profiles of the user.

mod list;

use std::borrow::Cow;
use std::time::Duration;

use audex_sdk::pattern;

use audex_core::hint::Hint;
use audex_core::printable::is_hidden;
use audex_core::private_file;

pub use list::joined;

/// The prefix of session names. Every provider accepts the names (`GetFederationToken` allows 32 characters).
const SESSION_PREFIX: &str = "audex-";

/// One permission of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The native or universal name.
    pub permission: String,
    /// The name of the permission in messages.
    pub origin: String,
    /// The resources of the permission; empty means every resource.
    pub resources: Vec<String>,
}

/// A complete request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The id of the provider.
    pub provider: String,
    /// The permissions without repetition, in the order of first mention.
    pub permissions: Vec<Asked>,
    /// The requested lifetime.
    pub ttl: Duration,
    /// The command; empty for a plan without a command.
    pub command: Vec<String>,
    /// The name of the session, also in the cloud's log.
    pub session: String,
}

/// The parts of a request from the command line.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The values of `--allow`, which may be comma-separated lists.
    pub allow: Vec<String>,
    /// The values of `--profile`.
    pub profiles: Vec<String>,
    /// The values of `--resource`, which may be comma-separated lists.
    pub resources: Vec<String>,
    /// The command for the audit log. Bytes that are not UTF-8 are replaced.
    pub command: Vec<String>,
    /// The value of `--justification`.
    pub justification: Option<String>,
}

/// The permissions that a profile adds to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileShare {
    /// The profile's name.
    pub name: String,
    /// The actions of the profile.
    pub actions: Vec<String>,
    /// The resources of the profile; empty means every resource.
    pub resources: Vec<String>,
}

/// The error for arguments that do not form a request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There are no permissions.
    #[error("no permissions were asked for")]
    Nothing,
    /// An option has an empty item.
    #[error("`{option}` has an empty item")]
    EmptyItem {
        /// The option.
        option: &'static str,
    },
    /// An option has an invisible character, which can change how the text around it is shown.
    #[error("`{option}` has a hidden character: `{}`", item.escape_debug())]
    Hidden {
        /// The option.
        option: &'static str,
        /// The item with the character.
        item: String,
    },
    /// A resource is outside the resources of a profile.
    #[error(
        "profile `{profile}` is limited to resources of its own, and `{resource}` is not among them"
    )]
    OutsideProfile {
        /// The profile.
        profile: String,
        /// The requested resource.
        resource: String,
    },
    /// There is no randomness for the name of the session.
    #[error("cannot name the session")]
    Session(#[source] std::io::Error),
}

impl Hint for RequestError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Nothing => "name permissions with --allow or a profile with --profile",
            Self::EmptyItem { .. } => "a variable in it may be unset",
            Self::Hidden { .. } => "type it anew: such characters come with copied text",
            Self::OutsideProfile { .. } => "--resource can narrow a profile, not leave it",
            Self::Session(_) => return None,
        };
        Some(hint.into())
    }
}

/// Builds a request from `ask` and from `profiles`, the resolved profiles that it names.
///
/// # Errors
/// When there are no permissions, an item of an option is empty or has a hidden character, a resource is
/// outside the resources of a profile, or no session name can be generated.
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
        // The resources of a profile limit only the profile's own permissions, because the request is a
        // union.
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

/// Returns the items of a comma-separated, repeatable option.
///
/// Security: an empty item is an error. If the variable is unset, `--resource "$ARN"` must not mean every
/// resource. A hidden character is an error too: the shown plan would differ from the policy that is sent.
pub(crate) fn items(option: &'static str, values: &[String]) -> Result<Vec<String>, RequestError> {
    let all: Vec<String> = values.iter().flat_map(|text| list::split(text)).collect();
    if all.iter().any(String::is_empty) {
        return Err(RequestError::EmptyItem { option });
    }
    match all.iter().find(|item| item.contains(|c| is_hidden(c) || is_private(c))) {
        Some(item) => Err(RequestError::Hidden { option, item: item.clone() }),
        None => Ok(all),
    }
}

/// Returns true if `c` is for private use (Unicode). The comparison of patterns uses two such characters for
/// a literal `*` and `?`.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}')
}

/// Returns true if a permission on `wide` makes the same permission on `narrow` redundant. An empty list
/// means every resource.
#[must_use]
pub fn includes(wide: &[String], narrow: &[String]) -> bool {
    wide.is_empty() || wide == narrow
}

/// Returns the union of the resources of several permissions, without repetition. If one permission has every
/// resource, returns an empty list.
pub fn union<'a>(lists: impl Iterator<Item = &'a [String]>) -> Vec<String> {
    let mut union: Vec<String> = Vec::new();
    for list in lists {
        if list.is_empty() {
            return Vec::new();
        }
        for resource in list.iter().filter(|resource| !union.contains(resource)).collect::<Vec<_>>()
        {
            union.push(resource.clone());
        }
    }
    union
}

/// Rejects requested resources outside the resources of a profile. They may only narrow a profile.
fn within_profiles(asked: &[String], profiles: &[ProfileShare]) -> Result<(), RequestError> {
    for profile in profiles.iter().filter(|profile| !profile.resources.is_empty()) {
        let inside =
            |resource: &String| profile.resources.iter().any(|own| pattern::covers(own, resource));
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
        assert_eq!(
            items("--resource", &["a, b".to_owned(), "c".to_owned()]).unwrap(),
            ["a", "b", "c"]
        );
        assert_eq!(items("--resource", &[r"a\,b,c".to_owned()]).unwrap(), ["a,b", "c"]);
    }

    #[test]
    fn an_item_with_a_hidden_character_is_refused_and_shown_without_it() {
        for hidden in [
            '\u{1b}',
            '\r',
            '\u{e000}',
            '\u{e001}',
            '\u{200b}',
            '\u{202e}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let error =
                items("--resource", &[format!("arn:aws:s3:::a{hidden}b")]).unwrap_err().to_string();
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
