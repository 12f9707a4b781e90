"""An Azure double that really enforces: tokens are good for one audience, blob SAS for what they were signed for.

    python azure_double.py

Prints one JSON line on stdout when it is ready and lives until its stdin is closed. Loopback only, plain HTTP.

Served: the token endpoint of Entra ID for one service principal (secret or federated token), its managed identity (`/msi/token`), Resource Manager (subscriptions, resource groups, resources of every
type, roles), the secrets of one vault with the challenge that its clients ask for (`/secrets`), and Blob Storage of one account (user delegation keys; containers and blobs by SAS or storage token).
The first principal may do everything inside an audience, as a broad one can; the second only what roles assigned to it say, by action and scope
(custom roles; `/subscriptions/…/providers/Microsoft.Authorization/…`). For tests: `/double/seen` lists every request to these services with the holder of the
living token it carried, `/double/stored` tells what they hold. Not done: token signatures beyond being one this double issued, conditional access, sovereign clouds. Nothing was compared with Azure.
"""

import base64
import json
import secrets
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure_cloud.arm import ResourceManager
from azure_cloud.blob import Blobs
from azure_cloud.vault import Vault

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
DATA = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/data/providers"


class Cloud:
    def __init__(self):
        self.secret = "double~" + secrets.token_urlsafe(24)
        self.vault_secret = "vault-value-" + secrets.token_urlsafe(12)
        self.agent_secret = "agent~" + secrets.token_urlsafe(24)
        self.assertion = "foreign~" + secrets.token_urlsafe(24)
        self.identity_header = "header~" + secrets.token_urlsafe(24)
        self.issued, self.holders = {}, {}
        self.seen = []
        self.arm = ResourceManager(SUBSCRIPTION, TENANT, ACCOUNT, OBJECT)
        service = f"{DATA}/Microsoft.Storage/storageAccounts/{ACCOUNT}/blobServices/default"
        self.blobs = Blobs(ACCOUNT, service, (OBJECT, TENANT), self.arm.may)
        held = {"db": self.vault_secret, "root": "root-" + self.vault_secret}
        self.vault = Vault(f"{DATA}/Microsoft.KeyVault/vaults/double", held, self.arm.may)

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
                roles = self.arm.roles
                return 200, {"definitions": list(roles.definitions), "assignments": list(roles.assignments)}
            case ("GET", ["double", "secrets"]):
                return 200, {"secrets": [*self.issued, *(base64.b64encode(key.value).decode() for key in self.blobs.keys)]}
            case ("GET", ["double", "seen"]):
                return 200, {"seen": self.seen}
            case ("GET", ["double", "stored"]):
                return 200, self.stored()
        living = self.issued.get(bearer, (None, 0))[1] > time.time()
        self.seen.append({"method": method, "path": path, "holder": self.holders[bearer] if living else None})
        holder = lambda service: self.holders[bearer] if self.speaks_for(bearer, service) else None
        match parts:
            case ["subscriptions", *rest]:
                if holder("arm") is None:
                    return 401, {"error": {"code": "InvalidAuthenticationTokenAudience", "message": "a Resource Manager token is needed"}}
                return self.arm.answer(method, path, rest, query, body, holder("arm"))
            case ["secrets", *rest]:
                if holder("vault") is None:
                    return self.vault.challenge(f"https://login.microsoftonline.com/{TENANT}")
                return self.vault.answer(method, rest, body, holder("vault"))
        parts = parts[1:] if parts[:1] == [ACCOUNT] else parts
        return self.blobs.answer(method, parts, query, headers, body, holder("storage"))

    def stored(self):
        """What the services hold, so that a test sees what a refused request did not change."""
        return {"groups": sorted(self.arm.groups), "resources": sorted(place.rpartition("/")[2] for place in self.arm.resources),
                "blobs": {name: sorted(blobs) for name, blobs in self.blobs.containers.items()},
                "secrets": {name: len(held) for name, held in self.vault.versions.items()}}


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
