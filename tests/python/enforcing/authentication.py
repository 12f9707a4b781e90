"""Makes moto check who calls and what they may do, on every request.

Replaced in moto, and why:
- `ActionAuthenticatorMixin._authenticate_and_authorize_action`: moto re-encodes form bodies before it checks the signature (only
  Python's encoding passes), does not check the body against its signed hash, nor that security headers are signed, and answers JSON
  services in XML.
- With it go `moto.iam.access_control`'s `create_access_key` and `check_action_permitted`, which it would have called: they ignore
  session policies, boundaries and expiry, and take a resource of `*` for everything but S3.
- S3's `ACTION_MAP`: sub-resources it does not know fall to the widest action (`?encryption` is checked as ListBucket).

Still not checked: chunk signatures of `aws-chunked` bodies; presigned URLs and anonymous requests are refused, always.
"""

import datetime
import hashlib
import hmac
import re

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from flask import request as flask_request
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import JsonRESTError, _RESTError
from moto.s3 import responses as s3_responses
from moto.s3.exceptions import BucketAccessDeniedError, S3ClientError

from . import session
from .target import targets

CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, *"
    r"SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})"
)

# AWS's own tolerance for the age of a signature.
CLOCK_SKEW = datetime.timedelta(minutes=15)

# How each service family spells a refusal: (S3 code, Query code, JSON code, HTTP status for the Query and JSON families).
ERRORS = {
    "denied": ("AccessDenied", "AccessDenied", "AccessDeniedException", 403, 400),
    "key": ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400),
    "token": ("InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException", 403, 400),
    "expired": ("ExpiredToken", "ExpiredToken", "ExpiredTokenException", 403, 400),
    "signature": ("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException", 403, 400),
    "skew": ("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException", 403, 400),
    "body": ("XAmzContentSHA256Mismatch", "SignatureDoesNotMatch", "InvalidSignatureException", 403, 400),
}


def install():
    ActionAuthenticatorMixin._authenticate_and_authorize_action = _check
    buckets, keys = s3_responses.ACTION_MAP["BUCKET"], s3_responses.ACTION_MAP["KEY"]
    buckets["HEAD"]["DEFAULT"] = "ListBucket"
    for verb, prefix in (("GET", "Get"), ("PUT", "Put"), ("DELETE", "Put")):
        buckets[verb] |= {
            "encryption": f"{prefix}EncryptionConfiguration",
            "replication": f"{prefix}ReplicationConfiguration",
            "publicAccessBlock": f"{prefix}BucketPublicAccessBlock",
            "ownershipControls": f"{prefix}BucketOwnershipControls",
            "inventory": f"{prefix}InventoryConfiguration",
            "object-lock": f"{prefix}BucketObjectLockConfiguration",
        }
    for verb, prefix in (("GET", "Get"), ("PUT", "Put")):
        keys[verb] |= {"retention": f"{prefix}ObjectRetention", "legal-hold": f"{prefix}ObjectLegalHold"}
    keys["DELETE"]["tagging"] = "DeleteObjectTagging"
    keys["POST"] |= {"select": "GetObject", "DEFAULT": "PutObject"}


def caller():
    """The Session or UserKey that signed the request being handled."""
    return session.find(CREDENTIAL.match(flask_request.headers["Authorization"])[1])


def _check(response, iam_request_cls, resource="*"):
    """Refuses the request that `response` (one of moto's response objects) is about to answer, or returns."""
    if "all" in session.OFF:
        return
    headers, family = response.headers, _family(iam_request_cls, response)
    match = CREDENTIAL.match(headers.get("Authorization", ""))
    if not match:
        raise refusal(family, "denied", "the request is not signed with AWS4-HMAC-SHA256 in its Authorization header")
    key_id, date, region, service, signed, signature = match.groups()
    principal = session.find(key_id)
    if principal is None:
        raise refusal(family, "key", "The security token included in the request is invalid.")
    if "token" not in session.OFF and not hmac.compare_digest(
        headers.get("X-Amz-Security-Token", ""), getattr(principal, "token", "")
    ):
        raise refusal(family, "token", "The security token included in the request is invalid.")
    if "signature" not in session.OFF:
        _check_signature(response, family, principal, date, region, service, signed.split(";"), signature)
    if principal.kind != "user" and principal.expired():
        raise refusal(family, "expired", "The security token included in the request is expired")
    if "identity" in session.OFF:
        return
    for action, arn in targets(response, service, resource):
        # AWS: GetCallerIdentity is always allowed, even against an explicit Deny.
        if action != "sts:GetCallerIdentity" and not principal.allows(action, arn):
            raise refusal(family, "denied", f"User: {principal.arn} is not authorized to perform: {action} on resource: {arn}")


def _check_signature(response, family, principal, date, region, service, signed, signature):
    headers, raw = response.headers, flask_request.environ["audex.body"]
    if "audex.path" in flask_request.environ:  # as it came, before cbor.py
        headers = {n: v for n, v in headers.items() if n.lower() not in ("x-amz-target", "content-type")} | {"Content-Type": "application/cbor"}
    # Security: an unsigned security header could be added or changed on the way.
    present = {name.lower() for name, _ in headers.items()}
    unsigned = sorted(n for n in present if n.startswith("x-amz-") and n not in signed)
    if unsigned or "host" not in signed:
        raise refusal(family, "signature", f"there were headers present in the request which were not signed: {unsigned or ['host']}")
    stamp = headers.get("X-Amz-Date", "")
    try:
        sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        raise refusal(family, "signature", "X-Amz-Date is missing or malformed") from None
    if abs(datetime.datetime.now(datetime.timezone.utc) - sent) > CLOCK_SKEW or not stamp.startswith(date):
        raise refusal(family, "skew", "Signature expired: the difference between the request time and the current time is too large.")
    claimed = headers.get("X-Amz-Content-Sha256")
    if claimed and re.fullmatch("[0-9a-f]{64}", claimed) and claimed != hashlib.sha256(raw).hexdigest():
        raise refusal(family, "body", "the body does not match the signed x-amz-content-sha256")

    path = flask_request.environ.get("audex.path", response.raw_path) + (f"?{query}" if (query := flask_request.environ["QUERY_STRING"]) else "")
    request = AWSRequest(flask_request.method, path, {n: v for n, v in headers.items() if n.lower() in signed}, raw)
    request.context["timestamp"] = stamp
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(principal.create_credentials(), service, region)
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    if not hmac.compare_digest(expected, signature):
        raise refusal(family, "signature", "The request signature we calculated does not match the signature you provided.")


def _family(iam_request_cls, response):
    if iam_request_cls.__name__ == "S3IAMRequest":
        return "s3"
    # Lambda's operations are in its paths.
    is_json = response.headers.get("X-Amz-Target") or flask_request.path.startswith("/2015-03-31/")
    return "json" if is_json else "query"


def refusal(family, kind, message):
    """Returns the exception that moto turns into this family's wire format."""
    s3, query, json, query_status, json_status = ERRORS[kind]
    if family == "s3":
        # BucketAccessDeniedError is what moto's DeleteObjects catches to report per key.
        error = BucketAccessDeniedError(bucket="") if kind == "denied" else S3ClientError(s3, message)
        error.message = message
        return error
    error = _RESTError(query, message) if family == "query" else JsonRESTError(json, message)
    error.code = query_status if family == "query" else json_status
    return error
