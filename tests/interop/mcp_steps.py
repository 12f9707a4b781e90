"""What both Python clients ask for."""

import os

RESOURCE = ["arn:aws:s3:::alpha/*"]
READ = {"command": ["sh", "-c", "aws s3api head-object --bucket alpha --key hello.txt >/dev/null"], "allow": ["s3:GetObject"],
        "resource": RESOURCE, "reason": "interop"}
WRITE = {"command": ["sh", "-c", "aws s3api put-object --bucket alpha --key interop >/dev/null"], "allow": ["s3:PutObject"],
         "resource": RESOURCE, "reason": "interop"}
BIG = {**READ, "command": ["sh", "-c", "yes 0123456789 | head -c 100000000"]}
PLAN = {"allow": ["s3:GetObject"], "resource": RESOURCE}
FIFO = os.path.join(os.environ["HOME"], "alive")
HANG = {**READ, "command": ["sh", "-c", f"exec 3>{FIFO}; (sleep 1000; true) & echo started >&3; wait; sleep 1000"]}
