"""Holds GetScopedCredentials of our AWS doubles against AWS's own client: boto3 1.44.8, which has the model of the operation.

    check_scoped.py                                           against moto_enforcing.py
    check_scoped.py ENDPOINT ROLE_ARN BUCKET/KEY OTHER/KEY    against a running cloud, with the user's keys in the environment

botocore parses the replies by its model, so a member under another name is missing here, and checks the parameters before it sends
them, except where a rule is about what the double itself refuses.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.prefix) / "boto3-current"))

import boto3
from botocore.config import Config

from double import Double, Judge

REGION = "us-east-1"


class Cloud:
    def __init__(self, endpoint, role, keys, allowed, other):
        self.endpoint, self.role, self.keys, self.allowed, self.other = endpoint, role, keys, allowed.split("/", 1), other.split("/", 1)

    def client(self, service, keys, **more):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=keys["AccessKeyId"],
                            aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys.get("SessionToken"),
                            config=Config(retries={"max_attempts": 0}, read_timeout=20, **more))

    def assume(self, **more):
        return self.client("sts", self.keys).assume_role(RoleArn=self.role, RoleSessionName="check", **more)["Credentials"]

    def scope(self, keys, **parameters):
        return self.client("sts", keys).get_scoped_credentials(**parameters)

    def unchecked(self, keys, **parameters):
        return self.client("sts", keys, parameter_validation=False).get_scoped_credentials(**parameters)

    def get(self, keys, place):
        return bool(self.client("s3", keys).get_object(Bucket=place[0], Key=place[1])["Body"].read())


def policy(*actions, resource="*"):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]})


def check(cloud, judge):
    role = cloud.assume()
    read = policy("s3:GetObject", resource=f"arn:aws:s3:::{cloud.allowed[0]}/*")
    again = policy("s3:GetObject", "sts:GetScopedCredentials")

    made = cloud.scope(role, Policy=read, DurationSeconds=60, ScopedSessionDescription="audex session=a justification=why é")
    judge.allowed("the members of the result are those of the model", lambda: sorted(made.keys() - {"ResponseMetadata"}), [
        "Credentials", "ScopedPoliciesCount", "SessionInfo", "SessionTokenSize", "SessionTokenUtilization"])
    judge.allowed("both members of SessionInfo are there", lambda: sorted(made["SessionInfo"]), ["Arn", "ScopedSessionId"])
    judge.allowed("the size is that of the token", lambda: made["SessionTokenSize"], len(made["Credentials"]["SessionToken"]))
    judge.allowed("the identity is the caller's", lambda: cloud.client("sts", made["Credentials"]).get_caller_identity()["Arn"],
                  made["SessionInfo"]["Arn"])
    judge.allowed("what the policy names is allowed", lambda: cloud.get(made["Credentials"], cloud.allowed), True)
    judge.denied("what it does not name is denied", lambda: cloud.get(made["Credentials"], cloud.other), "AccessDenied", "Forbidden")
    judge.allowed("a token can be asked to be longer", lambda: cloud.scope(
        role, Policy=read, MinimumSessionTokenSize=3000)["SessionTokenSize"], 3000)

    layers = [role]
    for count in (1, 2, 3):
        reply = cloud.scope(layers[-1], Policy=again)
        judge.allowed(f"policy {count} of 3 is taken and counted", lambda: reply["ScopedPoliciesCount"], count)
        layers.append(reply["Credentials"])
    judge.denied("a fourth policy is denied", lambda: cloud.scope(layers[-1], Policy=again), "AccessDenied")
    judge.allowed("a shorter session without a policy is not", lambda: cloud.scope(
        layers[-1], DurationSeconds=30)["ScopedPoliciesCount"], 3)
    judge.allowed("a session policy of AssumeRole does not count", lambda: cloud.scope(
        cloud.assume(Policy=again), Policy=read)["ScopedPoliciesCount"], 1)

    short = cloud.scope(role, Policy=again, DurationSeconds=60)["Credentials"]
    judge.denied("a session gives nothing longer than itself", lambda: cloud.scope(
        short, Policy=read, DurationSeconds=900), "InsufficientSessionLifetimeException")
    judge.allowed("it gives its own end where none is asked", lambda: cloud.scope(
        short, Policy=read)["Credentials"]["Expiration"], short["Expiration"])
    judge.denied("the keys of a user are no session", lambda: cloud.scope(
        cloud.keys, Policy=read, DurationSeconds=60), "InvalidSubjectCredentialsException")
    judge.denied("a policy that is not one", lambda: cloud.scope(role, Policy="{"), "MalformedPolicyDocumentException")
    judge.denied("a policy of 2,049 characters", lambda: cloud.unchecked(
        role, Policy=policy("s3:GetObject", resource="arn:aws:s3:::b/" + "x" * 2048)), "PackedPolicyTooLarge")
    for name, parameters in {
        "neither policy nor duration": {},
        "a description of one character": {"Policy": read, "ScopedSessionDescription": "x"},
        "a description of 257": {"Policy": read, "ScopedSessionDescription": "x" * 257},
        "a description in another alphabet": {"Policy": read, "ScopedSessionDescription": "日本"},
        "a policy in another alphabet": {"Policy": read.replace("/*", "/日")},
        "a duration of 0": {"Policy": read, "DurationSeconds": 0},
        "a duration of more than 36 hours": {"Policy": read, "DurationSeconds": 129601},
        "a token of more than 4,096 bytes": {"Policy": read, "MinimumSessionTokenSize": 4097},
    }.items():
        judge.denied(name, lambda: cloud.unchecked(role, **parameters), "ValidationError")


def main():
    judge = Judge()
    judge.allowed("the client has the operation", lambda: hasattr(boto3.client("sts", region_name=REGION), "get_scoped_credentials"), True)
    if len(sys.argv) == 1:
        with Double("moto_enforcing.py") as double:
            keys = {"AccessKeyId": double["access_key_id"], "SecretAccessKey": double["secret_access_key"]}
            check(Cloud(double["endpoint"], double["role_arn"], keys, "alpha/hello.txt", "beta/hello.txt"), judge)
    else:
        found = boto3.Session().get_credentials()
        keys = {"AccessKeyId": found.access_key, "SecretAccessKey": found.secret_key}
        check(Cloud(*sys.argv[1:3], keys, *sys.argv[3:5]), judge)
    judge.end()


if __name__ == "__main__":
    main()
