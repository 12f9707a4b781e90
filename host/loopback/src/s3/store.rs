//! Buckets and objects in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{ETag, ETagCondition, Metadata, Range, StreamingBlob};
use s3s::{Body, S3Error, S3Result, s3_error};

use crate::BucketSeed;
use crate::cloud::locked;
use audex_core::clock;
use audex_core::digest::hex;
use audex_wire::body::{Unread, whole};

/// The most bytes of all objects and unfinished parts: a demo must not fill the machine's memory.
const MAX_STORED_BYTES: usize = 512 * 1024 * 1024;

pub(super) struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

pub(super) struct Bucket {
    pub(super) created: SystemTime,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

#[derive(Clone)]
pub(super) struct Object {
    pub(super) data: Bytes,
    pub(super) etag: ETag,
    pub(super) modified: SystemTime,
    pub(super) about: About,
    pub(super) checksums: HeaderMap,
}

/// The attributes that a client sets on an object.
#[derive(Clone, Default)]
pub(super) struct About {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) metadata: Option<Metadata>,
}

/// A multipart upload that is not complete.
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) about: About,
    pub(super) parts: BTreeMap<i32, Part>,
}

pub(super) struct Part {
    pub(super) data: Bytes,
    pub(super) digest: [u8; 16],
}

impl Store {
    pub(super) fn new(seeds: Vec<BucketSeed>) -> Self {
        let buckets = seeds.into_iter().map(|seed| {
            let objects = seed.objects.into_iter().map(|(key, data)| {
                let about =
                    About { content_type: Some("text/plain".to_owned()), ..About::default() };
                (key, Object::new(data.into(), about, HeaderMap::new()))
            });
            (seed.name, Bucket { objects: objects.collect(), ..Bucket::empty() })
        });
        Self { buckets: Mutex::new(buckets.collect()) }
    }

    pub(super) fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        locked(&self.buckets)
    }

    /// Reads the whole body of an upload; fails if the store would exceed its limit.
    pub(super) async fn receive(&self, body: Option<StreamingBlob>) -> S3Result<Bytes> {
        let Some(body) = body else { return Ok(Bytes::new()) };
        let stored: usize = self.buckets().values().map(Bucket::stored_bytes).sum();
        match whole(Body::from(body), MAX_STORED_BYTES.saturating_sub(stored)).await {
            Ok(whole) => Ok(whole.into()),
            Err(Unread::TooLong) => Err(s3_error!(
                EntityTooLarge,
                "the loopback cloud keeps {} bytes at most",
                MAX_STORED_BYTES
            )),
            Err(Unread::CutOff(_)) => {
                Err(s3_error!(InvalidRequest, "the body is incomplete or is not what was signed"))
            }
        }
    }
}

impl Bucket {
    pub(super) fn empty() -> Self {
        Self { created: clock::now(), objects: BTreeMap::new(), uploads: BTreeMap::new() }
    }

    fn stored_bytes(&self) -> usize {
        let parts = self
            .uploads
            .values()
            .flat_map(|upload| upload.parts.values())
            .map(|part| part.data.len());
        self.objects.values().map(|object| object.data.len()).chain(parts).sum()
    }
}

impl Object {
    pub(super) fn new(data: Bytes, about: About, checksums: HeaderMap) -> Self {
        let etag = ETag::Strong(hex(&Md5::checksum(&data)));
        Self { data, etag, modified: clock::now(), about, checksums }
    }

    /// Checks `If-Match` and `If-None-Match` of a read of this object.
    pub(super) fn check_conditions(
        &self,
        only: Option<&ETagCondition>,
        not: Option<&ETagCondition>,
    ) -> S3Result<()> {
        if only.is_some_and(|condition| !is_met(condition, Some(self))) {
            return Err(precondition_failed());
        }
        if not.is_some_and(|condition| is_met(condition, Some(self))) {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

impl About {
    /// Removes `aws-chunked`, which is an encoding of the request and not of the object.
    pub(super) fn without_chunking(mut self) -> Self {
        self.content_encoding = self.content_encoding.and_then(|encodings| {
            let kept: Vec<&str> =
                encodings.split(',').map(str::trim).filter(|name| *name != "aws-chunked").collect();
            (!kept.is_empty()).then(|| kept.join(","))
        });
        self
    }
}

/// Checks `If-Match` and `If-None-Match` of a write over `current`.
pub(super) fn check_write(
    current: Option<&Object>,
    only: Option<&ETagCondition>,
    not: Option<&ETagCondition>,
) -> S3Result<()> {
    if only.is_some_and(|condition| !is_met(condition, current))
        || not.is_some_and(|condition| is_met(condition, current))
    {
        return Err(precondition_failed());
    }
    Ok(())
}

fn is_met(condition: &ETagCondition, current: Option<&Object>) -> bool {
    current.is_some_and(|object| {
        condition.as_etag().is_none_or(|etag| etag.value() == object.etag.value())
    })
}

fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// Returns the bytes that a range selects from an object of `length` bytes.
pub(super) fn byte_range(range: Range, length: usize) -> S3Result<std::ops::Range<usize>> {
    let part = range.check(u64::try_from(length).unwrap_or(u64::MAX))?;
    let position = |position| usize::try_from(position).map_err(|_| s3_error!(InvalidRange));
    // INVARIANT: `check` returns start <= end <= length, so slicing with the result cannot panic; `min`
    // ensures this here too.
    let end = position(part.end)?.min(length);
    Ok(position(part.start)?.min(end)..end)
}

/// Returns the part of `data` that a range selects, or all of `data` without a range.
pub(super) fn slice(data: &Bytes, range: Option<Range>) -> S3Result<Bytes> {
    range.map_or_else(|| Ok(data.clone()), |range| Ok(data.slice(byte_range(range, data.len())?)))
}

pub(super) fn no_such_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}
