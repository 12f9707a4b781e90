//! Operations by method and path. The table is made by `generate.py`.

use audex_sdk::provider::SeenRequest;
use method_table::{Request, Table};

use crate::Asked;

/// Sections are signing names.
pub static TABLE: Table = Table::new(include_bytes!("../operations.bin"));
/// How S3 names a bucket in a host: `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3-fips.…`.
const BUCKET_HOSTS: [&str; 2] = [".s3.", ".s3-"];

/// The one operation of the request's service that fits it best.
pub fn recognise(request: &SeenRequest) -> Option<Asked> {
    let service = request.service.as_deref()?;
    let path = match bucket(service, &request.host) {
        Some(bucket) => format!("/{bucket}{}", request.path),
        None => request.path.clone(),
    };
    let asked =
        Request { method: &request.method, path: &path, query: &request.query, headers: &request.headers };
    let found = TABLE.find(service, asked)?;
    Some(Asked { operation: found.operation, parameters: found.labels })
}

fn bucket<'a>(service: &str, host: &'a str) -> Option<&'a str> {
    let at = BUCKET_HOSTS.iter().filter_map(|part| host.find(part)).min()?;
    host.get(..at).filter(|bucket| service == "s3" && !bucket.is_empty())
}
