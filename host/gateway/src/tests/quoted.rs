//! Answers that quote the request: the session's credentials never reach the command.

use base64_simd::STANDARD;

use super::cloud::{Cloud, answer};
use super::*;

const TOKEN: &str =
    "IQoJb3JpZ2luX2VjEPLANTEDplantedTOKEN0123456789abcdefGHIJKLmnopqrSTUVwxyz+/AbCdEf==";
const SECRET: &str = "wJalrXUtnFEMIplantedSECRETkey0123456789";

fn real() -> Credentials {
    Credentials::new("ASIAREAL", SECRET, Some(TOKEN.to_owned()), None, "test")
}

/// Sends a request to an endpoint that answers with `quote` of the request's head; returns status, and head
/// and body of the answer as text.
fn quoted(
    status: &'static str,
    quote: impl Fn(&str) -> (String, Vec<u8>) + Send + Sync + 'static,
) -> (u16, String) {
    let cloud = Cloud::start(move |sent| {
        let (headers, body) = quote(&sent.head);
        answer(status, &headers, &body)
    });
    let scene = scene(&cloud.endpoint, real(), far());
    let request = scene.signed("GET", &GET);
    let answered = scene.runtime.block_on(async {
        let answer =
            AwsHttp::new(None).forward(HttpRequest::try_from(request).unwrap()).await.unwrap();
        let lines: Vec<String> =
            answer.headers().iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let mut text = lines.concat();
        let status = answer.status().as_u16();
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        text += &String::from_utf8_lossy(&body);
        (status, text)
    });
    assert!(cloud.asked()[0].head.contains(TOKEN), "it was sent, or nothing is shown");
    answered
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x} ")).collect::<Vec<_>>().concat()
}

#[test]
fn an_error_that_quotes_the_token_is_replaced_however_it_is_written() {
    let xml = |quote: String| {
        format!("<Error><Code>SignatureDoesNotMatch</Code><X>{quote}</X></Error>").into_bytes()
    };
    let plain: fn(&str) -> String = |head| head.to_owned();
    let spaced: fn(&str) -> String = hex;
    let base64: fn(&str) -> String = |head| STANDARD.encode_to_string(head);
    let escaped: fn(&str) -> String = |head| head.replace('+', "&#43;").replace('=', "%3D");
    for (name, write) in
        [("plain", plain), ("hex", spaced), ("base64", base64), ("escaped", escaped)]
    {
        for status in [
            "403 Forbidden",
            "400 Bad Request",
            "500 Internal Server Error",
            "301 Moved Permanently",
        ] {
            let (code, text) = quoted(status, move |head| (String::new(), xml(write(head))));
            assert_eq!(code.to_string(), status[..3], "{name}");
            assert!(
                text.contains("SignatureDoesNotMatch") && text.contains("are left out"),
                "{name}: {text}"
            );
            assert!(
                !text.contains(&TOKEN[16..40]) && !text.contains(&hex(TOKEN)[..60]),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn a_header_that_quotes_it_goes_whatever_the_status_is() {
    for status in ["200 OK", "403 Forbidden"] {
        let (_, text) =
            quoted(status, |_| (format!("x-debug: {TOKEN}\r\nx-other: kept\r\n"), b"x".to_vec()));
        assert!(!text.contains("PLANTED") && text.contains("x-other: kept"), "{text}");
    }
}

#[test]
fn an_error_that_cannot_be_searched_is_replaced() {
    let long = vec![b'x'; 2 * 1024 * 1024];
    let (_, text) = quoted("403 Forbidden", move |_| (String::new(), long.clone()));
    assert!(text.contains("are left out") && text.len() < 2_000);
    let (_, text) = quoted("403 Forbidden", |_| {
        ("content-encoding: gzip\r\n".to_owned(), b"\x1f\x8b".to_vec())
    });
    assert!(text.contains("are left out"), "{text}");
}

#[test]
fn an_error_that_quotes_nothing_comes_as_it_is() {
    let body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let (status, text) =
        quoted("403 Forbidden", |_| ("x-amz-id-2: a\r\n".to_owned(), body.to_vec()));
    assert!(status == 403 && text.ends_with(&String::from_utf8_lossy(body).into_owned()), "{text}");
}

#[test]
fn a_deletion_that_is_denied_in_part_was_both_used_and_denied() {
    for (said, denials) in [
        ("<Deleted><Key>a</Key></Deleted>", &[false][..]),
        ("<Error><Key>b</Key><Code>AccessDenied</Code></Error>", &[false, true]),
    ] {
        // For S3, all of these are the same parameter.
        for path in ["/b?delete", "/b?delete=", "/b?%64elete", "/b?x=1&dele%74e="] {
            let body = format!("<DeleteResult>{said}</DeleteResult>");
            let expected = body.clone();
            let cloud = Cloud::start(move |_| answer("200 OK", "", body.as_bytes()));
            let mut scene = scene(&cloud.endpoint, real(), far());
            assert_eq!(scene.send("POST", &Ask { path, ..GET }), (200, expected), "{path}");
            for denied in denials {
                assert_eq!(scene.noted.try_recv().unwrap().denied, *denied, "{path} {said}");
            }
            assert!(scene.noted.try_recv().is_err(), "{path}");
        }
    }
}
