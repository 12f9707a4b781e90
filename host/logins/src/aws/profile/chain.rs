//! The identity of the selected profile: the properties that the AWS CLI would use, and no others.
//!
//! The order is that of botocore and differs from the SDK's order. The SDK receives one source for each
//! profile, so that it cannot choose.
//! Source: botocore 1.43, `credentials.py` (`create_credential_resolver`, `ProfileProviderBuilder`, `AssumeRoleProvider`).

use super::{Place, Profile, ProfileError, Profiles, Properties, Property, Value, words};
use audex_core::environment::Environment;

const ROLE_ARN: &str = "role_arn";
const TOKEN_FILE: &str = "web_identity_token_file";
const SESSION_NAME: &str = "role_session_name";
const SOURCE_PROFILE: &str = "source_profile";
const CREDENTIAL_SOURCE: &str = "credential_source";
const ACCESS_KEY: &str = "aws_access_key_id";
const SECRET_KEY: &str = "aws_secret_access_key";
/// The older name wins, as in botocore.
const TOKENS: [&str; 2] = ["aws_security_token", "aws_session_token"];
/// The places that `credential_source` may name, in this spelling.
const SOURCES: [&str; 3] = ["Environment", "Ec2InstanceMetadata", "EcsContainer"];
/// The reason for rejecting a value with a `#` or `;` after a space.
pub(super) const COMMENT: &str = "has a `#` or `;` after a space: the AWS CLI reads it as part of the value, other AWS tools as a comment";
/// The maximum length of a name or ARN in a message, in characters.
const SHOWN_CHARS: usize = 120;

/// Properties in the form that the SDK receives.
pub(super) type Lines = Vec<(&'static str, String)>;

/// A section for the SDK.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// A profile of the chain, the selected one first.
    Profile(String, Lines),
    /// A session of IAM Identity Center that a profile of the chain uses.
    SsoSession(String, Lines),
}

/// The variables of a web identity, which win over a profile's properties.
const WEB_IDENTITY: [(&str, &str); 3] = [
    (TOKEN_FILE, "AWS_WEB_IDENTITY_TOKEN_FILE"),
    (ROLE_ARN, "AWS_ROLE_ARN"),
    (SESSION_NAME, "AWS_ROLE_SESSION_NAME"),
];

/// Returns the chain of the selected profile, from that profile to the one that holds the first keys.
///
/// # Errors
/// [`ProfileError`] if the AWS CLI would reject the profile, or would use a property that cannot be passed to
/// the SDK.
pub(super) fn chain(
    profiles: &Profiles,
    environment: &Environment,
) -> Result<Vec<Link>, ProfileError> {
    let mut sections = Vec::new();
    let mut visited = vec![profiles.name()];
    let mut current = profiles.name();
    // Only the default profile can be missing here: a profile with a name was checked before.
    while let Some(profile) = profiles.by_name.get(current) {
        let reader = Reader { profiles, name: current, profile };
        let is_first = visited.len() == 1;
        if !reader.assumes_role() || (!is_first && reader.has_static_keys()) {
            let lines = reader.base(&mut sections, is_first.then_some(environment))?;
            sections.push(Link::Profile(current.to_owned(), lines));
            return Ok(sections);
        }
        let mut lines = reader.role()?;
        let Some(next) = reader.source(&mut lines, &visited)? else {
            sections.push(Link::Profile(current.to_owned(), lines));
            return Ok(sections);
        };
        if next == current {
            lines.extend(reader.base(&mut sections, None)?);
        }
        sections.push(Link::Profile(current.to_owned(), lines));
        if next == current {
            return Ok(sections);
        }
        visited.push(next);
        current = next;
    }
    Ok(sections)
}

/// A reader of one profile.
struct Reader<'a> {
    profiles: &'a Profiles,
    name: &'a str,
    profile: &'a Profile,
}

impl<'a> Reader<'a> {
    fn has(&self, name: &str) -> bool {
        self.profile.merged.contains_key(name)
    }

    fn assumes_role(&self) -> bool {
        self.has(ROLE_ARN) && !self.has(TOKEN_FILE)
    }

    fn has_static_keys(&self) -> bool {
        self.has(ACCESS_KEY) || self.has(SECRET_KEY)
    }

    fn place(&self, name: &str) -> Place {
        let property = self.profile.merged.get(name).map(|property| &property.place);
        property.unwrap_or(&self.profile.place).clone()
    }

    fn refuse(&self, at: &str, reason: impl Into<String>) -> ProfileError {
        ProfileError::Property {
            place: self.place(at),
            profile: self.name.to_owned(),
            reason: reason.into(),
        }
    }

    /// Returns the text of a property, if the SDK can read it.
    fn text(
        &self,
        properties: &'a Properties,
        name: &str,
    ) -> Result<Option<&'a str>, ProfileError> {
        let Some(property) = properties.get(name) else { return Ok(None) };
        let text = text(property).map_err(|reason| self.refuse_at(property, name, reason))?;
        if text.is_empty() {
            return Err(self.refuse_at(property, name, "is empty"));
        }
        if has_comment(text) {
            return Err(self.refuse_at(property, name, COMMENT));
        }
        Ok(Some(text))
    }

    fn refuse_at(&self, property: &Property, name: &str, reason: &str) -> ProfileError {
        let reason = format!("`{name}` {reason}");
        ProfileError::Property {
            place: property.place.clone(),
            profile: self.name.to_owned(),
            reason,
        }
    }

    fn own(&self, name: &str) -> Result<Option<&'a str>, ProfileError> {
        self.text(&self.profile.merged, name)
    }

    /// Returns the properties of the role that the profile assumes.
    fn role(&self) -> Result<Lines, ProfileError> {
        if self.has("mfa_serial") {
            return Err(ProfileError::SecondFactor {
                place: self.place("mfa_serial"),
                profile: self.name.to_owned(),
                selected: self.profiles.name().to_owned(),
            });
        }
        let mut lines = vec![(ROLE_ARN, self.role_arn(self.own(ROLE_ARN)?)?)];
        for name in ["external_id", SESSION_NAME] {
            lines.extend(self.own(name)?.map(|value| (name, value.to_owned())));
        }
        Ok(lines)
    }

    fn role_arn(&self, arn: Option<&str>) -> Result<String, ProfileError> {
        let arn = arn.unwrap_or_default();
        if is_role_arn(arn) {
            return Ok(arn.to_owned());
        }
        // Security: text that is not an ARN may be a key on the wrong line.
        let shown = if arn.starts_with("arn:") {
            format!("is `{}`, which", shown(arn))
        } else {
            String::new()
        };
        Err(self.refuse(
            ROLE_ARN,
            format!(
                "`{ROLE_ARN}` {shown} is not the ARN of a role such as `arn:aws:iam::123456789012:role/NAME`"
            )
            .replace("  ", " "),
        ))
    }

    /// Returns the profile that the role is assumed with, or `None` if `credential_source` names the source.
    fn source(&self, lines: &mut Lines, visited: &[&str]) -> Result<Option<&'a str>, ProfileError> {
        let next = match (self.own(SOURCE_PROFILE)?, self.own(CREDENTIAL_SOURCE)?) {
            (Some(_), Some(_)) => {
                return Err(self.refuse(
                    CREDENTIAL_SOURCE,
                    "it has both `source_profile` and `credential_source`",
                ));
            }
            (None, None) => {
                return Err(self.refuse(
                    ROLE_ARN,
                    "`role_arn` needs a `source_profile` or a `credential_source`",
                ));
            }
            (None, Some(place)) if SOURCES.contains(&place) => {
                lines.push((CREDENTIAL_SOURCE, place.to_owned()));
                return Ok(None);
            }
            (None, Some(_)) => {
                let reason = format!("`{CREDENTIAL_SOURCE}` is none of `{}`", SOURCES.join("`, `"));
                return Err(self.refuse(CREDENTIAL_SOURCE, reason));
            }
            (Some(next), None) => next,
        };
        if !self.profiles.by_name.contains_key(next) {
            let reason =
                format!("there is no profile `{}`, which `{SOURCE_PROFILE}` names", shown(next));
            return Err(self.refuse(SOURCE_PROFILE, reason));
        }
        let is_own = next == self.name;
        if (is_own && !self.has_static_keys()) || (!is_own && visited.contains(&next)) {
            let reason = format!("`{SOURCE_PROFILE}` leads in a circle, back to `{}`", shown(next));
            return Err(self.refuse(SOURCE_PROFILE, reason));
        }
        lines.push((SOURCE_PROFILE, super::canonical::encode(next)));
        Ok(Some(next))
    }

    /// Returns the profile's own credentials. The selected profile may have none; the search then continues
    /// elsewhere.
    fn base(
        &self,
        sections: &mut Vec<Link>,
        environment: Option<&Environment>,
    ) -> Result<Lines, ProfileError> {
        if let Some(lines) = self.web_identity(environment)? {
            return Ok(lines);
        }
        if let Some(lines) = self.single_sign_on(sections)? {
            return Ok(lines);
        }
        if let Some(lines) = self.keys(self.profile.in_credentials.as_ref())? {
            return Ok(lines);
        }
        if let Some(login) = self.own("login_session")? {
            return Ok(vec![("login_session", login.to_owned())]);
        }
        if let Some(process) = self.process()? {
            return Ok(vec![("credential_process", process)]);
        }
        match self.keys(self.profile.in_config.as_ref())? {
            Some(lines) => Ok(lines),
            None if environment.is_some() => Ok(Vec::new()),
            None => Err(self.refuse(
                "",
                "it is the `source_profile` of another profile, but has no credentials",
            )),
        }
    }

    fn web_identity(
        &self,
        environment: Option<&Environment>,
    ) -> Result<Option<Lines>, ProfileError> {
        let mut lines = Vec::new();
        for (name, variable) in WEB_IDENTITY {
            let value = match environment.and_then(|environment| environment.get(variable)) {
                Some(value) => Some(value.to_owned()),
                None => self.own(name)?.map(str::to_owned),
            };
            match (name, value) {
                (TOKEN_FILE, None) => return Ok(None),
                (ROLE_ARN, value) => lines.push((ROLE_ARN, self.role_arn(value.as_deref())?)),
                (_, Some(value)) => lines.push((name, value)),
                (_, None) => {}
            }
        }
        Ok(Some(lines))
    }

    fn single_sign_on(&self, sections: &mut Vec<Link>) -> Result<Option<Lines>, ProfileError> {
        let own = ["sso_account_id", "sso_role_name"];
        if own.iter().all(|name| !self.has(name)) {
            return Ok(None);
        }
        let name = self.own("sso_session")?;
        let session = name.map(|name| self.profiles.sso_sessions.get(name));
        if let (Some(name), Some(None)) = (name, session) {
            return Err(
                self.refuse("sso_session", format!("there is no `[sso-session {}]`", shown(name)))
            );
        }
        let read = |name: &'static str| {
            let in_profile = self.own(name)?;
            let in_session = match session.flatten() {
                Some(session) => self.text(session, name)?,
                None => None,
            };
            match (in_profile, in_session) {
                (Some(one), Some(other)) if one != other => Err(self.refuse(
                    name,
                    format!("`{name}` differs from the value in its `[sso-session]`"),
                )),
                (None, None) => {
                    Err(self.refuse("", format!("it signs in by SSO and has no `{name}`")))
                }
                (one, other) => Ok((name, one.or(other).unwrap_or_default().to_owned())),
            }
        };
        let mut lines = own.into_iter().map(read).collect::<Result<Lines, _>>()?;
        let place =
            ["sso_start_url", "sso_region"].into_iter().map(read).collect::<Result<Lines, _>>()?;
        match name {
            // The cached sign-in is found by this name, so the name must reach the SDK unchanged.
            Some(name) if super::canonical::encode(name) != name => {
                return Err(self.refuse(
                    "sso_session",
                    "the name of its sso-session has characters that the AWS SDKs do not take",
                ));
            }
            Some(name) => {
                lines.push(("sso_session", name.to_owned()));
                sections.push(Link::SsoSession(name.to_owned(), place));
            }
            None => lines.extend(place),
        }
        Ok(Some(lines))
    }

    /// Returns the keys in the section of one file.
    fn keys(&self, section: Option<&'a Properties>) -> Result<Option<Lines>, ProfileError> {
        let Some(section) = section else { return Ok(None) };
        let Some(id) = self.text(section, ACCESS_KEY)? else { return Ok(None) };
        let Some(secret) = self.text(section, SECRET_KEY)? else {
            return Err(
                self.refuse(ACCESS_KEY, format!("`{ACCESS_KEY}` is set and `{SECRET_KEY}` is not"))
            );
        };
        let mut lines = vec![(ACCESS_KEY, id.to_owned()), (SECRET_KEY, secret.to_owned())];
        let token = TOKENS.into_iter().find(|name| section.contains_key(*name));
        let is_empty = |name: &str| {
            section.get(name).is_some_and(|token| token.value == Value::Text(String::new()))
        };
        if let Some(name) = token.filter(|name| !is_empty(name))
            && let Some(token) = self.text(section, name)?
        {
            lines.push(("aws_session_token", token.to_owned()));
        }
        Ok(Some(lines))
    }

    /// Returns the command in the form that a shell runs, because the SDK passes it to a shell.
    fn process(&self) -> Result<Option<String>, ProfileError> {
        const NAME: &str = "credential_process";
        let Some(property) = self.profile.merged.get(NAME) else { return Ok(None) };
        let command = text(property).map_err(|reason| self.refuse_at(property, NAME, reason))?;
        let Some(words) = words::split(command) else {
            return Err(self.refuse_at(property, NAME, "has an unclosed quote"));
        };
        if words.is_empty() {
            return Err(self.refuse_at(property, NAME, "is empty"));
        }
        Ok(Some(if has_comment(command) { words::quote(&words) } else { command.to_owned() }))
    }
}

/// Returns the text of a property, if the text is on one line.
pub(super) fn text(property: &Property) -> Result<&str, &'static str> {
    match &property.value {
        Value::Table(_) => Err("has properties of its own, where text is expected"),
        Value::Text(text) if text.contains(super::ini::ends_line) => {
            Err("goes on in further lines")
        }
        Value::Text(text) => Ok(text),
    }
}

/// Returns true if the SDK would cut the text off at a comment.
pub(super) fn has_comment(text: &str) -> bool {
    let spaces = || text.chars().map(char::is_whitespace);
    text.chars()
        .skip(1)
        .zip(spaces())
        .any(|(character, after_space)| after_space && matches!(character, '#' | ';'))
}

/// Returns true if `arn` has the shape of a role's ARN.
fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, resource] = parts.as_slice() else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let has_name = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    let is_plain = arn.bytes().all(|byte| byte.is_ascii_graphic());
    *prefix == "arn"
        && !partition.is_empty()
        && *service == "iam"
        && region.is_empty()
        && is_account
        && has_name
        && is_plain
}

fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(SHOWN_CHARS).collect()
}
