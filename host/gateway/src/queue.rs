//! Replaces the addresses of queues. Some SDKs ignore their endpoint and send requests for a queue to the
//! host in its `QueueUrl`. So the gateway puts its own address into answers, and the queue's own address back
//! into requests.
//!
//! Source: the JavaScript SDK's `middleware-sdk-sqs`, and the `QueueUrl` handlers of the Ruby, PHP and first Java SDKs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use serde_json::Value;

use audex_core::percent;
use audex_wire::header::header;

/// SQS's signing name.
pub(crate) const SERVICE: &str = "sqs";
/// The most addresses that are remembered: a list of queues has at most a thousand. Source: `ListQueues`, API
/// reference.
const REMEMBERED: usize = 5_000;
/// The longest answer in which addresses are replaced; a thousand addresses take 120 kB. A longer answer is
/// passed on as it is.
pub(crate) const ANSWER_BYTES: usize = 1024 * 1024;

/// The operations whose answers contain addresses. Source: botocore's model of SQS.
const ANSWERED: [&str; 4] =
    ["CreateQueue", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListQueues"];
/// The members of JSON answers that contain addresses; in XML, each element is a `QueueUrl`.
const MEMBERS: [&str; 3] = ["QueueUrl", "QueueUrls", "queueUrls"];

/// The user agents of clients that always send to their configured endpoint. They get answers unchanged:
/// Terraform, for example, stores the address of a queue as its id, and an address of this session's gateway
/// would be invalid later.
const KEEP_TO_THEIR_ENDPOINT: [&str; 7] = [
    "Boto3/",
    "Botocore/",
    "aws-cli/",
    "aws-sdk-go/",
    "aws-sdk-go-v2/",
    "aws-sdk-java/2.",
    "aws-sdk-rust/",
];

/// The gateway's addresses that were handed out, each with the queue's own address.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<String, String>>);

/// Returns true if the answer to this request contains addresses and the client may send requests to them.
pub(crate) fn has_addresses(parts: &Parts, body: &[u8]) -> bool {
    let keeps = |name: &str| {
        let agent = header(&parts.headers, name).unwrap_or_default();
        KEEP_TO_THEIR_ENDPOINT.iter().any(|known| agent.contains(known))
    };
    if keeps("user-agent") || keeps("x-amz-user-agent") {
        return false;
    }
    let target = header(&parts.headers, "x-amz-target").and_then(|target| target.rsplit_once('.'));
    let operation = match target {
        Some((_, operation)) => operation.to_owned(),
        None => parameter(&String::from_utf8_lossy(body), "Action").unwrap_or_default(),
    };
    ANSWERED.contains(&operation.as_str())
}

impl Queues {
    /// Returns the answer `body` with addresses below `gateway` in place of the queues' own; `None` if `body`
    /// cannot be read.
    pub(crate) fn ours(&self, gateway: &str, body: &[u8]) -> Option<Vec<u8>> {
        if let Ok(mut answer) = serde_json::from_slice::<Value>(body) {
            let members = answer.as_object_mut()?;
            for (_, value) in
                members.iter_mut().filter(|(name, _)| MEMBERS.contains(&name.as_str()))
            {
                self.replace_addresses(gateway, value);
            }
            return serde_json::to_vec(&answer).ok();
        }
        let text = std::str::from_utf8(body).ok()?;
        let mut parts = text.split("<QueueUrl>");
        let mut out = parts.next()?.to_owned();
        for part in parts {
            let (address, rest) = part.split_once("</QueueUrl>")?;
            let ours = self.hand_out(gateway, address).unwrap_or_else(|| address.to_owned());
            out.extend(["<QueueUrl>", &ours, "</QueueUrl>", rest]);
        }
        Some(out.into_bytes())
    }

    fn replace_addresses(&self, gateway: &str, value: &mut Value) {
        match value {
            Value::String(address) => {
                if let Some(ours) = self.hand_out(gateway, address) {
                    *address = ours;
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.replace_addresses(gateway, item);
                }
            }
            _ => {}
        }
    }

    fn hand_out(&self, gateway: &str, address: &str) -> Option<String> {
        let (_, path) = address.split_once("://")?.1.split_once('/')?;
        let ours = format!("{gateway}/{path}");
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED && !known.contains_key(&ours) {
            return None;
        }
        known.insert(ours.clone(), address.to_owned());
        Some(ours)
    }

    /// Returns the request `body` with the queue's own address in place of the gateway's; `None` if `body`
    /// contains no address that was handed out.
    pub(crate) fn theirs(&self, body: &[u8]) -> Option<Vec<u8>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return None;
        }
        if let Ok(mut request) = serde_json::from_slice::<Value>(body) {
            let address = request.get_mut("QueueUrl")?;
            *address = Value::String(known.get(address.as_str()?)?.clone());
            return serde_json::to_vec(&request).ok();
        }
        let form = std::str::from_utf8(body).ok()?;
        let theirs = known.get(&parameter(form, "QueueUrl")?)?;
        let pair = |pair: &str| match pair.split_once('=') {
            Some(("QueueUrl", _)) => format!("QueueUrl={}", percent::encode(theirs)),
            _ => pair.to_owned(),
        };
        Some(form.split('&').map(pair).collect::<Vec<_>>().join("&").into_bytes())
    }
}

fn parameter(form: &str, name: &str) -> Option<String> {
    percent::decode_pairs(form)
        .into_iter()
        .find_map(|(known, value)| (known == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: &str = "http://127.0.0.1:5";
    const REAL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs";
    const OURS: &str = "http://127.0.0.1:5/123456789012/jobs";

    fn text(bytes: Option<Vec<u8>>) -> String {
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn an_address_leads_to_the_gateway_and_back_in_every_protocol() {
        for (answer, led) in [
            (format!(r#"{{"QueueUrl":"{REAL}"}}"#), format!(r#"{{"QueueUrl":"{OURS}"}}"#)),
            (format!(r#"{{"QueueUrls":["{REAL}"]}}"#), format!(r#"{{"QueueUrls":["{OURS}"]}}"#)),
            (format!(r#"{{"queueUrls":["{REAL}"]}}"#), format!(r#"{{"queueUrls":["{OURS}"]}}"#)),
            (
                format!("<R><QueueUrl>{REAL}</QueueUrl><QueueUrl>{REAL}</QueueUrl></R>"),
                format!("<R><QueueUrl>{OURS}</QueueUrl><QueueUrl>{OURS}</QueueUrl></R>"),
            ),
        ] {
            let queues = Queues::default();
            assert_eq!(text(queues.ours(GATEWAY, answer.as_bytes())), led);
            let json = format!(r#"{{"MessageBody":"x","QueueUrl":"{OURS}"}}"#);
            assert_eq!(text(queues.theirs(json.as_bytes())), json.replace(OURS, REAL));
            let form =
                format!("Action=SendMessage&QueueUrl={}&MessageBody=a%20b", percent::encode(OURS));
            let back = form.replace(&percent::encode(OURS), &percent::encode(REAL));
            assert_eq!(text(queues.theirs(form.as_bytes())), back);
        }
    }

    #[test]
    fn what_was_not_handed_out_stays_as_it_is() {
        let queues = Queues::default();
        assert!(queues.theirs(format!(r#"{{"QueueUrl":"{OURS}"}}"#).as_bytes()).is_none());
        queues.ours(GATEWAY, format!(r#"{{"QueueUrl":"{REAL}"}}"#).as_bytes()).unwrap();
        for other in
            [REAL, "http://127.0.0.1:6/123456789012/jobs", "http://127.0.0.1:5/123456789012/other"]
        {
            assert!(
                queues.theirs(format!(r#"{{"QueueUrl":"{other}"}}"#).as_bytes()).is_none(),
                "{other}"
            );
        }
        let message = format!(r#"{{"Messages":[{{"Body":"<QueueUrl>{REAL}</QueueUrl>"}}]}}"#);
        assert_eq!(text(queues.ours(GATEWAY, message.as_bytes())), message);
    }

    #[test]
    fn a_client_that_keeps_to_its_endpoint_gets_the_answer_as_it_is() {
        let request = |agent: &str, target: &str| {
            http::Request::builder()
                .header("user-agent", agent)
                .header("x-amz-target", format!("AmazonSQS.{target}"))
                .body(())
                .unwrap()
                .into_parts()
                .0
        };
        assert!(has_addresses(&request("aws-sdk-js/3.900.0", "CreateQueue"), b""));
        assert!(has_addresses(&request("aws-sdk-php/3", "ListQueues"), b""));
        assert!(!has_addresses(&request("aws-sdk-js/3.900.0", "ReceiveMessage"), b""));
        for agent in
            ["APN/1.0 HashiCorp/1.0 Terraform/1.9 aws-sdk-go-v2/1.30", "Boto3/1.43 md/Botocore#1"]
        {
            assert!(!has_addresses(&request(agent, "CreateQueue"), b""), "{agent}");
        }
    }
}
