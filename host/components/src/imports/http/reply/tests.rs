use reqwest::header::HeaderMap;

use super::*;
use crate::context::CallContext;
use audex_core::source::Source;
use audex_logins::token::Token;

const SECRET: &str = "planted-secret-of-the-slot/0123456789";
const HOST: &str = "api.example.com";

fn call() -> CallContext {
    CallContext::granted(Source::Installed, &[])
}

/// Returns the code of the error that the guest receives.
fn code<T>(answer: Result<T, ImportError>) -> Result<T, String> {
    answer.map_err(|error| error.for_guest().unwrap().code)
}

fn sent(framed: bool) -> Sent {
    let secret = HeldSecret::whole(Secret::new(SECRET.to_owned()), Origin::Slot);
    Sent { secrets: vec![secret], framed }
}

fn reply(body: String) -> Reply {
    Reply { status: 200, headers: HeaderMap::new(), body: body.into_bytes() }
}

/// Returns the part of `body` that the guest receives, or the code of the error.
fn shown(
    body: String,
    pointers: &[&str],
    sent: &Sent,
) -> Result<(String, Vec<Option<HeldSecret>>), String> {
    let (mut call, own) = (call(), Http::default());
    let pointers: Vec<String> = pointers.iter().map(|&pointer| pointer.to_owned()).collect();
    let response = code(View::new(&mut call, &own).show(&reply(body), &pointers, HOST, sent))?;
    let lifted =
        response.lifted.into_iter().map(|handle| handle.map(|it| call.table.delete(it).unwrap()));
    Ok((String::from_utf8(response.body).unwrap(), lifted.collect()))
}

#[test]
fn a_key_of_a_storage_account_is_for_signing_only() {
    let host = || "acct01.blob.core.windows.net".to_owned();
    assert_eq!(origin_of(&host()), Origin::SigningKey { host: host() });
    let other = || "sts.googleapis.com".to_owned();
    assert_eq!(origin_of(&other()), Origin::Lifted { host: other() });
}

#[test]
fn what_is_quoted_is_neither_shown_nor_lifted() {
    let quoted = || format!(r#"{{"message":"no such key: <{SECRET}>","keep":"me"}}"#);
    assert_eq!(shown(quoted(), &[], &sent(false)).unwrap_err(), "echo");
    assert_eq!(shown(quoted(), &["/message"], &sent(false)).unwrap_err(), "echo");
    assert_eq!(shown(format!("<e>{SECRET}!</e>"), &["<e>"], &sent(true)).unwrap_err(), "echo");
    assert!(shown(quoted(), &["/message"], &Sent::default()).is_ok());
}

#[test]
fn a_value_that_is_the_sent_secret_stays_what_it_was() {
    let body = || format!(r#"{{"id":"{SECRET}","keep":"me"}}"#);
    let (shown_body, lifted) = shown(body(), &["/id"], &sent(true)).unwrap();
    assert_eq!((shown_body.as_str(), lifted.len()), (r#"{"id":null,"keep":"me"}"#, 1));
    assert_eq!(lifted[0].as_ref().unwrap().origin, Origin::Slot);
    assert_eq!(shown(body(), &["/keep"], &sent(true)).unwrap_err(), "echo");
}

/// If every string with the guess were emptied, a guest could tell a right guess from a wrong one.
#[test]
fn a_lifted_guess_does_not_blank_a_quoted_secret() {
    let body = format!(r#"{{"quoted":"{SECRET}","guess":"{}"}}"#, &SECRET[..8]);
    assert_eq!(shown(body, &["/guess"], &sent(true)).unwrap_err(), "echo");
}

#[test]
fn what_a_server_kept_is_known_when_it_is_quoted_later() {
    let (mut call, own) = (call(), Http::default());
    let token = Token { value: Secret::new(SECRET.to_owned()), expires_at: Some(u64::MAX) };
    own.logins.tokens().keep("secret:KEY".to_owned(), &token);
    let mut view = View::new(&mut call, &own);
    let answer = view.show(&reply(SECRET.to_owned()), &[], HOST, &Sent::default());
    assert_eq!(code(answer).unwrap_err(), "echo");
}

#[test]
fn what_was_lifted_and_sent_is_known_when_it_is_quoted_later() {
    let lifted = HeldSecret::whole(Secret::new(SECRET.to_owned()), origin_of(HOST));
    let code = |body: String, pointers: &[&str], host: &str| {
        let (mut call, own) = (call(), Http::default());
        assert!(own.sent.remember(&lifted));
        let pointers: Vec<String> = pointers.iter().map(|&pointer| pointer.to_owned()).collect();
        let mut view = View::new(&mut call, &own);
        let answer = view.show(&reply(body), &pointers, host, &Sent::default());
        code(answer).map(|response| response.lifted.len())
    };
    assert_eq!(code(SECRET.to_owned(), &[], HOST).unwrap_err(), "echo");
    // The host of the secret may return it again; another host may not return a secret that it did not give.
    let again = || format!(r#"{{"token":"{SECRET}"}}"#);
    assert_eq!(code(again(), &["/token"], HOST).unwrap(), 1);
    assert_eq!(code(again(), &["/token"], "other.example.com").unwrap_err(), "echo");
    assert_eq!(
        code(format!(r#"{{"token":"<{SECRET}>"}}"#), &["/token"], HOST).unwrap_err(),
        "echo"
    );
}

#[test]
fn the_source_credentials_are_looked_for_once_they_were_used() {
    let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYplantedKEY".to_owned());
    let token = Secret::new("IQoJb3JpZ2luX2VjEJ3planted0123456789abcdefGHIJKLMN".to_owned());
    for quoted in [&secret, &token] {
        let (mut call, own) = (call(), Http::default());
        own.logins.used("AKIAPLANTED000000000", &secret, Some(&token));
        let body = format!("<e>{}</e>", quoted.expose());
        let mut view = View::new(&mut call, &own);
        let answer = view.show(&reply(body), &[], HOST, &Sent::default());
        assert_eq!(code(answer).unwrap_err(), "echo");
    }
}

#[test]
fn another_token_with_the_same_beginning_is_not_an_echo() {
    let prefix = "ya29.c.c0AY_VpZh0123456789";
    let token = format!("{prefix}{}", "planted-0123456789-abcdefGHIJ".repeat(3));
    let other = format!("{prefix}{}", "4qzr7uWv0x2YtB9sLmNpKjHgFdSa".repeat(3));
    let of = |body: &str, pointers: &[&str]| {
        let secret = HeldSecret::whole(Secret::new(token.clone()), Origin::Slot);
        let sent = Sent { secrets: vec![secret], framed: false };
        shown(body.to_owned(), pointers, &sent).map(|_| ())
    };
    let body = format!(r#"{{"token":"{other}","keep":"me"}}"#);
    assert!(of(&body, &["/token"]).is_ok() && of(&body, &[]).is_ok());
    let echo = format!(r#"{{"token":"{other} {token}","keep":"me"}}"#);
    assert_eq!(of(&echo, &["/token"]).unwrap_err(), "echo");
}

#[test]
fn headers_are_searched_as_they_are_shown() {
    let of = |name: HeaderName, value: &str| {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]);
        let reply = Reply { status: 200, headers, body: b"{}".to_vec() };
        code(View::new(&mut call(), &Http::default()).show(&reply, &[], HOST, &sent(false)))
    };
    assert_eq!(of(HeaderName::from_static("x-echo"), SECRET).unwrap_err(), "echo");
    assert_eq!(
        of(HeaderName::from_static("x-echo"), &audex_core::percent::encode(SECRET)).unwrap_err(),
        "echo"
    );
    assert!(of(SET_COOKIE, SECRET).unwrap().headers.is_empty());
}

#[test]
fn a_reply_that_cannot_be_searched_is_not_shown() {
    let of = |status: u16, encoding: &'static str, sent: &Sent| {
        let headers =
            HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(encoding))]);
        let reply = Reply { status, headers, body: b"{}".to_vec() };
        code(View::new(&mut call(), &Http::default()).show(&reply, &[], HOST, sent)).map(|_| ())
    };
    assert_eq!(of(200, "gzip", &sent(false)).unwrap_err(), "encoded");
    assert_eq!(of(206, "identity", &sent(false)).unwrap_err(), "encoded");
    assert_eq!(of(200, "identity, br", &sent(false)).unwrap_err(), "encoded");
    assert!(
        ["Identity", " ", "identity,identity"]
            .iter()
            .all(|plain| of(200, plain, &sent(false)).is_ok())
    );
    assert!(of(200, "identity", &sent(false)).is_ok() && of(200, "gzip", &Sent::default()).is_ok());
}

#[test]
fn only_what_came_without_a_secret_in_the_request_may_be_a_key() {
    let body = || r#"{"key":"planted-key-of-the-account"}"#.to_owned();
    for (framed, may) in [(false, true), (true, false)] {
        let (_, lifted) = shown(body(), &["/key"], &sent(framed)).unwrap();
        assert_eq!(lifted[0].as_ref().unwrap().may_authenticate(), may);
        assert!(!lifted[0].as_ref().unwrap().may_sign());
    }
}

#[test]
fn a_secret_is_framed_in_a_body_and_in_a_header_with_more_than_it() {
    let (mut call, own) = (call(), Http::default());
    let slot = call.hold(HeldSecret::whole(Secret::new(SECRET.to_owned()), Origin::Slot)).unwrap();
    let secret = || Chunk::Secret(wasmtime::component::Resource::new_borrow(slot.rep()));
    let plain = || Chunk::Plain(b"Bearer ".to_vec());
    let header = |name: &str, value| crate::bindings::provider::http::Header {
        name: name.to_owned(),
        value,
    };
    let asked = |headers, body| Asked {
        method: "POST".to_owned(),
        url: format!("https://{HOST}/"),
        headers,
        body,
        auth: None,
        lift: Vec::new(),
        timeout_ms: None,
    };
    for (asked, framed) in [
        (asked(vec![header("Authorization", vec![plain(), secret()])], vec![]), false),
        (asked(vec![header("x-api-key", vec![secret()])], vec![]), false),
        (asked(vec![header("x-api-key", vec![plain(), secret()])], vec![]), true),
        (asked(vec![], vec![secret()]), true),
    ] {
        let sent = View::new(&mut call, &own).sending(&asked).unwrap();
        assert_eq!((sent.secrets.len(), sent.framed), (1, framed));
    }
    assert_eq!(own.sent.secrets().len(), 1);
}
