//! Authenticates and authorises S3 requests: maps each operation to IAM actions and resources.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use http::{Extensions, HeaderMap};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::CopySource;
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::cloud::{Ask, Cloud, Refusal};
use crate::credential::Credential;
use crate::form::Form;
use crate::reply::{denial, refusal_message};
use audex_core::secret::Secret;
use audex_wire::header::header;
use audex_wire::sigv4::Claim;

/// The two hooks of `s3s`, for authentication and access; the cloud answers both.
pub(super) struct Access {
    cloud: Arc<Cloud>,
}

/// The caller of a request; it is stored with the request for decisions that only the operation can make.
#[derive(Clone)]
pub(super) struct Caller {
    cloud: Arc<Cloud>,
    credential: Arc<Credential>,
    region: String,
}

impl Access {
    pub(super) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud }
    }

    fn secret_key(&self, access_key_id: &str) -> S3Result<SecretKey> {
        let Some(credential) = self.cloud.credential(access_key_id) else {
            self.cloud.remember_refusal("s3", "", access_key_id);
            return Err(refused(Refusal::UnknownKey));
        };
        Ok(SecretKey::from(credential.secret.expose()))
    }

    fn check_request(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let query = Form::parse(request.uri().query().unwrap_or_default());
        let operation = request.s3_op().name().to_owned();
        let asked = asked(&operation, request.s3_path(), request.headers(), &query)?;
        let caller = self.authenticate(request, &query).map_err(|refusal| {
            let id =
                request.credentials().map_or("", |credentials| credentials.access_key.as_str());
            let action = asked.first().map_or("", |(action, _)| action.as_str());
            self.cloud.remember_refusal("s3", action, id);
            refused(refusal)
        })?;
        let context = condition_keys(&query);
        // The operation decides each key of a `DeleteObjects` request, because only the operation has read
        // the body.
        for (action, resource) in asked.iter().filter(|_| operation != "DeleteObjects") {
            caller.authorise(action, resource, &context)?;
        }
        request.extensions_mut().insert(caller);
        Ok(())
    }

    /// Checks session token and expiry, and the rules that `s3s` does not enforce; `s3s` has verified the
    /// signature.
    fn authenticate(&self, request: &S3AccessContext<'_>, query: &Form) -> Result<Caller, Refusal> {
        let credentials = request.credentials().ok_or(Refusal::Unsigned)?;
        // Security: `s3s` also accepts signature version 2 (`Signature=`) and signed forms, which no session
        // token protects. So both are refused, and the claim must be of the key that `s3s` has verified.
        if query.get("Signature").is_some() {
            return Err(Refusal::Unsigned);
        }
        let claim = Claim::of(request.uri(), request.headers())?;
        if claim.access_key_id != credentials.access_key {
            return Err(Refusal::BadSignature);
        }
        let credential =
            self.cloud.credential(&credentials.access_key).ok_or(Refusal::UnknownKey)?;
        self.cloud.check_session(&credential, claim.token.as_ref().map(Secret::expose))?;
        Ok(Caller { cloud: Arc::clone(&self.cloud), credential, region: claim.region })
    }
}

impl Caller {
    /// Returns the caller that the access hook has stored with the request.
    pub(super) fn of(extensions: &Extensions) -> S3Result<&Self> {
        extensions.get().ok_or_else(|| s3_error!(AccessDenied))
    }

    /// Decides and remembers a request; returns S3's error for a denial.
    pub(super) fn authorise(
        &self,
        action: &str,
        resource: &str,
        context: &[(&str, String)],
    ) -> S3Result<()> {
        let ask = Ask { action, resource, region: &self.region, context };
        if self.cloud.authorise(&self.credential, "s3", ask).is_allowed() {
            return Ok(());
        }
        let message = denial(&self.credential.principal.arn, action, resource);
        Err(S3Error::with_message(S3ErrorCode::AccessDenied, message))
    }

    /// Returns the error for a missing key. Only callers who may list the bucket are told that the key does
    /// not exist, as in S3.
    pub(super) fn missing_key(&self, bucket: &str) -> S3Error {
        let ask = Ask {
            action: "s3:ListBucket",
            resource: &bucket_arn(bucket),
            region: &self.region,
            context: &[],
        };
        if self.cloud.decide(&self.credential, ask).is_allowed() {
            return s3_error!(NoSuchKey, "The specified key does not exist.");
        }
        s3_error!(AccessDenied, "Access Denied")
    }
}

impl S3Auth for Access {
    fn get_secret_key<'life0, 'life1, 'async_trait>(
        &'life0 self,
        access_key: &'life1 str,
    ) -> Pin<Box<dyn Future<Output = S3Result<SecretKey>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(ready(self.secret_key(access_key)))
    }
}

impl S3Access for Access {
    fn check<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        request: &'life1 mut S3AccessContext<'life2>,
    ) -> Pin<Box<dyn Future<Output = S3Result<()>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(ready(self.check_request(request)))
    }
}

pub(super) fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

pub(super) fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// Returns the actions and resources that an operation needs (Service Authorization Reference, Amazon S3).
fn asked(
    operation: &str,
    path: &S3Path,
    headers: &HeaderMap,
    query: &Form,
) -> S3Result<Vec<(String, String)>> {
    let resource = match path {
        S3Path::Root => "*".to_owned(),
        S3Path::Bucket { bucket } => bucket_arn(bucket),
        S3Path::Object { bucket, key } => object_arn(bucket, key),
    };
    let has_version = query.get("versionId").is_some();
    let action = match operation {
        "ListBuckets" => "ListAllMyBuckets",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "DeleteObjects" => "DeleteObject",
        "ListParts" => "ListMultipartUploadParts",
        "GetObject" | "HeadObject" if has_version => "GetObjectVersion",
        "GetObject" | "HeadObject" => "GetObject",
        "DeleteObject" if has_version => "DeleteObjectVersion",
        "PutObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => "PutObject",
        other => other,
    };
    let mut asked = vec![(format!("s3:{action}"), resource)];
    if matches!(operation, "CopyObject" | "UploadPartCopy") {
        let source = header(headers, "x-amz-copy-source").map(CopySource::parse);
        let Some(Ok(CopySource::Bucket { bucket, key, version_id })) = source else {
            return Err(s3_error!(InvalidArgument, "the copy source must be a bucket and a key"));
        };
        let action = if version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        asked.push((action.to_owned(), object_arn(&bucket, &key)));
    }
    Ok(asked)
}

fn condition_keys(query: &Form) -> Vec<(&'static str, String)> {
    [("s3:prefix", "prefix"), ("s3:delimiter", "delimiter"), ("s3:max-keys", "max-keys")]
        .into_iter()
        .filter_map(|(key, parameter)| Some((key, query.get(parameter)?.to_owned())))
        .collect()
}

fn refused(refusal: Refusal) -> S3Error {
    let code = match refusal {
        Refusal::Unsigned => S3ErrorCode::AccessDenied,
        Refusal::Malformed => S3ErrorCode::InvalidRequest,
        Refusal::UnknownKey => S3ErrorCode::InvalidAccessKeyId,
        Refusal::BadSignature => S3ErrorCode::SignatureDoesNotMatch,
        Refusal::Skewed => S3ErrorCode::RequestTimeTooSkewed,
        Refusal::BadToken => S3ErrorCode::InvalidToken,
        Refusal::Expired => S3ErrorCode::ExpiredToken,
    };
    S3Error::with_message(code, refusal_message(refusal))
}
