//! The socket against clients that behave and that do not.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use std::{fs, thread};

use super::message::{Reply, Request};
use super::*;
use crate::asks::board::{Asker, NotLocal, Work};
use crate::asks::{self, Answer, Board, State, Wanted};

fn hello(session: &str) -> Hello {
    Hello {
        session: session.to_owned(),
        pid: std::process::id(),
        started: 1,
        command: vec!["sleep".to_owned(), "60".to_owned()],
        agent: None,
        provider: "aws".to_owned(),
        deliver: "gateway".to_owned(),
        isolation: "credentials".to_owned(),
        takes_answers: true,
        ends_at: None,
        parents: Vec::new(),
    }
}

fn control(state: &Path, session: &str) -> Control {
    with(state, hello(session), None)
}

fn with(state: &Path, hello: Hello, board: Option<Arc<Board>>) -> Control {
    let stop = Box::new(|| ());
    let control = Control::start(state, Served { hello, stop }, |_| true).unwrap();
    if let Some(board) = board {
        control.set_board(board);
    }
    control
}

fn names(state: &Path) -> Vec<String> {
    living(state).unwrap().0.into_iter().map(|found| found.hello.session).collect()
}

#[test]
fn a_session_is_found_while_it_lives_also_below_a_long_path() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("x".repeat(200));
    assert_eq!(names(&state), [""; 0]);
    let (one, two) = (control(&state, "audex-1"), control(&state, "audex-2"));
    one.set_end(99);
    let (found, errors) = living(&state).unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(found[0].hello, Hello { ends_at: Some(99), ..hello("audex-1") });
    drop(one);
    assert_eq!(names(&state), ["audex-2"]);
    drop(two);
    assert_eq!(fs::read_dir(state.join("control")).unwrap().count(), 0);
}

#[test]
fn a_watcher_learns_of_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let control = control(directory.path(), "audex-1");
    let client = Client::connect(directory.path(), "audex-1").unwrap();
    let watching = thread::spawn(move || {
        let mut seen = Vec::new();
        client.watch(
            || true,
            |event| {
                seen.push(event);
                true
            },
        )?;
        Ok::<_, ControlError>(seen)
    });
    control.set_exit_code(3);
    drop(control);
    let seen = watching.join().unwrap();
    // A session that ends before it has seen the request closes the connection alone.
    assert!(seen.is_err() || seen.unwrap() == [Event::Ended { exit_code: Some(3), by: None }]);
}

#[test]
fn watchers_are_limited_and_leave_room_for_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let control = control(directory.path(), "audex-1");
    let connect = || Client::connect(directory.path(), "audex-1").unwrap();
    let mut watchers: Vec<Client> = (0..16).map(|_| connect()).collect();
    for watcher in &mut watchers {
        assert_eq!(watcher.ask(&Request::Watch).unwrap(), Reply::Watching);
    }
    let refused = connect().watch(|| true, |_| true).unwrap_err();
    assert!(matches!(refused, ControlError::TooManyWatch { .. }), "{refused}");
    assert!(connect().asks().unwrap().is_empty());
    let ending = thread::spawn({
        let client = connect();
        move || client.end(std::time::Duration::from_secs(30))
    });
    // It ends when the session does.
    while control.ended_by().is_none() {
        thread::yield_now();
    }
    drop(control);
    assert!(ending.join().unwrap().unwrap());
}

#[test]
fn what_a_person_has_to_know_comes_with_the_asks() {
    let directory = tempfile::tempdir().unwrap();
    let (board, _) = asked(None);
    let _control = with(directory.path(), hello("audex-1"), Some(Arc::clone(&board)));
    let mut client = Client::connect(directory.path(), "audex-1").unwrap();
    assert_eq!(client.asks_and_notice().unwrap().1, None);
    let seen = board.watch();
    board.webhook_failed("no reply within 60 s");
    board.webhook_failed("it replied with the status 500");
    let text =
        "the webhook of [approve] failed, and is asked again: no reply within 60 s".to_owned();
    assert_eq!(client.asks_and_notice().unwrap().1.as_ref(), Some(&text));
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [asks::Event::Noted { text }]);
}

/// Returns a board with one ask that waits for a person, and a clerk that refuses on answers.
fn asked(not_local: Option<NotLocal>) -> (Arc<Board>, String) {
    let asker = Asker { session: "audex-1".to_owned(), not_local, ..Asker::default() };
    let (board, work) = Board::new(asker);
    let action = "s3:PutObject".to_owned();
    let wanted = Wanted::new(action, Vec::new());
    let id = board.ask(vec![wanted], Some("to save")).unwrap().id;
    board.set(&id, State::Pending);
    let board = Arc::new(board);
    let clerk = Arc::downgrade(&board);
    thread::spawn(move || {
        for work in work {
            if let (Work::Refuse { id, by }, Some(board)) = (work, clerk.upgrade()) {
                board.set(&id, State::Refused { by, reason: "no".to_owned() });
            }
        }
    });
    (board, id)
}

fn answer(state: &Path, id: &str) -> Result<State, NotCounted> {
    let mut client = Client::connect(state, "audex-1").unwrap();
    client.answer(id, Answer::No, Some("test")).unwrap().map(|ask| ask.state)
}

#[test]
fn an_answer_counts_while_isolation_holds_and_says_who_gave_it() {
    let directory = tempfile::tempdir().unwrap();
    let (board, id) = asked(None);
    let _control = with(directory.path(), hello("audex-1"), Some(Arc::clone(&board)));
    let asks = Client::connect(directory.path(), "audex-1").unwrap().asks().unwrap();
    assert_eq!((asks.len(), &asks[0].id), (1, &id));
    assert_eq!(answer(directory.path(), "ask-none"), Err(NotCounted::Unknown));
    let State::Refused { by, .. } = answer(directory.path(), &id).unwrap() else { panic!() };
    assert!(by.contains(&format!("process {}", std::process::id())), "{by}");
    assert!(by.ends_with(" by test"), "{by}");
    assert_eq!(answer(directory.path(), &id), Err(NotCounted::NotOpen));
}

#[test]
fn an_answer_from_inside_or_without_isolation_does_not_count() {
    let directory = tempfile::tempdir().unwrap();
    let (board, id) = asked(Some(NotLocal::NotIsolated));
    let control = with(directory.path(), hello("audex-1"), Some(board));
    assert_eq!(answer(directory.path(), &id), Err(NotCounted::NotIsolated));
    drop(control);
    let (board, id) = asked(None);
    let control = with(directory.path(), hello("audex-1"), Some(Arc::clone(&board)));
    // This process takes the place of the command.
    control.set_command(i32::try_from(std::process::id()).unwrap());
    assert_eq!(answer(directory.path(), &id), Err(NotCounted::FromInside));
    assert_eq!(board.get(&id).unwrap().state, State::Pending);
}

#[test]
fn a_watcher_gets_decisions_and_asks() {
    let directory = tempfile::tempdir().unwrap();
    let (board, id) = asked(None);
    let control = with(directory.path(), hello("audex-1"), Some(Arc::clone(&board)));
    let client = Client::connect(directory.path(), "audex-1").unwrap();
    let (seen, events) = std::sync::mpsc::channel();
    let watching = thread::spawn(move || client.watch(|| true, |event| seen.send(event).is_ok()));
    // What was decided before the watcher came is not seen.
    while events.try_recv().is_err() {
        board.decided("s3:GetObject", "arn:aws:s3:::b/k", true);
        thread::yield_now();
    }
    board.set(&id, State::Ended);
    board.close();
    control.set_exit_code(3);
    drop(control);
    watching.join().unwrap().unwrap();
    let rest: Vec<Event> = events.iter().collect();
    assert!(
        rest.iter()
            .any(|event| matches!(event, Event::Of(asks::Event::Answered(ask)) if ask.id == id))
    );
    assert_eq!(rest.last(), Some(&Event::Ended { exit_code: Some(3), by: None }));
}

#[test]
fn files_that_are_no_socket_of_this_session_are_named_once_each_and_a_stale_one_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path();
    let _control = control(state, "audex-1");
    let sockets = state.join("control");
    fs::write(sockets.join("file.sock"), "").unwrap();
    fs::create_dir(sockets.join("directory.sock")).unwrap();
    symlink(sockets.join("audex-1.sock"), sockets.join("link.sock")).unwrap();
    drop(UnixListener::bind(sockets.join("stale.sock")).unwrap());
    fs::write(sockets.join("other"), "").unwrap();
    let (found, errors) = living(state).unwrap();
    assert_eq!(found.len(), 1);
    let mut said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    said.sort();
    assert_eq!(said.len(), 3, "{said:?}");
    for (said, what) in said.iter().zip(["not a socket", "not a socket", "a link"]) {
        assert!(said.ends_with(&format!("it is {what}")), "{said}");
    }
    for name in ["stale", "../control/audex-1", "none", ""] {
        let error = Client::connect(state, name).err().unwrap();
        assert!(matches!(error, ControlError::NotRunning { .. }), "{name}: {error}");
    }
}

#[test]
fn a_directory_that_others_may_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let sockets = directory.path().join("control");
    fs::create_dir(&sockets).unwrap();
    fs::set_permissions(&sockets, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(living(directory.path()), Err(ControlError::Directory { .. })));
    let error = Client::connect(directory.path(), "audex-1").err().unwrap();
    assert!(matches!(error, ControlError::Directory { .. }), "{error}");
}

#[test]
fn a_server_that_never_answers_is_given_up_on() {
    let directory = tempfile::tempdir().unwrap();
    let sockets = directory.path().join("control");
    private(&sockets);
    let _silent = UnixListener::bind(sockets.join("silent.sock")).unwrap();
    let begun = Instant::now();
    let (found, errors) = living(directory.path()).unwrap();
    assert!(found.is_empty() && begun.elapsed().as_secs() < 20);
    assert_eq!(errors[0].to_string(), "session `silent` does not answer on its control socket");
}

#[test]
fn a_server_that_answers_without_end_is_given_up_on() {
    let directory = tempfile::tempdir().unwrap();
    let sockets = directory.path().join("control");
    private(&sockets);
    let listener = UnixListener::bind(sockets.join("endless.sock")).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let error = Client::connect(directory.path(), "endless").unwrap().ask(&Request::Hello);
    assert!(matches!(error, Err(ControlError::NoAnswer { .. })));
}

fn private(path: &Path) {
    audex_core::private_file::create_directory(path).unwrap();
}

#[test]
fn a_request_that_is_too_long_or_malformed_ends_its_connection_alone() {
    let directory = tempfile::tempdir().unwrap();
    let control = control(directory.path(), "audex-1");
    let socket = directory.path().join("control/audex-1.sock");
    let send = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes);
        let mut reply = String::new();
        let _ = stream.read_to_string(&mut reply);
        reply
    };
    assert!(send(b"{}\n").starts_with(r#"{"reply":"malformed""#));
    assert_eq!(send(&vec![b'x'; line::REQUEST_BYTES + 1]), "");
    assert_eq!(names(directory.path()), ["audex-1"]);
    assert_eq!(control.ended_by(), None);
}

#[test]
fn the_sockets_of_killed_sessions_are_swept_and_those_of_living_ones_stay() {
    let directory = tempfile::tempdir().unwrap();
    let sockets = directory.path().join("control");
    private(&sockets);
    for name in ["killed.sock", "living.sock"] {
        drop(UnixListener::bind(sockets.join(name)).unwrap());
    }
    let stop = Box::new(|| ());
    let served = Served { hello: hello("audex-1"), stop };
    let _control = Control::start(directory.path(), served, |session| session == "living").unwrap();
    assert!(!sockets.join("killed.sock").exists() && sockets.join("living.sock").exists());
}
