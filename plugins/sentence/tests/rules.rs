//! Tests of the grammar's rules, each with sentences that once broke the rule.

mod container;
mod exclusion;

use sentence::propose;

/// Returns the actions and the resources, or the question if there is no proposal.
fn of(text: &str) -> (String, String) {
    by("aws", text)
}

fn by(provider: &str, text: &str) -> (String, String) {
    match propose(text, provider) {
        Ok(proposal) => (proposal.allow.join(","), proposal.resources.join(",")),
        Err(trouble) => (String::new(), trouble.to_string()),
    }
}

fn is(text: &str, actions: &str, resources: &str) {
    assert_eq!(of(text), (actions.to_owned(), resources.to_owned()), "{text}");
}

/// Asserts that a sentence grants nothing, and that the reason contains these words.
fn asks(text: &str, words: &str) {
    let (actions, why) = of(text);
    assert!(actions.is_empty() && why.contains(words), "{text}: {actions} {why}");
}

#[test]
fn the_examples_of_the_document_are_answered_as_they_are_there() {
    is(
        "Read from S3 bucket and invoke a Lambda function",
        "s3:GetObject,lambda:InvokeFunction",
        "",
    );
    is("Read only from my-bucket in S3", "s3:GetObject", "arn:aws:s3:::my-bucket/*");
}

#[test]
fn a_name_with_a_verb_in_it_is_a_name() {
    is(
        "read objects in the bucket no-delete-zone",
        "s3:GetObject",
        "arn:aws:s3:::no-delete-zone/*",
    );
    is(
        "send messages to the queue delete-requests",
        "sqs:SendMessage",
        "arn:aws:sqs:*:*:delete-requests",
    );
    is(
        "read messages of the queue DeleteRequests",
        "sqs:ReceiveMessage",
        "arn:aws:sqs:*:*:DeleteRequests",
    );
    is("read objects in the bucket `never-write`", "s3:GetObject", "arn:aws:s3:::never-write/*");
}

#[test]
fn the_object_of_the_verb_decides() {
    is(
        "Receive and delete messages from the SQS queue jobs",
        "sqs:ReceiveMessage,sqs:DeleteMessage",
        "arn:aws:sqs:*:*:jobs",
    );
    is("Reboot the RDS instance mydb", "rds:RebootDBInstance", "arn:aws:rds:*:*:db:mydb");
    is(
        "Write items to the DynamoDB table Events",
        "dynamodb:PutItem",
        "arn:aws:dynamodb:*:*:table/Events",
    );
    is("delete s3 bucket x", "s3:DeleteBucket", "arn:aws:s3:::x");
    is("delete objects in the bucket x", "s3:DeleteObject", "arn:aws:s3:::x/*");
    is("delete the queue q", "sqs:DeleteQueue", "arn:aws:sqs:*:*:q");
    is("delete messages in the queue q", "sqs:DeleteMessage", "arn:aws:sqs:*:*:q");
    is("delete the policy of the s3 bucket x", "s3:DeleteBucketPolicy", "arn:aws:s3:::x");
    let (actions, _) = of("push a docker image to ECR");
    assert!(
        actions.contains("ecr:PutImage") && !actions.contains("ecr:BatchGetImage"),
        "{actions}"
    );
}

#[test]
fn a_named_service_excludes_others() {
    asks("restart the SQS instance x", "what `x` is");
    is("stop the RDS instance a", "rds:StopDBInstance", "arn:aws:rds:*:*:db:a");
    is("stop the instance i-1", "ec2:StopInstances", "arn:aws:ec2:*:*:instance/i-1");
    is("get a job run from glue", "glue:GetJobRun,glue:GetJobRuns", "");
}

#[test]
fn what_is_written_out_is_read_as_what_it_is() {
    is("read objects in s3://logs-bucket/app/", "s3:GetObject", "arn:aws:s3:::logs-bucket/app/*");
    is("write to s3://b/reports/", "s3:PutObject", "arn:aws:s3:::b/reports/*");
    is("read s3://b/a.txt", "s3:GetObject", "arn:aws:s3:::b/a.txt");
    is("get object report.csv from S3 bucket b", "s3:GetObject", "arn:aws:s3:::b/report.csv");
    is(
        "read files in the folder in/2026 of the bucket b",
        "s3:GetObject",
        "arn:aws:s3:::b/in/2026/*",
    );
    is("read arn:aws:s3:::b/*, please", "s3:GetObject", "arn:aws:s3:::b/*");
    let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
    is(&format!("send messages to {queue}"), "sqs:SendMessage", queue);
    asks("delete s3://b", "are unknown");
}

#[test]
fn commands_are_read_as_commands() {
    is("run `aws s3 cp a.txt s3://b/in/`", "s3:PutObject", "arn:aws:s3:::b/in/*");
    is("I need `aws s3 rm s3://b/x`", "s3:DeleteObject", "arn:aws:s3:::b/x");
    is(
        "run `aws sqs purge-queue --queue-url https://sqs.eu-west-1.amazonaws.com/1/q`",
        "sqs:PurgeQueue",
        "arn:aws:sqs:*:*:q",
    );
    is(
        "run `aws dynamodb get-item --table-name T --key x`",
        "dynamodb:GetItem",
        "arn:aws:dynamodb:*:*:table/T",
    );
    asks("run `aws s3 frobnicate s3://b`", "`aws s3 frobnicate`");
    asks("run `aws lambda invoke out.json`", "`aws lambda invoke`");
}

#[test]
fn a_named_thing_is_the_only_thing() {
    is(
        "read the secret prod/db",
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:*:*:secret:prod/db-??????",
    );
    is("read objects in the bucket raw", "s3:GetObject", "arn:aws:s3:::raw/*");
    is("stop the instance a and nothing else", "ec2:StopInstances", "arn:aws:ec2:*:*:instance/a");
    asks("read objects in the bucket please", "which bucket");
    is("invoke the lambda resize", "lambda:InvokeFunction", "arn:aws:lambda:*:*:function:resize");
    is(
        "upload files to the bucket b-1 and list objects",
        "s3:PutObject,s3:ListBucket",
        "arn:aws:s3:::b-1,arn:aws:s3:::b-1/*",
    );
    is(
        "read my-bucket in s3 and invoke a lambda function",
        "s3:GetObject,lambda:InvokeFunction",
        "arn:aws:lambda:*:*:function:*,arn:aws:s3:::my-bucket/*",
    );
    asks("describe the EC2 instance i-1", "cannot be limited");
    // One list of actions on one list of resources would delete in both.
    asks("read objects in the bucket a-1 and delete objects in the bucket b-2", "other resource");
}

#[test]
fn what_cannot_be_told_is_asked_back() {
    for (text, words) in [
        ("", "names no known service"),
        ("make me a sandwich", "names no known service"),
        ("S3", "does not say what is done"),
        ("I need access to the customer bucket", "does not say what is done"),
        ("delete the customer bucket", "which bucket"),
        ("delete the bucket", "which bucket"),
        ("manage the bucket b", "`manage`"),
        ("read objects tagged Team=blue", "tagged"),
        ("do everything", "`everything`"),
        ("allow *:* on *", "more than a sentence"),
        ("give me full access to the bucket b", "full access"),
        ("read the frobnicator of S3", "frobnicator"),
        ("delete files in the bucket b and the table t", "what is done to"),
        ("read objects in the invoices", "invoices"),
    ] {
        asks(text, words);
    }
    let many = "read delete list write ";
    asks(&many.repeat(200), "more than");
    asks(&format!("{}objects in S3", many.repeat(30)), "more than");
}

#[test]
fn other_clouds_have_words_of_their_own_and_vault_speaks_aws() {
    let pair = |actions: &str, resources: &str| (actions.to_owned(), resources.to_owned());
    assert_eq!(
        by("gcp", "read objects of the bucket team-data"),
        pair("storage.objects.get", "gs://team-data")
    );
    assert_eq!(by("gcp", "read gs://b-1/team/"), pair("storage.objects.get", "gs://b-1/team/*"));
    assert_eq!(
        by("azure", "read a secret").0,
        "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    );
    assert_eq!(
        by("azure", "read blobs in the container c").1,
        "the sentence does not say which storage account"
    );
    assert_eq!(by("vault", "read objects in s3").0, "s3:GetObject");
}
