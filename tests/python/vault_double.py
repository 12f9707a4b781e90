"""A Vault double on 127.0.0.1: logins, tokens with policies, leases, and the AWS secrets engine over a real (loopback) STS.

    python vault_double.py '{"aws": ENDPOINT, "region": R, "role_arn": ARN, "source": [ID, SECRET], "user": [ID, SECRET]}'

Prints one JSON line when it is ready (address, token, role_id, secret_id, jwt) and lives until its stdin is closed.
Answers and messages: Vault API documentation (system backend, token, AppRole, Kubernetes, AWS secrets engine).

Not done, so nothing here proves anything about it: templated and sudo policies, renewal, wrapping, batch tokens, quotas,
making and deleting IAM users (role `user` gives keys of one that is there), token types of Kubernetes (the jwt is compared).
`/double/…` is the tests' own: `set` changes how it behaves, `state` tells what it was asked.
"""

import datetime
import ipaddress
import json
import secrets
import ssl
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PREFIX = "hvs.issued-by-the-double-"
POLICIES = {
    "root": ["*"],
    # What the policy `default` gives, and the use of the AWS engine. Not `sys/leases/revoke`: most who use a role have no right to it.
    "app": ["auth/token/lookup-self", "auth/token/revoke-self", "aws/sts/", "aws/creds/", "aws/roles/"],
    "user": ["auth/token/lookup-self", "auth/token/revoke-self", "sys/leases/revoke", "aws/"],
    "creds-only": ["auth/token/lookup-self", "sys/leases/revoke", "aws/creds/"],
}


class Refusal(Exception):
    def __init__(self, status, *errors):
        self.status, self.errors = status, list(errors)


class Vault:
    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.tokens, self.leases, self.log = {}, {}, []
        self.sealed, self.leader, self.secret_uses, self.refuse_revoke = False, None, 0, False
        self.role_id, self.secret_id, self.jwt = "my-role-id", secrets.token_hex(16), "ey.pod." + secrets.token_hex(16)
        self.user_token = self.token("user", "token-user", 3600)
        self.roles = {
            "my-vault-role": {"credential_type": "assumed_role", "role_arns": [options["role_arn"]]},
            "fed": {"credential_type": "federation_token"},
            "session": {"credential_type": "session_token"},
            "user": {"credential_type": "iam_user"},
        }

    def token(self, policy, name, ttl):
        token = PREFIX + secrets.token_hex(12)
        self.tokens[token] = {"policy": policy, "display_name": name, "ends": time.time() + ttl}
        return token

    def check(self, token, path):
        held = self.tokens.get(token)
        if held is None or held["ends"] < time.time():
            raise Refusal(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        allowed = POLICIES[held["policy"]]
        if not any(a == "*" or path == a or (a.endswith("/") and path.startswith(a)) for a in allowed):
            raise Refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        return held

    def sts(self):
        identifier, secret = self.options["source"]
        return boto3.client(
            "sts", endpoint_url=self.options["aws"], region_name=self.options["region"], aws_access_key_id=identifier,
            aws_secret_access_key=secret, config=Config(retries={"max_attempts": 0}),
        )

    def answer(self, method, path, token, body):
        if path == "sys/health":
            status = 503 if self.sealed else 429 if self.leader else 200
            return status, {"initialized": True, "sealed": self.sealed, "standby": bool(self.leader), "version": "1.21.0"}
        if self.sealed:
            raise Refusal(503, "Vault is sealed")
        if path in ("auth/approle/login", "auth/team/approle/login"):
            return self.login_approle(body)
        if path == "auth/kubernetes/login":
            if body.get("jwt") != self.jwt or body.get("role") != "my-k8s-role":
                raise Refusal(403, "permission denied")
            return self.logged_in("kubernetes-default")
        if path.startswith("auth/") and path.endswith("/login"):
            raise Refusal(404, f'no handler for route "{path}". route entry not found.')
        held = self.check(token, path)
        if path == "auth/token/lookup-self":
            left = int(held["ends"] - time.time())
            return 200, reply({"id": token, "display_name": held["display_name"], "ttl": left, "policies": [held["policy"]]})
        if path == "auth/token/revoke-self":
            self.tokens.pop(token)
            for lease in [lease for lease, of in self.leases.items() if of["token"] == token]:
                self.end(lease)
            return 204, None
        if path == "sys/leases/revoke":
            if self.refuse_revoke:
                raise Refusal(400, "failed to revoke entry: AWS is out of order")
            if body.get("lease_id") not in self.leases:
                raise Refusal(400, "invalid lease")
            self.end(body["lease_id"])
            return 204, None
        return self.aws(method, path, token, body)

    def end(self, lease):
        self.leases.pop(lease)
        self.log.append("ended " + lease.rsplit("/", 1)[0])

    def login_approle(self, body):
        if body.get("role_id") != self.role_id:
            raise Refusal(400, "invalid role ID")
        if body.get("secret_id") != self.secret_id or self.secret_uses < 0:
            raise Refusal(400, "invalid secret id")
        if self.secret_uses:
            self.secret_uses = -1 if self.secret_uses == 1 else self.secret_uses - 1
        return self.logged_in("approle")

    def logged_in(self, name):
        token = self.token("app", name, 1200)
        return 200, reply(None, auth={
            "client_token": token, "accessor": secrets.token_hex(8), "policies": ["default"], "token_policies": ["default"],
            "metadata": {"role_name": "ci"}, "lease_duration": 1200, "renewable": True, "entity_id": "", "token_type": "service",
            "orphan": True, "mfa_requirement": None, "num_uses": 0,
        })

    def aws(self, method, path, token, body):
        mount, _, rest = path.partition("/")
        kind, _, name = rest.partition("/")
        if mount != "aws":
            raise Refusal(404, f'no handler for route "{path}". route entry not found.')
        role = self.roles.get(name)
        if kind == "roles" and method == "GET":
            if role is None:
                raise Refusal(404)
            return 200, reply({**role, "max_sts_ttl": 0})
        if role is None:
            raise Refusal(400, f"Role '{name}' not found")
        if kind not in ("sts", "creds") or method not in ("PUT", "POST", "GET"):
            raise Refusal(405, "unsupported operation")
        if role["credential_type"] == "iam_user" and kind == "sts":
            raise Refusal(400, "attempted to retrieve iam_user credentials through the sts path")
        data, seconds = self.issue(role, body)
        lease = f"{path}/{secrets.token_hex(12)}"
        self.leases[lease] = {"token": token}
        return 200, reply(data, lease_id=lease, lease_duration=seconds)

    def issue(self, role, body):
        kind, seconds = role["credential_type"], int(str(body.get("ttl", "3600")).rstrip("s"))
        if kind == "iam_user":
            identifier, secret = self.options["user"]
            return {"access_key": identifier, "secret_key": secret, "security_token": None, "session_token": None}, 2764800
        seconds = min(seconds, role.get("max_sts_ttl", seconds))
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        try:
            if kind == "assumed_role":
                arn = body.get("role_arn", role["role_arns"][0])
                if arn not in role["role_arns"]:
                    raise Refusal(400, f'role_arn "{arn}" not in allowed role arns for Vault role')
                name = body.get("role_session_name", "vault")
                given = self.sts().assume_role(RoleArn=arn, RoleSessionName=name, DurationSeconds=seconds)
            elif kind == "federation_token":
                given = self.sts().get_federation_token(Name="vault", Policy=policy, DurationSeconds=seconds)
            else:
                given = self.sts().get_session_token(DurationSeconds=seconds)
        except ClientError as error:
            raise Refusal(400, f"Error issuing credentials: {error}") from error
        keys = given["Credentials"]
        return {
            "access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"], "ttl": seconds,
            "security_token": keys["SessionToken"], "session_token": keys["SessionToken"],
            "arn": given.get("AssumedRoleUser", {}).get("Arn", ""),
        }, seconds


def reply(data, auth=None, lease_id="", lease_duration=0):
    return {
        "request_id": secrets.token_hex(8), "lease_id": lease_id, "lease_duration": lease_duration, "renewable": False,
        "data": data, "auth": auth, "warnings": None, "wrap_info": None, "mount_type": "",
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        body = json.loads(raw) if raw else {}
        path, vault = self.path.strip("/"), self.server.vault
        with vault.lock:
            if path == "double/set":
                for name, value in body.items():
                    if name == "roles":
                        vault.roles.update(value)
                    elif name == "user_policy":
                        vault.tokens[vault.user_token]["policy"] = value
                    else:
                        setattr(vault, name, value)
                return self.send(204, None)
            if path == "double/state":
                logins = [token for token in vault.tokens if token != vault.user_token]
                state = {"leases": list(vault.leases), "log": vault.log, "logins": len(logins)}
                return self.send(200, {**state, "user_token": vault.user_token in vault.tokens})
            path = path.removeprefix("v1/")
            namespace = self.headers.get("x-vault-namespace", "")
            vault.log.append(f"{self.command} {path}" + (f" in {namespace}" if namespace else ""))
            if vault.leader and path != "sys/health":
                self.send_response(307)
                self.send_header("location", vault.leader + self.path)
                self.send_header("content-length", "0")
                return self.end_headers()
            try:
                if self.headers.get("x-vault-request") != "true":
                    raise Refusal(412, "the double insists on X-Vault-Request")
                status, answer = vault.answer(self.command, path, self.headers.get("x-vault-token", ""), body)
            except Refusal as refusal:
                status, answer = refusal.status, {"errors": refusal.errors}
        self.send(status, answer)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def send(self, status, answer):
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def certificate():
    """A certificate for 127.0.0.1 that nobody's roots know, and its key, both PEM in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vault double")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def serve(vault, context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.vault = vault
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


def main():
    vault = Vault(json.loads(sys.argv[1]))
    public, private = certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(public + private)
        file.flush()
        context.load_cert_chain(file.name)
    print(json.dumps({
        "address": f"http://{serve(vault)}", "tls_address": f"https://{serve(vault, context)}", "ca": public.decode(), "token": vault.user_token, "role_id": vault.role_id,
        "secret_id": vault.secret_id, "jwt": vault.jwt,
    }), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
