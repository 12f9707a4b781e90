//! Client-side monitoring: what the AWS SDKs say of each call, by UDP on loopback.
//!
//! Security: any process of this machine can send such a datagram. It is good for suggestions, and never for an audit. A
//! datagram carries the session token: nothing of it is kept but names, status and the public key id.
//! Source: botocore 1.44, `monitoring.py`; AWS SDKs and Tools reference, "Client-side monitoring".

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Deserialize;
use zeroize::Zeroize as _;

use crate::plugin::provider::Call;

/// What SDKs send at most; a longer datagram is none of theirs.
const DATAGRAM_BYTES: usize = 8 * 1024;
/// Different operations of one command; more is somebody who fills memory.
const OPERATIONS: usize = 2_000;
/// Characters of a name.
const NAME: usize = 128;
/// How often it is looked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What was sent before the command ended has arrived after this.
const DRAIN: Duration = Duration::from_millis(100);
/// How services say that a call was denied. Source: the services' common errors.
const DENIED: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden"];

/// What listens while a command runs.
pub struct Monitor {
    port: u16,
    client: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Heard>,
}

/// What was said of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    used: u32,
    denied: u32,
    /// Public ids of the keys it was called with.
    keys: BTreeSet<String>,
}

type Heard = BTreeMap<(String, String), Said>;

/// The parts of a datagram that are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datagram {
    #[serde(rename = "Type")]
    kind: String,
    client_id: String,
    service: String,
    api: String,
    access_key: Option<String>,
    final_http_status_code: Option<u16>,
    final_aws_exception: Option<String>,
}

impl Monitor {
    /// Begins to listen, for what calls itself `client`.
    ///
    /// # Errors
    /// The system's.
    pub fn start(client: String) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(LOOK_EVERY))?;
        let (port, stop) = (socket.local_addr()?.port(), Arc::new(AtomicBool::new(false)));
        let (stopped, own) = (Arc::clone(&stop), client.clone());
        let thread = std::thread::Builder::new().spawn(move || listen(&socket, &stopped, &own))?;
        Ok(Self { port, client, stop, thread })
    }

    /// What leads an SDK to it.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        vec![
            pair("AWS_CSM_ENABLED", "true".to_owned()),
            pair("AWS_CSM_HOST", Ipv4Addr::LOCALHOST.to_string()),
            pair("AWS_CSM_PORT", self.port.to_string()),
            pair("AWS_CSM_CLIENT_ID", self.client.clone()),
        ]
    }

    /// Ends; the calls that were made with the key `key`, in the order of their names.
    #[must_use]
    pub fn finish(self, key: Option<&str>) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        let heard = self.thread.join().unwrap_or_default();
        calls(&heard, key)
    }
}

fn listen(socket: &UdpSocket, stop: &AtomicBool, client: &str) -> Heard {
    let mut heard = Heard::new();
    let mut buffer = [0; DATAGRAM_BYTES];
    let mut until = None;
    loop {
        if let Ok(length) = socket.recv(&mut buffer) {
            note(&mut heard, buffer.get(..length).unwrap_or_default(), client);
            buffer.zeroize();
        }
        if stop.load(Ordering::Relaxed)
            && Instant::now() >= *until.get_or_insert_with(|| Instant::now() + DRAIN)
        {
            return heard;
        }
    }
}

fn note(heard: &mut Heard, bytes: &[u8], client: &str) {
    let Ok(said) = serde_json::from_slice::<Datagram>(bytes) else { return };
    let is_name = |text: &str| {
        !text.is_empty()
            && text.len() <= NAME
            && text.chars().all(|c| c.is_ascii_alphanumeric() || " -_.".contains(c))
    };
    if said.client_id != client || !is_name(&said.service) || !is_name(&said.api) {
        return;
    }
    let operation = (said.service, said.api);
    if heard.len() >= OPERATIONS && !heard.contains_key(&operation) {
        return;
    }
    let entry = heard.entry(operation).or_default();
    match said.kind.as_str() {
        "ApiCall" => {
            let is_denied = matches!(said.final_http_status_code, Some(401 | 403))
                || said.final_aws_exception.is_some_and(|name| DENIED.contains(&name.as_str()));
            let count = if is_denied { &mut entry.denied } else { &mut entry.used };
            *count = count.saturating_add(1);
        }
        "ApiCallAttempt" => {
            entry.keys.extend(said.access_key.filter(|key| is_name(key) && entry.keys.len() < 4));
        }
        _ => {}
    }
}

fn calls(heard: &Heard, key: Option<&str>) -> Vec<Call> {
    let ours = |said: &Said| key.is_none_or(|key| said.keys.contains(key));
    let call = |(service, operation): &(String, String), count: u32, denied: bool| Call {
        service: service.clone(),
        operation: operation.clone(),
        known: true,
        resources: Vec::new(),
        count,
        denied,
        source: "csm".to_owned(),
    };
    let both = |(operation, said): (&(String, String), &Said)| {
        [(said.used, false), (said.denied, true)]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, denied)| call(operation, count, denied))
            .collect::<Vec<_>>()
    };
    heard.iter().filter(|(_, said)| ours(said)).flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(datagrams: &[&str]) -> Vec<(String, u32, bool)> {
        let mut heard = Heard::new();
        for datagram in datagrams {
            note(&mut heard, datagram.as_bytes(), "s-1");
        }
        let calls = calls(&heard, Some("ASIAOURS"));
        calls
            .into_iter()
            .map(|call| (format!("{}:{}", call.service, call.operation), call.count, call.denied))
            .collect()
    }

    const CALL: &str = r#"{"Version":1,"ClientId":"s-1","Type":"ApiCall","Service":"S3","Api":"GetObject","FinalHttpStatusCode":200}"#;
    const ATTEMPT: &str = r#"{"Version":1,"ClientId":"s-1","Type":"ApiCallAttempt","Service":"S3","Api":"GetObject","AccessKey":"ASIAOURS","SessionToken":"planted","HttpStatusCode":200}"#;

    #[test]
    fn calls_are_counted_once_whatever_their_attempts() {
        assert_eq!(heard(&[ATTEMPT, ATTEMPT, CALL, ATTEMPT, CALL]), [("S3:GetObject".to_owned(), 2, false)]);
    }

    #[test]
    fn what_was_denied_is_told_from_what_was_used() {
        let denied = CALL.replace("200", "403");
        assert_eq!(
            heard(&[ATTEMPT, &denied, CALL]),
            [("S3:GetObject".to_owned(), 1, false), ("S3:GetObject".to_owned(), 1, true)]
        );
        let named = CALL.replace("200}", r#"400,"FinalAwsException":"AccessDeniedException"}"#);
        assert!(heard(&[ATTEMPT, &named])[0].2);
    }

    #[test]
    fn others_with_another_key_and_garbage_are_not_heard() {
        let other_client = CALL.replace("s-1", "s-2");
        let other_key = ATTEMPT.replace("ASIAOURS", "AKIATHEIRS");
        let hostile = CALL.replace("GetObject", "\\u001b[31m");
        for datagrams in [
            &[CALL][..],
            &[&other_client, ATTEMPT],
            &[&other_key, CALL],
            &[ATTEMPT, &hostile],
            &["", "{", "[]"],
        ] {
            assert!(heard(datagrams).is_empty(), "{datagrams:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut heard = Heard::new();
        for index in 0..OPERATIONS + 10 {
            note(&mut heard, CALL.replace("GetObject", &format!("Op{index}")).as_bytes(), "s-1");
        }
        assert_eq!(heard.len(), OPERATIONS);
    }

    #[test]
    fn a_monitor_hears_what_is_sent_to_it() {
        let monitor = Monitor::start("s-1".to_owned()).unwrap();
        let variables: BTreeMap<String, String> = monitor.variables().into_iter().collect();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for datagram in [ATTEMPT, CALL] {
            socket.send_to(datagram.as_bytes(), format!("127.0.0.1:{}", variables["AWS_CSM_PORT"])).unwrap();
        }
        assert_eq!(monitor.finish(Some("ASIAOURS")).len(), 1);
    }
}
