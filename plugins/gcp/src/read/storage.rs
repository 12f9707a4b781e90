//! Cloud Storage: objects of the path, the query and the body, and what a write to an object may replace.
//!
//! Sources: Cloud Storage, "IAM permissions for JSON methods", with its notes; the JSON API reference of
//! objects.insert, copy, rewrite, compose and move.

use audex_sdk::provider::{Scope, SeenRequest};
use method_table::Found;
use serde_json::{Map, Value};

use super::body::{list, text};
use super::needs::Needs;
use super::{multipart, place, query};
use crate::resource::FULL;

/// The host of the API.
pub const HOST: &str = "storage.googleapis.com";
const CREATE: &str = "storage.objects.create";
const DELETE: &str = "storage.objects.delete";
const GET: &str = "storage.objects.get";

/// A request to Cloud Storage.
pub struct Call<'a> {
    pub found: &'a Found,
    pub query: &'a Map<String, Value>,
    pub body: &'a Value,
}

impl Call<'_> {
    /// Returns a label of the path.
    fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.found.labels.iter();
        labels.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the name of the object with these labels.
    fn object(&self, bucket: &str, object: &str) -> Result<String, String> {
        let (bucket, object) = (self.label(bucket), self.label(object));
        name(bucket.unwrap_or_default(), object.unwrap_or_default())
    }

    /// Returns the resource of the path.
    ///
    /// # Errors
    /// The reason why the path or the query has more than one meaning.
    pub fn own(&self) -> Result<Scope, String> {
        let bucket = ["bucket", "destinationBucket"].into_iter().find_map(|name| self.label(name));
        let Some(bucket) = bucket.map(checked).transpose()? else {
            return self.of_project();
        };
        let operation = self.found.operation.as_str();
        if operation == "storage.objects.list" {
            let prefix = query::one(self.query, "prefix")?.unwrap_or_default();
            let is_plain = !prefix.contains(['*', '?']);
            let pattern = format!("{FULL}{bucket}/objects/{prefix}*");
            return Ok(if is_plain { Scope::These(vec![pattern]) } else { Scope::Unseen });
        }
        for (label, kind) in [("object", "objects"), ("destinationObject", "objects")] {
            if let Some(object) = self.label(label) {
                return Ok(place::these(format!("{FULL}{bucket}/{kind}/{object}")));
            }
        }
        for (label, kind) in [("managedFolder", "managedFolders"), ("folder", "folders")] {
            if let Some(folder) = self.label(label) {
                return Ok(place::these(format!("{FULL}{bucket}/{kind}/{folder}")));
            }
        }
        Ok(place::these(format!("{FULL}{bucket}")))
    }

    /// Returns the project of a request that names no bucket.
    fn of_project(&self) -> Result<Scope, String> {
        if let Some(access) = self.label("accessId") {
            let project = checked(self.label("projectId").unwrap_or_default())?;
            let segments = ["projects", project, "hmacKeys", checked(access)?];
            return Ok(place::these(place::name(HOST, &segments)));
        }
        let project = match self.label("projectId") {
            Some(project) => Some(project),
            None => query::one(self.query, "project")?,
        };
        let project = project.map(checked).transpose()?;
        Ok(project.map_or(Scope::Unseen, |project| place::these(place::project(project))))
    }

    /// Adds the needs of the methods that work on several objects, and returns true for these.
    ///
    /// # Errors
    /// The reason why the request has more than one meaning.
    pub fn on_objects(&self, needs: &mut Needs) -> Result<bool, String> {
        match self.found.operation.as_str() {
            "storage.objects.insert" => {
                let object = self.inserted()?;
                self.write(needs, object)?;
            }
            "storage.objects.copy" | "storage.objects.rewrite" => {
                needs.on(GET, self.object("sourceBucket", "sourceObject")?);
                self.write(needs, self.object("destinationBucket", "destinationObject")?)?;
            }
            "storage.objects.compose" => {
                let bucket = self.label("destinationBucket").unwrap_or_default();
                let sources = list(self.body, "/sourceObjects");
                if sources.is_empty() {
                    return Err("it names no source".to_owned());
                }
                for source in sources {
                    needs.on(GET, name(bucket, text(source, "/name"))?);
                }
                self.write(needs, self.object("destinationBucket", "destinationObject")?)?;
            }
            "storage.objects.move" => {
                let source = self.object("bucket", "sourceObject")?;
                needs.on("storage.objects.move", source.clone());
                needs.on(DELETE, source);
                self.write(needs, self.object("bucket", "destinationObject")?)?;
            }
            "storage.folders.rename" => {
                let bucket = checked(self.label("bucket").unwrap_or_default())?;
                let folder = |label| {
                    format!("{FULL}{bucket}/folders/{}", self.label(label).unwrap_or_default())
                };
                needs.on("storage.folders.rename", folder("sourceFolder"));
                needs.on("storage.folders.create", folder("destinationFolder"));
            }
            "storage.objects.bulkRestore" | "storage.folders.deleteRecursive" => return Ok(false),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Returns the name of the object that an upload creates.
    fn inserted(&self) -> Result<String, String> {
        let bucket = self.label("bucket").unwrap_or_default();
        let other = text(self.body, "/bucket");
        if !other.is_empty() && other != bucket {
            return Err("it names two buckets".to_owned());
        }
        let by_query = query::one(self.query, "name")?;
        let by_body = Some(text(self.body, "/name")).filter(|name| !name.is_empty());
        match (by_query, by_body) {
            (Some(one), Some(other)) if one != other => Err("it names two objects".to_owned()),
            (Some(object), _) | (None, Some(object)) => name(bucket, object),
            (None, None) => Err("it names no object".to_owned()),
        }
    }

    /// Adds what writing an object needs. Security: Google demands `storage.objects.delete` only if the object
    /// exists, which the gateway cannot see, and the token may have it; so only a request that is for a new object
    /// alone goes without.
    fn write(&self, needs: &mut Needs, object: String) -> Result<(), String> {
        needs.on(CREATE, object.clone());
        if query::one(self.query, "ifGenerationMatch")? != Some("0") {
            needs.on(DELETE, object.clone());
        }
        let metadata = if self.found.operation.ends_with("compose") { "/destination" } else { "" };
        let metadata = self.body.pointer(metadata).unwrap_or(&Value::Null);
        self.with_access(needs, metadata, "objects", &object);
        Ok(())
    }

    /// Adds the permissions for the parts of an object or a bucket that decide who has access, and how long it
    /// is kept.
    fn with_access(&self, needs: &mut Needs, metadata: &Value, kind: &str, name: &str) {
        let has = |field: &str| metadata.get(field).is_some_and(|value| !value.is_null());
        let acls = ["predefinedAcl", "destinationPredefinedAcl", "predefinedDefaultObjectAcl"];
        let sets = ["acl", "defaultObjectAcl", "iamConfiguration", "owner"];
        let is_set = acls.into_iter().any(|acl| self.query.contains_key(acl));
        if is_set || sets.into_iter().any(has) {
            needs.on(&format!("storage.{kind}.setIamPolicy"), name.to_owned());
        }
        if has("retention") && kind == "objects" {
            needs.on("storage.objects.setRetention", name.to_owned());
        }
        if self.query.contains_key("overrideUnlockedRetention") {
            needs.on("storage.objects.overrideUnlockedRetention", name.to_owned());
        }
        if has("ipFilter") {
            needs.on("storage.buckets.setIpFilter", name.to_owned());
        }
        if self.query.contains_key("enableObjectRetention") {
            needs.on("storage.buckets.enableObjectRetention", name.to_owned());
        }
    }

    /// Adds what the parameters and the body need beside the method's own permissions.
    ///
    /// # Errors
    /// The reason why the query has more than one meaning.
    pub fn further(&self, needs: &mut Needs, own: &Scope) -> Result<(), String> {
        let operation = self.found.operation.as_str();
        let kind = if operation.starts_with("storage.objects.") { "objects" } else { "buckets" };
        let name = own.named().first().cloned().unwrap_or_default();
        let is_change = ["patch", "update"].iter().any(|verb| operation.ends_with(verb))
            || operation == "storage.buckets.insert";
        if is_change && matches!(operation.split('.').nth(1), Some("buckets" | "objects")) {
            self.with_access(needs, self.body, kind, &name);
        }
        if query::one(self.query, "projection")? == Some("full") {
            needs.add(&format!("storage.{kind}.getIamPolicy"), own.clone());
        }
        // Logs of requests go to a bucket that is named without a path.
        if self.body.get("logging").is_some_and(|logging| !logging.is_null()) {
            needs.hide();
        }
        if let Some(project) = query::one(self.query, "userProject")? {
            needs.on("serviceusage.services.use", place::project(checked(project)?));
        }
        Ok(())
    }
}

/// Returns the needs of a step of a resumable upload, whose address authorises by itself: "the session URI acts as
/// an authentication token" (Cloud Storage, "Resumable uploads").
///
/// # Errors
/// The reason why the path or the query has more than one meaning.
pub fn continued(bucket: &str, query: &Map<String, Value>) -> Result<Needs, String> {
    let mut needs = Needs::default();
    let object = query::one(query, "name")?;
    needs.on(CREATE, object.map(|object| name(bucket, object)).transpose()?.unwrap_or_default());
    needs.free();
    Ok(needs)
}

/// Returns the JSON part of an upload: the whole body, the first part of a multipart body, or nothing.
///
/// # Errors
/// The reason why the body is not read.
pub fn metadata(request: &SeenRequest, query: &Map<String, Value>) -> Result<Value, String> {
    match query::one(query, "uploadType")? {
        // The body is the object.
        Some("media") => Ok(Value::Null),
        Some("resumable") => super::body::json(request),
        Some("multipart") => multipart::metadata(request),
        other => Err(format!("`uploadType={}` is not read", other.unwrap_or_default())),
    }
}

/// Returns the full name of an object.
pub fn name(bucket: &str, object: &str) -> Result<String, String> {
    let is_odd = object.is_empty() || object.contains(char::REPLACEMENT_CHARACTER);
    if is_odd {
        Err("it names no object".to_owned())
    } else {
        checked(bucket).map(|bucket| format!("{FULL}{bucket}/objects/{object}"))
    }
}

/// Rejects what is no single segment of a name.
fn checked(segment: &str) -> Result<&str, String> {
    let is_odd = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '/' | '\\')
            || c == char::REPLACEMENT_CHARACTER
    };
    let is_name =
        !segment.is_empty() && segment != "." && segment != ".." && !segment.contains(is_odd);
    is_name.then_some(segment).ok_or_else(|| format!("`{}` is not a name", segment.escape_debug()))
}
