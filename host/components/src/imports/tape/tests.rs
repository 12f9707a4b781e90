use std::collections::BTreeSet;

use super::*;
use crate::backend::Backend;
use crate::bindings::provider::http::Host as _;
use crate::context::CallContext;
use audex_core::source::Source;

fn asked(url: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: vec![Chunk::Plain(b"a=1&".to_vec())],
        auth: Some(Auth::Bearer("secret:API_KEY".to_owned())),
        lift: vec!["/token".to_owned(), "/other".to_owned()],
        timeout_ms: None,
    }
}

fn tape(gots: Vec<Got>) -> Arc<Tape> {
    let sent = Sent::of(&asked("https://api.x.com/1"));
    let exchanges: Vec<_> =
        gots.into_iter().map(|got| Exchange { sent: sent.clone(), got }).collect();
    // As the file of a recording holds them.
    let text = serde_json::to_string(&exchanges).unwrap();
    Arc::new(Tape::new(7, serde_json::from_str(&text).unwrap()))
}

fn failure() -> Got {
    Got::Failure { kind: ErrorKind::Denied, code: "no".to_owned(), message: "no".to_owned() }
}

fn replay(tape: &Arc<Tape>, url: &str) -> Result<Response, ImportError> {
    let imports = Backend::replaying(Arc::clone(tape), &BTreeSet::new()).imports();
    let mut call = CallContext::granted(Source::Installed, &["http:api.x.com"]);
    View::new(&mut call, &imports.http).send(asked(url))
}

#[test]
fn what_was_recorded_is_replayed_in_order_and_nothing_else_is() {
    let reply = Got::Reply {
        status: 201,
        headers: Vec::new(),
        body: "{}".to_owned(),
        lifted: vec![true, false],
    };
    let tape = tape(vec![failure(), reply]);
    let refused = replay(&tape, "https://api.x.com/1").unwrap_err().for_guest().unwrap();
    assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::Denied, "no"));
    let reply = replay(&tape, "https://api.x.com/1").unwrap();
    let lifted: Vec<bool> = reply.lifted.iter().map(Option::is_some).collect();
    assert_eq!((reply.status, lifted), (201, vec![true, false]));
    let trap = replay(&tape, "https://api.x.com/1").unwrap_err().for_guest().unwrap_err();
    assert!(trap.to_string().contains("nothing more was recorded"), "{trap}");
}

#[test]
fn another_request_than_the_recorded_one_ends_the_call() {
    let tape = tape(vec![failure()]);
    let trap = replay(&tape, "https://api.x.com/2").unwrap_err().for_guest().unwrap_err();
    let told = trap.to_string();
    assert!(told.contains("https://api.x.com/2") && told.contains("https://api.x.com/1"), "{told}");
}

#[test]
fn a_replay_reaches_no_host_that_was_not_granted() {
    let refused = replay(&tape(vec![failure()]), "https://evil.com/1").unwrap_err();
    assert_eq!(refused.for_guest().unwrap().code, "host-not-granted");
}

#[test]
fn the_clock_of_a_tape_stands_still() {
    let tape = tape(Vec::new());
    assert_eq!((Recorder(Arc::clone(&tape)).now(), Player(tape).now()), (7, 7));
}
