"""Looks for everything in the shape of an AWS key that this process can see, and tries each combination.

Prints how many combinations there are, and how many of them open the cloud at $DIRECT and at $AWS_ENDPOINT_URL.
"""

import itertools
import os
import pathlib
import re

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PLACES = {"HOME", "TMPDIR", "XDG_RUNTIME_DIR"}


def texts():
    yield "\n".join(os.environ.values())
    for name in ("environ", "cmdline", "auxv", "comm", "limits", "mountinfo", "maps", "status"):
        yield pathlib.Path("/proc/self", name).read_bytes().decode("latin-1")
    # Its own memory, which had the environment from the start.
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw") and ("[stack]" in line or "[heap]" in line):
                memory.seek(begin)
                yield memory.read(end - begin).decode("latin-1")
    named = (value for name, value in os.environ.items() if name in PLACES or name.startswith("AWS_"))
    for place in {pathlib.Path(value) for value in named if value.startswith("/")}:
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file():
                yield path.read_bytes().decode("latin-1")


def opens(endpoint, key, secret, token):
    session = boto3.Session(key, secret, token)
    client = session.client("s3", endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))
    try:
        client.get_object(Bucket="alpha", Key="hello.txt")
        return True
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403), error
        return False


ids, secrets, tokens = set(), set(), {None}
for text in texts():
    ids |= set(re.findall(r"(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])", text))
    # The secrets and tokens of the doubles are in the alphabets of base64, those of the gateway are hexadecimal.
    runs = re.findall(r"[A-Za-z0-9/+=_-]{40,}", text)
    secrets |= {run for run in runs if len(run) == 40 and not run.startswith("/")}
    tokens |= {run for run in runs if len(run) >= 64 and re.fullmatch(r"[0-9a-f]{64}|FwoG.*", run)}
tried = list(itertools.product(ids, secrets, tokens))
assert len(tried) < 500, (len(ids), len(secrets), len(tokens))
for name, endpoint in (("direct", os.environ["DIRECT"]), ("as told", os.environ["AWS_ENDPOINT_URL"])):
    print(f"{name}: {'opened' if any(opens(endpoint, *one) for one in tried) else 'closed'}")
