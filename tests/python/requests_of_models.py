"""Writes requests of every AWS operation, one JSON list a line, for `host/cli/src/pipeline/gateway/property.rs`.

    tests/.venv/bin/python tests/python/requests_of_models.py SERVICES TYPES

SERVICES is plugins/aws/policy/data/services.txt; TYPES has a line `service:action <tab> format` for each resource type of the
catalogue's actions, so that the ARNs among the values are of types that exist.

botocore's serialisers write the requests from values that its models allow. A line is: signing name, service, operation, variant,
method, path with query, headers, body in base64. The variants are `required` (the required members), `all` (every member), and `two`
(every member, and two values in each list; for an operation that takes lists). An operation whose input is a stream of events has no
request.

Each text has its own name, `q7q`; a second value in a list is `q7r` where the first is `q7q`: a resource that contains one and not
the other shows a list of which only the first value was read.
"""

import base64
import datetime
import json
import re
import sys
from collections import defaultdict

import botocore.awsrequest
import botocore.serialize
import botocore.session
from botocore.compat import HTTPHeaders

ENDPOINT = "http://127.0.0.1:1"
PLACE = {"Partition": "aws", "Region": "eu-west-1", "Account": "123456789012", "AccountId": "123456789012"}
TIME = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
# Deeper members are left out: no reader looks there, and some models have thousands of them.
DEPTH = 3
ROLE = "arn:aws:iam::123456789012:role/"


def plain(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


class Values:
    """The values of one request."""

    def __init__(self, prefix, formats, every, several):
        self.prefix, self.formats, self.every, self.several = prefix, formats, every, several
        self.count = 0
        self.has_lists = False

    def of(self, shape, name, is_second=False, above=()):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, is_second, above)
        if kind == "list":
            return self.list(shape, name, is_second, above)
        if kind == "map":
            return {self.of(shape.key, "key", is_second): self.of(shape.value, name, is_second, above)}
        if kind == "string":
            return self.text(shape, name, is_second)
        if kind == "blob":
            return b"x"
        if kind == "timestamp":
            return TIME
        if kind == "boolean":
            return True
        if kind in ("float", "double"):
            return 1.5
        return 1

    def structure(self, shape, is_second, above):
        if getattr(shape, "is_document_type", False):
            return {"a": "b"}
        wanted = list(shape.members)
        if not self.every or len(above) >= DEPTH:
            wanted = [name for name in wanted if name in shape.required_members]
        if getattr(shape, "is_tagged_union", False):
            wanted = list(shape.members)[:1]
        below = (*above, shape.name)
        members = ((name, shape.members[name]) for name in wanted)
        return {name: self.of(member, name, is_second, below) for name, member in members if member.name not in below}

    def list(self, shape, name, is_second, above):
        if shape.member.name in above:
            return []
        self.has_lists = True
        start = self.count
        items = [self.of(shape.member, name, is_second, above)]
        if self.several and not is_second:
            end, self.count = self.count, start
            items.append(self.of(shape.member, name, True, above))
            self.count = max(self.count, end)
        return items

    def text(self, shape, name, is_second):
        if getattr(shape, "enum", None):
            return shape.enum[-1 if is_second else 0]
        if shape.serialization.get("jsonvalue"):
            return {"a": "b"}
        self.count += 1
        own = f"q{self.count}{'r' if is_second else 'q'}"
        lower = plain(name)
        if lower.endswith(("rolearn", "rolearns")) or lower == "role":
            return ROLE + own
        if lower == "queueurl":
            return f"https://sqs.eu-west-1.amazonaws.com/123456789012/{own}"
        if lower == "copysource":
            return f"{own}/{own}"
        if self.prefix == "ec2" and lower in ("resources", "resourceid", "resourceids"):
            return f"i-{own}"
        if lower.endswith(("arn", "arns", "arnlist")) or "Arn" in shape.name and lower.startswith("resource"):
            return self.arn(lower, own)
        return own

    def arn(self, lower, own):
        stem = re.sub("arn(s|list)?$", "", lower)
        of_type = [arn for of, arn in self.formats if of == stem] or [arn for of, arn in self.formats if stem in of or of in stem]
        if not of_type and stem in ("resource", "", "target"):
            of_type = [arn for _, arn in self.formats]
        arn = of_type[0] if of_type else "arn:aws:%s:eu-west-1:123456789012:thing/${Name}" % self.prefix
        return re.sub(r"\$\{([^}]+)\}", lambda name: PLACE.get(name[1], own), arn.split(", ")[0])


def written(serializer, operation, values):
    request = serializer.serialize_to_request(values, operation)
    request.pop("host_prefix", None)
    botocore.awsrequest.prepare_request_dict(request, ENDPOINT)
    headers = HTTPHeaders()
    for name, value in request["headers"].items():
        headers[name] = value
    sent = botocore.awsrequest.AWSRequest(method=request["method"], url=request["url"], data=request["body"], headers=headers).prepare()
    body = sent.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    texts = [(name.lower(), value.decode() if isinstance(value, bytes) else str(value)) for name, value in sent.headers.items()]
    own = [(name, value) for name, value in texts if name != "content-length"]
    return sent.method, sent.url[len(ENDPOINT):] or "/", own, base64.b64encode(body).decode()


def main():
    prefixes = dict(line.split() for line in open(sys.argv[1]) if line[0] != "#")
    formats = defaultdict(list)
    for line in open(sys.argv[2]):
        action, name, arn = line.rstrip("\n").split("\t")
        formats[action.lower()].append((plain(name), arn))
    session = botocore.session.get_session()
    for folder in session.get_available_services():
        model = session.get_service_model(folder)
        signed = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
        serializer = botocore.serialize.create_serializer(model.resolved_protocol, include_validation=False)
        prefix = prefixes.get(signed.lower(), signed)
        for operation in map(model.operation_model, model.operation_names):
            shape = operation.input_shape
            if operation.has_event_stream_input:
                continue
            of_action = formats[f"{prefix}:{operation.name}".lower()]
            for variant, every, several in (("required", False, False), ("all", True, False), ("two", True, True)):
                values = Values(prefix, of_action, every, several)
                parameters = values.of(shape, "") if shape else {}
                if variant == "two" and not values.has_lists or variant != "required" and not shape:
                    continue
                line = [signed, folder, operation.name, variant, *written(serializer, operation, parameters)]
                print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    main()
