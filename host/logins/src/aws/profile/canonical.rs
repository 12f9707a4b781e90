//! The selected profile in the form that the SDK receives: one text that the SDK's own parser accepts.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use super::chain::{Link, chain};
use super::{ProfileError, Profiles, Settings};
use audex_core::environment::{Environment, PATH};

/// The section for the SDK that holds the endpoints of single services.
const SERVICES: &str = "audex";

/// A file of profiles, and the name of the selected profile in it.
///
/// Security: the text holds keys, so the type has no `Debug`.
#[derive(Default)]
pub struct Canonical {
    /// The text of the file.
    pub text: String,
    /// The name of the profile in it.
    pub profile: String,
}

impl Profiles {
    /// Writes the profiles that the identity comes from, and the settings of the selected profile that apply
    /// to STS. If keys are in the environment, writes only the settings.
    ///
    /// # Errors
    /// [`ProfileError`] for a profile that the AWS CLI would reject.
    pub fn canonical(
        &self,
        environment: &Environment,
        has_keys: bool,
    ) -> Result<Canonical, ProfileError> {
        let settings = Settings::of(self)?;
        let mut sections = if has_keys { Vec::new() } else { chain(self, environment)? };
        let selected = self.name();
        if !sections.iter().any(|link| matches!(link, Link::Profile(name, _) if name == selected)) {
            sections.push(Link::Profile(selected.to_owned(), Vec::new()));
        }
        let mut text = String::new();
        for link in sections {
            let (lines, is_selected) = match link {
                Link::Profile(name, lines) => {
                    // Writing to a string cannot fail, here and below.
                    let _ = writeln!(text, "[profile {}]", encode(&name));
                    (lines, name == selected)
                }
                Link::SsoSession(name, lines) => {
                    let _ = writeln!(text, "[sso-session {name}]");
                    (lines, false)
                }
            };
            for (name, value) in lines {
                // Security: the SDK finds `sh` by PATH. With such an entry, `sh` could be a file of the
                // working directory.
                if name == "credential_process" && has_relative_entry(environment) {
                    return Err(ProfileError::RelativePath);
                }
                let _ = writeln!(text, "{name} = {value}");
            }
            if is_selected {
                text.push_str(&settings.for_sdk(SERVICES));
            }
        }
        Ok(Canonical { text, profile: encode(selected) })
    }
}

/// Returns true if PATH has an empty or relative entry, by which programs of the working directory are found.
fn has_relative_entry(environment: &Environment) -> bool {
    let path = environment.get_os(PATH).unwrap_or_default().as_bytes();
    !path.is_empty() && path.split(|byte| *byte == b':').any(|entry| !entry.starts_with(b"/"))
}

/// Encodes a profile's name in the characters that the SDK accepts. Every other character, and `%`, becomes
/// `%` and the hexadecimal of its bytes.
pub(super) fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-/.@:+".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
