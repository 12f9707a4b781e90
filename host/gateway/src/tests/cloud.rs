//! A cloud with one answer, which records the requests that it gets.

use http_double::Answer;
pub(super) use http_double::Double as Cloud;

/// Returns an answer with header lines that each end with a line break.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Answer {
    let pairs = headers.lines().filter_map(|line| line.split_once(": "));
    pairs.fold(Answer::new(status, body), |answer, (name, value)| answer.header(name, value))
}
