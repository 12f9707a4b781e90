use super::*;
use crate::recognise;

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
const TARGET: (&str, &str) = ("x-amz-target", "DynamoDB_20120810.GetItem");
const FORMED: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

fn request(
    service: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> SeenRequest {
    crate::tests::with(crate::tests::request(service, method, target), headers, body)
}

/// Returns the reason why the request is not taken, or an empty text.
fn reason(request: &SeenRequest) -> String {
    let asked = recognise(request).unwrap_or(Asked::new(String::new(), Vec::new()));
    let members = Members::of(request, &asked.operation).unwrap_or_default();
    check(request, &asked, &members).err().unwrap_or_default()
}

#[test]
fn requests_of_sdks_have_one_meaning() {
    for request in [
        request(
            "s3",
            "GET",
            "/b?list-type=2&prefix=a&delimiter=%2F&encoding-type=url",
            &[("range", "bytes=0-1")],
            b"",
        ),
        request("s3", "PUT", "/b/k", &[("x-amz-meta-a", "b"), ("x-amz-checksum-crc32", "x")], b""),
        request(
            "s3",
            "GET",
            "/arn%3Aaws%3As3%3Aeu-west-1%3A123456789012%3Aaccesspoint%2Fa/k",
            &[],
            b"",
        ),
        request(
            "dynamodb",
            "POST",
            "/",
            &[JSON, TARGET],
            br#"{"TableName":"t","Key":{"a":1},"ExpressionAttributeNames":{"a":[1,2.5,null]}}"#,
        ),
        request("iam", "POST", "/", &[FORMED], b"Action=GetUser&Version=2010-05-08&UserName=a%26b"),
        request("ec2", "GET", "/?Action=DescribeVpcs&Version=2016-11-15", &[], b""),
        request("lambda", "DELETE", "/2017-03-31/tags/arn%3Aaws?tagKeys=a&tagKeys=b", &[], b""),
        request("eks", "GET", "/tags/arn%3Aaws%3Aeks%3Aeu-west-1%3A1%3Acluster%2Fc", &[], b""),
        request("iotdata", "POST", "/topics/a%2Fb", &[], b"x"),
        request(
            "qapps",
            "GET",
            "/runtime.getQAppSessionMetadata?sessionId=s",
            &[("instance-id", "i")],
            b"",
        ),
        request(
            "s3tables",
            "GET",
            "/namespaces/arn%3Aaws%3As3tables%3Ar%3A1%3Abucket%2Fb",
            &[],
            b"",
        ),
        request(
            "lambda",
            "POST",
            "/2015-03-31/functions/f/invocations",
            &[],
            br#"{"Qualifier":"x"}"#,
        ),
    ] {
        assert_eq!(reason(&request), "", "{request:?}");
    }
}

#[test]
fn a_request_with_two_meanings_is_named() {
    let object = br#"{"TableName":"t"}"#;
    let cases: &[(SeenRequest, &str)] = &[
        (
            request("s3", "GET", "/b/k?versionId=1&versionId=2", &[], b""),
            "`versionId` is there twice",
        ),
        (
            request("s3", "PUT", "/b/k?renameObject", &[], b""),
            "the parameter `renameObject` is not read",
        ),
        (request("s3", "GET", "/b%2Fc/k", &[], b""), "the name of its bucket is encoded"),
        (
            request("s3", "PUT", "/b/k", &[("x-amz-rename-source", "/b/x")], b""),
            "`x-amz-rename-source` is not read",
        ),
        (request("s3", "GET", "/b/k", &[("x-http-method-override", "DELETE")], b""), "is not read"),
        (request("s3", "GET", "/b/k", &[TARGET], b""), "does not belong to its protocol"),
        (
            request("s3", "GET", "/b/k", &[("range", "a"), ("range", "b")], b""),
            "the header `range` is there twice",
        ),
        (
            request("s3", "POST", "/b?delete", &[], b"<Delete><Object><Key>a</Key></Object>"),
            "its list of objects",
        ),
        (request("s3", "POST", "/b", &[FORMED], b"Action=x"), "a form for a body"),
        (request("dynamodb", "POST", "/x", &[JSON, TARGET], object), "its path is not `/`"),
        (request("dynamodb", "POST", "/?a=b", &[JSON, TARGET], object), "a query and a body"),
        (request("dynamodb", "GET", "/", &[JSON, TARGET], object), "its method is not POST"),
        (
            request(
                "dynamodb",
                "POST",
                "/",
                &[JSON, TARGET],
                br#"{"TableName":"a","TableName":"b"}"#,
            ),
            "`TableName` is there twice",
        ),
        (
            request("dynamodb", "POST", "/", &[JSON, TARGET], br#"{"K":[{"a":1,"a":2}]}"#),
            "`a` is there twice",
        ),
        (
            request(
                "dynamodb",
                "POST",
                "/",
                &[JSON, TARGET],
                br#"{"TableName":"a"}{"TableName":"b"}"#,
            ),
            "not one JSON object",
        ),
        (
            request("dynamodb", "POST", "/", &[JSON, TARGET], br#"["TableName"]"#),
            "not one JSON object",
        ),
        (
            request("dynamodb", "POST", "/", &[JSON, TARGET], b"{\"TableName\":\"\xff\"}"),
            "not one JSON object",
        ),
        (
            request("dynamodb", "POST", "/", &[JSON, TARGET], br#"{"TableName":"a"#),
            "not one JSON object",
        ),
        (
            request("iam", "POST", "/", &[FORMED], b"Action=GetUser&Action=DeleteUser"),
            "`Action` is there twice",
        ),
        (
            request("iam", "POST", "/?Action=DeleteUser", &[FORMED], b"Action=GetUser"),
            "a query and a body",
        ),
        (
            request("iam", "POST", "/?Action=DeleteUser", &[], b"Action=GetUser"),
            "parameters in its query and a body",
        ),
        (
            request("iam", "POST", "/", &[FORMED], b"Action=GetUser&UserName=a;UserName=b"),
            "not `name=value`",
        ),
        (request("iam", "POST", "/", &[FORMED], b"Action=GetUser&UserName"), "not `name=value`"),
        (request("iam", "POST", "/", &[FORMED], b"Action=GetUser&UserName=%ff"), "not UTF-8"),
        (request("iam", "POST", "/x", &[FORMED], b"Action=GetUser"), "its path is not `/`"),
        (
            request("lambda", "POST", "/2015-03-31/functions", &[], br#"{"a":1,"a":2}"#),
            "`a` is there twice",
        ),
    ];
    for (request, part) in cases {
        let found = reason(request);
        assert!(found.contains(part), "{part}: `{found}` for {request:?}");
    }
}

#[test]
fn a_parameter_or_a_path_of_another_operation_is_named() {
    let cases: &[(SeenRequest, &str)] = &[
        (
            request(
                "kms",
                "POST",
                "/",
                &[JSON, ("x-amz-target", "TrentService.Encrypt")],
                br#"{"KeyId":"alias/a","KeyArn":"x"}"#,
            ),
            "the parameter `KeyArn` is not of its operation",
        ),
        (
            request("iam", "POST", "/", &[FORMED], b"Action=GetUser&Version=1&RoleName=a"),
            "the parameter `RoleName` is not of its operation",
        ),
        (
            request("artifact", "GET", "/v1/report/getMetadata?reportId=a&Version=1", &[], b""),
            "the parameter `Version` is not of its operation",
        ),
        (
            request(
                "lambda",
                "GET",
                "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=a&Qualifier=b",
                &[],
                b"",
            ),
            "the parameter `Qualifier` is there twice",
        ),
        (
            request(
                "s3tables",
                "DELETE",
                "/buckets/arn%3Aaws%3As3tables%3Ar%3A1%3Abucket%2Fb%2Fencryption",
                &[],
                b"",
            ),
            "its path is of `DeleteTableBucketEncryption`",
        ),
        (request("rum", "GET", "/appmonitor/a%2F", &[], b""), "ends in an encoded `/`"),
        (
            request("rum", "DELETE", "/appmonitor/a%2Fpolicy", &[], b""),
            "its path is of `DeleteResourcePolicy`",
        ),
        (
            request("rum", "DELETE", "/appmonitor/a%2fpolicy", &[], b""),
            "its path is of `DeleteResourcePolicy`",
        ),
    ];
    for (request, part) in cases {
        assert!(reason(request).contains(part), "{part}: {:?} {request:?}", reason(request));
    }
}

#[test]
fn cbor_has_each_name_once_and_nothing_after_it() {
    let of = |body: &[u8]| is_cbor_map(body).is_ok();
    let pair = [0x61, b'a', 0x61, b'x'];
    let map =
        |head: u8, pairs: usize, tail: &[u8]| [&[head][..], &pair.repeat(pairs), tail].concat();
    assert!(of(&map(0xa1, 1, &[])) && of(&map(0xbf, 1, &[0xff])) && of(b""));
    for wrong in [
        map(0xa2, 2, &[]),
        map(0xbf, 2, &[0xff]),
        map(0xa1, 1, &[0]),
        map(0xa2, 1, &[]),
        vec![0x81, 0x61, b'a'],
        // Texts of a list in another form: in pieces, tagged, as bytes; a tagged list.
        vec![0xa1, 0x61, b'a', 0x82, 0x61, b'x', 0x7f, 0x61, b'y', 0xff],
        vec![0xa1, 0x61, b'a', 0x82, 0x61, b'x', 0xc1, 0x61, b'y'],
        vec![0xa1, 0x61, b'a', 0x82, 0x61, b'x', 0x41, b'y'],
        vec![0xa1, 0x61, b'a', 0xc1, 0x81, 0x61, b'y'],
        // A text in pieces.
        vec![0xa1, 0x7f, 0x61, b'a', 0xff, 0x61, b'x'],
        vec![0xa1, 0x61, b'a', 0x7f, 0x61, b'x', 0xff],
    ] {
        assert!(!of(&wrong), "{wrong:?}");
    }
}
