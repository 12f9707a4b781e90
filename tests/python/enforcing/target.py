"""Names the (action, resource ARN) pairs that a request needs, where moto names too few.

moto checks one action on one resource: a copy is a put (the source is never checked), a batch delete is one check on the bucket,
and DynamoDB is always `*`. Each of these would let a narrow policy be too wide or refuse what it grants.
"""

import json
import re
import urllib.parse

from flask import request as flask_request

from .session import ACCOUNT

# How permissions begin where signatures begin otherwise.
PREFIXES = {"monitoring": "cloudwatch"}
# Actions of the services below that no policy can limit to a resource. Source: Service Authorization Reference.
EVERYWHERE = {"sqs:ListQueues", "sns:ListTopics", "ec2:DescribeInstances", "lambda:ListFunctions", "cloudwatch:PutMetricData",
              "cloudwatch:ListMetrics", "secretsmanager:ListSecrets", "ssm:DescribeParameters"}

# DynamoDB checks the single operations inside a transaction.
TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}

# One statement of PartiQL: its verb, and the table in quotes. Source: DynamoDB Developer Guide, "IAM security policies with PartiQL".
STATEMENT = re.compile(r'^(SELECT|INSERT|UPDATE|DELETE)\b.*?(?:FROM|INTO|UPDATE)?\s*"([^"]+)"', re.S)
SSE_KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def targets(response, service, resource):
    action = response._get_action()
    service = PREFIXES.get(service, service)
    action = f"{service}:{action[0] if isinstance(action, list) else action}"
    if action in EVERYWHERE:
        return [(action, "*")]
    if service in OTHERS:
        # What is not known here is denied to whoever has less than everything.
        return [(action, f"arn:aws:{service}:{response.region}:{ACCOUNT}:{OTHERS[service](response, _parameters(response))}")]
    if service == "s3":
        return list(_s3(response, action, resource))
    if service == "dynamodb":
        return list(_dynamodb(response, action)) or [(action, "*")]
    if service == "iam":
        return [(action, _iam(response) or resource)]
    if service == "sts" and action == "sts:AssumeRole":
        return _assume_role(response)
    return [(action, resource)]


def _s3(response, action, resource):
    query = response.parsed_url.query
    if response.method == "POST" and "delete" in urllib.parse.parse_qs(query, keep_blank_values=True):
        import xmltodict

        objects = xmltodict.parse(response.body, strip_whitespace=False)["Delete"].get("Object", [])
        for entry in objects if isinstance(objects, list) else [objects]:
            verb = "DeleteObjectVersion" if entry.get("VersionId") else "DeleteObject"
            yield f"s3:{verb}", f"{resource}/{entry['Key']}"
        return
    yield action, resource
    # S3 uses the key of an object with the caller's permission. Source: S3 User Guide, "Using SSE-KMS", permissions.
    if action == "s3:GetObject" and (key := _key_of(resource)):
        yield "kms:Decrypt", key
    if action == "s3:PutObject" and response.headers.get(SSE_KEY):
        yield "kms:GenerateDataKey", response.headers[SSE_KEY]
    source = response.headers.get("x-amz-copy-source")
    if source:
        path, _, version = urllib.parse.unquote(source).partition("?versionId=")
        yield f"s3:GetObject{'Version' if version else ''}", f"arn:aws:s3:::{path.lstrip('/')}"
    if response.headers.get("x-amz-acl"):
        yield "s3:PutObjectAcl" if "/" in resource.split(":::")[1] else "s3:PutBucketAcl", resource
    if response.headers.get("x-amz-tagging"):
        yield "s3:PutObjectTagging", resource


def _key_of(resource):
    from moto.s3.models import s3_backends

    bucket, _, name = resource.split(":::")[1].partition("/")
    known = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    found = known.keys.get(name) if known else None
    return getattr(found, "kms_key_id", None)


def _dynamodb(response, action):
    body = response.body if isinstance(response.body, dict) else json.loads(response.body or "{}")
    arn = lambda name: name if name.startswith("arn:") else f"arn:aws:dynamodb:{response.region}:{ACCOUNT}:table/{name}"
    for entry in body.get("TransactItems", []):
        for kind, item in entry.items():
            yield f"dynamodb:{TRANSACTION[kind]}", arn(item["TableName"])
    if "Statement" in body:
        verb, table = STATEMENT.match(body["Statement"]).groups()
        yield f"dynamodb:PartiQL{verb.title()}", arn(table)
    for table in body.get("RequestItems", {}):
        yield action, arn(table)
    if "TableName" in body:
        index = body.get("IndexName")
        yield action, arn(body["TableName"]) + (f"/index/{index}" if index else "")
    elif "ResourceArn" in body:
        yield action, body["ResourceArn"]


def _iam(response):
    if response.data.get("PolicyArn") and not response.data.get("RoleName"):
        return response.data["PolicyArn"][0]
    if response.data.get("UserName"):
        return f"arn:aws:iam::{ACCOUNT}:user/{response.data['UserName'][0]}"
    return None


def _assume_role(response):
    role = response.data.get("RoleArn", ["*"])[0]
    needed = ["sts:AssumeRole"]
    needed += ["sts:TagSession"] if any(k.startswith("Tags.") for k in response.data) else []
    needed += ["sts:SetSourceIdentity"] if "SourceIdentity" in response.data else []
    return [(action, role) for action in needed]


def _parameters(response):
    raw = flask_request.environ.get("audex.json") or flask_request.environ["audex.body"]
    if response.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return dict(urllib.parse.parse_qsl(raw.decode()))
    try:
        return json.loads(raw or "{}")
    except ValueError:
        return {}


def _last(text):
    return text.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _secret(response, parameters):
    from moto.secretsmanager.models import secretsmanager_backends

    name = parameters.get("SecretId") or parameters.get("Name", "")
    secrets = secretsmanager_backends[ACCOUNT][response.region].secrets
    return secrets[name].arn.split(":", 5)[5] if name in secrets else f"secret:{name}-AbCdEf"


# The resource part of the ARN a request is about.
OTHERS = {
    "sqs": lambda _, p: p.get("QueueName") or _last(p.get("QueueUrl", "")),
    "sns": lambda _, p: p.get("Name") or _last(p.get("TopicArn", "")),
    "ec2": lambda _, p: f"instance/{p.get('InstanceId.1', '')}",
    "lambda": lambda r, p: f"function:{p.get('FunctionName') or urllib.parse.unquote(r.raw_path.split('/')[3])}",
    "cloudwatch": lambda _, p: f"alarm:{p.get('AlarmName') or (p.get('AlarmNames') or [''])[0]}",
    "secretsmanager": _secret,
    "logs": lambda _, p: f"log-group:{p.get('logGroupName', '')}:*",
    "events": lambda _, p: f"rule/{p.get('Name', '')}",
    "ssm": lambda _, p: f"parameter/{(p.get('Name') or (p.get('Names') or [''])[0]).lstrip('/')}",
}
