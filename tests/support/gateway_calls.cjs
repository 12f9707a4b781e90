// The calls of gateway_calls.py with the JavaScript SDK v3. Prints `NAME: RESULT`.
const { Readable } = require("node:stream");
const { S3Client, ...s3 } = require("@aws-sdk/client-s3");
const { DynamoDBClient, ...db } = require("@aws-sdk/client-dynamodb");
const { SQSClient, ...sqs } = require("@aws-sdk/client-sqs");
const { Upload } = require("@aws-sdk/lib-storage");

const name = process.argv[2];
// A bucket cannot be part of a host name that is an address.
const objects = new S3Client({ forcePathStyle: true }), tables = new DynamoDBClient({}), queues = new SQSClient({});
let QueueUrl;
const Bucket = "alpha", TableName = "items", Key = { id: { S: name } };

async function show(what, call) {
    try {
        console.log(`${what}: ${(await call()) ?? "ok"}`);
    } catch (error) {
        console.log(`${what}: ${error.Code ?? error.name}`);
    }
}
const quietly = (client, command) => async () => void (await client.send(command));
const read = async (wanted) => (await (await objects.send(new s3.GetObjectCommand(wanted))).Body.transformToString()).trim();

async function parts() {
    const Key = `${name}/parts`;
    await new Upload({ client: objects, params: { Bucket, Key, Body: Readable.from([Buffer.alloc(12 << 20)]) }, partSize: 6 << 20 }).done();
    return (await read({ Bucket, Key })).length;
}

async function item() {
    await tables.send(new db.PutItemCommand({ TableName, Item: Key }));
    await tables.send(new db.UpdateItemCommand({ TableName, Key, UpdateExpression: "SET a = :a", ExpressionAttributeValues: { ":a": { S: "x" } } }));
    await tables.send(new db.GetItemCommand({ TableName, Key }));
    await tables.send(new db.DeleteItemCommand({ TableName, Key }));
}

async function message() {
    ({ QueueUrl } = await queues.send(new sqs.GetQueueUrlCommand({ QueueName: `${name}-queue` })));
    await queues.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "one" }));
    const { Messages } = await queues.send(new sqs.ReceiveMessageCommand({ QueueUrl }));
    for (const { ReceiptHandle } of Messages) await queues.send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    await queues.send(new sqs.DeleteQueueCommand({ QueueUrl }));
}

async function main() {
    const stream = { Body: Readable.from([Buffer.alloc(70_000)]), ContentLength: 70_000, ChecksumAlgorithm: "SHA256" };
    const keys = ["a b+ü", "stream", "parts"].map((key) => ({ Key: `${name}/${key}` }));
    await show("get", () => read({ Bucket, Key: "hello.txt" }));
    await show("put", quietly(objects, new s3.PutObjectCommand({ Bucket, Key: keys[0].Key, Body: "x", ContentType: "text/plain", Metadata: { one: "1" } })));
    await show("stream", quietly(objects, new s3.PutObjectCommand({ Bucket, Key: keys[1].Key, ...stream })));
    await show("parts", parts);
    await show("range", () => read({ Bucket, Key: "hello.txt", Range: "bytes=0-4" }));
    await show("list", quietly(objects, new s3.ListObjectsV2Command({ Bucket, Prefix: `${name}/` })));
    await show("delete", quietly(objects, new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: keys } })));
    await show("item", item);
    await show("batch", quietly(tables, new db.BatchGetItemCommand({ RequestItems: { items: { Keys: [{ id: { S: "one" } }] } } })));
    await show("query", quietly(tables, new db.QueryCommand({ TableName, KeyConditionExpression: "id = :i", ExpressionAttributeValues: { ":i": { S: "one" } } })));
    await show("queue", quietly(queues, new sqs.CreateQueueCommand({ QueueName: `${name}-queue` })));
    await show("message", message);

    await show("other action", quietly(objects, new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } })));
    await show("other bucket", () => read({ Bucket: "beta", Key: "hello.txt" }));
    await show("other key", quietly(objects, new s3.PutObjectCommand({ Bucket, Key: "other", Body: "x" })));
    await show("buckets", quietly(objects, new s3.ListBucketsCommand({})));
    await show("other table", quietly(tables, new db.GetItemCommand({ TableName: "others", Key })));
    await show("scan", quietly(tables, new db.ScanCommand({ TableName })));
    await show("other queue", quietly(queues, new sqs.CreateQueueCommand({ QueueName: "other" })));
    await show("purge", quietly(queues, new sqs.PurgeQueueCommand({ QueueUrl })));
}

main();
