//! Recognises a request to AWS: its operation, by the protocol of its service, and its parameters.
//!
//! Source: Smithy 2.0, "AWS protocols" (awsJson 1.0 and 1.1, awsQuery, ec2Query, restJson1, restXml) and
//! "Smithy RPC v2 CBOR". A command sent all of this input: the input is bounded, and never trusted to be well
//! formed.

mod body;
mod delete;
mod members;
mod protocol;
mod rest;
pub mod strict;

use audex_sdk::provider::SeenRequest;

use protocol::Protocol;

pub use body::longest_cbor_list;
pub use delete::{KEY, VERSIONED_KEY};
pub use members::Members;

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
    /// The names of the query's parameters that select the operation.
    pub conditions: Vec<String>,
}

impl Asked {
    fn new(operation: String, parameters: Vec<(String, String)>) -> Self {
        Self { operation, parameters, conditions: Vec::new() }
    }

    /// Returns the values of the parameter `name`, in any case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The format of a service's replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// XML, as S3 writes it.
    S3,
    /// XML of the other services with operations by path.
    RestXml,
    /// JSON of services with operations by path.
    RestJson,
    /// AWS JSON 1.0 and 1.1.
    Json,
    /// Smithy RPC v2 CBOR.
    Cbor,
    /// The query protocol.
    Query,
    /// The query protocol of EC2.
    Ec2,
}

/// The signing names of the services, besides S3, that speak XML in operations by path. Source: `protocol: rest-xml` in
/// botocore's models.
const REST_XML: [&str; 2] = ["cloudfront", "route53"];

/// Returns the format of the reply to `request`.
#[must_use]
pub fn dialect(request: &SeenRequest) -> Dialect {
    let service = request.service.as_deref().unwrap_or_default();
    let has_action = is_form(request) || request.query.iter().any(|(name, _)| name == "Action");
    match protocol::of(request, has_action) {
        _ if service.starts_with("s3") => Dialect::S3,
        Some(Protocol::Query) if service == "ec2" => Dialect::Ec2,
        Some(Protocol::Query) => Dialect::Query,
        Some(Protocol::Cbor) => Dialect::Cbor,
        Some(Protocol::Json) => Dialect::Json,
        Some(Protocol::Rest) if REST_XML.contains(&service) => Dialect::RestXml,
        Some(Protocol::Rest) | None => Dialect::RestJson,
    }
}

fn is_form(request: &SeenRequest) -> bool {
    let kind = protocol::header(request, "content-type").unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

/// Returns the operation of `request`, or `None` if the operation is not certain.
#[must_use]
pub fn recognise(request: &SeenRequest) -> Option<Asked> {
    let is_form = is_form(request);
    let form = if is_form {
        body::form(&request.body, request.complete)
    } else {
        body::numbered(request.query.clone())
    };
    let has_action = form.iter().any(|(name, _)| name == "Action");
    match protocol::of(request, has_action)? {
        Protocol::Json => {
            let target = protocol::header(request, "x-amz-target")?;
            let operation = named(target.rsplit_once('.')?.1)?;
            Some(Asked::new(operation, body::json(&request.body)))
        }
        Protocol::Cbor => {
            let operation = named(request.path.rsplit_once("/operation/")?.1)?;
            Some(Asked::new(operation, body::cbor(&request.body)))
        }
        Protocol::Query => query(form),
        Protocol::Rest => {
            let mut asked = rest::recognise(request)?;
            if asked.operation == DELETE_OBJECTS && request.service.as_deref() == Some("s3") {
                asked.parameters.extend(delete::keys(&request.body));
            } else if request.body.trim_ascii_start().starts_with(b"{")
                && !Members::of(request, &asked.operation).is_some_and(|of| of.has_data_body())
            {
                asked.parameters.extend(body::json(&request.body));
            }
            asked.parameters.extend(request.query.iter().cloned());
            asked.parameters.extend(rest::in_headers(request));
            Some(asked)
        }
    }
}

/// Reads the operation from the parameter `Action`.
fn query(parameters: Vec<(String, String)>) -> Option<Asked> {
    let (_, operation) = parameters.iter().find(|(name, _)| name == "Action")?;
    Some(Asked::new(named(operation)?, parameters))
}

fn named(text: &str) -> Option<String> {
    let is_name =
        !text.is_empty() && text.len() <= NAME && text.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
