//! The protocols of services. The service in the signature decides, never a header that any client can send.

use audex_sdk::provider::SeenRequest;
use method_table::sorted;

/// Sorted lines of a signing name and its protocols, made by `protocols.py`.
pub const SPOKEN: &str = include_str!("../protocols.txt");

/// The ways in which a request names its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// By method and path.
    Rest,
    /// `x-amz-target: Service.Operation`.
    Json,
    /// `smithy-protocol: rpc-v2-cbor`, and the path.
    Cbor,
    /// `Action=Operation` in a form or in the query.
    Query,
}

/// Returns the one protocol that `request` can use, or `None` if its service accepts several that name an
/// operation here.
pub fn of(request: &SeenRequest, has_action: bool) -> Option<Protocol> {
    let service = request.service.as_deref()?;
    let spoken: Vec<Protocol> = line(service).split(' ').filter_map(parse).collect();
    let speaks = |protocol: Protocol| {
        if spoken.is_empty() { protocol != Protocol::Rest } else { spoken.contains(&protocol) }
    };
    let is_there = |name: &str| header(request, name).is_some();
    let is_cbor = header(request, "smithy-protocol") == Some("rpc-v2-cbor");
    let named = [
        (Protocol::Json, is_there("x-amz-target")),
        (Protocol::Cbor, is_cbor),
        (Protocol::Query, has_action),
    ];
    // Paths that name no operation of a service: `POST /`, and the one path of Smithy RPC.
    let is_named = request.path == "/" && (request.method == "POST" || has_action)
        || is_cbor && request.path.contains("/operation/");
    if speaks(Protocol::Rest) && (spoken.len() == 1 || !is_named) {
        return Some(Protocol::Rest);
    }
    let mut said = named.into_iter().filter(|(protocol, is_said)| *is_said && speaks(*protocol));
    let (protocol, _) = said.next()?;
    said.next().is_none().then_some(protocol)
}

fn line(service: &str) -> &'static str {
    sorted::rest_of(SPOKEN, service).unwrap_or_default()
}

fn parse(word: &str) -> Option<Protocol> {
    Some(match word {
        "rest" => Protocol::Rest,
        "json" => Protocol::Json,
        "cbor" => Protocol::Cbor,
        "query" => Protocol::Query,
        _ => return None,
    })
}

/// Returns the value of a header, by its name in lower case.
pub fn header<'a>(request: &'a SeenRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
