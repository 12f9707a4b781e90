"""What boto3, as it comes, reaches at the endpoints in the arguments (JSON on stdout).

`throughput URL` uploads and downloads 200 MB: the best megabytes per second of three. `latency DIRECT RELAY GATEWAY` heads a
bucket at each in turn: the median and the 99th percentile in milliseconds.
"""

import io
import json
import statistics
import sys
import time

import boto3

BYTES = 200 * 1024 * 1024
CALLS = 1_000


def rate(call):
    best = 0
    for _ in range(3):
        began = time.perf_counter()
        call()
        best = max(best, BYTES / 1e6 / (time.perf_counter() - began))
    return round(best)


def throughput(url):
    client = boto3.client("s3", endpoint_url=url)
    data = b"\7" * BYTES

    def up():
        client.put_object(Bucket="bucket", Key=str(BYTES), Body=io.BytesIO(data))

    def down():
        body = client.get_object(Bucket="bucket", Key=str(BYTES))["Body"]
        while body.read(1024 * 1024):
            pass

    up()
    return {"up": rate(up), "down": rate(down)}


def latency(direct, relay, gateway):
    clients = {"direct": direct, "relay": relay, "gateway": gateway}
    clients = {name: boto3.client("s3", endpoint_url=url) for name, url in clients.items()}
    taken = {name: [] for name in clients}
    for _ in range(CALLS):
        for name, client in clients.items():
            began = time.perf_counter()
            client.head_bucket(Bucket="bucket")
            taken[name].append((time.perf_counter() - began) * 1000)
    return {name: [statistics.median(times), statistics.quantiles(times, n=100)[98]] for name, times in taken.items()}


print(json.dumps({"throughput": throughput, "latency": latency}[sys.argv[1]](*sys.argv[2:])))
