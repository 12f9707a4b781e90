"""What asking for one thing more costs: how soon a refused request is visible as an ask, and how soon a yes works.

One session writes to one object after the other. Each write is refused, becomes an ask, is shown by `sessions watch`, is
approved by another process, and is then repeated until it succeeds. All processes read the same clock.
"""

import json
import statistics
import subprocess
import time

ROUNDS = 20
PROGRAM = f"""
import time
import boto3, botocore.config
s3 = boto3.client("s3", config=botocore.config.Config(retries={{"total_max_attempts": 1}}))
for number in range({ROUNDS}):
    refused = None
    while True:
        try:
            s3.put_object(Bucket="demo-reports", Key=f"bench/{{number}}", Body=b"1")
            break
        except Exception:
            refused = refused or time.monotonic()
            time.sleep(0.002)
    print(refused, time.monotonic(), flush=True)
"""


def measure(audex, environment, python):
    """Medians in milliseconds: from the refusal to the shown ask, and from the yes to the first success."""
    allow = ["--allow", "s3:GetObject", "--deliver", "gateway", "--isolate", "credentials", "--on-denied", "ask"]
    session = subprocess.Popen([audex, "run", "--quiet", *allow, "--", python, "-c", PROGRAM], env=environment,
                               stdout=subprocess.PIPE, text=True)
    visible, effective = [], []
    watch = subprocess.Popen([audex, "sessions", "watch", "--json"], env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(ROUNDS):
            ask = asked(watch)
            shown = time.monotonic()
            yes = time.monotonic()
            subprocess.run([audex, "approve", ask], env=environment, check=True, stdout=subprocess.DEVNULL)
            refused, succeeded = map(float, session.stdout.readline().split())
            visible.append((shown - refused) * 1000)
            effective.append((succeeded - yes) * 1000)
    finally:
        session.terminate()
        session.wait()
        watch.terminate()
        watch.wait()
    return statistics.median(visible), statistics.median(effective)


def asked(watch):
    """The id of the next ask that waits for an answer."""
    for line in watch.stdout:
        event = json.loads(line)
        if event.get("event") == "asked":
            return event["id"]
    raise SystemExit("error: `sessions watch` ended before an ask was shown")
