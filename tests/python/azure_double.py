"""An Azure double that really enforces: tokens are good for one audience, blob SAS for what they were signed for.

    python azure_double.py

Prints one JSON line on stdout when it is ready and lives until its stdin is closed. Loopback only, plain HTTP.

Served: the token endpoint of Entra ID for one service principal (secret or federated token), its managed identity (`/msi/token`), Resource Manager (subscriptions, storage accounts), Key Vault
(`/secrets/NAME`), and Blob Storage of one account (user delegation keys; get, put, delete, list by SAS or storage token).
The first principal may do everything inside an audience, as a broad one can; the second only what roles assigned to it say
(custom roles; `/subscriptions/…/providers/Microsoft.Authorization/…`). Not done: token signatures beyond being one this double issued, conditional access, sovereign clouds. Nothing was compared with Azure.
"""

import base64
import json
import re
import secrets
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure_cloud import rbac, sas

TENANT = "87654321-4321-4321-4321-210987654321"
SUBSCRIPTION = "12345678-1234-1234-1234-123456789012"
CLIENT = "11111111-2222-3333-4444-555555555555"
OBJECT = "99999999-8888-7777-6666-555555555555"
# A second identity, without any role until somebody assigns one.
AGENT, AGENT_OBJECT = "22222222-3333-4444-5555-666666666666", "33333333-4444-5555-6666-777777777777"
ACCOUNT = "audexdouble"
AUDIENCES = {
    "arm": {"https://management.azure.com", "https://management.core.windows.net"},
    "storage": {"https://storage.azure.com", f"https://{ACCOUNT}.blob.core.windows.net"},
    "vault": {"https://vault.azure.net"},
}
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE = 4500
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
CONTAINERS = (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
              "/blobServices/default/containers")
ROLE_WORDS = {"read": "read", "list": "read", "create": "write", "overwrite": "write", "delete": "delete"}


class Key:
    """A user delegation key."""

    def __init__(self, start, expiry):
        self.value = secrets.token_bytes(32)
        self.start, self.expiry = start, expiry

    def fields(self):
        return OBJECT, TENANT, self.start, self.expiry, "b", "2020-12-06"

    def xml(self):
        names = ["SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion"]
        root = ET.Element("UserDelegationKey")
        for name, text in zip(names, self.fields()):
            ET.SubElement(root, name).text = text
        ET.SubElement(root, "Value").text = base64.b64encode(self.value).decode()
        return b'<?xml version="1.0" encoding="utf-8"?>' + ET.tostring(root)


class Cloud:
    def __init__(self):
        self.secret = "double~" + secrets.token_urlsafe(24)
        self.vault_secret = "vault-value-" + secrets.token_urlsafe(12)
        self.agent_secret = "agent~" + secrets.token_urlsafe(24)
        self.assertion = "foreign~" + secrets.token_urlsafe(24)
        self.identity_header = "header~" + secrets.token_urlsafe(24)
        self.roles = rbac.Roles()
        self.issued, self.holders = {}, {}
        self.keys = []
        seeded = lambda: {"hello.txt": b"hello from azure\n", "team/a.txt": b"team a\n", "other/b.txt": b"other b\n"}
        self.containers = {"alpha": seeded(), "beta": seeded()}

    def token(self, form):
        known = {CLIENT: (OBJECT, self.secret), AGENT: (AGENT_OBJECT, self.agent_secret)}
        holder, secret = known.get(form.get("client_id"), (None, None))
        if form.get("client_assertion_type") == JWT_BEARER:
            if holder != OBJECT or form.get("client_assertion") != self.assertion:
                return 401, {"error": "invalid_client", "error_description": "AADSTS700213: No matching federated identity record found."}
        elif holder is None or form.get("client_secret") != secret:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return 400, {"error": "invalid_scope", "error_description": "AADSTS1002012: scope is not AUDIENCE/.default"}
        audience = form["scope"].removesuffix("/.default").rstrip("/")
        text = self.issue(form["client_id"], holder, audience)
        return 200, {"token_type": "Bearer", "expires_in": LIFE, "ext_expires_in": LIFE, "access_token": text}

    def identity(self, query, headers):
        """The managed identity of App Service, which is CLIENT."""
        one = {name: values[0] for name, values in query.items()}
        if headers.get("X-Identity-Header") != self.identity_header:
            return 401, {"error": "unauthorized", "error_description": "the header is not the platform's"}
        if one.get("api-version") != "2019-08-01" or not one.get("resource") or one.get("client_id", CLIENT) != CLIENT:
            return 400, {"error": "invalid_request", "error_description": "Identity not found"}
        text = self.issue(CLIENT, OBJECT, one["resource"].rstrip("/"))
        return 200, {"access_token": text, "expires_on": str(int(time.time()) + LIFE), "resource": one["resource"], "token_type": "Bearer", "client_id": CLIENT}

    def issue(self, client, holder, audience):
        expires = int(time.time()) + LIFE
        now = expires - LIFE
        claims = {"iat": now, "nbf": now, "aud": audience, "tid": TENANT, "appid": client, "oid": holder, "exp": expires, "iss": f"https://sts.windows.net/{TENANT}/"}
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        text = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.{secrets.token_urlsafe(24)}"
        self.issued[text], self.holders[text] = (audience, expires), holder
        return text

    def speaks_for(self, bearer, service):
        """Whether `bearer` is a living token for `service`."""
        audience, expires = self.issued.get(bearer, (None, 0))
        return audience in AUDIENCES[service] and expires > time.time()

    def blob(self, method, parts, query, headers, body, bearer):
        if (method, query.get("comp")) == ("POST", ["userdelegationkey"]):
            if not self.speaks_for(bearer, "storage") or self.holders[bearer] != OBJECT:
                return _storage_error(401, "InvalidAuthenticationInfo", "a storage token is needed")
            info = ET.fromstring(body)
            start, expiry = info.findtext("Start"), info.findtext("Expiry")
            instant = lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
            if instant(expiry) > datetime.now(timezone.utc) + timedelta(days=7) or instant(start) >= instant(expiry):
                return _storage_error(400, "InvalidXmlDocument", "the key may live for 7 days")
            key = Key(start, expiry)
            self.keys.append(key)
            return 200, key.xml()
        container, blob = parts[0] if parts else "", "/".join(parts[1:]) or None
        call = self._call(method, container, blob, query, headers)
        if call is None or container not in self.containers:
            return _storage_error(404, "ContainerNotFound", "not in this double")
        if not self.speaks_for(bearer, "storage"):
            fields = tuple(query.get(name, [""])[0] for name in ("skoid", "sktid", "skt", "ske", "sks", "skv"))
            key = next((key for key in self.keys if key.fields() == fields), None)
            if key is None:
                return _storage_error(401 if "sig" not in query else 403, "AuthenticationFailed", "no token, and no SAS by a known key")
            last = None
            for key in [key for key in self.keys if key.fields() == fields]:
                try:
                    sas.check(query, key, ACCOUNT, container, blob, call)
                    last = None
                    break
                except sas.Refused as refused:
                    last = refused
            if last:
                code = "AuthorizationPermissionMismatch" if "sp=" in str(last) else "AuthenticationFailed"
                return _storage_error(403, code, str(last))
        elif not self.may(self.holders[bearer], f"{CONTAINERS}/{container}", f"{BLOBS}/{ROLE_WORDS[call]}", data=True):
            return _storage_error(403, "AuthorizationPermissionMismatch", "no role lets the client do that")
        return self._do(call, container, blob, query, headers, body)

    def _call(self, method, container, blob, query, headers):
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
            return 200, ET.tostring(root)
        if call in ("create", "overwrite"):
            blobs[blob] = body
            return 201, b""
        if blob not in blobs:
            return _storage_error(404, "BlobNotFound", "The specified blob does not exist.")
        if call == "delete":
            del blobs[blob]
            return 202, b""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("x-ms-range") or headers.get("Range") or "")
        if not wanted:
            return 200, blobs[blob]
        whole, first = blobs[blob], int(wanted[1])
        part = whole[first:int(wanted[2]) + 1 if wanted[2] else None]
        return 206, part, {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(whole)}"}

    def answer(self, method, path, query, headers, body, bearer):
        parts = [urllib.parse.unquote(part) for part in path.split("/") if part]
        match (method, parts):
            case ("POST", [tenant, "oauth2", "v2.0", "token"]) if tenant == TENANT:
                return self.token({name: values[0] for name, values in urllib.parse.parse_qs(body.decode()).items()})
            case ("GET", [_, "v2.0", ".well-known", "openid-configuration"]):
                base = f"http://{headers['Host']}/{TENANT}"
                return 200, {"token_endpoint": f"{base}/oauth2/v2.0/token", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                             "issuer": f"{base}/v2.0"}
            case ("GET", ["msi", "token"]):
                return self.identity(query, headers)
            case ("GET", ["double", "roles"]):
                return 200, {"definitions": list(self.roles.definitions), "assignments": list(self.roles.assignments)}
            case ("GET", ["double", "secrets"]):
                return 200, {"secrets": [*self.issued, *(base64.b64encode(key.value).decode() for key in self.keys)]}
            case (_, ["subscriptions", *rest]):
                if not self.speaks_for(bearer, "arm"):
                    return 401, {"error": {"code": "InvalidAuthenticationTokenAudience", "message": "a Resource Manager token is needed"}}
                self.roles.path = path
                return self._arm(method, rest, query, body, self.holders[bearer])
            case ("GET", ["secrets", name]):
                if not self.speaks_for(bearer, "vault"):
                    return 401, {"error": {"code": "Unauthorized", "message": "AKV10022: Invalid audience."}}
                vault = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.KeyVault/vaults/double"
                if not self.may(self.holders[bearer], vault, "Microsoft.KeyVault/vaults/secrets/getSecret/action", data=True):
                    return 403, {"error": {"code": "Forbidden", "message": "Caller is not authorized to perform action on resource."}}
                return 200, {"value": self.vault_secret, "id": f"https://double.vault.azure.net/secrets/{name}/1"}
        return self.blob(method, parts[1:] if parts[:1] == [ACCOUNT] else parts, query, headers, body, bearer)

    def may(self, holder, scope, action, data=False):
        return holder == OBJECT or self.roles.allows(holder, scope, action, data)

    def _authorization(self, method, scope, kind, name, query, body, holder):
        if kind == "permissions":
            return 200, {"value": self.roles.permissions(holder, scope)}
        if not self.may(holder, scope, f"Microsoft.Authorization/{kind}/write"):
            return 403, {"error": {"code": "AuthorizationFailed", "message": "no role lets the client do that"}}
        return self.roles.answer(method, scope, kind, name, query, json.loads(body or b"{}"))

    def _arm(self, method, rest, query, body, holder):
        if "Microsoft.Authorization" in rest:
            at = rest.index("Microsoft.Authorization")
            kind, name = (*rest[at + 1:], None)[:2]
            return self._authorization(method, "/subscriptions/" + "/".join(rest[:at - 1]), kind, name, query, body, holder)
        if rest[1:] and rest[-2:-1] and rest[-2].startswith("Microsoft."):
            scope = "/subscriptions/" + "/".join(rest[:-3])
            if not self.may(holder, scope, f"{rest[-2]}/{rest[-1]}/{'read' if method == 'GET' else 'write'}"):
                return 403, {"error": {"code": "AuthorizationFailed", "message": "no role lets the client do that"}}
        about = {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "displayName": "audex double",
                 "state": "Enabled"}
        match (method, rest):
            case ("GET", []):
                sees = holder == OBJECT or any(held["principal"] == holder for held in self.roles.assignments.values())
                return 200, {"value": [about] if sees else []}
            case ("GET", [subscription]) if subscription == SUBSCRIPTION:
                return 200, about
            case ("GET", [subscription, *_, "providers", "Microsoft.Storage", "storageAccounts"]) if subscription == SUBSCRIPTION:
                return 200, {"value": [{"name": ACCOUNT, "location": "westeurope"}]}
            case ("GET" | "PUT", [subscription, *_, "providers", "Microsoft.Compute", "virtualMachines"]) if subscription == SUBSCRIPTION:
                return 200, {"value": []}
        return 404, {"error": {"code": "SubscriptionNotFound", "message": "not in this double"}}


def _storage_error(status, code, message):
    root = ET.Element("Error")
    ET.SubElement(root, "Code").text = code
    ET.SubElement(root, "Message").text = message
    return status, ET.tostring(root), {"x-ms-error-code": code}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cloud = None

    def _serve(self):
        address = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, _, bearer = self.headers.get("Authorization", "").partition(" ")
        query = urllib.parse.parse_qs(address.query)
        try:
            answer = self.cloud.answer(self.command, address.path, query, self.headers, body, bearer if kind == "Bearer" else "")
        except Exception as error:  # a test must see what went wrong, not a closed connection
            answer = 500, {"error": {"code": "Double", "message": repr(error)}}
        status, reply, more = (*answer, {})[:3]
        text = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/xml" if text[:1] == b"<" else "application/json", "x-ms-blob-type": "BlockBlob",
                            "ETag": '"0x1"', "Last-Modified": self.date_time_string(), **more}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve

    def log_message(self, *_):
        pass


def main():
    cloud = Cloud()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"cloud": cloud}))
    ready = {"endpoint": f"http://127.0.0.1:{server.server_port}", "tenant": TENANT, "subscription": SUBSCRIPTION, "client_id": CLIENT,
             "client_secret": cloud.secret, "agent_id": AGENT, "agent_object": AGENT_OBJECT, "agent_secret": cloud.agent_secret, "account": ACCOUNT,
             "assertion": cloud.assertion, "identity_header": cloud.identity_header, "vault_secret": cloud.vault_secret}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(ready), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
