//! The servers of this crate's tests.

use http_double::{Answer, Double};

/// Starts a server that gives every request this answer.
pub(crate) fn double(status: u16, body: &str) -> Double {
    let answer = Answer::new(&format!("{status} X"), body).header("metadata-flavor", "Google");
    Double::scripted(vec![answer])
}

/// Returns every request as it was received, one after the other.
pub(crate) fn requests(double: &Double) -> String {
    let asked = double.asked().into_iter().map(|asked| asked.head + &asked.body);
    asked.collect::<Vec<_>>().join("\n")
}
