//! S3 of the loopback cloud: `s3s` implements the protocol, `access` decides permissions, `store` holds the
//! objects.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

// The lint does not fire in test builds, so there an unconditional expectation would be unfulfilled.
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "the names of the S3 operations, dozens")
)]
use s3s::dto::*;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result};

use super::BucketSeed;
use super::cloud::Cloud;
use access::Access;
use store::Store;

mod access;
mod bucket;
mod checksum;
mod multipart;
mod object;
mod store;

pub(super) fn service(cloud: Arc<Cloud>, buckets: Vec<BucketSeed>) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Front(Store::new(buckets)));
    builder.set_auth(Access::new(Arc::clone(&cloud)));
    builder.set_access(Access::new(cloud));
    builder.build()
}

/// The store behind the trait of `s3s`; operations that are not listed here answer `NotImplemented`.
struct Front(Store);

type Answer<'a, Output> = Pin<Box<dyn Future<Output = S3Result<S3Response<Output>>> + Send + 'a>>;

/// Implements the methods of `S3` as `async_trait` declares them.
macro_rules! operations {
    (
        at_once { $($name:ident($input:ty) -> $output:ty;)* }
        reading { $($slow:ident($slow_input:ty) -> $slow_output:ty;)* }
    ) => {
        impl S3 for Front {
            $(fn $name<'life0, 'async_trait>(&'life0 self, request: S3Request<$input>) -> Answer<'async_trait, $output>
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                Box::pin(ready(self.0.$name(request)))
            })*
            $(fn $slow<'life0, 'async_trait>(&'life0 self, request: S3Request<$slow_input>) -> Answer<'async_trait, $slow_output>
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                Box::pin(self.0.$slow(request))
            })*
        }
    };
}

operations! {
    at_once {
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    copy_object(CopyObjectInput) -> CopyObjectOutput;
    create_bucket(CreateBucketInput) -> CreateBucketOutput;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    get_object(GetObjectInput) -> GetObjectOutput;
    head_bucket(HeadBucketInput) -> HeadBucketOutput;
    head_object(HeadObjectInput) -> HeadObjectOutput;
    list_buckets(ListBucketsInput) -> ListBucketsOutput;
    list_objects(ListObjectsInput) -> ListObjectsOutput;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    }
    reading {
    put_object(PutObjectInput) -> PutObjectOutput;
    upload_part(UploadPartInput) -> UploadPartOutput;
    }
}
