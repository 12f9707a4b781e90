"""An AWS double that really enforces: moto behind HTTP on 127.0.0.1, with the patches of `enforcing/`.

    python moto_enforcing.py [--port N]

Prints one JSON line on stdout when it is seeded and ready (endpoint, access_key_id, secret_access_key, role_arn, region, account,
pid, and admin_access_key_id, admin_secret_access_key of a user that may do everything) and lives until its stdin is closed: whoever starts it keeps a pipe open, and no orphan stays behind.
Not a cloud, and not secure: its keys are random, its data is made up, it listens on loopback only.
"""

import argparse
import io
import json
import os
import sys
import threading
import urllib.parse

for name in [n for n in os.environ if n.startswith(("AWS_", "MOTO_"))]:
    del os.environ[name]  # the double must behave the same whoever starts it, whatever profile or account is exported

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from enforcing import authentication, cbor, session, sts

REGION = "us-east-1"
USER = "developer"
ADMIN = "admin"
ROLE = "AudexTest"
WIDE_ROLE = "AudexWide"
SERVICES = {"s3", "sts", "iam", "dynamodb", "sqs", "sns", "ec2", "lambda", "monitoring", "secretsmanager", "ssm", "logs", "events"}

# The path below which the double tells its tests what it was asked for, by access key id.
SEEN = "/audex-double/seen/"

# Rules that `--without` can switch off; only check_double.py does, to prove that it would notice.
RULES = ("all", "identity", "session-policy", "expiry", "token", "signature")


class Gate:
    """Keeps the raw body for the signature check and refuses what moto would answer without asking who calls.

    Refused here: moto's own control and metadata paths (one POST to /moto-api turns authentication off), requests that are not
    signed in the Authorization header, and services that nobody has checked in this double.
    """

    def __init__(self, app):
        self.app = app
        self.seen = {}  # the signed requests by access key id

    def __call__(self, environ, start_response):
        length = environ.get("CONTENT_LENGTH")
        stream = environ["wsgi.input"]
        body = stream.read(int(length)) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
        environ |= {"audex.body": body, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)  # moto would switch accounts on the caller's word

        if environ["PATH_INFO"].startswith(SEEN):
            return self.tell(environ["PATH_INFO"].removeprefix(SEEN), start_response)
        if environ["PATH_INFO"].startswith(("/moto-api", "/latest/")):
            return _refuse(start_response, "404 Not Found", "NotFound", "not in this double")
        signed = authentication.CREDENTIAL.match(environ.get("HTTP_AUTHORIZATION", ""))
        if not signed and "all" not in session.OFF:
            return _refuse(start_response, "403 Forbidden", *_unsigned(environ))
        if signed and signed[4] not in SERVICES:
            return _refuse(start_response, "501 Not Implemented", "NotImplemented", f"service {signed[4]} is not in this double")
        if signed:
            self.seen.setdefault(signed[1], []).append(_shown(environ, signed[4]))
        answer = cbor.translated(self.app, environ, start_response)
        return self.app(environ, start_response) if answer is None else answer

    def tell(self, key, start_response):
        """Lists the requests that were signed with this key, one a line."""
        body = "".join(f"{line}\n" for line in self.seen.get(key, [])).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


def _shown(environ, service):
    """A request as the log shows it: the service, and the operation or the method and path."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    action = urllib.parse.parse_qs(environ["audex.body"].decode("latin-1")).get("Action", [""])[0] if form else ""
    query = environ.get("QUERY_STRING", "")
    path = environ["PATH_INFO"] + (f"?{query}" if query else "")
    return f"{service} {target or action or environ['REQUEST_METHOD'] + ' ' + path}"


def _unsigned(environ):
    query = "HTTP_X_AMZ_TARGET" in environ or environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return ("MissingAuthenticationToken", "Request is missing Authentication Token") if query else ("AccessDenied", "Access Denied")


def _refuse(start_response, status, code, message):
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if code == "MissingAuthenticationToken":  # STS and IAM wrap it, S3 does not
        body = f"<ErrorResponse>{body}</ErrorResponse>"
    start_response(status, [("Content-Type", "text/xml"), ("x-amzn-ErrorType", code), ("Content-Length", str(len(body)))])
    return [body.encode()]


class QuietHandler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive, as real endpoints do

    def log(self, kind, message, *args):
        if kind != "info":
            super().log(kind, message, *args)


def seed(endpoint):
    """Makes the account's contents through the double's own API while enforcement is off; returns what a test needs to know."""
    keys = {"aws_access_key_id": "seed", "aws_secret_access_key": "seed", "region_name": REGION, "endpoint_url": endpoint}
    iam, s3, dynamodb = (boto3.client(s, config=Config(retries={"max_attempts": 0}), **keys) for s in ("iam", "s3", "dynamodb"))

    role_arn = f"arn:aws:iam::{session.ACCOUNT}:role/{ROLE}"
    user = iam.create_user(UserName=USER)["User"]
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    # Broad on purpose: should Audex leak the caller's own keys to the child, everything would succeed and the tests would see it.
    iam.put_user_policy(UserName=USER, PolicyName="caller", PolicyDocument=_policy(
        (["s3:*", "dynamodb:*", "sts:GetScopedCredentials", "sts:GetFederationToken"], "*"), ("sts:AssumeRole", [role_arn, role_arn.replace(ROLE, WIDE_ROLE)])))
    # For tests that change the account itself (delete the role, attach a boundary).
    iam.create_user(UserName=ADMIN)
    admin = iam.create_access_key(UserName=ADMIN)["AccessKey"]
    iam.put_user_policy(UserName=ADMIN, PolicyName="admin", PolicyDocument=_policy(("*", "*")))
    trust = {"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(RoleName=ROLE, PolicyName="role", PolicyDocument=_policy(
        (["s3:*", "dynamodb:*", "iam:Get*", "iam:List*", "sts:GetScopedCredentials"], "*")))
    # For a session of many services: the same, and all of those.
    iam.create_role(RoleName=WIDE_ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(RoleName=WIDE_ROLE, PolicyName="role", PolicyDocument=_policy(
        (["s3:*", "dynamodb:*", "iam:*", "sqs:*", "sns:*", "ec2:*", "lambda:*", "cloudwatch:*", "secretsmanager:*", "ssm:*",
          "logs:*", "events:*", "kms:*"], "*")))

    for bucket in ("alpha", "beta"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="hello.txt", Body=f"hello from {bucket}\n".encode())
    dynamodb.create_table(
        TableName="items", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    dynamodb.put_item(TableName="items", Item={"id": {"S": "one"}})
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"], "role_arn": role_arn,
            "region": REGION, "account": session.ACCOUNT, "admin_access_key_id": admin["AccessKeyId"],
            "admin_secret_access_key": admin["SecretAccessKey"]}


def _policy(*grants):
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in grants]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def main():
    parser = argparse.ArgumentParser(description="an AWS double that enforces (moto, patched)")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--without", choices=RULES, action="append", default=[], help="switch one rule off; for check_double.py only")
    arguments = parser.parse_args()

    authentication.install()
    sts.install()
    session.OFF.add("all")
    server = make_server("127.0.0.1", arguments.port, Gate(DomainDispatcherApplication(create_backend_app)),
                         threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    seeded = seed(endpoint)
    session.OFF.clear()
    session.OFF.update(arguments.without)

    print(json.dumps({"endpoint": endpoint, **seeded, "pid": os.getpid()}), flush=True)
    while sys.stdin.buffer.read(4096):  # returns empty when the other end is closed or gone
        pass
    os._exit(0)  # request threads may be in the middle of something; nobody waits for them


if __name__ == "__main__":
    main()
