//! Operations by method and path. `generate.py` makes the table.

use audex_sdk::provider::SeenRequest;
use method_table::{Found, Request, Table};

use crate::{Asked, protocol};

/// The table; its sections are signing names.
pub static TABLE: Table = Table::new(include_bytes!("../operations.bin"));
/// The parts of a host that follow an S3 bucket: `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3-fips.…`.
const BUCKET_HOSTS: [&str; 2] = [".s3.", ".s3-"];

/// Services, their headers that name a resource, and the names under which these are parameters. Source: header
/// members in botocore's models. S3 Control is not among them: its requests go to hosts of their own.
pub const PARAMETERS: [(&str, &str, &str); 4] = [
    ("chime", "x-amz-chime-bearer", "AppInstanceUserArn"),
    ("clouddirectory", "x-amz-data-partition", "DirectoryArn"),
    ("neptune-graph", "graphidentifier", "graphIdentifier"),
    ("qapps", "instance-id", "applicationId"),
];

/// Returns the parameters in the headers of the request.
pub fn in_headers(request: &SeenRequest) -> impl Iterator<Item = (String, String)> {
    let service = request.service.as_deref();
    let own = PARAMETERS.iter().filter(move |(of, ..)| service == Some(*of));
    own.filter_map(|(_, name, parameter)| {
        let value = protocol::header(request, name)?;
        Some(((*parameter).to_owned(), value.to_owned()))
    })
}

/// Returns the one operation of the request's service that fits the request best.
pub fn recognise(request: &SeenRequest) -> Option<Asked> {
    at(request, &request.path)
}

/// Returns the operation of the request if `path` were its path.
pub fn at(request: &SeenRequest, path: &str) -> Option<Asked> {
    let service = request.service.as_deref()?;
    let path = match bucket(service, &request.host) {
        Some(bucket) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    };
    let asked = Request {
        method: &request.method,
        path: &path,
        query: &request.query,
        headers: &request.headers,
    };
    let found = TABLE.find(service, asked)?;
    let Found { operation, labels, conditions, .. } = found;
    Some(Asked { operation, parameters: labels, conditions })
}

fn bucket<'a>(service: &str, host: &'a str) -> Option<&'a str> {
    let at = BUCKET_HOSTS.iter().filter_map(|part| host.find(part)).min()?;
    host.get(..at).filter(|bucket| service == "s3" && !bucket.is_empty())
}
