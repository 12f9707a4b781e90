//! The status of a long operation, which a client asks for until the operation has ended.
//!
//! Its name is long and random, and only the reply to the operation itself tells it; so whoever was allowed
//! the operation may ask for its status. Source: Resource Manager, "Track asynchronous Azure operations".

use super::path::{Kind, Target};

const TYPES: [&str; 9] = [
    "operations",
    "operationresults",
    "operationstatus",
    "operationstatuses",
    "operationsstatus",
    "asyncoperations",
    "asyncoperationresults",
    "asyncoperationstatus",
    "asyncoperationstatuses",
];
const LOCATIONS: &str = "locations";
/// The least length of a random name: the digits of a GUID.
const RANDOM: usize = 32;

/// Returns true if a request asks for the status of one operation.
pub fn is_poll(method: &str, target: &Target) -> bool {
    let types = target.lower();
    let last = types.rsplit('/').next().unwrap_or_default();
    // Elsewhere it may be a resource that somebody made, as in API Management.
    let is_status = last != "operations" || types.ends_with(&format!("/{LOCATIONS}/{last}"));
    let name = target.name();
    let is_random = name.len() >= RANDOM
        && name.bytes().any(|byte| byte.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:;=~".contains(&b));
    is_status && method == "GET" && target.kind == Kind::Item && TYPES.contains(&last) && is_random
}
