//! Reads, writes, copies and deletes objects.

use http::HeaderMap;
// The lint does not fire in test builds, so there an unconditional expectation would be unfulfilled.
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "the names of the S3 operations, dozens")
)]
use s3s::dto::*;
use s3s::{Body, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::access::{Caller, object_arn};
use super::checksum;
use super::store::{About, Object, Store, byte_range, check_write, no_such_bucket};

/// The common parameters of both read requests.
struct Read<'a> {
    bucket: &'a str,
    key: &'a str,
    range: Option<Range>,
    only: Option<&'a ETagCondition>,
    not: Option<&'a ETagCondition>,
    with_checksums: bool,
}

/// The result of a read: the object with the requested part of its data, and the headers of the answer.
struct Found {
    object: Object,
    length: i64,
    content_range: Option<String>,
    headers: HeaderMap,
}

#[expect(clippy::needless_pass_by_value, reason = "the signatures of `s3s::S3`")]
impl Store {
    pub(super) fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = &request.input;
        let found = self.read(
            Caller::of(&request.extensions)?,
            &Read {
                bucket: &input.bucket,
                key: &input.key,
                range: input.range,
                only: input.if_match.as_ref(),
                not: input.if_none_match.as_ref(),
                with_checksums: input.checksum_mode.is_some(),
            },
        )?;
        let about = found.object.about;
        let output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::from(Body::from(found.object.data))),
            cache_control: about.cache_control,
            content_disposition: about.content_disposition,
            content_encoding: about.content_encoding,
            content_length: Some(found.length),
            content_range: found.content_range,
            content_type: about.content_type,
            e_tag: Some(found.object.etag),
            last_modified: Some(found.object.modified.into()),
            metadata: about.metadata,
            ..GetObjectOutput::default()
        };
        Ok(S3Response::with_headers(output, found.headers))
    }

    pub(super) fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = &request.input;
        let found = self.read(
            Caller::of(&request.extensions)?,
            &Read {
                bucket: &input.bucket,
                key: &input.key,
                range: input.range,
                only: input.if_match.as_ref(),
                not: input.if_none_match.as_ref(),
                with_checksums: input.checksum_mode.is_some(),
            },
        )?;
        let about = found.object.about;
        let output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: about.cache_control,
            content_disposition: about.content_disposition,
            content_encoding: about.content_encoding,
            content_length: Some(found.length),
            content_range: found.content_range,
            content_type: about.content_type,
            e_tag: Some(found.object.etag),
            last_modified: Some(found.object.modified.into()),
            metadata: about.metadata,
            ..HeadObjectOutput::default()
        };
        Ok(S3Response::with_headers(output, found.headers))
    }

    pub(super) async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let data = self.receive(input.body).await?;
        let checksums =
            checksum::verify(&data, &request.headers, request.trailing_headers.as_ref())?;
        let about = About {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            metadata: input.metadata,
        };
        let object = Object::new(data, about.without_chunking(), checksums.clone());
        let output =
            PutObjectOutput { e_tag: Some(object.etag.clone()), ..PutObjectOutput::default() };
        let mut buckets = self.buckets();
        let objects = &mut buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?.objects;
        check_write(
            objects.get(&input.key),
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        objects.insert(input.key, object);
        Ok(S3Response::with_headers(output, checksums))
    }

    pub(super) fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let caller = Caller::of(&request.extensions)?;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(InvalidArgument, "the copy source must be a bucket and a key"));
        };
        let mut buckets = self.buckets();
        let source = buckets.get(bucket.as_ref()).ok_or_else(no_such_bucket)?;
        let source =
            source.objects.get(key.as_ref()).ok_or_else(|| caller.missing_key(bucket))?.clone();
        let (only, not) =
            (input.copy_source_if_match.as_ref(), input.copy_source_if_none_match.as_ref());
        check_write(Some(&source), only, not)?;
        let replaces = input
            .metadata_directive
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let about = if replaces {
            About {
                content_type: input.content_type,
                content_encoding: input.content_encoding,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                metadata: input.metadata,
            }
        } else {
            source.about
        };
        let copy = Object::new(source.data, about, source.checksums);
        let result = CopyObjectResult {
            e_tag: Some(copy.etag.clone()),
            last_modified: Some(copy.modified.into()),
            ..CopyObjectResult::default()
        };
        buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?.objects.insert(input.key, copy);
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        }))
    }

    pub(super) fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let mut buckets = self.buckets();
        let bucket = buckets.get_mut(&request.input.bucket).ok_or_else(no_such_bucket)?;
        bucket.objects.remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    pub(super) fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let caller = Caller::of(&request.extensions)?;
        let input = request.input;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            let action = if object.version_id.is_some() {
                "s3:DeleteObjectVersion"
            } else {
                "s3:DeleteObject"
            };
            if let Err(denied) =
                caller.authorise(action, &object_arn(&input.bucket, &object.key), &[])
            {
                errors.push(Error {
                    code: Some(S3ErrorCode::AccessDenied.as_str().to_owned()),
                    key: Some(object.key),
                    message: denied.message().map(str::to_owned),
                    version_id: object.version_id,
                });
                continue;
            }
            self.buckets()
                .get_mut(&input.bucket)
                .ok_or_else(no_such_bucket)?
                .objects
                .remove(&object.key);
            deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
        }
        let deleted = (input.delete.quiet != Some(true)).then_some(deleted);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted,
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    fn read(&self, caller: &Caller, read: &Read<'_>) -> S3Result<Found> {
        let buckets = self.buckets();
        let bucket = buckets.get(read.bucket).ok_or_else(no_such_bucket)?;
        let mut object =
            bucket.objects.get(read.key).ok_or_else(|| caller.missing_key(read.bucket))?.clone();
        object.check_conditions(read.only, read.not)?;
        let whole = object.data.len();
        let mut content_range = None;
        if let Some(range) = read.range {
            let part = byte_range(range, whole)?;
            content_range =
                Some(format!("bytes {}-{}/{whole}", part.start, part.end.saturating_sub(1)));
            object.data = object.data.slice(part);
        }
        // A checksum covers the whole object; a client would find that it does not match a part.
        let headers = if read.with_checksums && read.range.is_none() {
            object.checksums.clone()
        } else {
            HeaderMap::new()
        };
        Ok(Found {
            length: i64::try_from(object.data.len()).unwrap_or(i64::MAX),
            object,
            content_range,
            headers,
        })
    }
}
