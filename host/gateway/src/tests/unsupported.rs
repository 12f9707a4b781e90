//! What the gateway does not forward is refused by its name, with what to do instead; the cloud is not asked.

use super::cloud::{Cloud, answer};
use super::*;

/// A gateway whose decider sees whole requests and allows everything.
fn deciding(cloud: &Cloud) -> Scene {
    let (sender, noted) = mpsc::channel(8);
    let observer = Arc::new(Observer::new(sender, View::Whole, none()));
    let (gateway, runtime) = started(&cloud.endpoint, far(), observer);
    Scene { gateway, noted, runtime }
}

#[test]
fn each_kind_is_refused_by_its_name_with_what_to_do_instead() {
    let cloud = Cloud::start(|_| answer("200 OK", "", b"fine"));
    let scene = deciding(&cloud);
    let form = [("content-type", "Multipart/Form-Data; boundary=x")];
    let regions = [("authorization", "AWS4-ECDSA-P256-SHA256 Credential=x")];
    let account = [("x-amz-account-id", "123456789012")];
    for (request, name, instead) in [
        (scene.unsigned("GET", "/b/k?X-Amz-Signature=0", &[], ""), "presigned URLs", "env"),
        (scene.unsigned("POST", "/b", &form, "--x--"), "POST forms", "--deliver env"),
        (scene.unsigned("GET", "/b/k", &regions, ""), "SigV4A", "in its own region"),
        (
            scene.unsigned("GET", "/b/k", &[("authorization", "AWS x:y=")], ""),
            "Signature Version 2",
            "Version 4",
        ),
        (
            scene.signed("GET", &Ask { service: "s3express", ..GET }),
            "directory buckets",
            "general purpose",
        ),
        (
            scene.signed("GET", &Ask { path: "/v20180820/jobs", headers: &account, ..GET }),
            "S3 Control",
            "--deliver env",
        ),
    ] {
        let (status, body) = scene.exchange(request);
        assert_eq!(status, 501, "{name}: {body}");
        assert!(body.contains(name) && body.contains(instead), "{name}: {body}");
    }
    let (status, body) = scene.exchange(scene.unsigned("GET", "/public/k", &[], ""));
    assert!(status == 403 && body.contains("MissingAuthenticationToken"), "{status} {body}");
    assert!(cloud.asked().is_empty());
    assert_eq!(scene.send("GET", &GET), (200, "fine".to_owned()));
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let scene = scene("http://127.0.0.1:1", none(), far());
    let hash = Some("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD");
    let (status, body) = scene.send("PUT", &Ask { hash, ..GET });
    assert!(
        status == 501 && body.contains("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
        "{status} {body}"
    );
    assert!(scene.gateway.refusals()[0].contains("STREAMING-AWS4-ECDSA"));
}

#[test]
fn signatures_of_other_kinds_are_refused_by_their_names() {
    let scene = scene("http://127.0.0.1:1", none(), far());
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let old = "AWSAccessKeyId=x&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=y&Action=ListDomains";
    for (request, name) in [
        (
            scene.unsigned("GET", "/b/k?AWSAccessKeyId=x&Signature=y%3D&Expires=1", &[], ""),
            "presigned URLs",
        ),
        (
            scene.unsigned(
                "GET",
                "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0",
                &[],
                "",
            ),
            "presigned URLs",
        ),
        (scene.unsigned("GET", "/b/k?X-Amz-%53ignature=0", &[], ""), "presigned URLs"),
        (scene.unsigned("GET", &format!("/?{old}"), &[], ""), "Signature Version 2"),
        (scene.unsigned("POST", "/", &[form], old), "Signature Version 2"),
        (
            scene.unsigned("GET", "/b/k", &[("authorization", "AWS x:y=")], ""),
            "Signature Version 2",
        ),
        (
            scene.unsigned(
                "GET",
                "/b/k",
                &[("authorization", "AWS4-ECDSA-P256-SHA256 Credential=x")],
                "",
            ),
            "SigV4A",
        ),
    ] {
        let (status, body) = scene.exchange(request);
        assert!(status == 501 && body.contains(name), "{name}: {status} {body}");
    }
}
