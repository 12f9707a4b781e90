//! The resources that a token can be limited to: buckets and their contents.

use audex_sdk::provider::Error;

use crate::invalid;

/// The prefix of a bucket's full resource name. Source: Cloud IAM, "Resource name format".
pub const FULL: &str = "//storage.googleapis.com/projects/_/buckets/";

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
        let rest = text.strip_prefix("gs://").or_else(|| text.strip_prefix(FULL));
        let place = rest.and_then(|rest| {
            let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
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
                "write buckets as `gs://BUCKET`, parts of them as `gs://BUCKET/PREFIX/*`; nothing else can be limited",
            )
        })
    }

    /// Returns the bucket's full resource name.
    pub fn full(&self) -> String {
        format!("{FULL}{}", self.bucket)
    }
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
