"""Blob Storage of one account: containers and blobs, by a user-delegation SAS or a storage token.

Source: Blob service REST API reference; "Azure built-in roles for Storage" and "Authorize access to blobs using Microsoft Entra ID" for the
actions that calls need.
"""

import base64
import re
import secrets
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone

from . import sas

_SERVICE = "Microsoft.Storage/storageAccounts/blobServices"
# The data action of each call on blobs, and the action of each call on containers.
BLOBS = {"read": "read", "list": "read", "create": "write", "overwrite": "write", "delete": "delete"}
CONTAINERS = {"list containers": "read", "get container": "read", "create container": "write", "delete container": "delete"}


class Key:
    """A user delegation key."""

    def __init__(self, identity, start, expiry):
        self.value = secrets.token_bytes(32)
        self.identity, self.start, self.expiry = identity, start, expiry

    def fields(self):
        return *self.identity, self.start, self.expiry, "b", "2020-12-06"

    def xml(self):
        names = ["SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion"]
        root = ET.Element("UserDelegationKey")
        for name, text in zip(names, self.fields()):
            ET.SubElement(root, name).text = text
        ET.SubElement(root, "Value").text = base64.b64encode(self.value).decode()
        return _xml(root)


class Blobs:
    def __init__(self, account, service, owner, may):
        """`service`: the resource id of the account's blob service; `owner`: (object, tenant) of who gets delegation keys; `may`: holder, scope,
        action, data -> whether roles let it through."""
        self.account, self.service, self.owner, self.may = account, service, owner, may
        self.keys = []
        seeded = lambda: {"hello.txt": b"hello from azure\n", "team/a.txt": b"team a\n", "other/b.txt": b"other b\n"}
        self.containers = {"alpha": seeded(), "beta": seeded()}

    def answer(self, method, parts, query, headers, body, holder):
        """The reply; `holder`: whose storage token the request carries, or None."""
        if (method, query.get("comp")) == ("POST", ["userdelegationkey"]):
            return self._delegate(body, holder)
        container, blob = parts[0] if parts else "", "/".join(parts[1:]) or None
        if not blob and (query.get("restype") == ["container"] or not container) and query.get("comp") in (None, ["list"]):
            if call := self._container_call(method, container, query):
                return self._on_container(call, container, holder)
        call = self._call(method, container, blob, query)
        if call is None or container not in self.containers:
            return error(404, "ContainerNotFound", "not in this double")
        if holder is None:
            refused = self._signed(query, container, blob, call)
            if refused:
                return refused
        elif not self.may(holder, f"{self.service}/containers/{container}", f"{_SERVICE}/containers/blobs/{BLOBS[call]}", True):
            return error(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
        return self._do(call, container, blob, query, headers, body)

    def _delegate(self, body, holder):
        if holder != self.owner[0]:
            return error(401, "InvalidAuthenticationInfo", "a storage token is needed")
        info = ET.fromstring(body)
        start, expiry = info.findtext("Start"), info.findtext("Expiry")
        instant = lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        if instant(expiry) > datetime.now(timezone.utc) + timedelta(days=7) or instant(start) >= instant(expiry):
            return error(400, "InvalidXmlDocument", "the key may live for 7 days")
        key = Key(self.owner, start, expiry)
        self.keys.append(key)
        return 200, key.xml()

    def _signed(self, query, container, blob, call):
        """The denial of a request whose SAS does not let it through, or None."""
        fields = tuple(query.get(name, [""])[0] for name in ("skoid", "sktid", "skt", "ske", "sks", "skv"))
        keys = [key for key in self.keys if key.fields() == fields]
        if not keys:
            return error(401 if "sig" not in query else 403, "AuthenticationFailed", "no token, and no SAS by a known key")
        for key in keys:
            try:
                sas.check(query, key, self.account, container, blob, call)
                return None
            except sas.Refused as refused:
                last = refused
        code = "AuthorizationPermissionMismatch" if "sp=" in str(last) else "AuthenticationFailed"
        return error(403, code, str(last))

    def _container_call(self, method, container, query):
        match (method, bool(container), query.get("comp")):
            case ("GET", False, ["list"]):
                return "list containers"
            case ("GET" | "HEAD", True, None):
                return "get container"
            case ("PUT", True, None):
                return "create container"
            case ("DELETE", True, None):
                return "delete container"
        return None

    def _on_container(self, call, container, holder):
        scope = f"{self.service}/containers/{container}" if container else self.service
        if holder is None:
            return error(401, "NoAuthenticationInformation", "Server failed to authenticate the request.")
        if not self.may(holder, scope, f"{_SERVICE}/containers/{CONTAINERS[call]}", False):
            return error(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
        if call == "list containers":
            root = ET.Element("EnumerationResults", ServiceEndpoint=f"https://{self.account}.blob.core.windows.net/")
            listed = ET.SubElement(root, "Containers")
            for name in sorted(self.containers):
                entry = ET.SubElement(listed, "Container")
                ET.SubElement(entry, "Name").text = name
                ET.SubElement(ET.SubElement(entry, "Properties"), "Etag").text = '"0x1"'
            ET.SubElement(root, "NextMarker")
            return 200, _xml(root)
        if call == "create container":
            if container in self.containers:
                return error(409, "ContainerAlreadyExists", "The specified container already exists.")
            self.containers[container] = {}
            return 201, b""
        if container not in self.containers:
            return error(404, "ContainerNotFound", "The specified container does not exist.")
        if call == "delete container":
            del self.containers[container]
            return 202, b""
        return 200, b""

    def _call(self, method, container, blob, query):
        match method:
            case "GET" | "HEAD" if blob is not None:
                return "read"
            case "GET" if query.get("comp") == ["list"]:
                return "list"
            case "PUT" if blob is not None:
                exists = blob in self.containers.get(container, {})
                return "overwrite" if exists else "create"
            case "DELETE" if blob is not None:
                return "delete"
        return None

    def _do(self, call, container, blob, query, headers, body):
        blobs = self.containers[container]
        if call == "list":
            prefix = query.get("prefix", [""])[0]
            root = ET.Element("EnumerationResults", ContainerName=container)
            listed = ET.SubElement(root, "Blobs")
            for name in sorted(name for name in blobs if name.startswith(prefix)):
                entry = ET.SubElement(listed, "Blob")
                ET.SubElement(entry, "Name").text = name
                properties = ET.SubElement(entry, "Properties")
                ET.SubElement(properties, "Content-Length").text = str(len(blobs[name]))
                ET.SubElement(properties, "BlobType").text = "BlockBlob"
            ET.SubElement(root, "NextMarker")
            return 200, _xml(root)
        if call in ("create", "overwrite"):
            blobs[blob] = body
            return 201, b""
        if blob not in blobs:
            return error(404, "BlobNotFound", "The specified blob does not exist.")
        if call == "delete":
            del blobs[blob]
            return 202, b""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("x-ms-range") or headers.get("Range") or "")
        if not wanted:
            return 200, blobs[blob]
        whole, first = blobs[blob], int(wanted[1])
        part = whole[first:int(wanted[2]) + 1 if wanted[2] else None]
        return 206, part, {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(whole)}"}


def _xml(root):
    return b'<?xml version="1.0" encoding="utf-8"?>' + ET.tostring(root)


def error(status, code, message):
    """An error in the form of the Storage services."""
    root = ET.Element("Error")
    ET.SubElement(root, "Code").text = code
    ET.SubElement(root, "Message").text = message
    return status, ET.tostring(root), {"x-ms-error-code": code}
