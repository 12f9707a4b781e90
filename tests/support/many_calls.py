"""Calls operations of eleven services by every protocol that AWS has, each on what it made itself; prints `ok` and how many."""

import io
import zipfile

import boto3
import botocore.model

# CloudWatch supports CBOR, JSON and query. The SDK prefers JSON, so CBOR is put first.
botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = ("smithy-rpc-v2-cbor", *botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS)

count = 0


def client(service):
    made = boto3.client(service)

    def counted(**_):
        global count
        count += 1

    made.meta.events.register("before-call", counted)
    return made


s3 = client("s3")  # rest-xml
s3.put_object(Bucket="alpha", Key="many/a b.txt", Body=b"x", Tagging="a=b")
s3.get_object(Bucket="alpha", Key="many/a b.txt")["Body"].read()
s3.head_object(Bucket="alpha", Key="many/a b.txt")
s3.get_object_tagging(Bucket="alpha", Key="many/a b.txt")
s3.copy_object(Bucket="beta", Key="many/copy.txt", CopySource={"Bucket": "alpha", "Key": "many/a b.txt"})
s3.delete_object(Bucket="alpha", Key="many/a b.txt")
s3.delete_object(Bucket="beta", Key="many/copy.txt")
s3.list_objects_v2(Bucket="alpha", Prefix="many/")
s3.get_bucket_location(Bucket="alpha")
s3.list_buckets()

dynamodb = client("dynamodb")  # json 1.0
key = {"id": {"S": "many"}}
dynamodb.put_item(TableName="items", Item=key)
dynamodb.get_item(TableName="items", Key=key)
dynamodb.batch_get_item(RequestItems={"items": {"Keys": [key]}})
dynamodb.query(TableName="items", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "many"}})
dynamodb.delete_item(TableName="items", Key=key)
dynamodb.describe_table(TableName="items")
dynamodb.list_tables()

sqs = client("sqs")  # json 1.0
queue = sqs.create_queue(QueueName="many")["QueueUrl"]
sqs.send_message(QueueUrl=queue, MessageBody="x")
sqs.receive_message(QueueUrl=queue)
sqs.delete_queue(QueueUrl=queue)

sns = client("sns")  # query
topic = sns.create_topic(Name="many")["TopicArn"]
sns.publish(TopicArn=topic, Message="x")
sns.list_topics()
sns.delete_topic(TopicArn=topic)

ec2 = client("ec2")  # ec2
instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
ec2.describe_instances(InstanceIds=[instance])
ec2.terminate_instances(InstanceIds=[instance])

archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as zipped:
    zipped.writestr("a.py", "x = 1")
function = client("lambda")  # rest-json
role = "arn:aws:iam::123456789012:role/AudexTest"
function.create_function(FunctionName="many", Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": archive.getvalue()})
function.get_function(FunctionName="many")
function.list_functions()
function.delete_function(FunctionName="many")

cloudwatch = client("cloudwatch")  # smithy-rpc-v2-cbor
cloudwatch.put_metric_data(Namespace="many", MetricData=[{"MetricName": "m", "Value": 1.5}])
cloudwatch.put_metric_alarm(AlarmName="many", MetricName="m", Namespace="many", ComparisonOperator="GreaterThanThreshold",
                            EvaluationPeriods=1, Period=60, Statistic="Sum", Threshold=1)
cloudwatch.delete_alarms(AlarmNames=["many"])

secrets = client("secretsmanager")  # json 1.1
secrets.create_secret(Name="many", SecretString="x")
secrets.get_secret_value(SecretId="many")
secrets.delete_secret(SecretId="many", ForceDeleteWithoutRecovery=True)

parameters = client("ssm")  # json 1.1
parameters.put_parameter(Name="/many/p", Value="x", Type="String")
parameters.get_parameter(Name="/many/p")
parameters.delete_parameter(Name="/many/p")

client("iam").get_role(RoleName="AudexTest")  # query
client("sts").get_caller_identity()

print("ok", count)
