use super::*;

fn request(
    service: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> SeenRequest {
    crate::read::tests::request(service, method, path, headers, body.as_bytes())
}

/// Returns the operation, and each action with its resources.
fn needs(request: &SeenRequest) -> (String, Vec<(String, Vec<String>)>) {
    let call = one(request, Some("123456789012"));
    let attribution = observed::attribute(std::slice::from_ref(&call)).remove(0);
    let permissions =
        attribution.permissions.into_iter().map(|one| (one.action, one.resources.named().to_vec()));
    (call.operation, permissions.collect())
}

fn pair(action: &str, resource: &str) -> (String, Vec<String>) {
    (action.to_owned(), vec![resource.to_owned()])
}

#[test]
fn objects_buckets_and_copies_get_their_own_resources() {
    let (operation, found) = needs(&request("s3", "GET", "/b/a%20k?versionId=1", &[], ""));
    assert_eq!(
        (operation.as_str(), found),
        ("GetObject?versionId", vec![pair("s3:GetObjectVersion", "arn:aws:s3:::b/a k")])
    );
    let headers = [("x-amz-copy-source", "/from/a%2Fb?versionId=7"), ("x-amz-acl", "private")];
    let (operation, found) = needs(&request("s3", "PUT", "/to/k", &headers, ""));
    assert!(
        operation.starts_with("CopyObject?fromVersion&acl&s3:GetObjectVersion="),
        "{operation}"
    );
    let expected = [
        pair("s3:GetObjectVersion", "arn:aws:s3:::from/a/b"),
        pair("s3:PutObject", "arn:aws:s3:::to/k"),
        pair("s3:PutObjectAcl", "arn:aws:s3:::to/k"),
    ];
    assert_eq!(found, expected);
    let key = [(KMS_KEY, "arn:aws:kms:eu-west-1:1:key/1"), ("x-amz-acl", "private")];
    let (_, found) = needs(&request("s3", "PUT", "/b/k", &key, ""));
    assert!(
        found.contains(&pair("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:1:key/1")),
        "{found:?}"
    );
}

#[test]
fn queues_apis_and_handed_roles_are_seen() {
    let target = [("x-amz-target", "AmazonSQS.SendMessage")];
    let url =
        |owner: &str| format!(r#"{{"QueueUrl":"http://127.0.0.1:5/{owner}/q","MessageBody":"x"}}"#);
    for (owner, account) in [
        ("123456789012", "123456789012"),
        ("999999999999", "999999999999"),
        ("queue", "123456789012"),
    ] {
        let (_, found) = needs(&request("sqs", "POST", "/", &target, &url(owner)));
        assert_eq!(found, [pair("sqs:SendMessage", &format!("arn:aws:sqs:eu-west-1:{account}:q"))]);
    }
    let (_, found) = needs(&request("apigateway", "GET", "/restapis/x/stages", &[], ""));
    assert_eq!(found, [pair("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/x/stages")]);
    let body = r#"{"FunctionName":"f","Role":"arn:aws:iam::123456789012:role/r"}"#;
    let json = [("content-type", "application/json")];
    let (operation, found) =
        needs(&request("lambda", "POST", "/2015-03-31/functions", &json, body));
    assert_eq!(operation, "CreateFunction?role");
    let expected = [
        pair("lambda:CreateFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        pair("iam:PassRole", "arn:aws:iam::123456789012:role/r"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_not_known_is_told_as_it_was_seen() {
    let call =
        one(&request("lambda", "GET", &format!("/nobody/{}", "x".repeat(500)), &[], ""), None);
    assert!(
        !call.known && call.operation.starts_with("GET /nobody/x") && call.operation.len() < 100
    );
}

fn json(service: &str, operation: &str, body: &str) -> (String, Vec<(String, Vec<String>)>) {
    let target = format!("X.{operation}");
    needs(&request(service, "POST", "/", &[("x-amz-target", &target)], body))
}

fn on(action: &str, resources: &[&str]) -> (String, Vec<String>) {
    (action.to_owned(), resources.iter().map(|&resource| resource.to_owned()).collect())
}

fn table(name: &str) -> String {
    format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{name}")
}

#[test]
fn the_objects_that_are_deleted_are_named_and_their_versions_apart() {
    let delete = |body: &str| needs(&request("s3", "POST", "/b?delete", &[], body)).1;
    let objects = |keys: &str| format!("<Delete>{keys}</Delete>");
    let two = objects("<Object><Key>d1</Key></Object><Object><Key>a/*?${x}</Key></Object>");
    let expected = ["arn:aws:s3:::b/a/${*}${?}${$}{x}", "arn:aws:s3:::b/d1"];
    assert_eq!(delete(&two), [on("s3:DeleteObject", &expected)]);
    let versions = objects(
        "<Object><Key>o</Key></Object><Object><Key>v</Key><VersionId>1</VersionId></Object>",
    );
    let expected = [
        on("s3:DeleteObject", &["arn:aws:s3:::b/o"]),
        on("s3:DeleteObjectVersion", &["arn:aws:s3:::b/v"]),
    ];
    assert_eq!(delete(&versions), expected);
    let version = objects("<Object><Key>v</Key><VersionId>1</VersionId></Object>");
    assert_eq!(delete(&version), [on("s3:DeleteObjectVersion", &["arn:aws:s3:::b/v"])]);
    // An unreadable body may name any object of the bucket.
    for body in ["", "<Delete><Object><Key>d1</Key></Object><Obj"] {
        assert_eq!(delete(body), [on("s3:DeleteObject", &["arn:aws:s3:::b/*"])], "{body}");
    }
    let bypass = [("x-amz-bypass-governance-retention", "true")];
    let (_, found) = needs(&request(
        "s3",
        "POST",
        "/b?delete",
        &bypass,
        &objects("<Object><Key>k</Key></Object>"),
    ));
    let expected = [
        on("s3:DeleteObject", &["arn:aws:s3:::b/k"]),
        on("s3:BypassGovernanceRetention", &["arn:aws:s3:::b/k"]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn each_action_of_a_transaction_is_on_its_own_table() {
    let (one, two) = (table("tbl"), table("tb2"));
    let items = r#"{"TransactItems":[{"Put":{"TableName":"tbl","Item":{}}},{"Delete":{"TableName":"tb2","Key":{}}}]}"#;
    let expected = [on("dynamodb:DeleteItem", &[&two]), on("dynamodb:PutItem", &[&one])];
    assert_eq!(json("dynamodb", "TransactWriteItems", items).1, expected);
    let same = r#"{"TransactItems":[{"Update":{"TableName":"tbl"}},{"ConditionCheck":{"TableName":"tb2"}},{"Update":{"TableName":"tb2"}}]}"#;
    let expected =
        [on("dynamodb:ConditionCheckItem", &[&two]), on("dynamodb:UpdateItem", &[&two, &one])];
    assert_eq!(json("dynamodb", "TransactWriteItems", same).1, expected);
    let get = r#"{"TransactItems":[{"Get":{"TableName":"tbl"}},{"Get":{"TableName":"arn:aws:dynamodb:eu-west-1:1:table/x"}}]}"#;
    let expected = [on("dynamodb:GetItem", &[&one, "arn:aws:dynamodb:eu-west-1:1:table/x"])];
    assert_eq!(json("dynamodb", "TransactGetItems", get).1, expected);
    let batch = r#"{"RequestItems":{"tbl":[{"PutRequest":{}}],"tb2":[{"DeleteRequest":{}}]}}"#;
    assert_eq!(
        json("dynamodb", "BatchWriteItem", batch).1,
        [on("dynamodb:BatchWriteItem", &[&two, &one])]
    );
    // A transaction that is not understood may need any of the actions.
    for odd in [
        r#"{"TransactItems":[{"Put":{"TableName":"tbl"}},{"New":{"TableName":"tb2"}}]}"#,
        r#"{"TransactItems":[{"Put":{}}]}"#,
    ] {
        let (_, found) = json("dynamodb", "TransactWriteItems", odd);
        assert!(
            found.len() == 4 && found.iter().all(|(_, resources)| resources.is_empty()),
            "{odd} {found:?}"
        );
    }
}

#[test]
fn a_statement_needs_its_own_action_on_its_own_table() {
    let one = table("tbl");
    let select = r#"{"Statement":"SELECT * FROM \"tbl\" WHERE id='1'"}"#;
    assert_eq!(
        json("dynamodb", "ExecuteStatement", select).1,
        [on("dynamodb:PartiQLSelect", &[&one])]
    );
    let index = r#"{"Statement":"SELECT * FROM \"tbl\".\"by\" WHERE id='1'"}"#;
    assert_eq!(
        json("dynamodb", "ExecuteStatement", index).1,
        [on("dynamodb:PartiQLSelect", &[&table("tbl/index/by")])]
    );
    let both = r#"{"Statements":[{"Statement":"UPDATE tbl SET a=1 WHERE id=1"},{"Statement":"DELETE FROM tb2 WHERE id=1"}]}"#;
    let expected =
        [on("dynamodb:PartiQLDelete", &[&table("tb2")]), on("dynamodb:PartiQLUpdate", &[&one])];
    assert_eq!(json("dynamodb", "BatchExecuteStatement", both).1, expected);
    let odd = r#"{"TransactStatements":[{"Statement":"INSERT INTO tbl VALUE {}"},{"Statement":"EXISTS(SELECT * FROM x)"}]}"#;
    let (_, found) = json("dynamodb", "ExecuteTransaction", odd);
    assert!(
        found.len() == 4 && found.iter().all(|(_, resources)| resources.is_empty()),
        "{found:?}"
    );
}

#[test]
fn the_key_that_an_answer_names_is_needed() {
    let key = "arn:aws:kms:eu-west-1:1:key/k";
    let answered = [(ANSWERED_KEY, key)];
    let expected = [on("s3:GetObject", &["arn:aws:s3:::b/k"]), on("kms:Decrypt", &[key])];
    assert_eq!(needs(&request("s3", "GET", "/b/k", &answered, "")).1, expected);
    let expected = [on("s3:GetObjectVersion", &["arn:aws:s3:::b/k"]), on("kms:Decrypt", &[key])];
    assert_eq!(needs(&request("s3", "GET", "/b/k?versionId=1", &answered, "")).1, expected);
    let expected = [on("s3:PutObject", &["arn:aws:s3:::b/k"]), on("kms:GenerateDataKey", &[key])];
    assert_eq!(needs(&request("s3", "PUT", "/b/k", &answered, "")).1, expected);
    let alias = [(ANSWERED_KEY, key), (KMS_KEY, "alias/mine")];
    assert_eq!(needs(&request("s3", "PUT", "/b/k", &alias, "")).1, expected);
    let part = needs(&request("s3", "PUT", "/b/k?partNumber=1&uploadId=x", &answered, "")).1;
    assert_eq!(part.len(), 3, "{part:?}");
    // The metadata of an object is not encrypted with the object.
    assert_eq!(needs(&request("s3", "HEAD", "/b/k", &answered, "")).1.len(), 1);
    assert_eq!(needs(&request("s3", "GET", "/b/k", &[], "")).1.len(), 1);
}

#[test]
fn what_a_parameter_says_of_another_service_is_needed() {
    let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-abcdef";
    let body = format!(
        r#"{{"resourceArn":"arn:aws:rds:eu-west-1:1:cluster:c","secretArn":"{secret}","sql":"select 1"}}"#
    );
    let rds =
        request("rds-data", "POST", "/Execute", &[("content-type", "application/json")], &body);
    let (_, found) = needs(&rds);
    assert!(found.contains(&on("secretsmanager:GetSecretValue", &[secret])), "{found:?}");
    let redshift = |parameters: &str| json("redshift-data", "ExecuteStatement", parameters).1;
    let arn = |name: &str| format!("arn:aws:redshift:eu-west-1:123456789012:{name}");
    let user =
        redshift(r#"{"ClusterIdentifier":"c","DbUser":"u","Database":"d","Sql":"select 1"}"#);
    let expected = on("redshift:GetClusterCredentials", &[&arn("dbname:c/d"), &arn("dbuser:c/u")]);
    assert!(user.contains(&expected), "{user:?}");
    assert!(user.contains(&on("redshift-data:ExecuteStatement", &[&arn("cluster:c")])), "{user:?}");
    let own = redshift(r#"{"ClusterIdentifier":"c","Database":"d","Sql":"select 1"}"#);
    assert!(
        own.contains(&on("redshift:GetClusterCredentialsWithIAM", &[&arn("dbname:c/d")])),
        "{own:?}"
    );
    let serverless = redshift(r#"{"WorkgroupName":"w","Database":"d","Sql":"select 1"}"#);
    assert!(serverless.contains(&on("redshift-serverless:GetCredentials", &[])), "{serverless:?}");
    let with_secret = redshift(&format!(
        r#"{{"ClusterIdentifier":"c","SecretArn":"{secret}","Sql":"select 1"}}"#
    ));
    assert!(
        with_secret.contains(&on("secretsmanager:GetSecretValue", &[secret])),
        "{with_secret:?}"
    );
    assert!(
        with_secret.iter().all(|(action, _)| !action.contains("Credentials")),
        "{with_secret:?}"
    );
    let key = "arn:aws:kms:eu-west-1:1:key/k";
    let create =
        json("secretsmanager", "CreateSecret", &format!(r#"{{"Name":"n","KmsKeyId":"{key}"}}"#)).1;
    assert!(
        create.contains(&on("kms:GenerateDataKey", &[key]))
            && create.contains(&on("kms:Decrypt", &[key])),
        "{create:?}"
    );
    assert_eq!(json("secretsmanager", "CreateSecret", r#"{"Name":"n"}"#).1.len(), 1);
}

#[test]
fn cloudfront_tags_what_it_creates() {
    let body = "<DistributionConfigWithTags/>";
    let (operation, found) =
        needs(&request("cloudfront", "POST", "/2020-05-31/distribution?WithTags", &[], body));
    assert!(operation.starts_with("CreateDistributionWithTags"), "{operation}");
    assert_eq!(
        found,
        [on("cloudfront:CreateDistribution", &[]), on("cloudfront:TagResource", &[])]
    );
    let (_, found) = needs(&request("cloudfront", "POST", "/2020-05-31/distribution", &[], body));
    assert_eq!(found, [on("cloudfront:CreateDistribution", &[])]);
}
