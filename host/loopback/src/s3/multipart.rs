//! Multipart uploads.

use std::collections::BTreeMap;

use bytes::BytesMut;
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Md5};
// The lint does not fire in test builds, so there an unconditional expectation would be unfulfilled.
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "the names of the S3 operations, dozens")
)]
use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::access::Caller;
use super::checksum;
use super::store::{
    About, Bucket, Object, Part, Store, Upload, check_write, no_such_bucket, slice,
};
use crate::credential::unique_id;
use audex_core::clock;
use audex_core::digest::hex;

/// The part numbers that S3 accepts.
const PART_NUMBERS: std::ops::RangeInclusive<i32> = 1..=10_000;

impl Store {
    pub(super) fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let about = About {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            metadata: input.metadata,
        };
        let id = unique_id("upload-").map_err(S3Error::internal_error)?;
        let mut buckets = self.buckets();
        let bucket = buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?;
        let upload = Upload {
            key: input.key.clone(),
            about: about.without_chunking(),
            parts: BTreeMap::new(),
        };
        bucket.uploads.insert(id.clone(), upload);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: input.checksum_type,
            ..CreateMultipartUploadOutput::default()
        }))
    }

    pub(super) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let number = part_number(input.part_number)?;
        let data = self.receive(input.body).await?;
        let checksums =
            checksum::verify(&data, &request.headers, request.trailing_headers.as_ref())?;
        let digest = Md5::checksum(&data);
        let mut buckets = self.buckets();
        let bucket = buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?;
        let upload = find(bucket, &input.upload_id, &input.key)?;
        upload.parts.insert(number, Part { data, digest });
        let etag = ETag::Strong(hex(&digest));
        let output = UploadPartOutput { e_tag: Some(etag), ..UploadPartOutput::default() };
        Ok(S3Response::with_headers(output, checksums))
    }

    pub(super) fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let caller = Caller::of(&request.extensions)?;
        let input = request.input;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(InvalidArgument, "the copy source must be a bucket and a key"));
        };
        let mut buckets = self.buckets();
        let source = buckets.get(bucket.as_ref()).ok_or_else(no_such_bucket)?;
        let source = source.objects.get(key.as_ref()).ok_or_else(|| caller.missing_key(bucket))?;
        check_write(
            Some(source),
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
        )?;
        let range = input.copy_source_range.map(|range| Range::parse(&range)).transpose();
        let data = slice(
            &source.data,
            range.map_err(|_| s3_error!(InvalidArgument, "the range cannot be read"))?,
        )?;
        let digest = Md5::checksum(&data);
        let bucket = buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?;
        let upload = find(bucket, &input.upload_id, &input.key)?;
        upload.parts.insert(part_number(input.part_number)?, Part { data, digest });
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(hex(&digest))),
            last_modified: Some(clock::now().into()),
            ..CopyPartResult::default()
        };
        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..UploadPartCopyOutput::default()
        }))
    }

    pub(super) fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let mut buckets = self.buckets();
        let bucket = buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?;
        check_write(
            bucket.objects.get(&input.key),
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        let upload = find(bucket, &input.upload_id, &input.key)?;
        let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let (mut data, mut digests) = (BytesMut::new(), Vec::new());
        let mut last = 0;
        for named in &named {
            let number = named.part_number.unwrap_or_default();
            if number <= last {
                return Err(s3_error!(InvalidPartOrder));
            }
            last = number;
            let part = upload.parts.get(&number).filter(|part| {
                named.e_tag.as_ref().is_some_and(|etag| etag.value() == hex(&part.digest))
            });
            let part = part.ok_or_else(|| s3_error!(InvalidPart))?;
            data.extend_from_slice(&part.data);
            digests.extend_from_slice(&part.digest);
        }
        if named.is_empty() {
            return Err(s3_error!(MalformedXML, "an upload is completed with at least one part"));
        }
        // Only a full-object checksum covers the object's bytes; a composite checksum covers the parts'
        // checksums. A `content-md5` in this request covers the request's XML.
        let mut headers = request.headers;
        headers.remove("content-md5");
        let is_full =
            input.checksum_type.is_some_and(|kind| kind.as_str() == ChecksumType::FULL_OBJECT);
        let checksums =
            if is_full { checksum::verify(&data, &headers, None)? } else { HeaderMap::new() };
        let mut object = Object::new(data.freeze(), upload.about.clone(), checksums);
        object.etag = ETag::Strong(format!("{}-{}", hex(&Md5::checksum(&digests)), named.len()));
        let output = CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key.clone()),
            e_tag: Some(object.etag.clone()),
            ..CompleteMultipartUploadOutput::default()
        };
        bucket.uploads.remove(&input.upload_id);
        bucket.objects.insert(input.key, object);
        Ok(S3Response::new(output))
    }

    pub(super) fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let mut buckets = self.buckets();
        let bucket = buckets.get_mut(&input.bucket).ok_or_else(no_such_bucket)?;
        find(bucket, &input.upload_id, &input.key)?;
        bucket.uploads.remove(&input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

fn part_number(number: i32) -> S3Result<i32> {
    if PART_NUMBERS.contains(&number) {
        return Ok(number);
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000"))
}

/// Finds the upload `id` of `key`. The key must match, because the policies were decided for this key.
fn find<'a>(bucket: &'a mut Bucket, id: &str, key: &str) -> S3Result<&'a mut Upload> {
    bucket
        .uploads
        .get_mut(id)
        .filter(|upload| upload.key == key)
        .ok_or_else(|| s3_error!(NoSuchUpload))
}
