//! Calls that take no signature: they are forwarded unchanged, without the session's credentials.

use super::cloud::{Cloud, answer};
use super::*;

fn led() -> (Cloud, Scene) {
    let cloud = Cloud::start(|_| answer("200 OK", "", b"{}"));
    let token = Some("planted-token-0123456789abcdef".to_owned());
    let real = Credentials::new("AKIAREAL", "planted-secret-0123456789", token, None, "test");
    let scene = scene(&cloud.endpoint, real, far());
    (cloud, scene)
}

#[test]
fn calls_without_a_signature_by_their_model_are_forwarded_and_counted_as_such() {
    let (cloud, mut scene) = led();
    let json = ("content-type", "application/x-amz-json-1.1");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let target = |name| ("x-amz-target", name);
    let multipart = ("content-type", "multipart/form-data; boundary=x");
    let upload = "--x\r\nContent-Disposition: form-data; name=\"x-amz-credential\"\r\n\r\nAKIAOTHER/1\r\n--x--";
    for (method, path, headers, body, service) in [
        (
            "POST",
            "/",
            vec![json, target("AWSCognitoIdentityProviderService.SignUp")],
            "{}",
            "cognito-idp",
        ),
        (
            "POST",
            "/",
            vec![json, target("AWSCognitoIdentityProviderService.InitiateAuth")],
            "{}",
            "cognito-idp",
        ),
        (
            "POST",
            "/",
            vec![json, target("AWSCognitoIdentityService.GetId")],
            "{}",
            "cognito-identity",
        ),
        ("POST", "/", vec![form], "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", "sts"),
        ("POST", "/", vec![form], "Version=2011-06-15&Action=AssumeRoleWithSAML", "sts"),
        ("GET", "/public-bucket/a%20b/c", vec![], "", "s3"),
        ("HEAD", "/public-bucket/k", vec![], "", "s3"),
        ("POST", "/public-bucket", vec![multipart], upload, "s3"),
    ] {
        assert_eq!(
            scene.exchange(scene.unsigned(method, path, &headers, body)).0,
            200,
            "{service} {body}"
        );
        let sent = cloud.asked().pop().unwrap();
        let head = sent.head.to_ascii_lowercase();
        assert!(sent.head.starts_with(&format!("{method} {path} ")), "{}", sent.head);
        for gone in ["authorization", "x-amz-security-token", "planted", "x-amz-date"] {
            assert!(!head.contains(gone), "{gone}: {head}");
        }
        assert_eq!(sent.body, body);
        let noted = scene.noted.try_recv().unwrap();
        assert!(!noted.is_signed && !noted.denied);
        assert_eq!(noted.request.service.as_deref(), Some(service));
    }
}

#[test]
fn calls_that_need_a_signature_are_not_forwarded_without_one() {
    let (cloud, mut scene) = led();
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (method, headers, body) in [
        ("POST", vec![("x-amz-target", "DynamoDB_20120810.GetItem")], "{}"),
        ("POST", vec![("x-amz-target", "AWSCognitoIdentityProviderService.AdminGetUser")], "{}"),
        ("POST", vec![form], "Action=GetCallerIdentity&Version=2011-06-15"),
        ("GET", vec![], ""),
    ] {
        let (status, text) = scene.exchange(scene.unsigned(method, "/", &headers, body));
        assert!(status == 403 && text.contains("signed requests only"), "{status} {text}");
    }
    assert!(cloud.asked().is_empty() && scene.noted.try_recv().is_err());
}

#[test]
fn a_request_for_another_host_is_not_forwarded() {
    let (cloud, scene) = led();
    for host in ["evil.example", "127.0.0.1", "localhost:80"] {
        let mut request = scene.unsigned("GET", "/public-bucket/k", &[], "");
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(scene.exchange(request).0, 403, "{host}");
    }
    assert!(cloud.asked().is_empty());
}

#[test]
fn a_form_signed_with_the_sessions_key_is_refused_by_its_name() {
    let (cloud, scene) = led();
    let id = &scene.gateway.session_key.id;
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"x-amz-credential\"\r\n\r\n{id}/1\r\n--x--"
    );
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let (status, text) = scene.exchange(scene.unsigned("POST", "/bucket", &headers, &body));
    assert!(status == 501 && text.contains("POST forms"), "{status} {text}");
    assert!(cloud.asked().is_empty());
}

#[test]
fn at_the_ttl_unsigned_calls_end_too() {
    let cloud = Cloud::start(|_| answer("200 OK", "", b""));
    let scene = scene(&cloud.endpoint, none(), audex_core::clock::unix_seconds());
    assert_eq!(scene.exchange(scene.unsigned("GET", "/public-bucket/k", &[], "")).0, 403);
    assert!(cloud.asked().is_empty());
}
