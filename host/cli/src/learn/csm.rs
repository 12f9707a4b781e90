//! Receives the SDKs' reports on their calls (client-side monitoring) on a random loopback port.
//!
//! The reports are for suggestions, never for evidence: any process of this machine can send datagrams.
//! Datagrams without the session's client id and access key are ignored.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroize as _;

use audex_components::provider::Call;
use audex_core::delivery::{EndpointSettings, Value};

/// The maximum size of a datagram.
const DATAGRAM_BYTES: usize = 65_535;
/// The interval at which the thread checks for its end. The thread also listens for this long after the
/// command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The maximum number of different operations kept.
const DIFFERENT: usize = 5_000;

/// One datagram. There is no field for `SessionToken`, so the token is never stored. Source: recorded from
/// the real aws CLI.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datagram {
    client_id: String,
    #[serde(rename = "Type")]
    kind: String,
    service: String,
    api: String,
    access_key: Option<String>,
    attempt_count: Option<u32>,
    aws_exception: Option<String>,
    final_aws_exception: Option<String>,
}

#[derive(Default)]
struct Heard {
    /// The attempts with the session's key whose whole call has not been reported yet.
    attempts: BTreeMap<(String, String), u32>,
    /// The number of calls by service, operation and denial.
    calls: BTreeMap<(String, String, bool), u32>,
}

/// A running receiver, which stops when it is dropped.
pub(crate) struct Csm {
    /// The settings that direct the command to this receiver.
    pub settings: EndpointSettings,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Heard>>,
}

impl Csm {
    /// Listens for reports with the client id `session` and this access key.
    ///
    /// # Errors
    /// When the socket or the thread cannot be created.
    pub(crate) fn start(session: &str, access_key_id: &str) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(LOOK_EVERY))?;
        let port = socket.local_addr()?.port().to_string();
        let plain = |name: &str, text: &str| (name.to_owned(), Value::Plain(text.to_owned()));
        let variables = vec![
            plain("AWS_CSM_ENABLED", "true"),
            plain("AWS_CSM_HOST", "127.0.0.1"),
            plain("AWS_CSM_PORT", &port),
            plain("AWS_CSM_CLIENT_ID", session),
        ];
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, session, key) =
            (Arc::clone(&stop), session.to_owned(), access_key_id.to_owned());
        let thread = std::thread::Builder::new().name("csm".to_owned()).spawn(move || {
            let (mut heard, mut buffer) = (Heard::default(), vec![0; DATAGRAM_BYTES]);
            loop {
                // By now the socket's queue holds everything that was sent before the command ended.
                let last = stopped.load(Ordering::Acquire);
                while let Ok(length) = socket.recv(&mut buffer) {
                    let bytes = buffer.get_mut(..length).unwrap_or_default();
                    heard.hear(bytes, &session, &key);
                    // Security: the buffer holds the session token.
                    bytes.zeroize();
                }
                if last {
                    return heard;
                }
            }
        })?;
        Ok(Self {
            settings: EndpointSettings { variables, ..EndpointSettings::default() },
            stop,
            thread: Some(thread),
        })
    }

    /// Stops the receiver and returns the calls that were reported.
    #[must_use]
    pub(crate) fn finish(mut self) -> Vec<Call> {
        self.stop.store(true, Ordering::Release);
        let heard = self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        heard.into_calls()
    }
}

impl Drop for Csm {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Heard {
    /// Counts one datagram. A call consists of one datagram for each attempt, with the key, and one for the
    /// whole, without the key.
    fn hear(&mut self, bytes: &[u8], session: &str, key: &str) {
        let Ok(said) = serde_json::from_slice::<Datagram>(bytes) else { return };
        if said.client_id != session {
            return;
        }
        let operation = (said.service, said.api);
        if said.kind == "ApiCallAttempt" && said.access_key.as_deref() == Some(key) {
            if self.attempts.len() < DIFFERENT || self.attempts.contains_key(&operation) {
                let attempts = self.attempts.entry(operation).or_default();
                *attempts = attempts.saturating_add(1);
            }
        } else if said.kind == "ApiCall" {
            let Some(open) = self.attempts.get_mut(&operation).filter(|open| **open > 0) else {
                return;
            };
            *open = open.saturating_sub(said.attempt_count.unwrap_or(1).max(1));
            let exception = said.final_aws_exception.or(said.aws_exception);
            let denied = exception.is_some_and(|code| audex_gateway::is_denial(&code));
            let call = (operation.0, operation.1, denied);
            if self.calls.len() < DIFFERENT || self.calls.contains_key(&call) {
                let count = self.calls.entry(call).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    fn into_calls(self) -> Vec<Call> {
        let call = |((service, operation, denied), count)| Call {
            service,
            operation,
            known: true,
            resources: Vec::new(),
            count,
            denied,
            source: super::Source::Csm.name().to_owned(),
        };
        self.calls.into_iter().map(call).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(client: &str, key: &str) -> String {
        format!(
            r#"{{"Version":1,"ClientId":"{client}","Type":"ApiCallAttempt","Service":"S3","Api":"GetObject","AccessKey":"{key}","SessionToken":"planted"}}"#
        )
    }

    fn call(attempts: u32, exception: &str) -> String {
        format!(
            r#"{{"Version":1,"ClientId":"audex-1","Type":"ApiCall","Service":"S3","Api":"GetObject","AttemptCount":{attempts}{exception}}}"#
        )
    }

    fn heard(datagrams: &[String]) -> Vec<(u32, bool)> {
        let mut heard = Heard::default();
        for datagram in datagrams {
            heard.hear(datagram.as_bytes(), "audex-1", "ASIAOWN");
        }
        heard.into_calls().into_iter().map(|call| (call.count, call.denied)).collect()
    }

    #[test]
    fn a_call_with_several_attempts_is_one_call() {
        let own = attempt("audex-1", "ASIAOWN");
        assert_eq!(heard(&[own.clone(), own.clone(), call(2, ""), own, call(1, "")]), [(2, false)]);
    }

    #[test]
    fn a_denied_call_is_told_apart() {
        let denied = call(1, r#","FinalAwsException":"AccessDenied""#);
        assert_eq!(heard(&[attempt("audex-1", "ASIAOWN"), denied]), [(1, true)]);
    }

    #[test]
    fn what_another_session_or_key_says_is_ignored() {
        assert!(heard(&[attempt("audex-2", "ASIAOWN"), call(1, "")]).is_empty());
        assert!(heard(&[attempt("audex-1", "ASIAOTHER"), call(1, "")]).is_empty());
        assert!(heard(&["{".to_owned(), "[]".to_owned(), call(1, "")]).is_empty());
    }

    #[test]
    fn datagrams_are_received_until_it_is_finished() {
        let csm = Csm::start("audex-1", "ASIAOWN").unwrap();
        let Some((_, Value::Plain(port))) = csm.settings.variables.get(2) else {
            panic!("no port")
        };
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for datagram in [attempt("audex-1", "ASIAOWN"), call(1, "")] {
            sender.send_to(datagram.as_bytes(), format!("127.0.0.1:{port}")).unwrap();
        }
        assert_eq!(csm.finish().len(), 1);
    }
}
