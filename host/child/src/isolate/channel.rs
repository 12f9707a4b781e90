//! The messages between the host and a stage, some with descriptors.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// The most descriptors in a message: the ports of one session are fewer.
const DESCRIPTORS: usize = 64;
/// The most bytes of a message: a report has a line for each mechanism.
const BYTES: usize = 16 * 1024;
/// The size that the kernel needs for [`DESCRIPTORS`].
const SPACE: usize = rustix::cmsg_space!(ScmRights(DESCRIPTORS));

/// A message of a stage, or of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// The host's description of a command, as a descriptor.
    Isolate,
    /// The host's order to start the command: its environment and ports, as a descriptor.
    Start,
    /// Everything is set up, and the command can be started.
    Ready,
    /// The command has this process id, and has been executed.
    Started(i32),
    /// The command's own process could not execute it: its id, and the operating system's error.
    NotExecuted(i32, i32),
    /// A step failed in the command's own process: its id, and the step with the reason.
    NotIsolated(i32, String),
    /// The stage failed before there was a command: the step, with the reason.
    Failed(String),
    /// The listener of the filter, as a descriptor.
    Supervised,
    /// The listeners inside the network namespace, as descriptors.
    Listening,
    /// Every process of the session has ended.
    Ended,
    /// The mechanisms that were tried: a name and the reason if it is not to be had, each.
    Tried(Vec<(String, String)>),
}

/// Opens a channel: the host's end and the stage's.
pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends a message with descriptors.
pub(super) fn send(to: impl AsFd, message: &Message, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let has_room = files.is_empty() || control.push(SendAncillaryMessage::ScmRights(files));
    if !has_room {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let bytes = message.encode();
    sendmsg(to, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for the next message; `None` if the other end is closed.
pub(super) fn receive(from: impl AsFd) -> io::Result<Option<(Message, Vec<OwnedFd>)>> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = vec![0; BYTES];
    let length = loop {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        match recvmsg(from.as_fd(), &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => break received.bytes,
            Err(rustix::io::Errno::INTR) => {}
            // The stage was killed before it had read everything.
            Err(rustix::io::Errno::CONNRESET) => break 0,
            Err(error) => return Err(error.into()),
        }
    };
    let files = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => files.collect(),
        _ => Vec::new(),
    });
    let files: Vec<OwnedFd> = files.collect();
    if length == 0 {
        return Ok(None);
    }
    let message = bytes.get(..length).and_then(Message::decode);
    message.map(|message| Some((message, files))).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

impl Message {
    fn encode(&self) -> Vec<u8> {
        let text = match self {
            Self::Started(id) => format!("started\n{id}"),
            Self::NotExecuted(id, error) => format!("not executed\n{id}\n{error}"),
            Self::NotIsolated(id, reason) => {
                format!("not isolated\n{id}\n{}", reason.replace('\n', " "))
            }
            Self::Failed(reason) => format!("failed\n{}", reason.replace('\n', " ")),
            Self::Isolate => "isolate".to_owned(),
            Self::Start => "start".to_owned(),
            Self::Ready => "ready".to_owned(),
            Self::Supervised => "supervised".to_owned(),
            Self::Listening => "listening".to_owned(),
            Self::Ended => "ended".to_owned(),
            Self::Tried(tried) => {
                let lines = tried
                    .iter()
                    .map(|(name, reason)| format!("\n{name}\n{}", reason.replace('\n', " ")));
                format!("tried{}", lines.collect::<String>())
            }
        };
        text.into_bytes()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.split('\n');
        Some(match lines.next()? {
            "started" => Self::Started(lines.next()?.parse().ok()?),
            "not executed" => {
                Self::NotExecuted(lines.next()?.parse().ok()?, lines.next()?.parse().ok()?)
            }
            "not isolated" => {
                Self::NotIsolated(lines.next()?.parse().ok()?, lines.next()?.to_owned())
            }
            "failed" => Self::Failed(lines.next()?.to_owned()),
            "isolate" => Self::Isolate,
            "start" => Self::Start,
            "ready" => Self::Ready,
            "supervised" => Self::Supervised,
            "listening" => Self::Listening,
            "ended" => Self::Ended,
            "tried" => {
                let mut tried = Vec::new();
                while let Some(name) = lines.next() {
                    tried.push((name.to_owned(), lines.next()?.to_owned()));
                }
                Self::Tried(tried)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors_and_the_end_is_seen() {
        let (host, stage) = open().unwrap();
        let sent = [
            Message::Started(7),
            Message::NotExecuted(7, 2),
            Message::NotIsolated(7, "filter".to_owned()),
            Message::Failed("mount: no\nway".to_owned()),
            Message::Listening,
            Message::Isolate,
            Message::Start,
            Message::Ready,
            Message::Ended,
            Message::Tried(vec![
                ("a".to_owned(), String::new()),
                ("b".to_owned(), "no".to_owned()),
            ]),
        ];
        for message in &sent {
            send(&stage, message, &[]).unwrap();
        }
        let file = File::open("/proc/self/comm").unwrap();
        send(&stage, &Message::Supervised, &[file.as_fd()]).unwrap();
        drop(stage);
        for message in sent {
            let (found, files) = receive(&host).unwrap().unwrap();
            let expected = match message {
                Message::Failed(_) => Message::Failed("mount: no way".to_owned()),
                other => other,
            };
            assert!(found == expected && files.is_empty(), "{found:?}");
        }
        let (found, files) = receive(&host).unwrap().unwrap();
        let mut text = String::new();
        File::from(files.into_iter().next().unwrap()).read_to_string(&mut text).unwrap();
        assert!(found == Message::Supervised && !text.is_empty());
        assert!(receive(&host).unwrap().is_none());
    }
}
