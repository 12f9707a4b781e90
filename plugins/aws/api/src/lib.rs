//! Recognises a request to AWS: its operation, by the protocol of its service, and its parameters.
//!
//! Source: Smithy 2.0, "AWS protocols" (awsJson 1.0 and 1.1, awsQuery, ec2Query, restJson1, restXml) and
//! "Smithy RPC v2 CBOR". A command sent all of this input: the input is bounded, and never trusted to be well
//! formed.

mod body;
mod delete;
mod protocol;
mod rest;

use audex_sdk::provider::SeenRequest;

use protocol::Protocol;

pub use delete::{KEY, VERSIONED_KEY};

/// The most letters of an operation's name; the longest known name has 71.
const NAME: usize = 100;

/// The one operation of S3 that names its objects in the body.
const DELETE_OBJECTS: &str = "DeleteObjects";

/// The operation and the parameters of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name in the service's API.
    pub operation: String,
    /// Names and values of the parameters that are texts; a list has several entries.
    pub parameters: Vec<(String, String)>,
}

impl Asked {
    /// Returns the values of the parameter `name`, in any case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Returns the operation of `request`, or `None` if the operation is not certain.
#[must_use]
pub fn recognise(request: &SeenRequest) -> Option<Asked> {
    let kind = protocol::header(request, "content-type").unwrap_or_default();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let form =
        if is_form { body::form(&request.body) } else { body::numbered(request.query.clone()) };
    let has_action = form.iter().any(|(name, _)| name == "Action");
    match protocol::of(request, has_action)? {
        Protocol::Json => {
            let target = protocol::header(request, "x-amz-target")?;
            let operation = named(target.rsplit_once('.')?.1)?;
            Some(Asked { operation, parameters: body::json(&request.body) })
        }
        Protocol::Cbor => {
            let operation = named(request.path.rsplit_once("/operation/")?.1)?;
            Some(Asked { operation, parameters: body::cbor(&request.body) })
        }
        Protocol::Query => query(form),
        Protocol::Rest => {
            let mut asked = rest::recognise(request)?;
            if asked.operation == DELETE_OBJECTS && request.service.as_deref() == Some("s3") {
                asked.parameters.extend(delete::keys(&request.body));
            } else if request.body.trim_ascii_start().starts_with(b"{") {
                asked.parameters.extend(body::json(&request.body));
            }
            asked.parameters.extend(request.query.iter().cloned());
            Some(asked)
        }
    }
}

/// Reads the operation from the parameter `Action`.
fn query(parameters: Vec<(String, String)>) -> Option<Asked> {
    let (_, operation) = parameters.iter().find(|(name, _)| name == "Action")?;
    Some(Asked { operation: named(operation)?, parameters })
}

fn named(text: &str) -> Option<String> {
    let is_name =
        !text.is_empty() && text.len() <= NAME && text.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
