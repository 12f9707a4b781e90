"""The JSON API of Cloud Storage, as far as the clients of the tests use it, and what each call needs.

Source: Cloud Storage JSON API reference, and "IAM permissions for JSON methods".
"""

import base64
import hashlib
import json
import struct
import urllib.parse

from .boundary import allows
from .token import CLOUD_PLATFORM

_READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only"
_READ_WRITE = "https://www.googleapis.com/auth/devstorage.read_write"
_FULL = "https://www.googleapis.com/auth/devstorage.full_control"
_PLATFORM_READ = "https://www.googleapis.com/auth/cloud-platform.read-only"
# Which scopes let a call through at all. Source: the discovery document of storage v1.
SCOPES = {
    "read": {_READ_ONLY, _READ_WRITE, _FULL, CLOUD_PLATFORM, _PLATFORM_READ},
    "write": {_READ_WRITE, _FULL, CLOUD_PLATFORM},
}


class Storage:
    def __init__(self, buckets, policy):
        """`buckets`: {bucket: {object: bytes}}."""
        self.buckets = buckets
        self.policy = policy
        # Where the last client found it.
        self.base = ""

    def missing(self, token, permission, bucket, name, list_prefix=None):
        """Why `token` may not, or None: scopes, then the principal's own permissions, then the boundary."""
        kind = "read" if permission.rpartition(".")[2] in ("get", "list") else "write"
        if not SCOPES[kind] & set(token.scopes):
            return "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
        if not self.policy.allows(token.principal, permission, f"//storage.googleapis.com/{name}"):
            return f"{token.principal} does not have {permission} access"
        if token.boundary is not None and not allows(token.boundary, permission, bucket, name, list_prefix):
            return f"the access boundary does not make {permission} available"
        return None

    def answer(self, method, path, query, body, token):
        """(status, reply) where reply is a dict for JSON or bytes for media."""
        parts = [urllib.parse.unquote(part) for part in path.split("/")]
        match (method, parts):
            case ("GET", ["storage", "v1", "b"]):
                refusal = self.missing(token, "storage.buckets.list", None, "")
                items = [self._bucket(name) for name in self.buckets]
                return _denied(refusal) if refusal else (200, {"kind": "storage#buckets", "items": items})
            case ("GET", ["storage", "v1", "b", bucket]):
                return self._checked(token, "storage.buckets.get", bucket, None, lambda: (200, self._bucket(bucket)))
            case ("GET", ["storage", "v1", "b", bucket, "o"]):
                prefix = query.get("prefix", [""])[0]
                return self._list(token, bucket, prefix, query.get("delimiter", [""])[0])
            case (_, ["storage" | "download", *_, "b", bucket, "o", name]) | (_, ["download", "storage", "v1", "b", bucket, "o", name]):
                return self._object(method, bucket, name, query, token)
            case ("POST", ["upload", "storage", "v1", "b", bucket, "o"]) | ("PUT", ["upload", "storage", "v1", "b", bucket, "o"]):
                name, contents = _upload(query, body)
                return self._create(token, bucket, name, contents)
        return 404, {"error": {"code": 404, "message": f"not in this double: {method} {path}"}}

    def _checked(self, token, permission, bucket, name, then, list_prefix=None):
        if bucket not in self.buckets:
            return 404, {"error": {"code": 404, "message": "The specified bucket does not exist."}}
        resource = f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name is not None else "")
        refusal = self.missing(token, permission, bucket, resource, list_prefix)
        return _denied(refusal) if refusal else then()

    def _list(self, token, bucket, prefix, delimiter):
        def found():
            names = sorted(name for name in self.buckets[bucket] if name.startswith(prefix))
            folders = {prefix + name[len(prefix):].split(delimiter)[0] + delimiter
                       for name in names if delimiter and delimiter in name[len(prefix):]}
            items = [self._about(bucket, name) for name in names
                     if not (delimiter and delimiter in name[len(prefix):])]
            return 200, {"kind": "storage#objects", "items": items, "prefixes": sorted(folders)}

        return self._checked(token, "storage.objects.list", bucket, None, found, prefix)

    def _object(self, method, bucket, name, query, token):
        if method == "GET":
            def read():
                if name not in self.buckets[bucket]:
                    return 404, {"error": {"code": 404, "message": f"No such object: {bucket}/{name}"}}
                media = query.get("alt") == ["media"]
                return 200, self.buckets[bucket][name] if media else self._about(bucket, name)

            return self._checked(token, "storage.objects.get", bucket, name, read)
        if method == "DELETE":
            def delete():
                return (204, b"") if self.buckets[bucket].pop(name, None) is not None else (404, {"error": {"code": 404}})

            return self._checked(token, "storage.objects.delete", bucket, name, delete)
        return 405, {"error": {"code": 405, "message": "not in this double"}}

    def _create(self, token, bucket, name, contents):
        permission = "storage.objects.create"

        def create():
            self.buckets[bucket][name] = contents
            return 200, self._about(bucket, name)

        # Overwriting deletes. Source: "IAM permissions for JSON methods", objects.insert.
        if bucket in self.buckets and name in self.buckets[bucket]:
            refused = self._checked(token, "storage.objects.delete", bucket, name, lambda: None)
            if refused:
                return refused
        return self._checked(token, permission, bucket, name, create)

    def _bucket(self, name):
        return {"kind": "storage#bucket", "id": name, "name": name, "location": "EU", "storageClass": "STANDARD",
                "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}

    def _about(self, bucket, name):
        contents = self.buckets[bucket][name]
        digest = base64.b64encode(hashlib.md5(contents, usedforsecurity=False).digest()).decode()
        return {"kind": "storage#object", "id": f"{bucket}/{name}/1", "name": name, "bucket": bucket, "generation": "1",
                "metageneration": "1", "size": str(len(contents)), "md5Hash": digest, "contentType": "text/plain",
                "crc32c": base64.b64encode(struct.pack(">I", _crc32c(contents))).decode(),
                # gcloud downloads from here.
                "mediaLink": f"{self.base}/download/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}?generation=1&alt=media",
                "timeCreated": "2026-11-24T00:00:00Z", "updated": "2026-11-24T00:00:00Z"}


def _denied(reason):
    error = {"code": 403, "message": reason, "errors": [{"message": reason, "domain": "global", "reason": "forbidden"}]}
    return 403, {"error": error}


def _upload(query, body):
    """Name and contents of a simple (`uploadType=media`) or multipart upload."""
    if query.get("uploadType") == ["multipart"]:
        boundary = body.split(b"\r\n", 1)[0]
        _, about, media, _ = body.split(boundary)
        about = json.loads(about.split(b"\r\n\r\n", 1)[1])
        return about.get("name") or query["name"][0], media.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    return query["name"][0], body


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
