"""Calls of S3, DynamoDB and SQS with boto3, the granted ones first; the argument begins every name. Prints `NAME: RESULT`."""

import io
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

NAME = sys.argv[1]
s3, db, sqs, sns = (boto3.client(service) for service in ("s3", "dynamodb", "sqs", "sns"))


def show(name, call):
    try:
        print(f"{name}: {call() or 'ok'}", flush=True)
    except ClientError as error:
        print(f"{name}: {error.response['Error']['Code']}", flush=True)


def quietly(call):
    return lambda: call() and None


def parts():
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=6 << 20)
    s3.upload_fileobj(io.BytesIO(b"x" * (12 << 20)), "alpha", f"{NAME}/parts", Config=config)
    back = io.BytesIO()
    s3.download_fileobj("alpha", f"{NAME}/parts", back, Config=config)
    return len(back.getvalue())


def message(url):
    sqs.send_message(QueueUrl=url, MessageBody="one")
    for got in sqs.receive_message(QueueUrl=url)["Messages"]:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    sqs.delete_queue(QueueUrl=url)


def item():
    key = {"id": {"S": NAME}}
    db.put_item(TableName="items", Item=key)
    db.update_item(TableName="items", Key=key, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "x"}})
    db.get_item(TableName="items", Key=key)
    db.delete_item(TableName="items", Key=key)


def read(**wanted):
    return s3.get_object(**wanted)["Body"].read().decode().strip()


show("get", lambda: read(Bucket="alpha", Key="hello.txt"))
show("put", quietly(lambda: s3.put_object(Bucket="alpha", Key=f"{NAME}/a b+ü", Body=b"x", Metadata={"one": "1"}, ContentType="text/plain")))
show("stream", quietly(lambda: s3.put_object(Bucket="alpha", Key=f"{NAME}/stream", Body=io.BytesIO(b"x" * 70_000), ChecksumAlgorithm="SHA256")))
show("parts", parts)
show("range", lambda: read(Bucket="alpha", Key="hello.txt", Range="bytes=0-4"))
show("list", quietly(lambda: list(s3.get_paginator("list_objects_v2").paginate(Bucket="alpha", Prefix=f"{NAME}/", PaginationConfig={"PageSize": 1}))))
show("delete", quietly(lambda: s3.delete_objects(Bucket="alpha", Delete={"Objects": [{"Key": f"{NAME}/{key}"} for key in ("a b+ü", "stream", "parts")]})))
show("item", item)
show("batch", quietly(lambda: db.batch_get_item(RequestItems={"items": {"Keys": [{"id": {"S": "one"}}]}})))
show("query", quietly(lambda: db.query(TableName="items", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "one"}})))
show("queue", quietly(lambda: sqs.create_queue(QueueName=f"{NAME}-queue")))
show("message", lambda: message(sqs.get_queue_url(QueueName=f"{NAME}-queue")["QueueUrl"]))

show("other action", lambda: s3.put_bucket_versioning(Bucket="alpha", VersioningConfiguration={"Status": "Enabled"}))
show("other bucket", lambda: read(Bucket="beta", Key="hello.txt"))
show("other key", lambda: s3.put_object(Bucket="alpha", Key="other", Body=b"x"))
show("buckets", lambda: s3.list_buckets())
show("other table", lambda: db.get_item(TableName="others", Key={"id": {"S": "1"}}))
show("scan", lambda: db.scan(TableName="items"))
show("other queue", lambda: sqs.create_queue(QueueName="other"))
show("purge", lambda: sqs.purge_queue(QueueUrl=f"https://sqs.us-east-1.amazonaws.com/123456789012/{NAME}-queue"))
show("other service", lambda: boto3.client("iam").list_users())
