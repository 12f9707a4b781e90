use super::*;

const ACCOUNT: &str = "123456789012";

pub fn request(
    service: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> SeenRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    SeenRequest {
        service: Some(service.to_owned()),
        region: Some("eu-west-1".to_owned()),
        method: method.to_owned(),
        host: "127.0.0.1".to_owned(),
        path: path.to_owned(),
        query: query.split('&').filter(|text| !text.is_empty()).map(pair).collect(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_vec(),
        complete: true,
    }
}

/// Returns the needs as `action on resource,…`, with `!` before an action whose reply carries credentials.
fn needs(request: &SeenRequest) -> Vec<String> {
    let Reading::Calls(needs) = read(request, Some(ACCOUNT)) else {
        panic!("{}", reason(request));
    };
    let text = |need: &Need| {
        let on = match &need.on {
            Scope::Every => "every".to_owned(),
            Scope::Unseen => "unseen".to_owned(),
            Scope::These(these) => these.join(","),
        };
        let free = if need.free { "free " } else { "" };
        format!("{}{free}{} on {on}", if need.yields_credentials { "!" } else { "" }, need.action)
    };
    needs.iter().map(text).collect()
}

/// Returns true if the resources of the request's only need are read.
fn is_seen(request: &SeenRequest) -> bool {
    match needs(request).as_slice() {
        [one] => !one.ends_with("unseen"),
        several => panic!("{several:?}"),
    }
}

fn reason(request: &SeenRequest) -> String {
    match read(request, Some(ACCOUNT)) {
        Reading::Calls(_) => String::new(),
        Reading::Unknown(reason) => format!("unknown {reason}"),
        Reading::Ambiguous(reason) => format!("ambiguous {reason}"),
    }
}

fn json(service: &str, target: &str, body: &str) -> SeenRequest {
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target)];
    request(service, "POST", "/", &headers, body.as_bytes())
}

#[test]
fn needs_have_their_own_resources() {
    let copy = [("x-amz-copy-source", "/from/a")];
    let cases: [(SeenRequest, &[&str]); 7] = [
        (request("s3", "GET", "/b/k", &[], b""), &["s3:GetObject on arn:aws:s3:::b/k"]),
        (
            request("s3", "PUT", "/to/k", &copy, b""),
            &["s3:GetObject on arn:aws:s3:::from/a", "s3:PutObject on arn:aws:s3:::to/k"],
        ),
        (request("s3", "GET", "/", &[], b""), &["s3:ListAllMyBuckets on every"]),
        (request("s3", "GET", "/b/a*", &[], b""), &["s3:GetObject on unseen"]),
        (
            json(
                "dynamodb",
                "DynamoDB_20120810.GetItem",
                r#"{"TableName":"t","Key":{"a":{"S":"x"}}}"#,
            ),
            &["dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:123456789012:table/t"],
        ),
        (json("dynamodb", "DynamoDB_20120810.GetItem", "{}"), &["dynamodb:GetItem on unseen"]),
        (
            json("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "{}"),
            &["!ecr:GetAuthorizationToken on every"],
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(needs(&request), expected);
    }
}

#[test]
fn a_path_or_a_header_may_be_the_resource() {
    let directory = "arn:aws:clouddirectory:eu-west-1:123456789012:directory/d";
    let header = [("x-amz-data-partition", directory)];
    let disable = "/amazonclouddirectory/2017-01-11/directory/disable";
    for (request, expected) in [
        (
            request("apigateway", "GET", "/v2/apis/a/stages", &[], b""),
            "apigateway:GET on arn:aws:apigateway:eu-west-1::/apis/a/stages".to_owned(),
        ),
        (
            request("apigateway", "GET", "/restapis/a", &[], b""),
            "apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/a".to_owned(),
        ),
        (
            request("clouddirectory", "PUT", disable, &header, b""),
            format!("clouddirectory:DisableDirectory on {directory}"),
        ),
    ] {
        assert_eq!(needs(&request), [expected]);
    }
    assert!(reason(&request("s3", "PUT", "/b", &header, b"")).contains("is not read"));
}

#[test]
fn an_operation_that_needs_nothing_and_yields_credentials_has_a_need() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let of = |action: &str| {
        let body = format!("Action={action}&Version=2011-06-15");
        needs(&request("sts", "POST", "/", &form, body.as_bytes()))
    };
    assert_eq!(of("GetCallerIdentity"), ["free sts:GetCallerIdentity on every"]);
    assert_eq!(of("GetSessionToken"), ["!sts:GetSessionToken on every"]);
}

#[test]
fn every_role_that_a_request_passes_on_is_a_need() {
    let task = r#"{"family":"f","taskRoleArn":"arn:aws:iam::123456789012:role/one",
        "executionRoleArn":"arn:aws:iam::123456789012:role/two",
        "containerDefinitions":[{"x":{"nestedRole":"arn:aws:iam::123456789012:role/three"}}]}"#;
    let found =
        needs(&json("ecs", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", task));
    for role in ["one", "two", "three"] {
        assert!(
            found.iter().any(|need| need.starts_with("iam:PassRole on") && need.contains(role)),
            "{role} {found:?}"
        );
    }
    assert!(
        needs(&request("s3", "PUT", "/b?replication", &[], b""))
            .contains(&"iam:PassRole on unseen".to_owned())
    );
}

#[test]
fn a_name_of_another_account_or_region_is_not_taken_for_one_of_this() {
    let function = |name: &str| {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        is_seen(&request("lambda", "POST", &path, &[], b"{}"))
    };
    assert!(function("mine"));
    assert!(function("mine:PROD"));
    for partial in [
        "999999999999:function:mine",
        "999999999999:mine",
        "function:mine",
        "eu-west-1:999999999999:mine",
    ] {
        assert!(!function(partial), "{partial}");
    }
    let cluster = |arn: &str| {
        let body = format!(r#"{{"cluster":"{arn}","services":["s"]}}"#);
        is_seen(&json("ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", &body))
    };
    assert!(cluster("arn:aws:ecs:eu-west-1:123456789012:cluster/c"));
    for other in [
        "arn:aws:ecs:eu-west-1:999999999999:cluster/c",
        "arn:aws:ecs:us-east-1:123456789012:cluster/c",
    ] {
        assert!(!cluster(other), "{other}");
    }
}

#[test]
fn a_header_brings_its_permission() {
    let owned = request("s3", "PUT", "/b", &[("x-amz-object-ownership", "ObjectWriter")], b"");
    let bucket = "on arn:aws:s3:::b";
    let expected = ["s3:CreateBucket", "s3:PutBucketOwnershipControls"];
    assert_eq!(needs(&owned), expected.map(|action| format!("{action} {bucket}")));
}

#[test]
fn what_is_not_read_is_not_decided() {
    let mut cut = request("s3", "GET", "/b/k", &[], b"");
    cut.complete = false;
    assert!(reason(&cut).contains("missing"));
    assert!(
        reason(&request("s3", "GET", "/b/k?newthing", &[], b"")).contains("`newthing` is not read")
    );
    assert!(
        reason(&request("s3", "PATCH", "/b/k", &[], b"")).starts_with("unknown PATCH /b/k of s3")
    );
    assert!(reason(&json("dynamodb", "DynamoDB_20120810.MadeUp", "{}")).starts_with("unknown"));
    let mut none = request("s3", "GET", "/", &[], b"");
    none.service = None;
    assert!(reason(&none).starts_with("unknown"));
}

#[test]
fn the_source_of_a_copy_has_one_reading() {
    let of = |source: &str| {
        reason(&request("s3", "PUT", "/b/to", &[("x-amz-copy-source", source)], b""))
    };
    for good in ["b/k", "/b/a%20k", "b/k?versionId=abc", "b/a%2Fk"] {
        assert_eq!(of(good), "", "{good}");
    }
    for wrong in [
        "secret%2Fk",
        "/secret%2Fk",
        "b/k?x=1",
        "b/k+x",
        "b",
        "/b/",
        "b/../c",
        "b/%2e%2e/c",
        "b/pub%2F..%2Fsecret",
        "arn:aws:s3:::b/k",
        "https://h/b/k",
    ] {
        assert!(of(wrong).contains("x-amz-copy-source"), "{wrong}: {}", of(wrong));
    }
    let get = request("s3", "GET", "/b/k", &[("x-amz-copy-source", "/b/x")], b"");
    assert!(reason(&get).contains("does not belong"));
}

#[test]
fn items_are_counted_as_often_as_they_are_named() {
    let uses = |request: &SeenRequest| match read(request, Some(ACCOUNT)) {
        Reading::Calls(needs) => needs.iter().map(|need| need.uses).max(),
        _ => panic!("{}", reason(request)),
    };
    let deletion = |object: &str| {
        let body = format!("<Delete>{}</Delete>", object.repeat(50));
        uses(&request("s3", "POST", "/b?delete", &[], body.as_bytes()))
    };
    for object in [
        "<Object><Key>same</Key></Object>",
        "<Object><Key>a*</Key></Object>",
        "<Object><Key>k</Key><VersionId>7</VersionId></Object>",
    ] {
        assert_eq!(deletion(object), Some(50), "{object}");
    }
    let entries = [r#"{"Id":"1","ReceiptHandle":"r"}"#; 10].join(",");
    let queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/q";
    let body = format!(r#"{{"QueueUrl":"{queue}","Entries":[{entries}]}}"#);
    assert_eq!(uses(&json("sqs", "AmazonSQS.DeleteMessageBatch", &body)), Some(10));
    let items = [r#"{"DeleteRequest":{"Key":{"a":{"S":"x"}}}}"#; 12].join(",");
    let body = format!(r#"{{"RequestItems":{{"one":[{items}],"two":[{items}]}}}}"#);
    assert_eq!(uses(&json("dynamodb", "DynamoDB_20120810.BatchWriteItem", &body)), Some(24));
    let keys = vec![r#"{"a":{"S":"x"}}"#; 30].join(",");
    let body = format!(r#"{{"RequestItems":{{"one":{{"Keys":[{keys}]}}}}}}"#);
    assert_eq!(uses(&json("dynamodb", "DynamoDB_20120810.BatchGetItem", &body)), Some(30));
    let data = [&[0xa1, 0x6a][..], b"MetricData", &[0x98, 50], &[0xa0; 50]].concat();
    let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
    let headers = [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];
    assert_eq!(uses(&request("monitoring", "POST", path, &headers, &data)), Some(50));
    assert_eq!(uses(&request("s3", "GET", "/b/k", &[], b"")), Some(1));
    // The payload of a function is no list of parameters.
    let path = "/2015-03-31/functions/f/invocations";
    assert_eq!(uses(&request("lambda", "POST", path, &[], br#"{"ids":[1,2,3]}"#)), Some(1));
}

#[test]
fn another_account_and_another_form_of_a_queue_hide_the_resource() {
    let of = |service, target, body: &str| is_seen(&json(service, target, body));
    let table = |account: &str| {
        let body = format!(r#"{{"CatalogId":"{account}","DatabaseName":"d","Name":"t"}}"#);
        of("glue", "AWSGlue.GetTable", &body)
    };
    assert!(table(ACCOUNT));
    assert!(!table("999999999999"));
    let queue =
        |url: &str| of("sqs", "AmazonSQS.PurgeQueue", &format!(r#"{{"QueueUrl":"{url}"}}"#));
    assert!(queue("https://h/123456789012/q.fifo"));
    for wrong in [
        "https://h/123456789012/secret/ok",
        "https://h/123456789012/secret?/ok",
        "h/123456789012/q",
        "https://h/q",
    ] {
        assert!(!queue(wrong), "{wrong}");
    }
}

#[test]
fn a_role_in_any_form_is_passed_on() {
    let passes = |request: &SeenRequest| {
        needs(request)
            .into_iter()
            .filter(|need| need.starts_with("iam:PassRole"))
            .collect::<Vec<_>>()
    };
    let job = r#"{"Name":"j","Role":"Admin","Command":{"Name":"x"}}"#;
    assert_eq!(passes(&json("glue", "AWSGlue.CreateJob", job)), ["iam:PassRole on unseen"]);
    let automation = r#"{"DocumentName":"d","Parameters":{"AutomationAssumeRole":["arn:aws:iam::123456789012:role/r"]}}"#;
    let found = passes(&json("ssm", "AmazonSSM.StartAutomationExecution", automation));
    assert_eq!(found, ["iam:PassRole on arn:aws:iam::123456789012:role/r"]);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let run =
        b"Action=RunInstances&Version=2016-11-15&IamInstanceProfile.Name=p&MinCount=1&MaxCount=1";
    assert_eq!(passes(&request("ec2", "POST", "/", &form, run)), ["iam:PassRole on unseen"]);
    let task = r#"{"family":"f","taskRoleArn":"admin","containerDefinitions":[]}"#;
    let target = "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition";
    assert_eq!(passes(&json("ecs", target, task)), ["iam:PassRole on unseen"]);
    let list = r#"{"Filters":[{"Name":"role","Values":["x"]}]}"#;
    assert!(passes(&json("ssm", "AmazonSSM.DescribeAutomationExecutions", list)).is_empty());
}

#[test]
fn a_resource_that_is_named_in_another_way_is_unseen() {
    let grant = r#"{"KeyId":"alias/secret","GranteePrincipal":"x","Name":"arn:aws:kms:eu-west-1:123456789012:key/ok","Operations":["Decrypt"]}"#;
    assert_eq!(
        needs(&json("kms", "TrentService.CreateGrant", grant)),
        ["kms:CreateGrant on unseen"]
    );
    let send = r#"{"DocumentName":"AWS-RunShellScript","InstanceIds":["i-0123456789abcdef0"],"Targets":[{"Key":"tag:a","Values":["b"]}]}"#;
    assert!(
        needs(&json("ssm", "AmazonSSM.SendCommand", send))
            .iter()
            .all(|need| need.ends_with("on unseen"))
    );
    let path = "/2015-03-31/functions/f/code";
    let code = needs(&request("lambda", "PUT", path, &[], br#"{"S3Bucket":"b","S3Key":"k"}"#));
    assert!(code.contains(&"s3:GetObject on unseen".to_owned()), "{code:?}");
}

#[test]
fn a_name_in_another_case_is_not_its_operation() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for action in ["listusers", "ListUsers20100508"] {
        let body = format!("Action={action}&Version=2010-05-08");
        assert!(
            reason(&request("iam", "POST", "/", &form, body.as_bytes())).starts_with("unknown"),
            "{action}"
        );
    }
    for action in ["createaccesskey", "CreateAccessKey20100508"] {
        let body = format!("Action={action}&Version=2010-05-08");
        let request = request("iam", "POST", "/", &form, body.as_bytes());
        assert!(!reason(&request).starts_with("unknown"), "{action} is never left to the cloud");
    }
}

#[test]
fn data_is_not_taken_for_a_role_or_for_code() {
    let names = |request: &SeenRequest| {
        needs(request)
            .into_iter()
            .map(|need| need.split(' ').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let path = "/2015-03-31/functions/f/invocations";
    let payload = br#"{"role":"admin","Role":"admin","S3Bucket":"b","Layers":["x"]}"#;
    assert_eq!(names(&request("lambda", "POST", path, &[], payload)), ["lambda:InvokeFunction"]);
    let query = r##"{"TableName":"t","ExpressionAttributeNames":{"#role":"role"},"KeyConditionExpression":"#role = :r"}"##;
    assert_eq!(names(&json("dynamodb", "DynamoDB_20120810.Query", query)), ["dynamodb:Query"]);
    let talk = br#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
    let converse = names(&request("bedrock", "POST", "/model/m/converse", &[], talk));
    assert_eq!(converse, ["bedrock:InvokeModel"]);
    let code =
        br#"{"FunctionName":"f","Runtime":"python3.13","Code":{"S3Bucket":"b","S3Key":"k"}}"#;
    let create = names(&request("lambda", "POST", "/2015-03-31/functions", &[], code));
    assert!(create.contains(&"s3:GetObject".to_owned()), "{create:?}");
}
