"""Proves, with boto3 and the real aws CLI and without Audex, that `moto_enforcing.py` enforces.

    check_double.py                 every rule must hold
    check_double.py --without RULE  run against a double with one rule switched off: expected to FAIL (exit 1)
    check_double.py --mutants       the plain run must pass and every --without run must fail

A rule is a function below: each refusal names its error code (a refusal for another reason is a failure), each has its allowed twin.
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from moto_enforcing import RULES

HERE = pathlib.Path(__file__).resolve().parent
AWS = pathlib.Path(sys.prefix) / "bin" / "aws"
# The double must refuse a bad parameter itself, so botocore does not check it first.
ONE_TRY = Config(retries={"max_attempts": 0}, read_timeout=20, parameter_validation=False)

READ_ALPHA = [("Allow", "s3:GetObject", "arn:aws:s3:::alpha/*")]


def policy(*grants):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": e, "Action": a, "Resource": r} for e, a, r in grants]})


class Double:
    """One running double and the ways to call it."""

    def __init__(self, ready):
        self.__dict__.update(ready)
        self.developer = Credentials(self.access_key_id, self.secret_access_key)
        self.admin = Credentials(self.admin_access_key_id, self.admin_secret_access_key)

    def client(self, service, keys):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=self.region, config=ONE_TRY, aws_access_key_id=keys.access_key,
                            aws_secret_access_key=keys.secret_key, aws_session_token=keys.token)

    def assume(self, by=None, **more):
        return keys_of(self.client("sts", by or self.developer).assume_role(RoleArn=self.role_arn, RoleSessionName="check", **more))

    def scope(self, by, seconds=None, document=policy(*READ_ALPHA)):
        """GetScopedCredentials by hand: the boto3 beside the aws CLI does not have it. Raises ClientError like boto3 does."""
        form = {"Action": "GetScopedCredentials", "Version": "2011-06-15", "Policy": document}
        form |= {"DurationSeconds": str(seconds)} if seconds is not None else {}
        # %20 and not +, as the Rust SDK encodes: the double must verify the bytes that were signed.
        body = urllib.parse.urlencode(form, quote_via=urllib.parse.quote)
        request = AWSRequest("POST", self.endpoint + "/", {"Content-Type": "application/x-www-form-urlencoded"}, body)
        SigV4Auth(by, "sts", self.region).add_auth(request)
        status, text = self.send(request)
        reply = {element.tag.rpartition("}")[2]: element.text for element in ElementTree.fromstring(text).iter()}
        if status != 200:
            raise ClientError({"Error": {"Code": reply["Code"], "Message": reply["Message"]}}, "GetScopedCredentials")
        return Credentials(reply["AccessKeyId"], reply["SecretAccessKey"], reply["SessionToken"]), reply["Expiration"]

    def send(self, request):
        connection = http.client.HTTPConnection(urllib.parse.urlparse(self.endpoint).netloc, timeout=20)
        with contextlib.closing(connection):
            url = urllib.parse.urlparse(request.url)
            connection.request(request.method, url.path + (f"?{url.query}" if url.query else ""), request.data or b"", dict(request.headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def cli(self, keys, *arguments):
        with tempfile.TemporaryDirectory() as home:
            environment = {"HOME": home, "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": self.region,
                           "AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key, "AWS_MAX_ATTEMPTS": "1",
                           "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
            environment |= {"AWS_SESSION_TOKEN": keys.token} if keys.token else {}
            return subprocess.run([sys.executable, AWS, *arguments], env=environment, capture_output=True, text=True, timeout=60)


def keys_of(reply):
    c = reply["Credentials"]
    return Credentials(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])


def get(d, keys, bucket="alpha", key="hello.txt"):
    return d.client("s3", keys).get_object(Bucket=bucket, Key=key)["Body"].read()


def refused(code, call, *arguments, **named):
    """Fails unless the call is refused with exactly this error code."""
    try:
        call(*arguments, **named)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"refused with {found}, not {code}: {error}"
        return
    raise AssertionError(f"allowed, should be {code}")


# The rules.


def a_session_policy_allows_what_it_names_and_nothing_else(d):
    keys = d.assume(Policy=policy(*READ_ALPHA))
    assert get(d, keys) == b"hello from alpha\n"
    s3, dynamodb = d.client("s3", keys), d.client("dynamodb", keys)
    refused("AccessDenied", s3.delete_object, Bucket="alpha", Key="hello.txt")
    refused("AccessDenied", s3.put_object, Bucket="alpha", Key="new", Body=b"x")
    refused("AccessDenied", get, d, keys, "beta")
    refused("AccessDenied", s3.list_buckets)
    refused("AccessDenied", s3.list_objects_v2, Bucket="alpha")
    refused("AccessDeniedException", dynamodb.list_tables)
    refused("AccessDeniedException", dynamodb.get_item, TableName="items", Key={"id": {"S": "one"}})
    refused("AccessDenied", d.client("iam", keys).list_roles)


def without_a_session_policy_the_role_has_its_own_rights(d):
    keys = d.assume()
    s3 = d.client("s3", keys)
    s3.put_object(Bucket="beta", Key="mine", Body=b"x")
    s3.delete_object(Bucket="beta", Key="mine")
    assert d.client("dynamodb", keys).get_item(TableName="items", Key={"id": {"S": "one"}})["Item"]
    d.client("iam", keys).get_role(RoleName="AudexTest")
    refused("AccessDenied", d.client("iam", keys).delete_role, RoleName="AudexTest")


def a_session_policy_cannot_give_what_the_role_lacks(d):
    keys = d.assume(Policy=policy(("Allow", "*", "*")))
    d.client("iam", keys).list_roles()
    refused("AccessDenied", d.client("iam", keys).create_user, UserName="more")


def the_real_cli_is_held_to_the_session_policy(d):
    keys = d.assume(Policy=policy(*READ_ALPHA))
    allowed = d.cli(keys, "s3", "cp", "s3://alpha/hello.txt", "-")
    assert (allowed.returncode, allowed.stdout) == (0, "hello from alpha\n"), allowed
    for arguments in (["s3", "rm", "s3://alpha/hello.txt"], ["s3", "ls"], ["s3", "ls", "s3://beta"], ["s3", "cp", "s3://beta/hello.txt", "-"],
                      ["dynamodb", "scan", "--table-name", "items"]):
        result = d.cli(keys, *arguments)
        text = result.stderr
        assert result.returncode and ("AccessDenied" in text or "403" in text or "Forbidden" in text), (arguments, result)
    twin = d.cli(d.assume(), "dynamodb", "scan", "--table-name", "items", "--query", "Count")
    assert twin.stdout.strip() == "1", twin


def dynamodb_resources_are_evaluated(d):
    table = f"arn:aws:dynamodb:us-east-1:{d.account}:table/items"
    keys = d.assume(Policy=policy(("Allow", "dynamodb:GetItem", table), ("Allow", "dynamodb:BatchGetItem", table)))
    dynamodb, key = d.client("dynamodb", keys), {"id": {"S": "one"}}
    dynamodb.get_item(TableName="items", Key=key)
    dynamodb.batch_get_item(RequestItems={"items": {"Keys": [key]}})
    refused("AccessDeniedException", dynamodb.get_item, TableName="other", Key=key)
    refused("AccessDeniedException", dynamodb.delete_item, TableName="items", Key=key)
    delete = [{"Delete": {"TableName": "items", "Key": key}}]
    refused("AccessDeniedException", dynamodb.transact_write_items, TransactItems=delete)


def deny_not_action_not_resource_and_wildcards_are_evaluated(d):
    deny = d.assume(Policy=policy(("Allow", "s3:*", "*"), ("Deny", "s3:Get*", "arn:aws:s3:::beta/*")))
    assert get(d, deny)
    refused("AccessDenied", get, d, deny, "beta")
    statement = {"Effect": "Allow", "NotAction": ["s3:Delete*"], "NotResource": "arn:aws:s3:::bet?/*"}
    negated = d.assume(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert get(d, negated)
    refused("AccessDenied", get, d, negated, "beta")
    refused("AccessDenied", d.client("s3", negated).delete_object, Bucket="alpha", Key="hello.txt")


def a_copy_needs_the_right_to_read_its_source(d):
    put = ("Allow", "s3:PutObject", "arn:aws:s3:::alpha/*")
    copy = {"Bucket": "alpha", "Key": "copied", "CopySource": "beta/hello.txt"}
    refused("AccessDenied", d.client("s3", d.assume(Policy=policy(put))).copy_object, **copy)
    both = d.assume(Policy=policy(put, ("Allow", "s3:GetObject", "arn:aws:s3:::beta/*")))
    d.client("s3", both).copy_object(**copy)


def a_batch_delete_needs_the_right_on_every_key(d):
    s3 = d.client("s3", d.assume())
    for key in ("tmp/a", "keep"):
        s3.put_object(Bucket="alpha", Key=key, Body=b"x")
    narrow = d.client("s3", d.assume(Policy=policy(("Allow", "s3:DeleteObject", "arn:aws:s3:::alpha/tmp/*"))))
    both = narrow.delete_objects(Bucket="alpha", Delete={"Objects": [{"Key": "tmp/a"}, {"Key": "keep"}]})
    assert {e["Code"] for e in both["Errors"]} == {"AccessDenied"} and not both.get("Deleted"), both
    assert narrow.delete_objects(Bucket="alpha", Delete={"Objects": [{"Key": "tmp/a"}]})["Deleted"]


def a_conditional_statement_never_allows(d):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    conditional = d.assume(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    refused("AccessDenied", get, d, conditional)
    del statement["Condition"]
    assert get(d, d.assume(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})))


def bad_session_policies_are_refused(d):
    for document in ("{", "[]", '{"Version":"2012-10-17"}', policy(("Permit", "s3:*", "*")), policy(("Allow", "s3:*", "alpha"))):
        refused("MalformedPolicyDocument", d.assume, Policy=document)
    refused("MalformedPolicyDocument", d.scope, d.assume(), 60, "{")
    filler = lambda n: policy(("Allow", "s3:GetObject", "arn:aws:s3:::alpha/" + "x" * n))
    room = 2048 - len(filler(0))
    d.assume(Policy=filler(room))
    refused("PackedPolicyTooLarge", d.assume, Policy=filler(room + 1))


def a_role_can_be_assumed_only_if_it_exists_and_trusts(d):
    assume = d.client("sts", d.developer).assume_role
    assume(RoleArn=d.role_arn, RoleSessionName="check")
    refused("AccessDenied", assume, RoleArn=d.role_arn + "Missing", RoleSessionName="check")
    refused("AccessDenied", assume, RoleArn=d.role_arn, RoleSessionName="check", Tags=[{"Key": "a", "Value": "b"}])
    refused("AccessDenied", assume, RoleArn=d.role_arn, RoleSessionName="check", SourceIdentity="someone")
    refused("AccessDenied", d.assume, by=d.assume())  # the role does not trust itself
    for seconds in (899, 3601):
        refused("ValidationError", d.assume, DurationSeconds=seconds)


def an_expired_session_is_refused(d):
    keys, expiration = d.scope(d.assume(), 2)
    assert get(d, keys)
    left = datetime.datetime.fromisoformat(expiration.replace("Z", "+00:00")).timestamp() - time.time()
    time.sleep(max(left, 0) + 1.1)
    refused("ExpiredToken", get, d, keys)
    refused("ExpiredTokenException", d.client("dynamodb", keys).list_tables)
    refused("ExpiredToken", d.client("sts", keys).get_caller_identity)
    refused("ExpiredToken", d.scope, keys, 900)


def scoping_down_only_narrows_and_never_outlives(d):
    role = d.assume()
    keys, _ = d.scope(role, 900)
    assert get(d, keys)
    refused("AccessDenied", get, d, keys, "beta")
    refused("AccessDenied", d.client("s3", keys).delete_object, Bucket="alpha", Key="hello.txt")
    identity = lambda k: d.client("sts", k).get_caller_identity()["Arn"]
    assert identity(keys) == identity(role)
    refused("AccessDenied", d.scope, keys, 900, policy(("Allow", "*", "*")))  # the scope did not grant scoping
    wide, _ = d.scope(role, 60, policy(("Allow", ["s3:GetObject", "sts:GetScopedCredentials"], "*")))
    refused("InsufficientSessionLifetime", d.scope, wide, 900)
    inner, expiration = d.scope(wide, None, policy(("Allow", "s3:*", "arn:aws:s3:::alpha/*")))
    assert get(d, inner)
    refused("AccessDenied", d.client("s3", inner).delete_object, Bucket="alpha", Key="hello.txt")
    refused("AccessDenied", get, d, inner, "beta")
    assert datetime.datetime.fromisoformat(expiration.replace("Z", "+00:00")).timestamp() <= time.time() + 60
    refused("InvalidSubjectCredentials", d.scope, d.developer, 60)  # long-term keys cannot
    refused("ValidationError", d.scope, role, 0)


def federation_and_session_tokens_are_enforced(d):
    sts = d.client("sts", d.developer)
    first = keys_of(sts.get_federation_token(Name="agent", Policy=policy(*READ_ALPHA)))
    assert get(d, first)
    refused("AccessDenied", get, d, first, "beta")
    refused("AccessDenied", get, d, keys_of(sts.get_federation_token(Name="agent")))
    refused("AccessDenied", d.client("sts", first).get_session_token)
    session = keys_of(sts.get_session_token())
    assert get(d, session, "beta") and session.access_key != first.access_key
    refused("AccessDenied", d.client("iam", session).list_roles)
    refused("AccessDenied", d.client("sts", session).get_session_token)
    assert get(d, d.scope(session, 60)[0])
    refused("AccessDenied", get, d, d.scope(session, 60)[0], "beta")


def the_session_token_must_match_the_key(d):
    a, b = d.assume(), d.assume()
    assert get(d, a) and get(d, b)
    for keys in (Credentials(a.access_key, a.secret_key, b.token), Credentials(a.access_key, a.secret_key)):
        refused("InvalidToken", get, d, keys)
        refused("UnrecognizedClientException", d.client("dynamodb", keys).list_tables)
        refused("InvalidClientTokenId", d.client("sts", keys).get_caller_identity)
    refused("InvalidToken", get, d, Credentials(d.access_key_id, d.secret_access_key, a.token))
    refused("InvalidAccessKeyId", get, d, Credentials("ASIA" + "Z" * 16, a.secret_key, a.token))


def a_bad_signature_is_refused(d):
    keys = d.assume()
    wrong = Credentials(keys.access_key, "x" * 40, keys.token)
    refused("SignatureDoesNotMatch", get, d, wrong)
    refused("InvalidSignatureException", d.client("dynamodb", wrong).list_tables)
    refused("SignatureDoesNotMatch", d.client("sts", wrong).get_caller_identity)

    def identity(change):
        request = AWSRequest("POST", d.endpoint + "/", {"Content-Type": "application/x-www-form-urlencoded"},
                             "Action=GetCallerIdentity&Version=2011-06-15")
        SigV4Auth(keys, "sts", d.region).add_auth(request)
        change(request)
        return d.send(request)

    assert identity(lambda r: None)[0] == 200
    for change in (lambda r: setattr(r, "data", r.data.decode() + "&a=b" if isinstance(r.data, bytes) else r.data + "&a=b"),
                   lambda r: r.headers.add_header("X-Amz-Extra", "unsigned"),
                   lambda r: r.headers.replace_header("X-Amz-Date", "20200101T000000Z")):
        status, text = identity(change)
        assert status == 403 and "SignatureDoesNotMatch" in text, (status, text)


def an_unsigned_request_is_refused(d):
    for method, path in (("GET", "/alpha/hello.txt"), ("GET", "/alpha"), ("GET", "/"), ("DELETE", "/alpha/hello.txt")):
        status, text = d.send(AWSRequest(method, d.endpoint + path))
        assert status == 403 and "hello from" not in text, (method, path, status, text)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for action in ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"):
        body = f"Action={action}&Version=2011-06-15&RoleArn={d.role_arn}&RoleSessionName=check&WebIdentityToken=x"
        assert d.send(AWSRequest("POST", d.endpoint + "/", form, body))[0] == 403
    presigned = d.client("s3", d.developer).generate_presigned_url("get_object", Params={"Bucket": "alpha", "Key": "hello.txt"})
    assert d.send(AWSRequest("GET", presigned))[0] == 403
    # moto's own switches are out of reach: the double cannot be opened from outside.
    assert d.send(AWSRequest("POST", d.endpoint + "/moto-api/reset-auth", {"Content-Type": "text/plain"}, "999"))[0] == 404
    assert d.send(AWSRequest("GET", d.endpoint + "/latest/meta-data/iam/security-credentials/"))[0] == 404
    assert get(d, d.developer) and d.send(AWSRequest("GET", d.endpoint + "/alpha/hello.txt"))[0] == 403


def the_permissions_boundary_of_the_role_is_applied(d):
    iam = d.client("iam", d.admin)
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=policy(*READ_ALPHA))["Policy"]["Arn"]
    keys = d.assume()
    assert get(d, keys, "beta")
    iam.put_role_permissions_boundary(RoleName="AudexTest", PermissionsBoundary=boundary)
    refused("AccessDenied", get, d, keys, "beta")
    assert get(d, keys)
    iam.delete_role_permissions_boundary(RoleName="AudexTest")


def managed_session_policies_limit_too(d):
    managed = d.client("iam", d.admin).create_policy(PolicyName="managed", PolicyDocument=policy(*READ_ALPHA))["Policy"]["Arn"]
    keys = d.assume(PolicyArns=[{"arn": managed}])
    assert get(d, keys)
    refused("AccessDenied", get, d, keys, "beta")


def a_session_dies_with_its_role(d):
    iam = d.client("iam", d.admin)
    role = {"RoleName": "Brief", "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})}
    rights = {"RoleName": "Brief", "PolicyName": "all", "PolicyDocument": policy(("Allow", "s3:*", "*"))}
    arn = iam.create_role(**role)["Role"]["Arn"]
    iam.put_role_policy(**rights)
    keys = keys_of(d.client("sts", d.admin).assume_role(RoleArn=arn, RoleSessionName="check"))
    assert get(d, keys)
    for revive in (False, True):  # a role made again under the same name is another role
        iam.delete_role_policy(RoleName="Brief", PolicyName="all")
        iam.delete_role(RoleName="Brief")
        if revive:
            iam.create_role(**role)
            iam.put_role_policy(**rights)
        refused("AccessDenied", get, d, keys)
        if not revive:
            iam.create_role(**role)
            iam.put_role_policy(**rights)


CHECKS = [check for name, check in list(globals().items()) if callable(check) and getattr(check, "__module__", "") == __name__
          and getattr(check, "__code__", None) and check.__code__.co_varnames[:1] == ("d",) and check.__code__.co_argcount == 1]


def run(without):
    """Runs every rule against a fresh double; returns the number of rules that did not hold."""
    command = [sys.executable, str(HERE / "moto_enforcing.py"), *[w for rule in without for w in ("--without", rule)]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        if not line:
            sys.exit("error: the double did not start")
        double, broken = Double(json.loads(line)), 0
        for check in CHECKS:
            started = time.monotonic()
            try:
                for bucket in ("alpha", "beta"):  # a rule that was broken before may have deleted them
                    double.client("s3", double.admin).put_object(Bucket=bucket, Key="hello.txt", Body=f"hello from {bucket}\n".encode())
                check(double)
                outcome = "holds"
            except Exception as error:  # noqa: BLE001 - any failure of a rule is a finding, and the next rule must still run
                outcome, broken = f"BROKEN: {type(error).__name__}: {str(error)[:200]}", broken + 1
            print(f"{check.__name__}: {outcome} ({time.monotonic() - started:.1f} s)")
        process.stdin.close()
        process.wait(timeout=10)
    if process.returncode:
        print(f"the double ended with status {process.returncode}")
    return broken + bool(process.returncode)


def main():
    parser = argparse.ArgumentParser(description="proves that the AWS double enforces")
    parser.add_argument("--without", choices=RULES, action="append", default=[], help="expected to fail: one rule switched off")
    parser.add_argument("--without-enforcement", action="store_const", const=["all"], default=[], help="same as --without all")
    parser.add_argument("--mutants", action="store_true", help="also require that every --without run fails")
    arguments = parser.parse_args()
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]

    broken = run(arguments.without + arguments.without_enforcement)
    if arguments.mutants:
        for rule in RULES:
            print(f"\nwithout {rule}:")
            found = run([rule])
            print(f"caught: {found} rules broken" if found else "NOT CAUGHT")
            broken += not found
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
