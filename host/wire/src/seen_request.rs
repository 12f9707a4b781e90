//! A request from a command to its cloud, with the parts that show which operation was requested.

use bytes::Bytes;

/// A request without the parts that only authenticate it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// The service in the signature's scope, such as `s3`, if there is a signature.
    pub service: Option<String>,
    /// The region in the signature's scope, if there is a signature.
    pub region: Option<String>,
    /// The HTTP method in capitals.
    pub method: String,
    /// The requested host.
    pub host: String,
    /// The path, percent-encoded as in the request.
    pub path: String,
    /// The decoded parameters, without the parts of a signature.
    pub query: Vec<(String, String)>,
    /// The headers that name the operation or resource, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, or its beginning.
    pub body: Bytes,
    /// False if a part of the request is missing here.
    pub complete: bool,
}
