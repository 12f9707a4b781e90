"""Makes signed requests as they are written, for what no SDK would send.

Each line of stdin is a name, method, service, path, headers (`name: value` between `|`) and body, with tabs between; prints
`NAME: STATUS`.
"""

import os
import sys
import urllib.error
import urllib.request

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"])
for line in sys.stdin.read().splitlines():
    name, method, service, path, headers, body = line.split("\t")
    headers = dict(header.split(": ", 1) for header in headers.split("|") if header)
    request = AWSRequest(method, os.environ["AWS_ENDPOINT_URL"] + path, headers, body.encode())
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, os.environ["AWS_REGION"]).add_auth(request)
    signed = dict(request.headers.items())
    signed.setdefault("Content-Type", "")  # otherwise urllib adds a default value
    try:
        with urllib.request.urlopen(urllib.request.Request(request.url, body.encode() or None, signed, method=method)) as answer:
            print(f"{name}: {answer.status}", flush=True)
    except urllib.error.HTTPError as error:
        print(f"{name}: {error.code}", flush=True)
