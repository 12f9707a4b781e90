//! Errors in the profile files.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The number of the line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file.display(), self.line)
    }
}

/// The error for profile files that give no identity, or an ambiguous one. No message contains a property's
/// value, except names of profiles and ARNs of roles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The file is too large or not text.
    #[error("cannot read the AWS profiles in `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: Arc<Path>,
        /// The reason, in words.
        reason: &'static str,
    },
    /// Botocore rejects the line.
    #[error("{place}: {reason}")]
    Malformed {
        /// The line.
        place: Place,
        /// The reason, in words.
        reason: &'static str,
    },
    /// No file contains the selected profile.
    #[error("there is no AWS profile `{profile}`")]
    Missing {
        /// The profile's name.
        profile: String,
    },
    /// `AWS_PROFILE` is empty, which the AWS CLI takes for the name of a profile.
    #[error("AWS_PROFILE is set and empty")]
    EmptyName,
    /// The two variables name different profiles.
    #[error(
        "AWS_PROFILE is `{one}` and AWS_DEFAULT_PROFILE is `{other}`, and AWS tools differ in which one wins"
    )]
    TwoProfiles {
        /// The value of `AWS_PROFILE`.
        one: String,
        /// The value of `AWS_DEFAULT_PROFILE`.
        other: String,
    },
    /// A property of the profile is wrong or missing.
    #[error("{place}: profile `{profile}`: {reason}")]
    Property {
        /// The line of the property, or of the profile.
        place: Place,
        /// The profile.
        profile: String,
        /// The reason, in words.
        reason: String,
    },
    /// The profile has a `credential_process`, and PATH leads into the working directory.
    #[error(
        "PATH has an entry that is empty or relative, so `credential_process` could run a program of the working directory"
    )]
    RelativePath,
    /// The role needs the code of a second factor.
    #[error(
        "{place}: profile `{profile}` needs an MFA code to assume its role (`mfa_serial`), and Audex does not ask for one"
    )]
    SecondFactor {
        /// The line of `mfa_serial`.
        place: Place,
        /// The profile with `mfa_serial`.
        profile: String,
        /// The selected profile, as the AWS CLI is given it.
        selected: String,
    },
}

impl ProfileError {
    /// Returns one action that can help the user.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::Malformed { .. } => {
                "correct the file; `aws configure list` shows whether the AWS CLI can read it".to_owned()
            }
            Self::Missing { .. } => {
                "`aws configure list-profiles` shows the profiles there are; correct or unset AWS_PROFILE"
                    .to_owned()
            }
            Self::EmptyName => "unset AWS_PROFILE, or set it to the name of a profile".to_owned(),
            Self::TwoProfiles { .. } => "unset one of the two".to_owned(),
            Self::Property { .. } => "correct the profile, or select another with AWS_PROFILE".to_owned(),
            Self::RelativePath => "remove entries such as `.` from PATH".to_owned(),
            Self::SecondFactor { selected, .. } => format!(
                "run `eval \"$(aws configure export-credentials --format env --profile '{selected}')\"` first, which asks for the code"
            ),
        }
    }
}
