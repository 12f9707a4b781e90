use audex_sdk::provider::SeenRequest;

use super::*;

pub fn request(service: &str, method: &str, target: &str) -> SeenRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    SeenRequest {
        service: Some(service.to_owned()),
        region: Some("eu-west-1".to_owned()),
        method: method.to_owned(),
        host: "127.0.0.1:1".to_owned(),
        path: path.to_owned(),
        query: query.split('&').filter(|text| !text.is_empty()).map(pair).collect(),
        headers: Vec::new(),
        body: Vec::new(),
        complete: true,
    }
}

pub fn with(mut request: SeenRequest, headers: &[(&str, &str)], body: &[u8]) -> SeenRequest {
    request.headers =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    request.body = body.to_vec();
    request
}

fn operation(request: &SeenRequest) -> Option<String> {
    recognise(request).map(|asked| asked.operation)
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn s3_names_operations_by_method_path_and_subresource() {
    for (method, target, expected) in [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b/", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", "/b?versions", "ListObjectVersions"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?policy", "GetBucketPolicy"),
        ("GET", "/b?uploads", "ListMultipartUploads"),
        ("HEAD", "/b", "HeadBucket"),
        ("PUT", "/b", "CreateBucket"),
        ("DELETE", "/b", "DeleteBucket"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b/k/with/slash", "GetObject"),
        ("GET", "/b/k?acl", "GetObjectAcl"),
        ("GET", "/b/k?tagging", "GetObjectTagging"),
        ("GET", "/b/k?uploadId=x", "ListParts"),
        ("HEAD", "/b/k", "HeadObject"),
        ("PUT", "/b/k", "PutObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=x", "UploadPart"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=x", "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=x", "AbortMultipartUpload"),
        ("DELETE", "/b/k", "DeleteObject"),
    ] {
        assert_eq!(
            operation(&request("s3", method, target)).as_deref(),
            Some(expected),
            "{method} {target}"
        );
    }
    let copy = [("x-amz-copy-source", "a/b")];
    assert_eq!(
        operation(&with(request("s3", "PUT", "/b/k"), &copy, b"")).as_deref(),
        Some("CopyObject")
    );
    let part = request("s3", "PUT", "/b/k?partNumber=1&uploadId=x");
    assert_eq!(operation(&with(part, &copy, b"")).as_deref(), Some("UploadPartCopy"));
    assert_eq!(operation(&request("s3", "PATCH", "/b/k")), None);
}

#[test]
fn a_bucket_may_be_in_the_host_and_a_key_is_decoded() {
    let mut virtual_host = request("s3", "GET", "/a%2Bb%20c//d/");
    virtual_host.host = "my.bucket.s3.eu-west-1.amazonaws.com".to_owned();
    let asked = recognise(&virtual_host).unwrap();
    assert_eq!(
        (asked.operation.as_str(), asked.parameters),
        ("GetObject", pairs(&[("Bucket", "my.bucket"), ("Key", "a+b c//d/")]))
    );
}

#[test]
fn operations_by_path_take_the_template_that_says_most() {
    for (service, method, target, expected) in [
        ("lambda", "GET", "/2015-03-31/functions/", "ListFunctions"),
        ("lambda", "GET", "/2015-03-31/functions", "ListFunctions"),
        ("lambda", "GET", "/2015-03-31/functions/f", "GetFunction"),
        (
            "lambda",
            "POST",
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/invocations",
            "Invoke",
        ),
        ("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset/", "ChangeResourceRecordSets"),
        ("eks", "GET", "/clusters/c", "DescribeCluster"),
        ("apigateway", "GET", "/restapis", "GetRestApis"),
    ] {
        assert_eq!(
            operation(&request(service, method, target)).as_deref(),
            Some(expected),
            "{method} {target}"
        );
    }
    assert_eq!(operation(&request("lambda", "GET", "/nobody/knows")), None);
}

#[test]
fn operations_that_the_request_names_are_taken_from_it_with_their_parameters() {
    let json = with(
        request("dynamodb", "POST", "/"),
        &[("x-amz-target", "DynamoDB_20120810.Query"), ("content-type", "application/x-amz-json-1.0")],
        br#"{"TableName":"t","Limit":1,"Names":["a","b"],"Key":{"TableName":"no"},"IndexName":"i","cut":"of"#,
    );
    let asked = recognise(&json).unwrap();
    assert_eq!(asked.operation, "Query");
    assert_eq!(
        asked.parameters,
        pairs(&[("TableName", "t"), ("Names", "a"), ("Names", "b"), ("IndexName", "i")])
    );

    let form = with(
        request("ec2", "POST", "/"),
        &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        b"Action=StartInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i%2D2&Names.member.1=a+b&Tag.1.Key=k",
    );
    let asked = recognise(&form).unwrap();
    assert_eq!(asked.operation, "StartInstances");
    assert_eq!(asked.values("instanceid").collect::<Vec<_>>(), ["i-1", "i-2"]);
    assert_eq!(asked.values("Names").collect::<Vec<_>>(), ["a b"]);
    assert_eq!(asked.values("Tag").count(), 0);

    let url = request("iam", "GET", "/?Action=GetUser&Version=2010-05-08&UserName=u");
    assert_eq!(recognise(&url).unwrap().values("UserName").collect::<Vec<_>>(), ["u"]);

    let mut body = Vec::new();
    let mut cbor = minicbor::Encoder::new(&mut body);
    cbor.begin_map()
        .unwrap()
        .str("AlarmNames")
        .unwrap()
        .array(2)
        .unwrap()
        .str("a")
        .unwrap()
        .str("b")
        .unwrap();
    cbor.str("Deep")
        .unwrap()
        .map(1)
        .unwrap()
        .str("x")
        .unwrap()
        .u8(1)
        .unwrap()
        .str("Name")
        .unwrap()
        .str("n")
        .unwrap()
        .end()
        .unwrap();
    let rpc = with(
        request(
            "monitoring",
            "POST",
            "/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
        ),
        &[("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")],
        &body,
    );
    let asked = recognise(&rpc).unwrap();
    assert_eq!(asked.operation, "DescribeAlarms");
    assert_eq!(asked.parameters, pairs(&[("AlarmNames", "a"), ("AlarmNames", "b"), ("Name", "n")]));
}

#[test]
fn tables_of_a_request_of_several_are_seen_and_what_is_written_to_them_is_not() {
    let of = |body: &str| {
        let headers = [("x-amz-target", "DynamoDB_20120810.Any")];
        recognise(&with(request("dynamodb", "POST", "/"), &headers, body.as_bytes()))
            .unwrap()
            .parameters
    };
    let tables = of(r#"{"RequestItems":{"a":{"Keys":[]},"b":[]}}"#);
    assert_eq!(tables, pairs(&[("TableName", "a"), ("TableName", "b")]));
    let item = r#"{"TransactItems":[{"Put":{"TableName":"a","Item":{"x":{"TableName":"no"}}}},{"Get":{"TableName":"b"}}]}"#;
    assert_eq!(of(item), pairs(&[("Put.TableName", "a"), ("Get.TableName", "b")]));
    assert!(of(&item[..item.len() - 3]).is_empty(), "a part of them would look like all");
    let statements = r#"{"Statements":[{"Statement":"SELECT * FROM t"},{"Parameters":[]}]}"#;
    assert_eq!(of(statements), pairs(&[("Statement", "SELECT * FROM t"), ("Statement", "")]));
}

#[test]
fn a_form_that_is_cut_has_nothing_of_the_list_it_is_cut_in() {
    let ids = (0..3_000).map(|n| format!("&InstanceId.{n}=i-{n:017}")).collect::<Vec<_>>().concat();
    let body = format!("Action=StopInstances&DryRun=true{ids}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let mut cut = with(request("ec2", "POST", "/"), &form, &body.as_bytes()[..64 * 1024]);
    cut.complete = false;
    let asked = recognise(&cut).unwrap();
    assert_eq!(
        (asked.operation.as_str(), asked.values("InstanceId").count()),
        ("StopInstances", 0)
    );
    let asked =
        recognise(&with(request("ec2", "POST", "/"), &form, &body.as_bytes()[..60_000])).unwrap();
    assert!(asked.values("InstanceId").count() > 1_500);
}

#[test]
fn the_service_of_the_signature_decides_the_protocol_and_no_header() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let target = ("x-amz-target", "DynamoDB_20120810.GetItem");
    let cbor = ("smithy-protocol", "rpc-v2-cbor");
    // S3 is REST, whatever content type a client declares.
    for headers in [&[form][..], &[target], &[cbor], &[form, target, cbor]] {
        let put = with(request("s3", "PUT", "/b/k"), headers, b"Action=DeleteBucket");
        assert_eq!(operation(&put).as_deref(), Some("PutObject"), "{headers:?}");
    }
    let invoke = with(
        request("lambda", "POST", "/2015-03-31/functions/f/invocations"),
        &[form],
        br#"{"a":"b"}"#,
    );
    assert_eq!(operation(&invoke).as_deref(), Some("Invoke"));
    let get = with(request("s3", "GET", "/b/k?Action=DeleteObject"), &[], b"");
    assert_eq!(operation(&get).as_deref(), Some("GetObject"));
    // EC2 reads the form, DynamoDB reads the target header.
    let ec2 = with(request("ec2", "POST", "/"), &[form, target], b"Action=StopInstances");
    assert_eq!(operation(&ec2).as_deref(), Some("StopInstances"));
    let table = with(request("dynamodb", "POST", "/"), &[form, target], b"Action=StopInstances");
    assert_eq!(operation(&table).as_deref(), Some("GetItem"));
    assert_eq!(
        operation(&with(request("dynamodb", "POST", "/"), &[form], b"Action=GetItem")),
        None
    );
    assert_eq!(operation(&with(request("ec2", "POST", "/"), &[target], b"{}")), None);
}

#[test]
fn a_service_of_several_protocols_is_asked_in_one_of_them() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let target = ("x-amz-target", "SageMaker.ListModels");
    assert_eq!(
        operation(&with(request("sagemaker", "POST", "/"), &[target], b"{}")).as_deref(),
        Some("ListModels")
    );
    let invoke = with(
        request("sagemaker", "POST", "/endpoints/e/invocations"),
        &[target, form],
        b"Action=No",
    );
    assert_eq!(operation(&invoke).as_deref(), Some("InvokeEndpoint"));
    assert_eq!(
        operation(&request("ses", "GET", "/v2/email/identities/x")).as_deref(),
        Some("GetEmailIdentity")
    );
    assert_eq!(
        operation(&request("ses", "GET", "/?Action=ListIdentities")).as_deref(),
        Some("ListIdentities")
    );
    // The request does not show which of the two protocols the service uses.
    let both = [form, ("x-amz-target", "AmazonSQS.SendMessage")];
    assert_eq!(operation(&with(request("sqs", "POST", "/"), &both, b"Action=DeleteQueue")), None);
    for (headers, body) in [(&both[..1], &b"Action=DeleteQueue"[..]), (&both[1..], b"{}")] {
        assert!(operation(&with(request("sqs", "POST", "/"), headers, body)).is_some());
    }
}

#[test]
fn the_objects_that_are_deleted_stand_in_the_body() {
    let body = b"<Delete><Object><Key>d1</Key></Object><Object><Key>d2</Key><VersionId>7</VersionId></Object></Delete>";
    let asked = recognise(&with(request("s3", "POST", "/b?delete"), &[], body)).unwrap();
    assert_eq!(asked.operation, "DeleteObjects");
    let keys: Vec<(&str, &str)> =
        asked.parameters.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    assert_eq!(keys, [("Bucket", "b"), (KEY, "d1"), (VERSIONED_KEY, "d2"), ("delete", "")]);
    // The body of an object is never read.
    let put = recognise(&with(request("s3", "PUT", "/b/k"), &[], body)).unwrap();
    assert_eq!(put.values(KEY).collect::<Vec<_>>(), ["k"]);
}

#[test]
fn tables_are_sorted_as_their_look_up_expects() {
    for table in [&rest::TABLE, &members::TABLE] {
        assert!(table.sections().is_sorted());
        assert!(table.sections().all(|name| table.section(name).unwrap().lines().is_sorted()));
    }
    assert!(protocol::SPOKEN.lines().is_sorted());
}

#[test]
fn every_operation_of_the_table_is_found_by_its_own_line() {
    let sections = rest::TABLE.sections().map(|name| (name, rest::TABLE.section(name).unwrap()));
    let all: Vec<(&str, String, String)> = sections
        .flat_map(|(name, lines)| {
            let line =
                |line: &str| (name, line.split(' ').nth(2).unwrap().to_owned(), line.to_owned());
            lines.lines().map(line).collect::<Vec<_>>()
        })
        .collect();
    assert!(all.len() > 9_000, "{}", all.len());
    let mut missed = Vec::new();
    for (service, name, line) in &all {
        let words: Vec<&str> = line.split(' ').collect();
        let path = words[1].replace('{', "label-").replace("+}", "").replace('}', "");
        let mut request = request(service, words[0], &path);
        for condition in &words[3..] {
            if let Some(header) = condition.strip_prefix('!') {
                request.headers.push((header.to_owned(), "x".to_owned()));
            } else {
                let (name, value) = condition.split_once('=').unwrap_or((condition, "x"));
                request.query.push((name.to_owned(), value.to_owned()));
            }
        }
        if operation(&request).as_ref() != Some(name) {
            missed.push(format!("{service} {line}"));
        }
    }
    // An operation that two services with one signing name share belongs to neither.
    assert!(missed.len() <= 2, "{} of {}: {missed:#?}", missed.len(), all.len());
}

#[test]
fn nothing_that_is_sent_makes_it_fail() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "application/cbor",
        "application/x-amz-json-1.0",
    ];
    for _ in 0..3_000 {
        let body: Vec<u8> = (0..random() % 300).map(|_| random().to_le_bytes()[0]).collect();
        let text = String::from_utf8_lossy(&body).into_owned();
        let mut hostile =
            request(["s3", "lambda", "dynamodb", "", "é"][(random() % 5) as usize], "GET", &text);
        hostile.headers = pairs(&[("content-type", kinds[(random() % 4) as usize])]);
        match random() % 3 {
            0 => hostile.headers.push(("x-amz-target".to_owned(), text)),
            1 => hostile.headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned())),
            _ => {}
        }
        hostile.body = body;
        let _ = recognise(&hostile);
    }
    let deep = format!(r#"{{"a":{}"#, "[".repeat(60_000));
    let _ = body::json(deep.as_bytes());
    let _ = body::cbor(&[&[0xbf, 0x61, b'a'][..], &vec![0x9f; 60_000]].concat());
}
