"""A hundred uploads and downloads at once, and two dozen large requests; then the memory of the parent process in kB.

Every upload waits in its middle until all have begun, and every download before its second half.
"""

import http.client
import os
import re
import threading
from collections import Counter

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

STREAMS, BYTES = 100, 2_000_000
LARGE, LARGE_BYTES = 24, 7_000_000
URL, BUCKET = os.environ["AWS_ENDPOINT_URL"], "/beta/streams"
KEYS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"])


class Unsigned(S3SigV4Auth):
    def payload(self, request):
        return "UNSIGNED-PAYLOAD"


def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{os.getppid()}/status").read())[1])


def begin(method, path, auth, headers, length):
    request = AWSRequest(method, URL + path, headers)
    auth(KEYS, "s3" if auth is Unsigned else "dynamodb", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(URL.removeprefix("http://"), timeout=120)
    connection.putrequest(method, path)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    return connection


def up(number, together):
    connection = begin("PUT", f"{BUCKET}/{number}", Unsigned, {}, BYTES)
    connection.send(b"x" * (BYTES // 2))
    together.wait()
    connection.send(b"x" * (BYTES // 2))
    return connection.getresponse().status


def down(number, together):
    reply = begin("GET", f"{BUCKET}/{number}", Unsigned, {}, 0).getresponse()
    read = len(reply.read(BYTES // 2))
    together.wait()
    return reply.status if read + len(reply.read()) == BYTES else read


def large(number, together):
    """A body that is read whole, and that no service takes."""
    body = b'{"TableName": "items", "Item": {"id": {"S": "' + f"{number:02}".encode() * (LARGE_BYTES // 2) + b'"}}}'
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", URL + "/", headers, body)
    SigV4Auth(KEYS, "dynamodb", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(URL.removeprefix("http://"), timeout=120)
    together.wait()
    connection.request("POST", "/", body, dict(request.headers.items()))
    return connection.getresponse().status


def at_once(work, times):
    together, found = threading.Barrier(times), Counter()
    threads = [threading.Thread(target=lambda number=number: found.update([work(number, together)])) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{work.__name__}: " + ", ".join(f"{count} x {status}" for status, count in sorted(found.items())), flush=True)


begin("HEAD", "/beta", Unsigned, {}, 0).getresponse()
peaks = [peak()]
for work, times in ((up, STREAMS), (down, STREAMS), (large, LARGE)):
    at_once(work, times)
    peaks.append(peak())
print(*peaks)
for number in range(STREAMS):
    begin("DELETE", f"{BUCKET}/{number}", Unsigned, {}, 0).getresponse()
