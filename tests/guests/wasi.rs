//! Uses of WASI, built for `wasm32-wasip2`: what a guest finds, and what it tries to reach.

use std::hash::BuildHasher as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use wasip2::{cli, clocks::monotonic_clock, filesystem::preopens, random};

const HOUR: Duration = Duration::from_hours(1);

/// Plays the case, which begins with `wasi-`, and returns what the guest found.
pub fn play(case: &str) -> Option<String> {
    let (case, port) = match case.strip_prefix("wasi-")?.split_once(':') {
        Some((case, port)) => (case, port.parse().unwrap()),
        None => (case.strip_prefix("wasi-")?, 1),
    };
    match case {
        "honest" => Some(honest()),
        "file" => Some(file()),
        "socket" => Some(socket(port)),
        "environment" => Some(environment()),
        "stdin" => Some(stdin()),
        "sleep" => {
            std::thread::sleep(HOUR);
            Some("slept".to_owned())
        }
        "poll" => loop {
            monotonic_clock::subscribe_duration(1).block();
        },
        "print" => {
            // More than is kept, but few calls.
            std::io::stdout().write_all(&b"x".repeat(1 << 20)).unwrap();
            (0..1000).for_each(|line| println!("\u{1b}[2J\nforged {line}"));
            Some("printed".to_owned())
        }
        "print-on" => loop {
            println!("on and on");
        },
        "zeroes" => {
            let done = cli::stdout::get_stdout().write_zeroes(1 << 40);
            Some(format!("{done:?}"))
        }
        "random" => Some(random::random::get_random_bytes(1 << 40).len().to_string()),
        "handles" => {
            let hoard: Vec<_> =
                (0..100_000).map(|_| monotonic_clock::subscribe_duration(1)).collect();
            Some(hoard.len().to_string())
        }
        "exit" => std::process::exit(0),
        "panic" => panic!("a guest's own words"),
        _ => None,
    }
}

fn honest() -> String {
    println!("out of a guest");
    eprintln!("an error of a guest");
    let began = Instant::now();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    std::thread::sleep(Duration::from_millis(1));
    let hash = std::hash::RandomState::new().hash_one(1);
    format!(
        "time {now}, passed {}, numbers {:x} {:x} {hash:x}",
        began.elapsed().as_nanos() > 0,
        random::random::get_random_u64(),
        random::insecure::get_insecure_random_u64(),
    )
}

fn file() -> String {
    format!(
        "read {:?}, list {:?}, write {:?}, preopened {}",
        std::fs::read("/etc/passwd").map_err(|error| error.kind()),
        std::fs::read_dir("/").map(drop).map_err(|error| error.kind()),
        std::fs::write("guest-was-here", "x").map_err(|error| error.kind()),
        preopens::get_directories().len(),
    )
}

fn socket(port: u16) -> String {
    let here = ("127.0.0.1", port);
    let kind = |error: std::io::Error| error.kind();
    format!(
        "connect {:?}, listen {:?}, send {:?}, look up {:?}",
        TcpStream::connect(here).map(drop).map_err(kind),
        TcpListener::bind("127.0.0.1:0").map(drop).map_err(kind),
        UdpSocket::bind("127.0.0.1:0").and_then(|it| it.send_to(b"x", here)).map_err(kind),
        ("localhost", port).to_socket_addrs().map(Iterator::count).map_err(kind),
    )
}

fn environment() -> String {
    format!(
        "variables {}, secret {:?}, arguments {}, directory {:?}",
        std::env::vars_os().count(),
        std::env::var("HOSTILE_SOURCE").ok(),
        std::env::args_os().count(),
        cli::environment::initial_cwd(),
    )
}

fn stdin() -> String {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text).map_err(|error| error.kind());
    format!("read {read:?}, terminal {:?}", cli::terminal_stdin::get_terminal_stdin().is_some())
}
