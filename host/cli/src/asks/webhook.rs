//! The server that is asked, if `[approve] webhook` names one: signed question out, signed answer in.
//!
//! Question and answer have the form of Standard Webhooks: the headers `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, and a body with `type`, `timestamp` and `data`. The server answers in its reply (200), or says
//! that nobody has answered yet (202). After a reply without a valid answer, the same question is sent again.
//! Source: standardwebhooks.com, "Standard Webhooks Specification", 1.0.
//!
//! Security: an answer counts only if it is signed, was signed within a minute of this machine's time, and repeats the random id of this very question.
//! Everything else is no answer. A question cannot be played back as an answer, because its type is another.

use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::HeaderMap;
use reqwest::{Client, Request};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use super::board::Board;
use super::{Answer, Ask};
use crate::failure::{Failure, Kind};
use crate::settings::approve::Webhook;
use audex_core::clock::{rfc3339, unix_seconds};
use audex_core::environment::Environment;
use audex_core::random;
use audex_core::secret::Secret;
use audex_logins::secret_source::SecretSources;
use audex_wire::client::configured_client;
use audex_wire::exchange::{Reply, exchange};
use audex_wire::patience::Patience;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
/// The scheme of the signatures.
const VERSION: &str = "v1,";
/// The prefix of a key in base64.
const KEY_PREFIX: &str = "whsec_";
const QUESTION: &str = "audex.ask";
const ANSWER: &str = "audex.answer";
/// The most seconds between the time of an answer and now.
const TOLERANCE: u64 = 60;
/// The shortest key.
const KEY_BYTES: usize = 16;
/// The digits of a question's id.
const ID_DIGITS: usize = 32;
/// The longest answer.
const ANSWER_BYTES: usize = 16 * 1024;
/// The longest time of one request.
const TIME: Duration = Duration::from_mins(1);
/// The pause before the same question is sent again.
const PAUSE: Duration = Duration::from_secs(1);

/// A server that is asked.
#[derive(Clone)]
pub struct WebhookClient {
    webhook: Webhook,
    key: Secret,
    client: Client,
}

/// The body of an answer.
#[derive(Deserialize)]
struct AnswerBody {
    #[serde(rename = "type")]
    kind: String,
    data: AnswerData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerData {
    /// The id of the ask.
    ask: String,
    /// `yes` or `no`.
    answer: String,
    /// The person.
    by: String,
    #[serde(default)]
    once: bool,
    /// The longest time in seconds.
    #[serde(default)]
    seconds: Option<u64>,
}

impl WebhookClient {
    /// Reads the key of `webhook` from its source.
    ///
    /// # Errors
    /// When there is no key, or it is malformed or too short.
    pub fn prepare(
        webhook: &Webhook,
        secrets: &SecretSources,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let key = runtime.block_on(secrets.get(&webhook.secret, environment)).map_err(|error| {
            let hint = error.hint();
            Failure::new(Kind::Config, "approve", error).hinting(hint)
        })?;
        let bytes = bytes(&key);
        if bytes.as_ref().is_none_or(|key| key.len() < KEY_BYTES) {
            let what = if bytes.is_some() { "too short" } else { "not base64 after `whsec_`" };
            let message = format!("the secret `{}` of [approve] webhook is {what}", webhook.secret);
            let hint = format!("make one with {KEY_BYTES} random bytes or more: whsec_ and base64");
            return Err(Failure { kind: Kind::Config, ..Failure::usage(&message, &hint) });
        }
        let client = configured_client(environment)
            .map_err(|error| Failure::new(Kind::Config, "approve", error))?;
        Ok(Self { webhook: webhook.clone(), key, client })
    }

    /// Returns true if the answers come by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.webhook.url.scheme() == "https"
    }

    /// Asks about `ask` in a thread, until it is answered in any way.
    pub fn ask(&self, ask: Ask, board: Arc<Board>) {
        let asked = self.clone();
        // Without a thread, the ask waits for another answer.
        let thread = std::thread::Builder::new().name("webhook".to_owned());
        let _ = thread.spawn(move || {
            if let Ok(runtime) = runtime() {
                runtime.block_on(asked.until_answered(&ask, &board));
            }
        });
    }

    /// Asks about `ask`, which is on no board, until the server has answered. The caller limits the time.
    pub(crate) async fn answered(&self, ask: &Ask) -> Option<(Answer, String)> {
        let id = format!("msg_{}", random::text(ID_DIGITS, random::HEX).ok()?);
        loop {
            // The caller says that there was no answer.
            if let Ok(Some((answer, by))) = self.exchange(ask, &id).await {
                return Some((answer, format!("{by} (webhook)")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn until_answered(&self, ask: &Ask, board: &Board) {
        let Ok(id) = random::text(ID_DIGITS, random::HEX) else { return };
        let id = format!("msg_{id}");
        while board.get(&ask.id).is_some_and(|ask| ask.state.is_open()) {
            match self.exchange(ask, &id).await {
                Ok(Some((answer, by))) => {
                    // Somebody else may have answered meanwhile.
                    let _ = board.answer_from_outside(&ask.id, &answer, &format!("{by} (webhook)"));
                    return;
                }
                Ok(None) => {}
                Err(reason) => board.webhook_failed(&reason),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends the question once, and returns the answer; `None` if nobody has answered yet.
    ///
    /// # Errors
    /// The reason why the reply does not count, without anything that the server wrote.
    async fn exchange(&self, ask: &Ask, id: &str) -> Result<Option<(Answer, String)>, String> {
        let request = self.question(ask, id).ok_or("the question cannot be signed")?;
        let patience = Patience::new(Duration::ZERO, Duration::ZERO);
        let reply = exchange(&self.client, request, ANSWER_BYTES, patience, |_| false);
        let late = |_| format!("no reply within {} s", TIME.as_secs());
        let reply = tokio::time::timeout(TIME, reply).await.map_err(late)?;
        self.answer(&reply.map_err(|error| error.to_string())?, ask, id)
    }

    fn question(&self, ask: &Ask, id: &str) -> Option<Request> {
        let now = unix_seconds();
        let data = json!({ "ask": ask, "access": ask.access() });
        let body = json!({ "type": QUESTION, "timestamp": rfc3339(now), "data": data }).to_string();
        let signature = self.signature(id, &now.to_string(), body.as_bytes())?;
        let request = self.client.post(self.webhook.url.clone());
        let request = request
            .header("content-type", "application/json")
            .header(ID, id)
            .header(TIMESTAMP, now)
            .header(SIGNATURE, format!("{VERSION}{signature}"));
        request.body(body).build().ok()
    }

    fn answer(
        &self,
        reply: &Reply,
        ask: &Ask,
        id: &str,
    ) -> Result<Option<(Answer, String)>, String> {
        match reply.status {
            200 => {}
            202 => return Ok(None),
            other => return Err(format!("it replied with the status {other}")),
        }
        if !self.is_signed(&reply.headers, &reply.body, id) {
            return Err("its reply is not signed for this question and this minute".to_owned());
        }
        let malformed = || "its signed reply is no answer to this ask".to_owned();
        let AnswerBody { kind, data } =
            serde_json::from_slice(&reply.body).map_err(|_| malformed())?;
        if kind != ANSWER || data.ask != ask.id {
            return Err(malformed());
        }
        let AnswerData { answer, by, once, seconds, .. } = data;
        let answer = match answer.as_str() {
            "yes" => Answer::Yes { once, seconds },
            "no" => Answer::No,
            _ => return Err(malformed()),
        };
        Ok(Some((answer, by)))
    }

    fn is_signed(&self, headers: &HeaderMap, body: &[u8], id: &str) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(said), Some(timestamp), Some(signatures)) =
            (header(ID), header(TIMESTAMP), header(SIGNATURE))
        else {
            return false;
        };
        let is_now =
            timestamp.parse().is_ok_and(|at: u64| at.abs_diff(unix_seconds()) <= TOLERANCE);
        let decoded = |one: &str| STANDARD.decode_to_vec(one.strip_prefix(VERSION)?).ok();
        // During a change of keys, a server sends several signatures.
        let is_one = |signature: Vec<u8>| {
            self.mac(id, timestamp, body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        };
        said == id && is_now && signatures.split(' ').filter_map(decoded).any(is_one)
    }

    fn signature(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
        let mac = self.mac(id, timestamp, body)?;
        Some(STANDARD.encode_to_string(mac.finalize().into_bytes()))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes(&self.key)?).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(mac)
    }
}

/// Returns the bytes of a key, which is text, or base64 after `whsec_`.
fn bytes(key: &Secret) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let text = key.expose();
    match text.strip_prefix(KEY_PREFIX) {
        Some(encoded) => STANDARD.decode_to_vec(encoded).ok().map(zeroize::Zeroizing::new),
        None => Some(text.as_bytes().to_vec().into()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("approve", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asks::State;

    const MESSAGE: &str = "msg_1";

    fn asked() -> WebhookClient {
        let url = "http://127.0.0.1:1/".parse().unwrap();
        let webhook = Webhook { url, secret: "approve".to_owned() };
        let client = configured_client(&Environment::default()).unwrap();
        WebhookClient { webhook, key: Secret::new("0123456789abcdef".to_owned()), client }
    }

    fn ask() -> Ask {
        Ask {
            id: "ask-1".to_owned(),
            session: "audex-1".to_owned(),
            provider: "aws".to_owned(),
            agent: None,
            command: Vec::new(),
            wanted: Vec::new(),
            why: None,
            asked_at: 0,
            state: State::Pending,
        }
    }

    fn reply(id: &str, at: u64, body: &str, signed: (&str, u64, &str)) -> Reply {
        let (signed_id, signed_at, signed_body) = signed;
        let signature =
            asked().signature(signed_id, &signed_at.to_string(), signed_body.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(ID, id.parse().unwrap());
        headers.insert(TIMESTAMP, at.into());
        headers.insert(SIGNATURE, format!("v2,x v1,{signature}").parse().unwrap());
        Reply { status: 200, headers, body: body.as_bytes().to_vec() }
    }

    fn body(kind: &str, ask: &str, answer: &str) -> String {
        json!({ "type": kind, "data": { "ask": ask, "answer": answer, "by": "ann" } }).to_string()
    }

    #[test]
    fn a_signed_answer_to_this_question_counts() {
        let (now, yes) = (unix_seconds(), body(ANSWER, "ask-1", "yes"));
        let reply = reply(MESSAGE, now, &yes, (MESSAGE, now, &yes));
        let yes = Answer::Yes { once: false, seconds: None };
        assert_eq!(asked().answer(&reply, &ask(), MESSAGE), Ok(Some((yes, "ann".to_owned()))));
    }

    #[test]
    fn what_is_played_back_forged_or_old_is_no_answer() {
        let now = unix_seconds();
        let yes = body(ANSWER, "ask-1", "yes");
        for (name, reply) in [
            ("another question", reply("msg_0", now, &yes, ("msg_0", now, &yes))),
            ("another id", reply(MESSAGE, now, &yes, ("msg_0", now, &yes))),
            ("old", reply(MESSAGE, now - 61, &yes, (MESSAGE, now - 61, &yes))),
            ("made new", reply(MESSAGE, now, &yes, (MESSAGE, now - 61, &yes))),
            ("changed", reply(MESSAGE, now, &yes, (MESSAGE, now, &body(ANSWER, "ask-1", "no")))),
            ("another ask", {
                let other = body(ANSWER, "ask-2", "yes");
                reply(MESSAGE, now, &other, (MESSAGE, now, &other))
            }),
            ("a question", {
                let question = body(QUESTION, "ask-1", "yes");
                reply(MESSAGE, now, &question, (MESSAGE, now, &question))
            }),
            ("another word", {
                let maybe = body(ANSWER, "ask-1", "maybe");
                reply(MESSAGE, now, &maybe, (MESSAGE, now, &maybe))
            }),
        ] {
            assert!(asked().answer(&reply, &ask(), MESSAGE).is_err(), "{name}");
        }
        let mut later = reply(MESSAGE, now, &yes, (MESSAGE, now, &yes));
        later.status = 202;
        assert_eq!(asked().answer(&later, &ask(), MESSAGE), Ok(None));
        later.status = 500;
        let failed = asked().answer(&later, &ask(), MESSAGE).unwrap_err();
        assert_eq!(failed, "it replied with the status 500");
    }

    #[test]
    fn a_key_is_text_or_base64() {
        let key = |text: &str| bytes(&Secret::new(text.to_owned())).map(|key| key.to_vec());
        assert_eq!(key("whsec_YWJj").as_deref(), Some(&b"abc"[..]));
        assert_eq!(key("abc").as_deref(), Some(&b"abc"[..]));
        assert_eq!(key("whsec_%"), None);
    }
}
