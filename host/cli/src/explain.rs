//! Explains a denial: the missing permission, who refused it, and the next step.
//!
//! Reads words only. What is not understood is reported as such, and nothing is guessed.

mod aws;
mod azure;
mod gcp;
mod own;
mod quote;
pub mod recorded;
pub mod show;
pub mod step;
mod vault;

use std::borrow::Cow;

use serde::Serialize;

use audex_core::hint::Hint;
use audex_core::printable::is_hidden;

pub use self::step::{Step, steps};

/// The maximum length of a text, in bytes. Longer output of a tool is not one error message.
pub const MAX_BYTES: usize = 1 << 20;
/// The maximum number of denials that are explained: a person reads no more.
const MAX_DENIALS: usize = 20;
/// The maximum number of characters of a name that is quoted from the text.
const NAME_CHARACTERS: usize = 2_000;

/// Finds the denials in a text, each with its place.
type Reader = fn(&str) -> Vec<(usize, Denial)>;

/// One denied call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denial {
    /// The provider whose words they are; `None` for words of Audex about any provider.
    pub provider: Option<Cow<'static, str>>,
    /// The missing permission, if the text names it.
    pub action: Option<String>,
    /// The resource, if the text names it.
    pub resource: Option<String>,
    /// The holder of the credentials, if the text names it.
    pub principal: Option<String>,
    /// The party that refused.
    pub refused_by: RefusedBy,
    /// True if a rule denies the call; false if no rule allows it, or if the text does not say.
    pub explicit: bool,
    /// The policy, limit, assignment or filter that the text names.
    pub rule: Option<String>,
    /// The encoded message of EC2, which only the cloud can read.
    pub encoded: Option<String>,
}

/// The party that refused a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedBy {
    /// The cloud, which does not say by which policy.
    #[default]
    Cloud,
    /// The grant of the session, at the gateway.
    Gateway,
    /// The gateway, because it does not forward such a request.
    GatewayUnread,
    /// A limit of the session.
    Limit,
    /// The gateway, because the reply carries credentials and the permission was not named in full.
    Credentials,
    /// A filter or a deny list of this machine.
    Filter,
    /// The grant of the session, at the cloud.
    Grant,
    /// The policies of the role or the user.
    Role,
    /// A permissions boundary.
    Boundary,
    /// The policy of the resource.
    ResourcePolicy,
    /// A service control policy of the organisation in the cloud.
    ServiceControlPolicy,
    /// A resource control policy of the organisation in the cloud.
    ResourceControlPolicy,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
    /// The trust policy of a role.
    TrustPolicy,
    /// The scopes of an access token.
    TokenScope,
    /// A service perimeter (VPC Service Controls).
    ServicePerimeter,
    /// A deny assignment.
    DenyAssignment,
    /// A policy that limits how resources may look (Azure Policy).
    AzurePolicy,
    /// A lock on a resource.
    Lock,
    /// A policy of the Vault token.
    VaultPolicy,
}

/// The error for a text that is not a known denial.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotUnderstood {
    /// The text is empty.
    #[error("there is no text to explain")]
    Empty,
    /// The text is longer than an error message.
    #[error("the text is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The text names neither a permission nor a party that refused it.
    #[error("the text does not say which permission is missing{}", .operation.as_ref().map(|name| format!("; it names only the operation `{name}`")).unwrap_or_default())]
    NotNamed {
        /// The operation that the text names, if it does.
        operation: Option<String>,
    },
}

impl Hint for NotUnderstood {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Empty => {
                "give the error message, or leave the argument out for the last refusal in the audit log"
            }
            Self::TooLong => "give the error message alone",
            Self::NotNamed { .. } => {
                "after a run with a gateway, `tryaudex explain denial` without a text says what was refused; `tryaudex learn -- COMMAND` shows what a command calls"
            }
        };
        Some(hint.into())
    }
}

/// Explains every denial in `text`, in the order of the text.
///
/// # Errors
/// [`NotUnderstood`] if there is no known denial.
pub fn text(text: &str) -> Result<Vec<Denial>, NotUnderstood> {
    if text.len() > MAX_BYTES {
        return Err(NotUnderstood::TooLong);
    }
    let plain = plain(text);
    if plain.trim().is_empty() {
        return Err(NotUnderstood::Empty);
    }
    let readers: [Reader; 5] = [own::read, aws::read, gcp::read, azure::read, vault::read];
    let mut found: Vec<(usize, Denial)> =
        readers.into_iter().flat_map(|read| read(&plain)).collect();
    found.sort_by_key(|(place, _)| *place);
    let mut denials: Vec<Denial> = Vec::new();
    for (_, denial) in found {
        if denials.len() < MAX_DENIALS && !denials.contains(&denial) {
            denials.push(denial);
        }
    }
    if denials.is_empty() {
        return Err(NotUnderstood::NotNamed { operation: aws::operation(&plain) });
    }
    Ok(denials)
}

/// Returns the text without the quoting of XML and JSON, in which error messages travel.
///
/// Security: hidden characters become blanks, so that no name is read that a person sees differently. Line ends stay:
/// they end a name.
fn plain(text: &str) -> String {
    let text = text
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace("\\\"", "\"")
        .replace("\\n", "\n")
        .replace("\\r", "\n")
        .replace("\\t", " ");
    text.chars().map(|c| if c != '\n' && is_hidden(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
