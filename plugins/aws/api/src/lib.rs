//! What a request to AWS asks for: its operation, by the protocol of its service, and its parameters.
//!
//! Source: Smithy 2.0, "AWS protocols" (awsJson 1.0 and 1.1, awsQuery, ec2Query, restJson1, restXml) and "Smithy RPC v2 CBOR".
//! Everything is what a command sent: bounded, and never trusted to be well formed.

mod body;
mod rest;

use audex_sdk::provider::SeenRequest;

/// Letters of an operation's name; the longest there is has 71.
const NAME: usize = 100;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As the service's API calls it.
    pub operation: String,
    /// Names and values of what it was given, where these are texts; a list is several.
    pub parameters: Vec<(String, String)>,
}

impl Asked {
    /// The values of the parameter `name`, in any case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The operation of `request`; none where that is not known for sure.
#[must_use]
pub fn recognise(request: &SeenRequest) -> Option<Asked> {
    let header =
        |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let kind = header("content-type").unwrap_or_default();
    if let Some(target) = header("x-amz-target") {
        let operation = named(target.rsplit_once('.')?.1)?;
        return Some(Asked { operation, parameters: body::json(&request.body) });
    }
    if header("smithy-protocol") == Some("rpc-v2-cbor") {
        let operation = named(request.path.rsplit_once("/operation/")?.1)?;
        return Some(Asked { operation, parameters: body::cbor(&request.body) });
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return query(body::form(&request.body));
    }
    if !rest::has(request.service.as_deref()?) {
        return query(body::numbered(request.query.clone()));
    }
    let mut asked = rest::recognise(request)?;
    if kind.starts_with("application/json") {
        asked.parameters.extend(body::json(&request.body));
    }
    asked.parameters.extend(request.query.iter().cloned());
    Some(asked)
}

/// The operation is a parameter.
fn query(parameters: Vec<(String, String)>) -> Option<Asked> {
    let (_, operation) = parameters.iter().find(|(name, _)| name == "Action")?;
    Some(Asked { operation: named(operation)?, parameters })
}

fn named(text: &str) -> Option<String> {
    let is_name = !text.is_empty() && text.len() <= NAME && text.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
