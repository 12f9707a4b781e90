//! Addresses of queues: in an answer, the address points to the gateway; in a request, to the queue.

use super::cloud::{Cloud, answer};
use super::*;

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs";

fn ask<'a>(headers: &'a [(&'a str, &'a str)], body: &'a [u8], hash: Option<&'a str>) -> Ask<'a> {
    Ask { path: "/", headers, body, hash, service: "sqs", ..GET }
}

#[test]
fn a_client_that_sends_to_the_queues_own_host_stays_with_the_gateway() {
    let cloud =
        Cloud::start(|_| answer("200 OK", "", format!(r#"{{"QueueUrl":"{QUEUE}"}}"#).as_bytes()));
    let mut scene = scene(&cloud.endpoint, none(), far());
    let url = scene.gateway.url();
    let json = ("content-type", "application/x-amz-json-1.0");
    let agent = ("user-agent", "aws-sdk-js/3.900.0");
    let create = [json, agent, ("x-amz-target", "AmazonSQS.CreateQueue")];
    let (_, made) = scene.send("POST", &ask(&create, br#"{"QueueName":"jobs"}"#, None));
    assert_eq!(made, format!(r#"{{"QueueUrl":"{url}/123456789012/jobs"}}"#));
    let body = format!(r#"{{"MessageBody":"x","QueueUrl":"{url}/123456789012/jobs"}}"#);
    let digest = audex_core::digest::sha256(body.as_bytes());
    for hash in [None, Some(digest.as_str())] {
        let message = [json, agent, ("x-amz-target", "AmazonSQS.SendMessage")];
        assert_eq!(scene.send("POST", &ask(&message, body.as_bytes(), hash)).0, 200);
        let sent = cloud.asked().pop().unwrap();
        assert_eq!(sent.body, format!(r#"{{"MessageBody":"x","QueueUrl":"{QUEUE}"}}"#));
        assert!(
            sent.head.contains(&format!("content-length: {}\r\n", sent.body.len())),
            "{}",
            sent.head
        );
    }
    let _ = scene.noted.try_recv().unwrap();
    let noted = scene.noted.try_recv().unwrap();
    assert!(
        String::from_utf8_lossy(&noted.request.body).contains(QUEUE),
        "it is told as what it is"
    );
}

#[test]
fn a_body_that_is_not_what_was_signed_is_never_signed_anew() {
    let cloud =
        Cloud::start(|_| answer("200 OK", "", format!(r#"{{"QueueUrl":"{QUEUE}"}}"#).as_bytes()));
    let scene = scene(&cloud.endpoint, none(), far());
    let headers =
        [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AmazonSQS.CreateQueue")];
    scene.send("POST", &ask(&headers, b"{}", None));
    let body = format!(r#"{{"QueueUrl":"{}/123456789012/jobs"}}"#, scene.gateway.url());
    let other = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    scene.send("POST", &ask(&headers, body.as_bytes(), Some(other)));
    let sent = cloud.asked().pop().unwrap();
    assert!(
        sent.body == body && sent.head.contains(other),
        "the endpoint refuses it: {}",
        sent.head
    );
}

#[test]
fn a_client_that_keeps_to_its_endpoint_gets_the_queues_own_address() {
    let cloud =
        Cloud::start(|_| answer("200 OK", "", format!(r#"{{"QueueUrl":"{QUEUE}"}}"#).as_bytes()));
    let scene = scene(&cloud.endpoint, none(), far());
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("user-agent", "APN/1.0 HashiCorp/1.0 Terraform/1.9 aws-sdk-go-v2/1.30"),
        ("x-amz-target", "AmazonSQS.CreateQueue"),
    ];
    assert_eq!(
        scene.send("POST", &ask(&headers, b"{}", None)).1,
        format!(r#"{{"QueueUrl":"{QUEUE}"}}"#)
    );
}
