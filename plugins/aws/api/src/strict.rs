//! Checks that a request has one meaning, and no part that goes unread. A gateway decides on such requests only.
//!
//! [`crate::recognise`] names the operation of whatever a command sent. This module says whether that name,
//! and the parameters with it, are all that the service can find in the request.

mod cbor;

use std::collections::HashSet;
use std::fmt;

use audex_sdk::provider::SeenRequest;
use serde::Deserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};

use self::cbor::is_cbor_map;
use crate::members::Members;
use crate::protocol::{self, Protocol, header};
use crate::{Asked, REST_XML, body, delete, rest};

/// Headers that change neither the operation nor its resources, or that the recogniser reads. A request with
/// another one is ambiguous, because a service may read it. Source: header members in botocore's models; RFC 9110.
#[rustfmt::skip]
const HEADERS: &[&str] = &[
    "accept", "accept-language", "allow-revert", "cache-control", "content-disposition", "content-encoding",
    "content-language", "content-length", "content-md5", "content-range", "content-type", "date", "expires", "host",
    "if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "latest-version-number",
    "match-for-version-type", "mcp-protocol-version", "mcp-session-id", "origin", "pragma", "range", "referer",
    "smithy-protocol", "traceparent", "tracestate", "user-agent", "versionlabel", "x-amz-acl", "x-amz-api-version",
    "x-amz-archive-description", "x-amz-archive-size", "x-amz-bucket-namespace", "x-amz-bucket-object-lock-enabled",
    "x-amz-bucket-object-lock-token", "x-amz-bypass-governance-retention", "x-amz-changedblockscount",
    "x-amz-checksum", "x-amz-client-context", "x-amz-client-token", "x-amz-confirm-remove-self-bucket-access",
    "x-amz-consistency-level", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-copy-source-range",
    "x-amz-data-length", "x-amz-date", "x-amz-decoded-content-length", "x-amz-durable-execution-name",
    "x-amz-expected-bucket-owner", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp",
    "x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-if-match-initiated-time",
    "x-amz-if-match-last-modified-time", "x-amz-if-match-size", "x-amz-invocation-type",
    "x-amz-last-modified-region", "x-amz-last-modified-time", "x-amz-log-type", "x-amz-max-parts",
    "x-amz-metadata-directive", "x-amz-mfa", "x-amz-mp-object-size", "x-amz-mqtt5-correlation-data",
    "x-amz-mqtt5-payload-format-indicator", "x-amz-mqtt5-user-properties", "x-amz-object-attributes",
    "x-amz-object-if-match", "x-amz-object-lock-legal-hold", "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date", "x-amz-object-ownership", "x-amz-optional-object-attributes",
    "x-amz-part-number-marker", "x-amz-part-size", "x-amz-progress", "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled", "x-amz-server-side-encryption-context",
    "x-amz-sha256-tree-hash", "x-amz-skip-destination-validation", "x-amz-source-expected-bucket-owner",
    "x-amz-storage-class", "x-amz-tagging", "x-amz-tagging-directive", "x-amz-target", "x-amz-tenant-id",
    "x-amz-trailer", "x-amz-transition-default-minimum-object-size", "x-amz-upload-availability",
    "x-amz-user-agent", "x-amz-version-id", "x-amz-website-redirect-location", "x-amz-write-offset-bytes",
    "x-amzn-bedrock-accept", "x-amzn-bedrock-agentcore-runtime-session-id",
    "x-amzn-bedrock-performanceconfig-latency", "x-amzn-bedrock-request-metadata", "x-amzn-bedrock-service-tier",
    "x-amzn-bedrock-trace", "x-amzn-browser-session-id", "x-amzn-client-token",
    "x-amzn-code-interpreter-session-id", "x-amzn-deletion-protection-check", "x-amzn-engine",
    "x-amzn-languagecode", "x-amzn-outputformat", "x-amzn-query-mode", "x-amzn-sagemaker-accept",
    "x-amzn-sagemaker-content-type", "x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-enable-explanations",
    "x-amzn-sagemaker-filename", "x-amzn-sagemaker-inference-id", "x-amzn-sagemaker-invocationtimeoutseconds",
    "x-amzn-sagemaker-requestttlseconds", "x-amzn-sagemaker-session-id", "x-amzn-samplerate", "x-amzn-trace-id",
    "x-amzn-update-if-match", "x-amzn-voiceid", "x-client-token",
];
/// Beginnings of such headers.
const HEADER_PREFIXES: [&str; 6] = [
    "amz-sdk-",
    "x-amz-checksum-",
    "x-amz-copy-source-if-",
    "x-amz-copy-source-server-side-encryption-customer-",
    "x-amz-meta-",
    "x-amz-server-side-encryption-customer-",
];
/// The parameters of S3's operations that select nothing. Every other name in a query selects an operation, and counts as read only
/// if the operation that was found has it. Source: query members in botocore's model of S3.
#[rustfmt::skip]
const S3_PARAMETERS: &[&str] = &[
    "bucket-region", "continuation-token", "delimiter", "encoding-type", "fetch-owner", "id", "key-marker",
    "marker", "max-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber", "prefix",
    "response-cache-control", "response-content-disposition", "response-content-encoding",
    "response-content-language", "response-content-type", "response-expires", "start-after", "upload-id-marker",
    "uploadId", "version-id-marker", "versionId", "x-id",
];
/// Query parameters that are read once, and not as lists. Every other name of a query may be there twice.
const SINGLE: [&str; 1] = ["Qualifier"];
const SLASH: &str = "%2F";
/// The most encoded slashes in a path; the longest ARNs and topics have seven.
const SLASHES: usize = 16;
/// The beginning of an encoded ARN.
const ARN: &str = "arn%3A";
/// A name that no path has in its place.
const OTHER_NAME: &str = "audex-other-name";
const FORM: &str = "application/x-www-form-urlencoded";

/// Checks that `request`, recognised as `asked` with the parameters `members`, has one meaning.
///
/// # Errors
/// The part that has more than one meaning, or that is not read.
pub fn check(request: &SeenRequest, asked: &Asked, members: &Members) -> Result<(), String> {
    if !request.complete {
        return Err("a part of the request is missing".to_owned());
    }
    headers(request)?;
    let is_form = content_type(request) == FORM;
    let form = if is_form { body::pairs(&request.body)? } else { request.query.clone() };
    let has_action = form.iter().any(|(name, _)| name == "Action");
    let Some(protocol) = protocol::of(request, has_action) else {
        return Err("several protocols, or none, fit it".to_owned());
    };
    let has_target = header(request, "x-amz-target").is_some();
    match protocol {
        Protocol::Json => {
            at_root(request)?;
            alone(request)?;
            is_json_object(&request.body)?;
            known(members, body::names(&request.body).iter())
        }
        Protocol::Cbor => {
            no_target(has_target)?;
            alone(request)?;
            is_cbor_map(&request.body)?;
            known(members, body::cbor(&request.body).iter().map(|(name, _)| name))
        }
        Protocol::Query => {
            no_target(has_target)?;
            at_root(request)?;
            if is_form {
                alone(request)?;
            } else if !request.body.is_empty() {
                return Err("it has parameters in its query and a body".to_owned());
            }
            once("parameter", form.iter().map(|(name, _)| name.as_str()))?;
            let is_own = |name: &&String| !["Action", "Version"].contains(&name.as_str());
            known(members, form.iter().map(|(name, _)| name).filter(is_own))
        }
        Protocol::Rest => {
            no_target(has_target)?;
            if is_form && !request.body.is_empty() {
                return Err("it has a form for a body".to_owned());
            }
            if request.service.as_deref() == Some("s3") {
                s3(request, asked)
            } else {
                rest(request, asked, members)
            }
        }
    }
}

fn content_type(request: &SeenRequest) -> String {
    let kind = header(request, "content-type").unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn headers(request: &SeenRequest) -> Result<(), String> {
    let service = request.service.as_deref();
    let is_own = |name: &str| {
        rest::PARAMETERS.iter().any(|(of, own, _)| service == Some(*of) && name == *own)
    };
    let is_read = |name: &str| {
        HEADERS.contains(&name)
            || HEADER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || is_own(name)
    };
    match request.headers.iter().find(|(name, _)| !is_read(name)) {
        Some((name, _)) => Err(format!("the header `{}` is not read", name.escape_default())),
        None => once("header", request.headers.iter().map(|(name, _)| name.as_str())),
    }
}

/// Checks that each name appears once.
fn once<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut known = HashSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(format!("the {what} `{}` is there twice", name.escape_default()));
        }
    }
    Ok(())
}

fn no_target(has_target: bool) -> Result<(), String> {
    if has_target {
        Err("`x-amz-target` does not belong to its protocol".to_owned())
    } else {
        Ok(())
    }
}

fn at_root(request: &SeenRequest) -> Result<(), String> {
    if request.path == "/" { Ok(()) } else { Err("its path is not `/`".to_owned()) }
}

fn alone(request: &SeenRequest) -> Result<(), String> {
    if request.method != "POST" {
        return Err("its method is not POST".to_owned());
    }
    if request.query.is_empty() { Ok(()) } else { Err("it has a query and a body".to_owned()) }
}

fn s3(request: &SeenRequest, asked: &Asked) -> Result<(), String> {
    once("parameter", request.query.iter().map(|(name, _)| name.as_str()))?;
    let bucket = request.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if bucket.contains('%') && !bucket.to_ascii_lowercase().starts_with("arn%3a") {
        return Err("the name of its bucket is encoded".to_owned());
    }
    let is_read =
        |name: &String| S3_PARAMETERS.contains(&name.as_str()) || asked.conditions.contains(name);
    if let Some((name, _)) = request.query.iter().find(|(name, _)| !is_read(name)) {
        return Err(format!("the parameter `{}` is not read", name.escape_default()));
    }
    let is_deletion =
        request.method == "POST" && request.query.iter().any(|(name, _)| name == "delete");
    if is_deletion && delete::keys(&request.body).is_empty() {
        return Err("its list of objects is not written as S3 documents it".to_owned());
    }
    Ok(())
}

fn rest(request: &SeenRequest, asked: &Asked, members: &Members) -> Result<(), String> {
    one_path(request, asked)?;
    let names = || request.query.iter().map(|(name, _)| name);
    once("parameter", names().map(String::as_str).filter(|name| SINGLE.contains(name)))?;
    let is_own = |name: &&String| !asked.conditions.contains(name);
    known(members, names().filter(is_own))?;
    let is_data = members.has_data_body();
    if header(request, "content-encoding").is_some() {
        return Err("its body is encoded".to_owned());
    }
    // Security: a service may read JSON in a body of any content type.
    // XML names no resource.
    let is_xml = REST_XML.contains(&request.service.as_deref().unwrap_or_default());
    if is_data || is_xml || request.body.is_empty() {
        return Ok(());
    }
    is_json_object(&request.body)?;
    known(members, body::names(&request.body).iter())
}

/// Checks that the operation has these parameters. Security: a service ignores a parameter that it does not
/// know, so such a parameter must not name a resource here.
fn known<'a>(members: &Members, mut names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    match names.find(|name| !members.has(name)) {
        Some(name) => {
            Err(format!("the parameter `{}` is not of its operation", name.escape_default()))
        }
        None => Ok(()),
    }
}

/// Checks that each encoded `/` is a part of a name, for every server: if a server that decodes the path first
/// found another operation or another name, the path would have two readings.
fn one_path(request: &SeenRequest, asked: &Asked) -> Result<(), String> {
    let path = request.path.replace("%2f", SLASH);
    let places: Vec<usize> = path.match_indices(SLASH).map(|(at, _)| at).collect();
    if places.is_empty() {
        return Ok(());
    }
    if places.len() > SLASHES {
        return Err(format!("its path has more than {SLASHES} encoded `/`"));
    }
    if path.split('/').any(|segment| segment.ends_with(SLASH)) {
        return Err("a name in its path ends in an encoded `/`".to_owned());
    }
    let operation = |path: &str| rest::at(request, path).map(|found| found.operation);
    let is_other = |path: &str| operation(path).filter(|other| *other != asked.operation);
    if let Some(other) = is_other(&path.replace(SLASH, "/")).filter(|_| !path.contains(ARN)) {
        return Err(format!("with its encoded `/` decoded, its path is of `{other}`"));
    }
    for at in places {
        let (before, after) =
            (path.get(..at).unwrap_or_default(), path.get(at..).unwrap_or_default());
        let after = after.strip_prefix(SLASH).unwrap_or(after);
        let Some(other) = is_other(&format!("{before}/{after}")) else { continue };
        // The rest of an ARN may be where another operation has a name, and not where it has a word.
        let part = after.find(['/', '%']).unwrap_or(after.len());
        let renamed = format!("{before}/{OTHER_NAME}{}", after.get(part..).unwrap_or_default());
        let segment = before.rsplit('/').next().unwrap_or_default();
        if !segment.starts_with(ARN) || operation(&renamed).as_ref() != Some(&other) {
            return Err(format!("with its encoded `/` decoded, its path is of `{other}`"));
        }
    }
    Ok(())
}

/// Checks that `body` is one JSON object, in which no object has a name twice.
fn is_json_object(body: &[u8]) -> Result<(), String> {
    let wrong = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => error.to_string(),
        _ => "its body is not one JSON object".to_owned(),
    };
    if body.trim_ascii().is_empty() {
        return Ok(());
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("its body is not one JSON object".to_owned());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    deserializer.deserialize_any(Unique).map_err(wrong)?;
    deserializer.end().map_err(wrong)
}

/// Accepts any value in which no object has a name twice.
struct Unique;

impl<'de> serde::de::DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if known.contains(&name) {
                return Err(A::Error::custom(format!(
                    "the name `{}` is there twice in its body",
                    name.escape_default()
                )));
            }
            known.insert(name);
            map.next_value_seed(Unique)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
