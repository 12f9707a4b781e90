//! Components that use WASI: it works, and reaches nothing.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};

use super::table::{WASI_FILTER, WASI_PROVIDER};
use super::*;

/// Text on the standard input of the program, which no component may read.
const TYPED: &str = "typed-5ec4e7-5ec4e7";

/// A TCP and a UDP socket at the same port, to which nothing may be sent.
struct Listener(TcpListener, UdpSocket);

impl Listener {
    fn new() -> Self {
        loop {
            let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
            // Another program may have the UDP port.
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
                tcp.set_nonblocking(true).unwrap();
                udp.set_nonblocking(true).unwrap();
                return Self(tcp, udp);
            }
        }
    }

    fn case(&self, name: &str) -> String {
        if name.ends_with("-socket") {
            format!("{name}:{}", self.0.local_addr().unwrap().port())
        } else {
            name.to_owned()
        }
    }

    /// A connection of a client that is gone, or a datagram, would still be there.
    #[track_caller]
    fn assert_untouched(&self, name: &str) {
        let connected = self.0.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(connected, Err(ErrorKind::WouldBlock), "{name} connected");
        let received = self.1.recv(&mut [0; 16]).map_err(|error| error.kind());
        assert_eq!(received, Err(ErrorKind::WouldBlock), "{name} sent a datagram");
    }
}

/// Runs `touch ran` with the component, with text on the standard input.
fn run(sandbox: &Sandbox, name: &str, options: &[&str]) -> Output {
    let words =
        [&["run", "--verbose", "--allow", "s3:GetObject"], options, &["--", "touch", "ran"]];
    let output = sandbox.tryaudex(words.concat()).stdin(TYPED).output();
    let told = format!("{}{}", output.stdout, output.stderr);
    assert!(!told.contains("root:"), "{name} read /etc/passwd");
    assert!(!told.contains(TYPED), "{name} read the standard input");
    let lines = told.lines().filter(|line| line.starts_with("hostile-"));
    assert!(lines.count() <= 100, "{name} filled the terminal");
    output
}

fn with_listener(cases: &[Case], guest: &'static str, grants: &[&str], options: &[&str]) {
    let _ = Guest::for_wasi(guest);
    play(cases, |sandbox, case| {
        let listener = Listener::new();
        let guest = Guest::for_wasi(guest).playing(&listener.case(case.name));
        let _ = guest.install(sandbox, grants).success();
        let output = run(sandbox, case.name, options);
        listener.assert_untouched(case.name);
        assert!(!sandbox.home().join("guest-was-here").exists(), "{} wrote a file", case.name);
        output
    });
}

#[test]
fn a_filter_with_wasi_prints_and_reaches_nothing() {
    with_listener(WASI_FILTER, "hostile-filter", &[], &[]);
}

#[test]
fn a_provider_with_wasi_prints_and_reaches_nothing() {
    with_listener(WASI_PROVIDER, "hostile-provider", GRANTS, &["--provider", "hostile"]);
}

/// The double of the listener: a program that does connect and send is seen.
#[test]
fn a_listener_sees_a_connection_and_a_datagram() {
    let listener = Listener::new();
    let address = listener.0.local_addr().unwrap();
    drop(std::net::TcpStream::connect(address).unwrap());
    assert!(listener.0.accept().is_ok());
    let _ = UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"x", address).unwrap();
    listener.1.set_nonblocking(false).unwrap();
    assert_eq!(listener.1.recv(&mut [0; 16]).unwrap(), 1);
}

/// The refusal of the honest filter, which has the time and random numbers in it.
fn found(sandbox: &Sandbox) -> String {
    let output = run(sandbox, "wasi-honest", &[]).exits(77);
    let line = output.stderr.lines().find(|line| line.contains("refused: time ")).unwrap();
    line.to_owned()
}

fn time(found: &str) -> u64 {
    let (_, rest) = found.split_once("time ").unwrap();
    rest.split_once(',').unwrap().0.parse().unwrap()
}

fn numbers(found: &str) -> &str {
    found.split_once("numbers ").unwrap().1
}

fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

#[test]
fn a_filter_with_wasi_has_the_time_of_the_run_and_the_same_numbers_each_time() {
    let mut sandbox = sandbox();
    let guest = Guest::for_wasi("hostile-filter").playing("wasi-honest");
    let _ = guest.install(&mut sandbox, &[]).success();
    let before = now();
    let [first, second] = [found(&sandbox), found(&sandbox)];
    for found in [&first, &second] {
        assert!((before..=now()).contains(&time(found)), "{found}");
    }
    assert_eq!(numbers(&first), numbers(&second));

    let path = sandbox.home().join("hostile-filter.wasm");
    let tested = sandbox.run(["plugin", "test", path.to_str().unwrap()]).success().stdout;
    assert!(tested.contains("answers the same to the same request"), "{tested}");
    assert!(!tested.contains("WRONG"), "{tested}");
}

#[test]
fn a_provider_with_wasi_has_the_time_of_the_machine_and_other_numbers_each_time() {
    let mut sandbox = sandbox();
    let guest = Guest::for_wasi("hostile-provider").playing("mint-wasi-honest");
    let _ = guest.install(&mut sandbox, GRANTS).success();
    let before = now();
    let found = [(); 2].map(|()| {
        let output = run(&sandbox, "wasi-honest", &["--provider", "hostile"]).success();
        output.stderr.lines().find(|line| line.contains("stdout: time ")).unwrap().to_owned()
    });
    for found in &found {
        assert!((before..=now()).contains(&time(found)), "{found}");
    }
    let [first, second] = found.each_ref().map(|found| numbers(found));
    for (first, second) in first.split(' ').zip(second.split(' ')) {
        assert_ne!(first, second);
    }
}
