"""Calls whose resources stand in a body, in an answer, or under a name of their own; ends as it began, so that it can run again."""

import boto3

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
s3, tables, logs, events = (boto3.client(name) for name in ("s3", "dynamodb", "logs", "events"))

# The content type is that of a protocol in other services.
s3.put_object(Bucket="beta", Key="exact/form", Body=b"Action=DeleteBucket", ContentType="application/x-www-form-urlencoded")
s3.put_object(Bucket="beta", Key="exact/d2", Body=b"x")
s3.delete_objects(Bucket="beta", Delete={"Objects": [{"Key": "exact/form"}, {"Key": "exact/d2"}]})
s3.put_object(Bucket="alpha", Key="exact/sealed", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY)
s3.get_object(Bucket="alpha", Key="exact/sealed")["Body"].read()
s3.delete_object(Bucket="alpha", Key="exact/sealed")

tables.create_table(TableName="exact", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
tables.transact_write_items(TransactItems=[{"Put": {"TableName": "items", "Item": {"id": {"S": "exact"}}}},
                                           {"Delete": {"TableName": "exact", "Key": {"id": {"S": "none"}}}}])
tables.delete_table(TableName="exact")

logs.create_log_group(logGroupName="/exact")
logs.filter_log_events(logGroupName="/exact")
logs.delete_log_group(logGroupName="/exact")
events.put_rule(Name="exact", ScheduleExpression="rate(1 day)")
events.delete_rule(Name="exact")
print("ok")
