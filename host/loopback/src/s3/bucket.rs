//! Buckets and listings of their objects.

use std::collections::BTreeMap;
use std::ops::Bound;

// The lint does not fire in test builds, so there an unconditional expectation would be unfulfilled.
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "the names of the S3 operations, dozens")
)]
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::store::{self, Store, no_such_bucket};
use audex_core::percent;

/// The most entries in one page, as in S3.
const MAX_KEYS: i32 = 1000;

struct Query<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: &'a str,
    max_keys: usize,
    encoded: bool,
}

#[derive(Default)]
struct Page {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    /// The last entry of the page, if more follow.
    next: Option<String>,
}

#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the signatures of `s3s::S3`"
)]
impl Store {
    pub(super) fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket = |(name, bucket): (&String, &store::Bucket)| Bucket {
            name: Some(name.clone()),
            creation_date: Some(bucket.created.into()),
            ..Bucket::default()
        };
        let buckets = self.buckets().iter().map(bucket).collect();
        let owner = Owner { id: Some("loopback".to_owned()), ..Owner::default() };
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets),
            owner: Some(owner),
            ..ListBucketsOutput::default()
        }))
    }

    pub(super) fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.buckets().get(&request.input.bucket).ok_or_else(no_such_bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    pub(super) fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.buckets().get(&request.input.bucket).ok_or_else(no_such_bucket)?;
        // No constraint means us-east-1.
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    pub(super) fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let name = request.input.bucket;
        let mut buckets = self.buckets();
        if buckets.contains_key(&name) {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        let location = Some(format!("/{name}"));
        buckets.insert(name, store::Bucket::empty());
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    pub(super) fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let mut buckets = self.buckets();
        let bucket = buckets.get(&request.input.bucket).ok_or_else(no_such_bucket)?;
        if !bucket.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"));
        }
        buckets.remove(&request.input.bucket);
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    pub(super) fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        // A continuation token is the last entry of the previous page; the listing continues after it.
        let after = input
            .continuation_token
            .clone()
            .or_else(|| input.start_after.clone())
            .unwrap_or_default();
        let max_keys = max_keys(input.max_keys)?;
        let buckets = self.buckets();
        let bucket = buckets.get(&input.bucket).ok_or_else(no_such_bucket)?;
        let page = list(
            &bucket.objects,
            &Query {
                prefix: input.prefix.as_deref().unwrap_or_default(),
                delimiter: input.delimiter.as_deref().unwrap_or_default(),
                after: &after,
                max_keys: usize::try_from(max_keys).unwrap_or_default(),
                encoded: input.encoding_type.is_some(),
            },
        );
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            key_count: i32::try_from(page.contents.len() + page.prefixes.len()).ok(),
            max_keys: Some(max_keys),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            continuation_token: input.continuation_token,
            prefix: Some(input.prefix.unwrap_or_default()),
            delimiter: input.delimiter,
            start_after: input.start_after,
            encoding_type: input.encoding_type,
            contents: Some(page.contents),
            common_prefixes: Some(page.prefixes),
            ..ListObjectsV2Output::default()
        }))
    }

    pub(super) fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let max_keys = max_keys(input.max_keys)?;
        let buckets = self.buckets();
        let bucket = buckets.get(&input.bucket).ok_or_else(no_such_bucket)?;
        let page = list(
            &bucket.objects,
            &Query {
                prefix: input.prefix.as_deref().unwrap_or_default(),
                delimiter: input.delimiter.as_deref().unwrap_or_default(),
                after: input.marker.as_deref().unwrap_or_default(),
                max_keys: usize::try_from(max_keys).unwrap_or_default(),
                encoded: input.encoding_type.is_some(),
            },
        );
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            max_keys: Some(max_keys),
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next,
            marker: Some(input.marker.unwrap_or_default()),
            prefix: Some(input.prefix.unwrap_or_default()),
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            contents: Some(page.contents),
            common_prefixes: Some(page.prefixes),
            ..ListObjectsOutput::default()
        }))
    }
}

fn max_keys(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        Some(negative) if negative < 0 => {
            Err(s3_error!(InvalidArgument, "max-keys must not be negative"))
        }
        asked => Ok(asked.unwrap_or(MAX_KEYS).min(MAX_KEYS)),
    }
}

fn list(objects: &BTreeMap<String, store::Object>, query: &Query<'_>) -> Page {
    let mut page = Page::default();
    let mut last_prefix = None;
    let mut last = String::new();
    let text = |raw: &str| if query.encoded { percent::encode_path(raw) } else { raw.to_owned() };
    let start = if query.after > query.prefix {
        Bound::Excluded(query.after)
    } else {
        Bound::Included(query.prefix)
    };
    for (key, object) in objects.range::<str, _>((start, Bound::Unbounded)) {
        let Some(rest) = key.strip_prefix(query.prefix) else { break };
        let group = common_prefix(query, rest);
        // A page that ended with a common prefix has covered all keys with this prefix.
        if group.as_deref().is_some_and(|group| query.after.starts_with(group))
            || group.is_some() && group == last_prefix
        {
            continue;
        }
        if page.contents.len() + page.prefixes.len() >= query.max_keys {
            page.next = (query.max_keys > 0).then_some(last);
            return page;
        }
        last = group.clone().unwrap_or_else(|| key.clone());
        if let Some(group) = group {
            page.prefixes.push(CommonPrefix { prefix: Some(text(&group)) });
            last_prefix = Some(group);
        } else {
            page.contents.push(Object {
                key: Some(text(key)),
                e_tag: Some(object.etag.clone()),
                last_modified: Some(object.modified.into()),
                size: i64::try_from(object.data.len()).ok(),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Object::default()
            });
        }
    }
    page
}

/// Returns the common prefix that represents a key, if the delimiter occurs in `rest`, the part after the
/// requested prefix.
fn common_prefix(query: &Query<'_>, rest: &str) -> Option<String> {
    let (group, _) = rest.split_once(query.delimiter).filter(|_| !query.delimiter.is_empty())?;
    Some(format!("{}{group}{}", query.prefix, query.delimiter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(keys: &[&str], prefix: &str, delimiter: &str, max_keys: usize) -> Vec<Vec<String>> {
        let object =
            store::Object::new("x".into(), store::About::default(), http::HeaderMap::new());
        let objects = keys.iter().map(|key| ((*key).to_owned(), object.clone())).collect();
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page = list(
                &objects,
                &Query { prefix, delimiter, after: &after, max_keys, encoded: false },
            );
            let contents = page.contents.into_iter().filter_map(|object| object.key);
            pages.push(
                contents
                    .chain(page.prefixes.into_iter().filter_map(|group| group.prefix))
                    .collect(),
            );
            let Some(next) = page.next else { return pages };
            after = next;
        }
    }

    #[test]
    fn a_delimiter_groups_keys_below_the_prefix() {
        let keys = ["a/1", "a/b/2", "a/b/3", "b", "a0"];
        assert_eq!(pages(&keys, "a/", "/", 10), [["a/1", "a/b/"]]);
        assert_eq!(pages(&keys, "", "", 10), [["a/1", "a/b/2", "a/b/3", "a0", "b"]]);
        assert_eq!(pages(&keys, "c", "/", 10), [Vec::<String>::new()]);
    }

    #[test]
    fn pages_repeat_and_skip_nothing() {
        let keys = ["a/1", "a/2", "b/1", "b/2", "c"];
        assert_eq!(pages(&keys, "", "/", 1), [["a/"], ["b/"], ["c"]]);
        assert_eq!(pages(&keys, "", "", 2), [vec!["a/1", "a/2"], vec!["b/1", "b/2"], vec!["c"]]);
    }
}
