//! The resources of a grant: what a token can be limited to (buckets and their contents), and what a gateway
//! compares (full resource names).

use audex_sdk::provider::Error;

use crate::invalid;

/// The prefix of a bucket's full resource name. Source: Cloud IAM, "Resource name format".
pub const FULL: &str = "//storage.googleapis.com/projects/_/buckets/";

/// The name of an object in its bucket.
const OBJECTS: &str = "objects/";
/// The suffix of the services in full resource names.
const SERVICE: &str = ".googleapis.com";

/// A bucket, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub bucket: String,
    /// The prefix of object names, or with `exact` the one name; `None` for the whole bucket.
    pub prefix: Option<String>,
    pub exact: bool,
}

impl Place {
    /// Reads `gs://BUCKET`, `gs://BUCKET/PREFIX*`, `gs://BUCKET/FOLDER/`, `gs://BUCKET/OBJECT` or the
    /// bucket's full resource name.
    ///
    /// A name that ends in `/` is a folder, as in gcloud and gsutil: a prefix, never the one object of that
    /// name.
    ///
    /// # Errors
    /// If the text has none of these forms.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let full = text.strip_prefix(FULL);
        let rest = text.strip_prefix("gs://").or(full);
        let place = rest.and_then(|rest| {
            let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
            let object = path.strip_prefix(OBJECTS).filter(|_| full.is_some());
            let path = object.filter(|object| !object.is_empty()).unwrap_or(path);
            let (prefix, exact) = match path.strip_suffix('*') {
                Some(prefix) => (prefix, false),
                None => (path, !path.is_empty() && !path.ends_with('/')),
            };
            let prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
            let fits = is_bucket(bucket) && prefix.as_deref().is_none_or(is_prefix);
            fits.then(|| Self { bucket: bucket.to_owned(), prefix, exact })
        });
        place.ok_or_else(|| {
            invalid(
                "resource-malformed",
                format!("`{text}` is not a resource that a Google Cloud token can be limited to"),
                "write buckets as `gs://BUCKET`, parts of them as `gs://BUCKET/PREFIX/*`; for anything else take `--deliver \
                 gateway`",
            )
        })
    }

    /// Returns the bucket's full resource name.
    pub fn full(&self) -> String {
        format!("{FULL}{}", self.bucket)
    }
}

/// Returns the patterns that a gateway compares with the resources of requests, for a resource as the user writes
/// it: a full resource name in which `*` stands for any text, or `gs://…`. A bucket is itself and all in it; a part
/// of a bucket is its objects alone.
///
/// # Errors
/// If the text has none of these forms.
pub fn patterns(text: &str) -> Result<Vec<String>, Error> {
    let of_bucket = text.strip_prefix(FULL).is_some_and(|rest| !rest.contains('/'));
    if text.starts_with("gs://") || of_bucket {
        let place = Place::parse(text)?;
        let full = place.full();
        return Ok(match (place.prefix, place.exact) {
            (None, _) => vec![full.clone(), format!("{full}/*")],
            (Some(object), true) => vec![format!("{full}/{OBJECTS}{object}")],
            (Some(prefix), false) => vec![format!("{full}/{OBJECTS}{prefix}*")],
        });
    }
    let parts: Vec<&str> = text.strip_prefix("//").unwrap_or_default().split('/').collect();
    let malformed = || {
        invalid(
            "resource-malformed",
            format!("`{text}` is not a resource of Google Cloud"),
            "write a full resource name, such as `//pubsub.googleapis.com/projects/P/topics/T`, or `gs://BUCKET/PREFIX/*`",
        )
    };
    let [host, path @ ..] = parts.as_slice() else { return Err(malformed()) };
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_host = host
        .strip_suffix(SERVICE)
        .is_some_and(|service| !service.is_empty() && service.bytes().all(letter));
    let is_odd = |c: char| c.is_control() || matches!(c, '?' | '\\' | '#' | '$');
    let is_storage = text.starts_with(FULL);
    let is_path = !path.is_empty() && (is_storage || path.iter().all(|part| !part.is_empty()));
    if !is_host || !is_path || text.contains(is_odd) {
        return Err(malformed());
    }
    Ok(vec![crate::read::name(host, path)])
}

/// Source: Cloud Storage, "Bucket naming guidelines".
fn is_bucket(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=222).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
        && edge(name.chars().next())
        && edge(name.chars().next_back())
}

/// Returns true for a safe prefix. Security: the prefix becomes part of a quoted text in a condition.
/// Characters that could end that text are rejected, not escaped.
fn is_prefix(prefix: &str) -> bool {
    prefix.len() <= 1024
        && !prefix.chars().any(|c| c.is_control() || matches!(c, '\'' | '"' | '\\' | '*' | '?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_prefixes_and_objects_are_read() {
        for (text, bucket, prefix, exact) in [
            ("gs://my-bucket", "my-bucket", None, false),
            ("gs://my-bucket/", "my-bucket", None, false),
            ("gs://my-bucket/*", "my-bucket", None, false),
            ("gs://my-bucket/team/*", "my-bucket", Some("team/"), false),
            ("gs://my-bucket/team/a.txt", "my-bucket", Some("team/a.txt"), true),
            ("gs://my-bucket/team/", "my-bucket", Some("team/"), false),
            ("gs://my-bucket/team/2026/", "my-bucket", Some("team/2026/"), false),
            ("gs://my-bucket/équipe/", "my-bucket", Some("équipe/"), false),
            (
                "//storage.googleapis.com/projects/_/buckets/my-bucket/team/",
                "my-bucket",
                Some("team/"),
                false,
            ),
            (
                "//storage.googleapis.com/projects/_/buckets/my-bucket/objects/team/*",
                "my-bucket",
                Some("team/"),
                false,
            ),
            (
                "//storage.googleapis.com/projects/_/buckets/b.example.com",
                "b.example.com",
                None,
                false,
            ),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!(
                (place.bucket.as_str(), place.prefix.as_deref(), place.exact),
                (bucket, prefix, exact),
                "{text}"
            );
        }
    }

    #[test]
    fn a_gateway_compares_full_names() {
        let bucket = "//storage.googleapis.com/projects/_/buckets/my-bucket";
        let in_bucket = |rest: &str| format!("{bucket}/{rest}");
        for (text, expected) in [
            ("gs://my-bucket", vec![bucket.to_owned(), in_bucket("*")]),
            (bucket, vec![bucket.to_owned(), in_bucket("*")]),
            ("gs://my-bucket/team/*", vec![in_bucket("objects/team/*")]),
            ("gs://my-bucket/team/", vec![in_bucket("objects/team/*")]),
            ("gs://my-bucket/a.txt", vec![in_bucket("objects/a.txt")]),
            (&in_bucket("objects/*"), vec![in_bucket("objects/*")]),
            (
                "//pubsub.googleapis.com/projects/p/topics/t-*",
                vec!["//pubsub.googleapis.com/projects/p/topics/t-*".to_owned()],
            ),
            (
                "//iam.googleapis.com/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com",
                vec![
                    "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"
                        .to_owned(),
                ],
            ),
        ] {
            assert_eq!(patterns(text).unwrap(), expected, "{text}");
        }
        for text in [
            "*",
            "projects/p/topics/t",
            "//*.googleapis.com/projects/p",
            "//pubsub.googleapis.com",
            "//pubsub.googleapis.com/",
            "//pubsub.googleapis.com/projects//topics/t",
            "//pubsub.googleapis.com/projects/p/topics/t?",
            "//pubsub.example.com/projects/p",
            "https://pubsub.googleapis.com/projects/p",
            "gs://",
            "",
        ] {
            assert_eq!(patterns(text).unwrap_err().code, "resource-malformed", "{text}");
        }
    }

    #[test]
    fn what_could_mean_more_or_something_else_is_refused() {
        for text in [
            "gs://",
            "gs://*",
            "gs://my-*",
            "gs://B",
            "gs://my-bucket/a*b/*",
            "gs://my-bucket/*/",
            "gs://my-bucket/team/?/",
            "gs://my-bucket/x') || true || ('",
            "gs://my-bucket/a\\b",
            "arn:aws:s3:::b",
            "*",
            "projects/p",
        ] {
            assert_eq!(Place::parse(text).unwrap_err().code, "resource-malformed", "{text}");
        }
    }
}
