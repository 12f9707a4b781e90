//! A request that a command sent to its cloud, as far as it tells which operation was asked for.

/// One request; what would only authenticate it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// The service in the signature's scope, such as `s3`, where there is a signature.
    pub service: Option<String>,
    /// The region in the signature's scope.
    pub region: Option<String>,
    /// The HTTP method in capitals.
    pub method: String,
    /// The host that was asked.
    pub host: String,
    /// The path, percent-encoded as it was asked for.
    pub path: String,
    /// The parameters, decoded, without the parts of a signature.
    pub query: Vec<(String, String)>,
    /// The headers that name operation or resource, in lower case.
    pub headers: Vec<(String, String)>,
    /// At most the first 64 KiB.
    pub body: Vec<u8>,
}
