use super::*;
use crate::bindings::provider::http::HeaderKey;
use crate::context::CallContext;
use crate::misbehaved::Misbehaved;

fn asked(url: &str, auth: Option<Auth>) -> Asked {
    Asked {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        auth,
        lift: Vec::new(),
        timeout_ms: None,
    }
}

fn send(mut call: CallContext, asked: Asked) -> ImportError {
    View::new(&mut call, &Http::default()).send(asked).unwrap_err()
}

#[test]
fn a_host_that_was_not_granted_is_not_reached_and_neither_is_another_scheme_or_port() {
    for (url, code) in [
        ("https://evil.com/", "host-not-granted"),
        ("https://api.x.com.evil.com/", "host-not-granted"),
        ("http://api.x.com/", "url"),
        ("https://api.x.com:8443/", "url"),
        ("https://u@api.x.com/", "url"),
        ("nonsense", "url"),
    ] {
        let call = CallContext::granted(Source::Installed, &["http:api.x.com"]);
        let error = send(call, asked(url, None)).for_guest().unwrap();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, code), "{url}");
    }
    let capabilities = CallContext::pure(&["http:api.x.com"]).capabilities;
    assert_eq!(granted(&capabilities, "https://api.x.com/a").unwrap().1, "api.x.com");
}

#[test]
fn credentials_that_were_not_granted_are_not_added() {
    let slot = || "secret:KEY".to_owned();
    let scope = Sigv4 { service: "cloudtrail".to_owned(), region: "eu-west-1".to_owned() };
    for auth in [
        Auth::Bearer(slot()),
        Auth::Header(HeaderKey { name: "x-key".to_owned(), slot: slot() }),
        Auth::Aws(scope),
    ] {
        let call = CallContext::granted(Source::BuiltIn, &["http:api.x.com", "secret:OTHER"]);
        let trap = send(call, asked("https://api.x.com/", Some(auth))).for_guest().unwrap_err();
        assert!(matches!(trap.downcast_ref(), Some(Misbehaved::NotGranted(_))), "{trap}");
    }
}

#[test]
fn a_call_that_must_answer_from_what_it_knows_sends_nothing() {
    let call = CallContext::pure(&["http:api.x.com"]);
    assert!(send(call, asked("https://api.x.com/", None)).for_guest().is_err());
}
