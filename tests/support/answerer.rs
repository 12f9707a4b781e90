//! Servers with prepared answers, which keep the bodies of the requests. Tests read the bodies, or play a
//! broken cloud.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use http_double::{Answer, Double};

/// A server on loopback that runs until the test process ends.
pub(crate) struct Answerer {
    pub endpoint: String,
    double: Double,
}

impl Answerer {
    /// Answers every request with `status`, such as `403 Forbidden`, and `body`.
    pub(crate) fn start(status: &str, body: &str) -> Self {
        Self::giving(vec![Answer::new(status, body).header("content-type", "text/xml")])
    }

    /// Gives one of `answers` to each request, in order. All further requests get the last answer.
    pub(crate) fn scripted(answers: &[(&str, &str)]) -> Self {
        let answer = |(status, body): &(&str, &str)| {
            Answer::new(status, *body).header("content-type", "application/json")
        };
        Self::giving(answers.iter().map(answer).collect())
    }

    fn giving(answers: Vec<Answer>) -> Self {
        let double = Double::scripted(answers);
        Self { endpoint: double.endpoint.clone(), double }
    }

    /// Returns the bodies of the requests, oldest first.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.double.asked().into_iter().map(|asked| asked.body).collect()
    }

    /// Returns the value of `field` in the form of the first request.
    pub(crate) fn form_field(&self, field: &str) -> Option<String> {
        let bodies = self.bodies();
        let pairs = bodies.first()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| *name == field).map(|(_, value)| decoded(value))
    }
}

/// A server that answers each request when the test calls [`Waiting::answer`].
pub(crate) struct Puppet {
    pub endpoint: String,
    requests: Receiver<Waiting>,
}

/// A request that has no answer yet.
pub(crate) struct Waiting {
    pub body: String,
    answer: Sender<Answer>,
}

impl Puppet {
    /// Listens on loopback until the test process ends.
    pub(crate) fn start() -> Self {
        let (sender, requests) = mpsc::channel();
        let double = Double::start(move |asked| {
            let (answer, answers) = mpsc::channel();
            let _ = sender.send(Waiting { body: asked.body.clone(), answer });
            // A test that has ended answers no more.
            answers.recv().unwrap_or_else(|_| Answer::new("500 X", ""))
        });
        Self { endpoint: double.endpoint, requests }
    }

    /// Waits for the next request.
    pub(crate) fn asked(&self) -> Waiting {
        self.requests.recv_timeout(Duration::from_secs(30)).expect("a request")
    }
}

impl Waiting {
    /// Answers with an empty object.
    pub(crate) fn answer(self) {
        self.answer.send(Answer::new("200 OK", "{}")).unwrap();
    }
}

/// Decodes a value of a form (`application/x-www-form-urlencoded`).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
