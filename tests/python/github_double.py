"""A GitHub double on 127.0.0.1: one App with its installations, tokens narrowed to permissions and repositories, two repositories' worth of API.

    python github_double.py

Prints one JSON line when it is ready (address, app_id, client_id, private_key, private_key_pkcs8, installation, …) and lives
until its stdin is closed. Enforced: the App's JWT (RS256 signature, iss, iat, exp at most ten minutes ahead), what an
installation has (422 for more), the token's permissions (403) and repositories (404), expiry after an hour, revocation (401).

Answers and messages: GitHub Docs, "REST API endpoints for GitHub Apps", "Rate limits for the REST API"; recorded exchanges of
PyGithub (tests/ReplayData/GithubIntegration.*); octokit/auth-app.js issues 375 and 698; probot issue 967;
octokit.rb pull request 1307; GitHub changelog 2026-05-15 (the form of tokens).

Not done, so nothing here proves anything about it: GraphQL, pagination, single_file, other Apps, users' own tokens, public
repositories that need no permission, git beyond the list of references (`git ls-remote`), what GitHub answers to an empty
`repositories` (here: everything, the worst it could mean). Nothing was compared with GitHub.
`/double/…` is the tests' own: `set` changes how it behaves, `state` tells what it was asked (`/_test/log` is the same).
"""

import base64
import binascii
import datetime
import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

APP_ID, CLIENT_ID, SLUG = 4711, "Iv23liAudexDouble00", "audex-double"
LEVELS = ["read", "write", "admin"]
VERSIONS = {"2022-11-28", "2026-03-10"}
LIFE = 3600
JWT_AHEAD = 600
MARK = "-issued-by-the-double-"
# Paths of a repository: what reading and what writing needs.
PERMISSION = {"contents": "contents", "issues": "issues", "pulls": "pull_requests", "actions": "actions"}


class Refusal(Exception):
    def __init__(self, status, message, **headers):
        self.status, self.message, self.headers = status, message, headers


def level(name):
    return LEVELS.index(name) if name in LEVELS else len(LEVELS)


class GitHub:
    def __init__(self):
        self.lock = threading.RLock()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.app_permissions = {"metadata": "read", "contents": "write", "issues": "write", "pull_requests": "read", "members": "read"}
        self.installations = {
            1001: self.install(1001, "octo-org", "Organization", ["hello", "other"]),
            2002: self.install(2002, "monalisa", "User", ["hello", "dotfiles"]),
        }
        # There, and out of the App's reach.
        self.elsewhere = {"octo-org/vault"}
        self.files = {"octo-org/hello/README.md": b"hello from octo-org\n", "octo-org/other/README.md": b"other\n",
                      "monalisa/hello/README.md": b"hello from monalisa\n"}
        self.issues = {}
        self.tokens, self.log, self.requests = {}, [], []
        # What tests change: seconds that GitHub's clock is ahead, how long new tokens live, how a reply is forged, what fails.
        self.clock, self.life, self.stateless, self.forge = 0, LIFE, False, {}
        self.rate_limited, self.fail_revoke, self.fail_tokens = 0, False, 0

    def install(self, number, login, kind, names):
        return {"id": number, "login": login, "type": kind, "repositories": names, "selection": "selected",
                "permissions": dict(self.app_permissions), "suspended": False}

    def now(self):
        return time.time() + self.clock

    # Who asks.

    def app(self, authorization):
        scheme, _, token = authorization.partition(" ")
        if not token:
            raise Refusal(401, "Requires authentication")
        undecodable = Refusal(401, "A JSON web token could not be decoded")
        if scheme.lower() != "bearer" or token.count(".") != 2:
            raise undecodable
        signed, _, signature = token.rpartition(".")
        try:
            header, claims = (json.loads(unbase64url(part)) for part in signed.split("."))
            if header["alg"] != "RS256":
                raise undecodable
            self.key.public_key().verify(unbase64url(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature) as error:
            raise undecodable from error
        if claims.get("iss") not in (APP_ID, str(APP_ID), CLIENT_ID):
            # As GitHub says it of the key of one App with the id of another.
            raise undecodable
        now, issued, expires = self.now(), claims.get("iat"), claims.get("exp")
        if type(issued) is not int or issued > now:
            raise Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
        if type(expires) is not int or expires <= now:
            raise Refusal(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
        if expires > now + JWT_AHEAD:
            raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")

    def held(self, authorization):
        scheme, _, token = authorization.partition(" ")
        if not token:
            raise Refusal(401, "Requires authentication")
        if scheme.lower() == "basic":
            user, _, token = base64.b64decode(token).decode().partition(":")
            if user != "x-access-token":
                raise Refusal(401, "Bad credentials")
        held = self.tokens.get(token)
        if held is None or held["ends"] <= self.now() or self.installations[held["installation"]]["suspended"]:
            raise Refusal(401, "Bad credentials")
        return held

    # As the App.

    def shown(self, one):
        return {
            "id": one["id"], "app_id": APP_ID, "app_slug": SLUG, "client_id": CLIENT_ID, "target_type": one["type"],
            "account": {"login": one["login"], "id": one["id"] * 10, "type": one["type"]}, "permissions": one["permissions"],
            "repository_selection": one["selection"], "events": [], "single_file_name": None,
            "suspended_at": "2026-01-01T00:00:00Z" if one["suspended"] else None, "suspended_by": None,
        }

    def of_account(self, login, kind):
        for one in self.installations.values():
            if one["login"].lower() == login.lower() and kind in (None, one["type"]):
                return one
        raise Refusal(404, "Not Found")

    def as_app(self, method, parts, body):
        match (method, *parts):
            case ("GET", "app"):
                return 200, {"id": APP_ID, "client_id": CLIENT_ID, "slug": SLUG, "name": "Audex double",
                             "owner": {"login": "octo-org"}, "permissions": self.app_permissions, "events": []}
            case ("GET", "app", "installations"):
                return 200, [self.shown(one) for one in self.installations.values()]
            case ("GET", "app", "installations", number):
                return 200, self.shown(self.installation(number))
            case ("POST", "app", "installations", number, "access_tokens"):
                return self.issue(self.installation(number), body)
            case ("GET", "repos", owner, name, "installation"):
                one = self.of_account(owner, None)
                if name.lower() not in one["repositories"]:
                    raise Refusal(404, "Not Found")
                return 200, self.shown(one)
            case ("GET", "orgs", login, "installation"):
                return 200, self.shown(self.of_account(login, "Organization"))
            case ("GET", "users", login, "installation"):
                return 200, self.shown(self.of_account(login, "User"))
        raise Refusal(404, "Not Found")

    def installation(self, number):
        one = self.installations.get(int(number)) if number.isdigit() else None
        if one is None:
            raise Refusal(404, "Not Found")
        return one

    def issue(self, one, body):
        asked = {"installation": one["id"], "body": body}
        self.requests.append(asked)
        if self.fail_tokens:
            raise Refusal(self.fail_tokens, "Server Error")
        if one["suspended"]:
            raise Refusal(403, "This installation has been suspended")
        if not isinstance(body, dict):
            raise Refusal(400, "Problems parsing JSON")
        # Nothing is taken for everything: recorded in PyGithub's testGetAccessToken.
        permissions = body.get("permissions") or one["permissions"]
        names = body.get("repositories") or []
        if not isinstance(permissions, dict) or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Refusal(400, "Invalid request.")
        for name, wanted in permissions.items():
            if wanted not in LEVELS or level(wanted) > level(one["permissions"].get(name)) or name not in one["permissions"]:
                raise Refusal(422, "The permissions requested are not granted to this installation.")
        if len(names) > 500 or any(name.lower() not in one["repositories"] for name in names):
            raise Refusal(422, "There is at least one repository that does not exist or is not accessible to the parent installation.")
        # GitHub adds this one by itself.
        permissions = {**permissions, **({"metadata": "read"} if "metadata" not in permissions and "metadata" in one["permissions"] else {})}
        repositories = [name.lower() for name in names]
        ends = int(self.now()) + self.life
        token = self.new_token()
        self.tokens[token] = {"installation": one["id"], "permissions": permissions, "repositories": repositories or None, "ends": ends}
        reply = {
            "token": token, "expires_at": datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": permissions, "repository_selection": "selected" if names else one["selection"],
        }
        if names:
            reply["repositories"] = [self.repository(one["login"], name) for name in repositories]
        asked["issued"] = {"permissions": permissions, "repositories": repositories or "all"}
        return 201, {**reply, **self.forge}

    def new_token(self):
        if not self.stateless:
            return "ghs_" + (MARK.replace("-", "") + secrets.token_hex(18))[:36]
        part = lambda length: secrets.token_urlsafe(length)
        return f"ghs_{APP_ID}_eyJ{part(30)}.{part(300)}.{MARK}{part(43)}"

    # With a token.

    def repository(self, owner, name):
        return {"id": sum(map(ord, owner + name)), "name": name, "full_name": f"{owner}/{name}", "private": True,
                "owner": {"login": owner}, "html_url": f"https://github.com/{owner}/{name}"}

    def reachable(self, held):
        one = self.installations[held["installation"]]
        return one["login"], held["repositories"] or one["repositories"]

    def need(self, held, name, wanted):
        if name not in held["permissions"] or level(held["permissions"][name]) < level(wanted):
            raise Refusal(403, "Resource not accessible by integration", **{"x-accepted-github-permissions": f"{name}={wanted}"})

    def in_reach(self, held, owner, name):
        login, names = self.reachable(held)
        if owner.lower() != login.lower() or name.lower() not in names:
            raise Refusal(404, "Not Found")

    def with_token(self, method, parts, body, authorization):
        held = self.held(authorization)
        if (method, *parts) == ("DELETE", "installation", "token"):
            if self.fail_revoke:
                raise Refusal(500, "Server Error")
            self.tokens = {token: one for token, one in self.tokens.items() if one is not held}
            return 204, None
        if (method, *parts) == ("GET", "installation", "repositories"):
            login, names = self.reachable(held)
            listed = [self.repository(login, name) for name in names]
            return 200, {"total_count": len(listed), "repository_selection": "selected", "repositories": listed}
        if (method, *parts) == ("GET", "rate_limit"):
            return 200, {"resources": {}, "rate": {"limit": 5000, "remaining": 4999, "reset": int(self.now()) + 3600, "used": 1}}
        if parts[0] == "orgs" and method == "GET" and parts[2:] == ["members"]:
            if parts[1].lower() != self.installations[held["installation"]]["login"].lower():
                raise Refusal(404, "Not Found")
            self.need(held, "members", "read")
            return 200, [{"login": "monalisa"}]
        if parts[0] != "repos" or len(parts) < 3:
            raise Refusal(404, "Not Found")
        _, owner, name, *rest = parts
        self.in_reach(held, owner, name)
        if not rest:
            self.need(held, "metadata", "read")
            return 200, self.repository(owner.lower(), name.lower())
        if rest[0] not in PERMISSION:
            raise Refusal(404, "Not Found")
        self.need(held, PERMISSION[rest[0]], "read" if method == "GET" else "write")
        place = f"{owner}/{name}".lower()
        if rest[0] == "contents" and rest[1:]:
            return self.contents(method, f"{place}/{'/'.join(rest[1:])}", body)
        if rest == ["issues"]:
            issues = self.issues.setdefault(place, [])
            if method == "GET":
                return 200, issues
            if method == "POST" and isinstance(body, dict) and body.get("title"):
                issues.append({"number": len(issues) + 1, "title": body["title"], "user": {"login": f"{SLUG}[bot]"}, "state": "open"})
                return 201, issues[-1]
            raise Refusal(422, "Validation Failed")
        if method == "GET" and len(rest) == 1:
            return 200, []
        raise Refusal(404, "Not Found")

    def contents(self, method, path, body):
        file = self.files.get(path)
        name = path.rsplit("/", 1)[-1]
        if method == "GET":
            if file is None:
                raise Refusal(404, "Not Found")
            return 200, {"type": "file", "name": name, "path": path.split("/", 2)[2], "encoding": "base64", "size": len(file),
                         "sha": "0" * 40, "content": base64.encodebytes(file).decode()}
        if method != "PUT" or not isinstance(body, dict) or not body.get("message"):
            raise Refusal(422, "Invalid request.")
        self.files[path] = base64.b64decode(body.get("content", ""))
        return (201 if file is None else 200), {"content": {"name": name}, "commit": {"message": body["message"]}}

    # What git asks first (gitprotocol-http): enough for `git ls-remote` of a repository without commits.

    def git(self, owner, repository, service, authorization):
        try:
            held = self.held(authorization)
        except Refusal as refusal:
            raise Refusal(401, refusal.message, **{"www-authenticate": 'Basic realm="GitHub"'}) from refusal
        self.in_reach(held, owner, repository)
        self.need(held, "contents", "write" if service == "git-receive-pack" else "read")
        line = lambda text: f"{len(text) + 4:04x}{text}"
        references = line(f"{'0' * 40} capabilities^{{}}\0agent=double\n")
        return f"{line(f'# service={service}' + chr(10))}0000{references}0000"


def unbase64url(text):
    if "=" in text:
        raise ValueError("padded")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        url, hub = urlsplit(self.path), self.server.hub
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        with hub.lock:
            try:
                body = json.loads(raw) if raw else None
            except ValueError:
                body = raw
            if parts[0] in ("double", "_test"):
                return self.control(hub, parts[-1], body)
            hub.log.append(f"{self.command} {url.path}")
            authorization = self.headers.get("authorization", "")
            try:
                self.usable(hub)
                if len(parts) == 4 and parts[1].endswith(".git") and parts[2:] == ["info", "refs"]:
                    service = url.query.partition("service=")[2]
                    text = hub.git(parts[0], parts[1].removesuffix(".git"), service, authorization)
                    return self.send(200, text.encode(), {}, f"application/x-{service}-advertisement")
                if parts[0] == "app" or parts[-1] == "installation" and parts[0] in ("repos", "orgs", "users"):
                    hub.app(authorization)
                    status, answer = hub.as_app(self.command, parts, body)
                else:
                    status, answer = hub.with_token(self.command, parts, body, authorization)
                headers = {"x-github-media-type": "github.v3; format=json"}
            except Refusal as refusal:
                status, headers = refusal.status, refusal.headers
                answer = {"message": refusal.message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        self.send(status, b"" if answer is None else json.dumps(answer).encode(), headers)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = handle_any

    def usable(self, hub):
        if not self.headers.get("user-agent"):
            raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
        version = self.headers.get("x-github-api-version")
        if version and version not in VERSIONS:
            raise Refusal(400, f"Version {version} is not supported")
        if hub.rate_limited:
            headers = {"retry-after": "60", "x-ratelimit-remaining": "0"}
            raise Refusal(hub.rate_limited, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", **headers)

    def control(self, hub, what, body):
        if what == "set":
            for name, value in body.items():
                if name in ("suspended", "permissions", "repositories", "selection"):
                    for number, one in hub.installations.items():
                        if body.get("installation", number) == number:
                            one[name] = value
                elif name != "installation":
                    if name not in vars(hub):
                        return self.send(400, json.dumps({"message": f"no {name}"}).encode(), {})
                    setattr(hub, name, value)
            return self.send(204, b"", {})
        state = {"log": hub.log, "requests": hub.requests, "tokens": len(hub.tokens),
                 "files": {path: text.decode() for path, text in hub.files.items()}, "issues": hub.issues}
        self.send(200, json.dumps(state).encode(), {})

    def send(self, status, body, headers, kind="application/json; charset=utf-8"):
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def pem(key, form):
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def main():
    hub = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = hub
    threading.Thread(target=server.serve_forever, daemon=True).start()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    print(json.dumps({
        "address": f"http://127.0.0.1:{server.server_address[1]}", "app_id": str(APP_ID), "client_id": CLIENT_ID, "slug": SLUG,
        # GitHub hands out PKCS#1; PKCS#8 is what other tools make of it.
        "private_key": pem(hub.key, serialization.PrivateFormat.TraditionalOpenSSL),
        "private_key_pkcs8": pem(hub.key, serialization.PrivateFormat.PKCS8),
        "other_private_key": pem(other, serialization.PrivateFormat.TraditionalOpenSSL),
        "installation": "1001", "organisation": "octo-org", "user_installation": "2002", "user": "monalisa", "mark": MARK.replace("-", ""),
    }), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
