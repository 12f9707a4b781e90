"""A Google Cloud double that really enforces: token -> scopes -> IAM of the service account -> access boundary.

    python gcp_double.py

Prints one JSON line on stdout when it is ready and lives until its stdin is closed. Then it prints one more with every token it ever
issued, so that the tests can look for them. Loopback only, plain HTTP.

Served: `/token` (the token_uri of a service account key and of a user), the metadata server's tokens, IAM Credentials generateAccessToken, STS token exchange with an access
boundary, Cloud Storage's JSON API, Pub/Sub, Secret Manager, BigQuery, Resource Manager's projects, and `/compute/v1/projects/P/zones/Z/instances`.
What a service account may do follows from BINDINGS_OF_ACCOUNTS, by permission and resource. For tests: `/double/expire` ends every token, `/double/seen`
lists every other request with the account whose living token it carried, `/double/stored` tells what the services hold.
Not done: conditions beyond startsWith and ==, organisation policies, uniform bucket access, deny policies, real IAM propagation.
Nothing was compared with Google Cloud.
"""

import base64
import datetime
import json
import re
import secrets
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gcp import boundary
from gcp.bigquery import BigQuery
from gcp.policy import Call, Need, Policy, not_found
from gcp.pubsub import PubSub
from gcp.secret_manager import SecretManager
from gcp.storage import Storage
from gcp.token import CLOUD_PLATFORM, Tokens

PROJECT = "audex-double"
METADATA = "/computeMetadata/v1/"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/forge"
SOURCE = f"developer@{PROJECT}.iam.gserviceaccount.com"
AGENT = f"audex-agent@{PROJECT}.iam.gserviceaccount.com"
# May not be impersonated by SOURCE.
OTHER = f"foreign@{PROJECT}.iam.gserviceaccount.com"
STORAGE = {"storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete",
           "storage.buckets.get", "storage.buckets.list"}
# AGENT is broad on purpose: a gateway before it must refuse what it could do. OTHER has one permission on one resource of each service.
BINDINGS_OF_ACCOUNTS = [
    (AGENT, STORAGE, ["*"]),
    (SOURCE, STORAGE, ["*"]),
    (AGENT, ["pubsub.*", "secretmanager.*", "bigquery.*", "resourcemanager.*"], [f"//*.googleapis.com/projects/{PROJECT}", f"//*.googleapis.com/projects/{PROJECT}/*"]),
    (OTHER, ["storage.objects.get"], ["//storage.googleapis.com/projects/_/buckets/alpha/objects/team/*"]),
    (OTHER, ["pubsub.topics.publish"], [f"//pubsub.googleapis.com/projects/{PROJECT}/topics/orders"]),
    (OTHER, ["secretmanager.versions.access"], [f"//secretmanager.googleapis.com/projects/{PROJECT}/secrets/db/versions/*"]),
    (OTHER, ["bigquery.jobs.create"], [f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"]),
    (OTHER, ["bigquery.tables.getData"], [f"//bigquery.googleapis.com/projects/{PROJECT}/datasets/sales/tables/orders"]),
]
COMPUTE = {"https://www.googleapis.com/auth/compute", "https://www.googleapis.com/auth/compute.readonly", CLOUD_PLATFORM}
# The project's policy, as far as roles go; storage.py decides by STORAGE.
ROLES = {"roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list"],
         f"projects/{PROJECT}/roles/more": ["compute.instances.list", "iam.serviceAccounts.actAs"]}
BINDINGS = [{"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{AGENT}", f"serviceAccount:{OTHER}"]},
            {"role": f"projects/{PROJECT}/roles/more", "members": [f"serviceAccount:{OTHER}"]}]
SCOPE_URL = re.compile(r"https://www\.googleapis\.com/auth/[a-z0-9._-]+")


class Cloud:
    def __init__(self):
        self.tokens = Tokens()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        seeded = lambda: {"hello.txt": b"hello from gcs\n", "team/a.txt": b"team a\n", "other/b.txt": b"other b\n"}
        self.policy = Policy(BINDINGS_OF_ACCOUNTS)
        self.storage = Storage({"alpha": seeded(), "beta": seeded()}, self.policy)
        self.secret = "secret-value-" + secrets.token_urlsafe(12)
        self.pubsub = PubSub(PROJECT, ["orders", "billing"])
        self.secrets = SecretManager(PROJECT, {"db": self.secret, "root": "root-" + self.secret})
        self.bigquery = BigQuery(PROJECT, {"sales": {"orders": ["one", "two"]}, "staff": {"pay": ["much"]}})
        self.requests, self.seen = [], []
        self.foreign = "foreign~" + secrets.token_urlsafe(24)
        self.user = {"client_id": "user", "client_secret": "client~" + secrets.token_urlsafe(24),
                     "refresh_token": "refresh~" + secrets.token_urlsafe(24)}

    def source(self, form):
        """The reply to a service account key's signed assertion (RFC 7523)."""
        head, claims, signature = form["assertion"][0].split(".")
        signed = f"{head}.{claims}".encode()
        self.key.public_key().verify(_unbase64(signature), signed, padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(_unbase64(claims))
        if claims["iss"] != SOURCE:
            return 400, {"error": "invalid_grant", "error_description": "not a known account"}
        token = self.tokens.issue(SOURCE, claims["scope"].split(), 3600)
        return 200, {"access_token": token.text, "expires_in": 3599, "token_type": "Bearer"}

    def refresh(self, form):
        """The reply to a user's refresh token (RFC 6749, section 6). The user may do what SOURCE may."""
        if {name: values[0] for name, values in form.items()} != {"grant_type": "refresh_token", **self.user}:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        token = self.tokens.issue(SOURCE, [CLOUD_PLATFORM], 3600)
        return 200, {"access_token": token.text, "expires_in": 3599, "token_type": "Bearer"}

    def metadata(self, path, query, headers):
        """The metadata server of a machine whose service account is SOURCE."""
        if headers.get("Metadata-Flavor") != "Google":
            return 403, {"error": "Missing Metadata-Flavor:Google header."}
        account = f"{METADATA}instance/service-accounts/default/"
        if path == account:
            return 200, {"email": SOURCE}
        if path != account + "token":
            return 404, {"error": "not found"}
        token = self.tokens.issue(SOURCE, query.get("scopes", [""])[0].split(","), 3600)
        return 200, {"access_token": token.text, "expires_in": 3599, "token_type": "Bearer"}

    def generate(self, email, caller, body):
        """generateAccessToken: the caller needs cloud-platform (or iam) scope and getAccessToken on the account."""
        # Source: IAM Credentials API reference, generateAccessToken, "Authorization scopes".
        if not {CLOUD_PLATFORM, "https://www.googleapis.com/auth/iam"} & set(caller.scopes):
            return _error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
        if email not in (AGENT, OTHER):
            return _error(404, "NOT_FOUND", f"Unknown service account {email}")
        delegates = body.get("delegates", [])
        if email == OTHER and delegates != [f"projects/-/serviceAccounts/{AGENT}"] or caller.principal != SOURCE:
            return _error(403, "PERMISSION_DENIED", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource")
        lifetime = re.fullmatch(r"(\d+)s", body.get("lifetime", "3600s"))
        if not lifetime or not 0 < int(lifetime[1]) <= 3600:
            return _error(400, "INVALID_ARGUMENT", "The lifetime must be between 1s and 3600s")
        scopes = body.get("scope") or []
        if not scopes or not all(SCOPE_URL.fullmatch(scope) for scope in scopes):
            return _error(400, "INVALID_ARGUMENT", "scope is required")
        token = self.tokens.issue(email, scopes, int(lifetime[1]))
        ends = datetime.datetime.fromtimestamp(int(token.expires_at), datetime.timezone.utc)
        return 200, {"accessToken": token.text, "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def exchange(self, form):
        """The token exchange: a living token with cloud-platform becomes one inside a boundary."""
        one = {name: values[0] for name, values in form.items()}
        kind = "urn:ietf:params:oauth:token-type:access_token"
        if one.get("subject_token_type") == "urn:ietf:params:oauth:token-type:jwt":
            return self.federate(one, kind)
        expected = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token_type": kind,
                    "requested_token_type": kind}
        subject = self.tokens.find(one.get("subject_token", ""))
        if any(one.get(name) != value for name, value in expected.items()) or subject is None:
            return 400, {"error": "invalid_request", "error_description": "not a token exchange of a living access token"}
        if CLOUD_PLATFORM not in subject.scopes:
            return 400, {"error": "invalid_scope", "error_description": "the subject token lacks cloud-platform"}
        try:
            # google-auth percent-encodes the document before the form does; both are read.
            options = urllib.parse.unquote(one.get("options", ""))
            rules = boundary.parse(json.loads(options))
        except (ValueError, AttributeError, boundary.Refused) as error:
            return 400, {"error": "invalid_request", "error_description": str(error)}
        if subject.boundary is not None:
            return 400, {"error": "invalid_request", "error_description": "already inside a boundary"}
        token = self.tokens.issue(subject.principal, subject.scopes, subject.left(), boundary=rules)
        # Like the real one, without expires_in where the subject belongs to a service account.
        return 200, {"access_token": token.text, "issued_token_type": kind, "token_type": "Bearer"}

    def federate(self, one, kind):
        """Workload identity federation: a token of the other issuer becomes one of SOURCE."""
        right = one.get("subject_token") == self.foreign and one.get("audience") == POOL and one.get("requested_token_type") == kind
        if not right:
            return 400, {"error": "invalid_grant", "error_description": "the foreign token is not one of the pool's issuer"}
        token = self.tokens.issue(SOURCE, one.get("scope", "").split(), 3600)
        return 200, {"access_token": token.text, "issued_token_type": kind, "token_type": "Bearer", "expires_in": 3600}

    def compute(self, token):
        if token.boundary is not None or not COMPUTE & set(token.scopes):
            return _error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
        return 200, {"kind": "compute#instanceList", "items": [{"name": "vm-1", "status": "RUNNING"}]}

    def answer(self, method, path, query, body, bearer):
        form = lambda: urllib.parse.parse_qs(body.decode())
        self.requests.append(f"{method} {path}")
        if not path.startswith("/double/"):
            known = self.tokens.find(bearer)
            self.seen.append({"method": method, "path": path, "account": known and known.principal})
        if (method, path) == ("POST", "/token"):
            return self.refresh(form()) if "refresh_token" in form() else self.source(form())
        if (method, path) == ("POST", "/v1/token"):
            return self.exchange(form())
        if (method, path) == ("POST", "/double/expire"):
            self.tokens.expire()
            return 200, {}
        if path == "/double/requests":
            return 200, {"requests": self.requests}
        if path == "/double/seen":
            return 200, {"seen": self.seen}
        if path == "/double/stored":
            return 200, self.stored()
        if path == "/double/tokens":
            return 200, {"tokens": self.tokens.texts()}
        token = self.tokens.find(bearer)
        if token is None:
            return _error(401, "UNAUTHENTICATED", "Anonymous caller or invalid credentials")
        if (method, path) == ("POST", f"/v1/projects/{PROJECT}:getIamPolicy"):
            if token.principal != SOURCE:
                return _error(403, "PERMISSION_DENIED", "resourcemanager.projects.getIamPolicy is denied")
            return 200, {"version": 3, "bindings": BINDINGS}
        if method == "GET" and path.removeprefix("/v1/") in ROLES:
            return 200, {"name": path.removeprefix("/v1/"), "includedPermissions": ROLES[path.removeprefix("/v1/")]}
        generate = re.fullmatch(r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken", urllib.parse.unquote(path))
        if method == "POST" and generate:
            return self.generate(generate[1], token, json.loads(body))
        if re.fullmatch(rf"/compute/v1/projects/{PROJECT}/zones/[a-z0-9-]+/instances", path):
            return self.compute(token)
        return self.service(method, path.strip("/"), query, body, token)

    def service(self, method, path, query, body, token):
        """The reply of the service whose request this is."""
        plain, is_storage = urllib.parse.unquote(path), path.startswith(("storage/", "upload/", "download/"))
        if not is_storage:
            described = json.loads(body or b"{}")
            for read in (self.pubsub.read, self.secrets.read, self.bigquery.read, self.project):
                call = read(method, plain, query, described)
                if call is not None:
                    return self.policy.judged(token, call)
        return self.storage.answer(method, path, query, body, token)

    def project(self, method, path, _query, _body):
        """Resource Manager's projects.get. Source: Resource Manager REST reference, v1 and v3."""
        place = re.fullmatch(r"v[13]/projects/([^/:]+)", path)
        if method != "GET" or not place:
            return None
        need = Need("resourcemanager.projects.get", f"//cloudresourcemanager.googleapis.com/projects/{place[1]}")
        about = {"projectId": PROJECT, "name": f"projects/{PROJECT}", "lifecycleState": "ACTIVE", "state": "ACTIVE"}
        return Call([need], {CLOUD_PLATFORM}, lambda: (200, about) if place[1] == PROJECT else not_found(place[1]))

    def stored(self):
        """What the services hold, so that a test sees what a refused request did not change."""
        return {"objects": {bucket: sorted(objects) for bucket, objects in self.storage.buckets.items()},
                "topics": sorted(self.pubsub.topics), "secrets": {name: len(held) for name, held in self.secrets.versions.items()},
                "published": self.pubsub.count, "tables": {name: sorted(tables) for name, tables in self.bigquery.datasets.items()}}


def _unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _error(code, status, message):
    return code, {"error": {"code": code, "status": status, "message": message}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def _serve(self):
        address = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, _, bearer = self.headers.get("Authorization", "").partition(" ")
        query = urllib.parse.parse_qs(address.query)
        self.cloud.storage.base = f"{self.headers.get('X-Forwarded-Proto', 'http')}://{self.headers['Host']}"
        is_metadata = address.path == "/" or address.path.startswith(METADATA)
        try:
            status, reply = self.cloud.metadata(address.path, query, self.headers) if is_metadata else self.cloud.answer(self.command, address.path, query, body, bearer if kind == "Bearer" else "")
        except Exception as error:  # a test must see what went wrong, not a closed connection
            status, reply = 500, {"error": {"code": 500, "message": repr(error)}}
        media = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(reply, bytes) else "application/json")
        self.send_header("Content-Length", str(len(media)))
        if is_metadata:
            self.send_header("Metadata-Flavor", "Google")
        self.end_headers()
        self.wfile.write(media)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    def log_message(self, *_):
        pass


def main():
    cloud = Cloud()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"cloud": cloud}))
    endpoint = f"http://127.0.0.1:{server.server_port}"
    pem = cloud.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key = {"type": "service_account", "project_id": PROJECT, "private_key_id": "double", "private_key": pem.decode(),
           "client_email": SOURCE, "client_id": "1", "token_uri": f"{endpoint}/token",
           "auth_uri": f"{endpoint}/auth", "universe_domain": "googleapis.com"}
    ready = {"endpoint": endpoint, "project": PROJECT, "source": SOURCE, "agent": AGENT, "other": OTHER, "key": key, "pool": POOL, "foreign": cloud.foreign, "user": cloud.user,
             "secret": cloud.secret}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(ready), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
