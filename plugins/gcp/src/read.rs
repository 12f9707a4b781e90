//! The permissions and resources that a request needs, read strictly: what a gateway decides on.
//!
//! Security: a part of a request that can change its meaning and that is not read makes the request unknown or
//! ambiguous, and a resource that the request does not show makes its permissions ones on every resource.

mod batch;
mod bigquery;
mod body;
mod further;
mod known;
mod multipart;
mod needs;
mod place;
mod query;
mod reference;
mod storage;
mod target;
mod xml;

use audex_sdk::provider::{Need, Reading, Scope, SeenRequest};
use method_table::{Found, Request};
use serde_json::{Map, Value};

use crate::recognise::{METHODS, permissions};
use needs::Needs;
use target::Target;

#[cfg(test)]
#[cfg(test)]
pub use known::hosts;
pub use known::reads;
pub use place::name;

/// The most characters of a path in a reason.
const PATH: usize = 80;
/// Headers that replace the method of a request, or the caller.
const OVERRIDES: [&str; 7] = [
    "authorization",
    "x-goog-api-key",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];
/// Beginnings of further such headers: other callers, and another protocol of uploads.
const OVERRIDING: [&str; 2] = ["x-goog-iam-", "x-goog-upload-"];
const DOWNLOAD: &str = "/download";
/// A version of Pub/Sub that names its resources in other ways.
const OLD_PUBSUB: &str = "/v1beta1a/";

/// Returns the meaning of `request`.
pub fn read(request: &SeenRequest) -> Reading {
    match all(request) {
        Ok(needs) => Reading::Calls(needs),
        Err(reading) => reading,
    }
}

fn all(request: &SeenRequest) -> Result<Vec<Need>, Reading> {
    if !batch::is_one(&request.path) {
        return one(request);
    }
    let why = |reason: String| Reading::Ambiguous(format!("a batch: {reason}"));
    check_headers(request).map_err(why)?;
    if target::of(&request.host, &request.path).is_none() {
        return Err(Reading::Unknown(seen(request)));
    }
    let mut needs = Vec::new();
    for part in batch::requests(request).map_err(why)? {
        if batch::is_one(&part.path) {
            return Err(why("it holds another batch".to_owned()));
        }
        needs.extend(one(&part)?);
    }
    Ok(needs)
}

fn one(request: &SeenRequest) -> Result<Vec<Need>, Reading> {
    let unknown = || Reading::Unknown(seen(request));
    let kind = request.headers.iter().find(|(name, _)| name == "content-type");
    if kind.is_some_and(|(_, kind)| kind.starts_with("application/grpc")) {
        let host = &request.host;
        let text =
            format!("gRPC to {host}, which the gateway does not read: let the client use REST");
        return Err(Reading::Unknown(text));
    }
    let ambiguous = |reason: String| Reading::Ambiguous(format!("{}: {reason}", seen(request)));
    check_headers(request).map_err(ambiguous)?;
    let target = target::of(&request.host, &request.path).ok_or_else(unknown)?;
    let is_storage = target.api == storage::HOST;
    if is_storage && xml::is_one(&request.path) {
        let needs = xml::read(request).map_err(ambiguous)?.ok_or_else(unknown)?;
        return finish(request, needs, 1).map_err(ambiguous);
    }
    let query = query::parameters(request, &target.api).map_err(ambiguous)?;
    if let Some(needs) = step_of_upload(request, &target, &query).map_err(ambiguous)? {
        return finish(request, needs, 1).map_err(ambiguous);
    }
    let download = request
        .path
        .strip_prefix(DOWNLOAD)
        .filter(|path| is_storage && request.method == "GET" && path.starts_with("/storage/"));
    let path = download.unwrap_or(&request.path);
    let asked = Request { method: &request.method, path, query: &[], headers: &[] };
    let found = METHODS.find(&target.api, asked).ok_or_else(unknown)?;
    if found.template.starts_with(OLD_PUBSUB) {
        return Err(unknown());
    }
    let actions =
        permissions(&found.operation).ok_or_else(|| Reading::Unknown(found.operation.clone()))?;
    let ambiguous = |reason: String| Reading::Ambiguous(format!("{}: {reason}", found.operation));
    let body = body_of(request, &found, &query).map_err(ambiguous)?;
    let call = Call { target: &target, found: &found, query: &query, body: &body };
    let needs = call.needs(actions).map_err(ambiguous)?;
    finish(request, needs, longest(&body)).map_err(ambiguous)
}

/// Adds what the headers need, and returns the list.
fn finish(request: &SeenRequest, mut needs: Needs, uses: u32) -> Result<Vec<Need>, String> {
    // The project whose quota is used, and which is billed. Source: "System parameters".
    if let Some(project) = body::header(request, "x-goog-user-project")? {
        needs.on("serviceusage.services.use", place::project(project));
    }
    Ok(needs.into_list(uses))
}

/// Rejects headers that could change the method, the caller or the address.
fn check_headers(request: &SeenRequest) -> Result<(), String> {
    for (name, _) in &request.headers {
        let lower = name.to_ascii_lowercase();
        let is_overriding = OVERRIDING.iter().any(|start| lower.starts_with(start));
        if is_overriding || OVERRIDES.contains(&lower.as_str()) {
            return Err(format!("the header `{name}` is not read"));
        }
    }
    Ok(())
}

/// Returns the needs of a later step of a resumable upload, which carries the id of its session.
fn step_of_upload(
    request: &SeenRequest,
    target: &Target<'_>,
    query: &Map<String, Value>,
) -> Result<Option<Needs>, String> {
    let is_step = ["PUT", "DELETE"].contains(&request.method.as_str());
    let Some(id) = query::one(query, "uploadId")?.filter(|_| target.api == storage::HOST) else {
        return if query.contains_key("uploadId") {
            Err("an upload is not read".into())
        } else {
            Ok(None)
        };
    };
    let path = request.path.strip_prefix("/resumable").unwrap_or(&request.path);
    let bucket = path
        .strip_prefix("/upload/storage/v1/b/")
        .and_then(|rest| rest.strip_suffix("/o"))
        .filter(|bucket| is_step && !id.is_empty() && !bucket.contains('/'));
    let bucket = bucket.ok_or("the step of an upload is not read")?;
    storage::continued(&method_table::decode(bucket), query).map(Some)
}

/// Returns the JSON of the request; `null` if there is none.
fn body_of(
    request: &SeenRequest,
    found: &Found,
    query: &Map<String, Value>,
) -> Result<Value, String> {
    let is_upload = found.template.contains("/upload/");
    if is_upload {
        return storage::metadata(request, query);
    }
    if query.contains_key("uploadType") {
        return Err("an upload at the address of a request".to_owned());
    }
    let value = body::json(request)?;
    let is_bare = matches!(request.method.as_str(), "GET" | "DELETE" | "HEAD");
    if is_bare && value.as_object().is_some_and(|members| !members.is_empty()) {
        return Err(format!("{} with a body", request.method));
    }
    Ok(value)
}

/// A request whose method is known.
struct Call<'a> {
    target: &'a Target<'a>,
    found: &'a Found,
    query: &'a Map<String, Value>,
    body: &'a Value,
}

impl Call<'_> {
    fn needs(&self, actions: Vec<String>) -> Result<Needs, String> {
        let operation = self.found.operation.as_str();
        let own = self.own()?;
        let mut needs = Needs::default();
        let stored = storage::Call { found: self.found, query: self.query, body: self.body };
        let is_storage = self.target.api == storage::HOST;
        if is_storage && stored.on_objects(&mut needs)? {
            stored.further(&mut needs, &own)?;
            return Ok(needs);
        }
        if !matches!(
            operation,
            "logging.entries.list" | "logging.entries.tail" | "logging.entries.write"
        ) {
            for action in &actions {
                needs.add(action, own.clone());
            }
        }
        let is_job = matches!(operation, "bigquery.jobs.insert" | "bigquery.jobs.query");
        self.refer(&mut needs, own.named().first().map(String::as_str));
        if is_storage {
            stored.further(&mut needs, &own)?;
        }
        if further::has_source(&Value::Object(self.query.clone())) {
            needs.unseen(needs::ACT_AS);
        }
        // A change that may create as well.
        if query::one(self.query, "allowMissing")?.is_some_and(|value| value != "false") {
            for action in &actions {
                needs.unseen(&action.replace(".update", ".create"));
            }
        }
        if is_job {
            bigquery::job(&mut needs, operation, self.body)?;
        }
        further::add(&mut needs, operation, self.body, &own)?;
        if operation == "bigquery.jobs.getQueryResults" {
            needs.hide();
        }
        if needs.is_empty() {
            needs.add(operation, own);
            needs.free();
        }
        Ok(needs)
    }

    /// Returns the resource of the request. A request without one in its path may name its parent elsewhere.
    fn own(&self) -> Result<Scope, String> {
        let api = &self.target.api;
        if *api == storage::HOST {
            let stored = storage::Call { found: self.found, query: self.query, body: self.body };
            return stored.own();
        }
        let own = place::of(api, self.found, self.target.region)?;
        if !own.is_every() || *api != "cloudresourcemanager.googleapis.com" {
            return Ok(own);
        }
        let by_query = query::one(self.query, "parent")?;
        let by_body = self.body.get("parent").and_then(Value::as_str);
        match (by_query, by_body) {
            (Some(one), Some(other)) if one != other => Err("it names two parents".to_owned()),
            (Some(parent), _) | (None, Some(parent)) => Ok(container(parent)),
            (None, None) if self.body.get("parent").is_some_and(Value::is_object) => {
                let kind = body::text(self.body, "/parent/type");
                Ok(container(&format!("{kind}s/{}", body::text(self.body, "/parent/id"))))
            }
            (None, None) => Ok(own),
        }
    }

    /// Adds what the body and the query refer to.
    fn refer(&self, needs: &mut Needs, own: Option<&str>) {
        let operation = self.found.operation.as_str();
        let (api, query) = (self.target.api.as_str(), Value::Object(self.query.clone()));
        let mut opaque = further::opaque(operation).to_vec();
        opaque.extend(further::is_read(operation));
        // The parent of Resource Manager's requests is their own resource.
        opaque.extend(own.filter(|_| api.starts_with("cloudresourcemanager.")).map(|_| "parent"));
        let is_policy = operation.ends_with("IamPolicy") || operation.ends_with("IamPermissions");
        if is_policy
            || (operation.rsplit('.').next() == Some("list")
                && !operation.starts_with("logging.entries"))
        {
            return;
        }
        let mut body = self.body.clone();
        if let (Some(own), Some(members)) = (own, body.as_object_mut()) {
            leave_out_own_name(own, members);
        }
        let mut found = reference::all(api, &body, own, &opaque);
        found.extend(reference::all(api, &query, own, &opaque));
        if !needs.refer(found) {
            needs.hide();
        }
    }
}

/// Removes the name of what is created in the project `own`, so that it is not one of another resource.
fn leave_out_own_name(own: &str, members: &mut Map<String, Value>) {
    let project = own.split_once("/projects/").map(|(_, project)| project);
    let Some(project) = project.filter(|project| !project.contains('/')) else { return };
    let name = members.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.starts_with(&format!("projects/{project}/")) {
        members.remove("name");
    }
    let data = members.get("datasetReference").and_then(|name| name.get("projectId"));
    if data.and_then(Value::as_str) == Some(project) {
        members.remove("datasetReference");
    }
}

/// Returns the name of a parent: a container, or the full name of a resource.
fn container(parent: &str) -> Scope {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '%' | '\\' | ':');
    let segments: Vec<&str> = parent.split('/').collect();
    if parent.contains(is_odd) {
        return Scope::Unseen;
    }
    match segments.as_slice() {
        ["", "", host, rest @ ..]
            if !host.is_empty() && rest.iter().all(|part| !part.is_empty()) =>
        {
            place::these(parent.to_owned())
        }
        [kind @ ("projects" | "folders" | "organizations" | "tagKeys"), id] if !id.is_empty() => {
            place::these(place::name("cloudresourcemanager.googleapis.com", &[kind, id]))
        }
        _ => Scope::Unseen,
    }
}

/// Returns the length of the longest list of a body.
fn longest(value: &Value) -> u32 {
    match value {
        Value::Array(members) => {
            let own = u32::try_from(members.len()).unwrap_or(u32::MAX);
            members.iter().map(longest).fold(own, u32::max)
        }
        Value::Object(members) => members.values().map(longest).fold(1, u32::max),
        _ => 1,
    }
}

/// Returns true for a request to the XML API of Cloud Storage.
pub fn is_xml(request: &SeenRequest) -> bool {
    let target = target::of(&request.host, &request.path);
    let bucket = format!(".{}", storage::HOST);
    request.host.ends_with(&bucket)
        || (target.is_some_and(|target| target.api == storage::HOST) && xml::is_one(&request.path))
}

fn seen(request: &SeenRequest) -> String {
    let path: String = request.path.chars().take(PATH).collect();
    format!("{} {path} of {}", request.method, request.host)
}

#[cfg(test)]
pub mod tests;
