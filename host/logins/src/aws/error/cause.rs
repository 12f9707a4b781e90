//! Displayable text of a library's error chain: one line for each error, bounded, without secrets.

use std::error::Error;
use std::fmt;

use aws_smithy_types::error::ErrorMetadata;

use super::output;
use crate::aws::source::Keys;
use audex_core::error_chain::links;

/// The maximum length of a message from outside, in characters: enough for any STS message, too few to flood
/// a terminal.
const MAX_MESSAGE_CHARS: usize = 600;

/// Marks in SDK messages. The text after a mark may hold secrets, so the message is cut at the first mark.
const UNSAFE_MARKS: [&str; 4] = [" Stderr:", " to request `Request", "Request {", " but got `"];

/// The SDK's message for a failed `credential_process`: the status stands between these two texts, the
/// standard error of the process after the second.
const PROCESS_ENDED: &str = "external process exited with code ";
const PROCESS_WROTE: &str = ". Stderr: ";
/// The text that replaces the SDK's message.
const PROCESS: &str = "the `credential_process` ended with ";

/// The text of a library's error chain, kept as a chain, shortened and scrubbed of secrets.
#[derive(Debug)]
pub struct Cause {
    message: String,
    next: Option<Box<Cause>>,
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|next| next as &(dyn Error + 'static))
    }
}

impl Cause {
    pub(in crate::aws) fn new(message: &str) -> Self {
        Self { message: message.to_owned(), next: None }
    }

    /// Returns true if a `credential_process` failed.
    pub(super) fn is_of_process(&self) -> bool {
        self.any(|text| text.starts_with(PROCESS))
    }

    pub(super) fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        std::iter::successors(Some(self), |cause| cause.next.as_deref())
            .any(|cause| test(&cause.message))
    }
}

/// Returns the chain of `error`, outermost first. Leaves out a link that repeats the message of the link
/// before it.
pub(super) fn cause(error: &(dyn Error + 'static), keys: Option<&Keys>) -> Option<Cause> {
    let mut messages: Vec<String> = links(error)
        .map(|link| one_line(&redact(&said(link), keys)))
        .filter(|message| !message.is_empty())
        .collect();
    messages.dedup();
    messages
        .into_iter()
        .rev()
        .fold(None, |next, message| Some(Cause { message, next: next.map(Box::new) }))
}

fn said(link: &(dyn Error + 'static)) -> String {
    let Some(answer) = link.downcast_ref::<ErrorMetadata>() else {
        let text = link.to_string();
        return process(&text).unwrap_or(text);
    };
    // The `Display` text of `ErrorMetadata` is that of a Rust value.
    let (code, message) = (answer.code().unwrap_or_default(), answer.message().unwrap_or_default());
    [code, message].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(": ")
}

/// Describes the end of a `credential_process`, with the displayable part of its standard error.
fn process(text: &str) -> Option<String> {
    let (_, ended) = text.split_once(PROCESS_ENDED)?;
    let (status, wrote) = ended.split_once(PROCESS_WROTE)?;
    let wrote = output::shown(wrote);
    let and = if wrote.is_empty() { "" } else { ", and wrote: " };
    Some(format!("{PROCESS}{status}{and}{wrote}"))
}

pub(super) fn chain_text(error: &(dyn Error + 'static), keys: &Keys) -> String {
    links(error).last().map(|link| clean(&link.to_string(), keys)).unwrap_or_default()
}

pub(super) fn clean(message: &str, keys: &Keys) -> String {
    one_line(&redact(message, Some(keys)))
}

/// Cuts `message` at the first unsafe mark and redacts the keys.
///
/// Security: a `SignatureDoesNotMatch` answer repeats the canonical request, including the session token. The
/// standard error of a `credential_process` may hold anything. One SDK error prints a whole request.
fn redact(message: &str, keys: Option<&Keys>) -> String {
    let end =
        UNSAFE_MARKS.iter().filter_map(|mark| message.find(mark)).min().unwrap_or(message.len());
    let message = message.get(..end).unwrap_or_default();
    keys.map_or_else(|| message.to_owned(), |keys| keys.redact(message))
}

fn one_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    line.chars().filter(|character| !character.is_control()).take(MAX_MESSAGE_CHARS).collect()
}
