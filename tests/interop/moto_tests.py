"""moto's own tests, directly against its server and through the gateway of `tryaudex run`: what passes directly passes through the
gateway too. `make test-moto` runs those of SERVICES, `make interop-here` those of BRIEF.

The grant is every action of the services on every resource, so each refusal is the gateway's reading. Source of the tests: moto's sdist
on PyPI (Apache-2.0), which is unpacked under target/ and not part of this repository.
"""

import pathlib
import shutil
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from double import Judge
from session import ROOT, TRYAUDEX, Home

PLACE = ROOT / "target/interop/moto"
VERSION = "5.2.5"
PACKAGES = [f"moto[dynamodb,s3,server,kinesis]=={VERSION}", "pytest==9.2.0", "pytest-timeout==2.4.0", "freezegun==1.5.5"]
# The tests expect this address in the names of queues.
ADDRESS = ("127.0.0.1", 5000)
BRIEF = ["sns", "kms", "events"]
SERVICES = [*BRIEF, "cloudwatch", "dynamodb", "ecr", "iam", "kinesis", "logs", "route53", "s3", "secretsmanager", "sqs", "ssm"]
# Operations whose replies carry credentials are named one by one.
ALLOWED = ",".join([*(f"{prefix}:*" for prefix in (
    "apigateway", "autoscaling", "cloudformation", "cloudwatch", "config", "dynamodb", "ec2", "ecr", "events", "firehose", "iam", "kinesis",
    "kms", "lambda", "logs", "route53", "s3", "secretsmanager", "sns", "sqs", "ssm", "states", "sts", "tag")),
    "ecr:GetAuthorizationToken", "iam:CreateAccessKey", "iam:CreateVirtualMFADevice", "sts:AssumeRole", "sts:GetFederationToken",
    "sts:GetSessionToken"])
MINUTES = 15
# The tests that pass directly alone, by the reason for it.
NARROWER = {
    "they stop their clock, and a signature of another day is refused":
        "test_add_user_to_group test_custom_timestamp test_get_records_at_exact_timestamp test_last_modified test_restore_key "
        "test_rotate_secret",
    "they sign with keys other than the session's":
        "test_create_access_key test_dynamodb_authorization_put_item test_dynamodb_with_account_id_routing "
        "test_get_access_key_last_used_when_used test_iam_cloudformation_access_key_get_attr "
        "test_invoking_ec2_mark_access_key_as_used test_item_add_empty_string_attr_no_exception "
        "test_item_add_empty_string_hash_key_exception test_item_add_empty_string_range_key_exception test_list_access_keys "
        "test_list_not_found_table_tags test_list_queues_in_different_account test_list_table_tags test_list_table_tags_empty "
        "test_list_table_tags_paginated test_mark_role_as_last_used test_put_item_with_special_chars test_put_item_with_streams "
        "test_update_item_with_empty_string_attr_no_exception",
    "they use presigned addresses or forms, which the gateway refuses by name":
        "test_creating_presigned_post test_generate_presigned_url_on_multipart_upload_without_acl test_generate_url_for_tagged_object "
        "test_object_acl_with_presigned_post test_presigned_put_url_with_approved_headers test_presigned_put_url_with_custom_headers "
        "test_presigned_url_generates_content_response_headers test_s3_object_in_public_bucket_using_multiple_presigned_urls "
        "test_streaming_upload_from_file_to_presigned_url test_upload_from_file_to_presigned_url",
    "they send requests without a signature": "test_s3_object_in_private_bucket test_s3_object_in_public_bucket",
    "they send what AWS does not accept: an empty list of deletions, no attribute of an object":
        "test_delete_empty_keys_list test_get_attributes_last_modified",
}
EXPECTED = {name for names in NARROWER.values() for name in names.split()}


def missing():
    with socket.socket() as tried:
        if tried.connect_ex(ADDRESS) == 0:
            return f"port {ADDRESS[1]} is in use"
    python = PLACE / "venv/bin/python"
    if not (PLACE / "complete").exists():
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(parents=True)
        sources = PLACE / f"moto-{VERSION}.tar.gz"
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", str(PLACE / "venv")], [*pip, "install", *PACKAGES],
                        [*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", str(PLACE), f"moto=={VERSION}"],
                        ["tar", "-xzf", str(sources), "-C", str(PLACE)]):
            if subprocess.run(command, capture_output=True, timeout=600).returncode:
                return f"`{' '.join(command[:6])}` fails"
        (PLACE / "complete").touch()
    return None


def check(judge, services=BRIEF):
    server = subprocess.Popen([str(PLACE / "venv/bin/python"), "-m", "moto.server", "-H", ADDRESS[0], "-p", str(ADDRESS[1])],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait()
        for service in services:
            direct, through = _passed(service, []), _passed(service, _gateway())
            judge.allowed(f"moto's tests of {service}: some pass", lambda: bool(direct), True)
            differing = sorted(direct - through)
            judge.allowed(f"moto's tests of {service}: the {len(direct)} that pass directly pass through the gateway",
                          lambda: [name for name in differing if name.split("::")[1].split("[")[0] not in EXPECTED], [])
    finally:
        server.terminate()
        server.wait(10)


def _wait():
    for _ in range(300):
        with socket.socket() as tried:
            if tried.connect_ex(ADDRESS) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("moto's server does not start")


def _gateway():
    return [str(TRYAUDEX), "run", "--quiet", "--deliver", "gateway", "--allow", ALLOWED, "--resource", "*", "--"]


def _passed(service, prefix):
    """The names of the tests of `service` that pass."""
    report = PLACE / "report.xml"
    report.unlink(missing_ok=True)
    endpoint = f"http://localhost:{ADDRESS[1]}"
    home = Home()
    home.environment |= {
        "TEST_SERVER_MODE": "true", "TEST_SERVER_MODE_ENDPOINT": endpoint, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "of-the-parent", "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1",
        "PYTHONPATH": str(pathlib.Path(__file__).resolve().parent),
    }
    plugin = []
    if prefix:
        plugin = ["-p", "through_gateway"]
        home.environment |= {"AWS_ENDPOINT_URL": endpoint, "AUDEX_ROLE_ARN": "arn:aws:iam::123456789012:role/tests"}
    command = [*prefix, str(PLACE / "venv/bin/python"), "-m", "pytest", "-q", "--timeout", "60", "-p", "no:cacheprovider", *plugin,
               f"--junitxml={report}", f"tests/test_{service}"]
    done = subprocess.run(command, cwd=PLACE / f"moto-{VERSION}", env=home.environment, capture_output=True, text=True,
                          timeout=MINUTES * 60, stdin=subprocess.DEVNULL)
    if not report.exists():
        raise AssertionError(f"no report: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    cases = ElementTree.parse(report).iter("testcase")
    return {f"{case.get('classname')}::{case.get('name')}" for case in cases
            if not any(part.tag in ("failure", "error", "skipped") for part in case)}
