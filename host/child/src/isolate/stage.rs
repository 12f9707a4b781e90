//! The stage: this executable started again, with one thread, which sets up the isolation and starts the command.
//!
//! The host has many threads, and the kernel moves only a process with one thread into a user namespace. The command is a child of
//! the host and not of the stage, so that waiting, job control and the exit status are as without isolation. The stage stays as the
//! keeper of the mounts, outside the command's PID namespace.
//!
//! It starts early, and does in three steps what the host asks for: it tries the mechanisms, it sets the isolation up, and, once there
//! are credentials, it starts the command.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::path::Path;
use std::process;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, pipe2};

use super::channel::{self, Message};
use super::description::{Description, Start};
use super::keeper::Keeper;
use super::mounts::Covers;
use super::{Mechanism, command, init, kernel_call, mounts, namespace, placeholder, trial};
use crate::descriptor;

/// The name under which the executable is started as a stage.
pub(super) const NAME: &str = "audex-stage";
/// The exit status of a stage that failed; the channel has the reason.
const FAILED: i32 = 70;

/// The namespaces, in the order in which they are entered.
const NAMESPACES: [Mechanism; 4] = [
    Mechanism::MountNamespace,
    Mechanism::PidNamespace,
    Mechanism::IpcNamespace,
    Mechanism::NetworkNamespace,
];

/// Becomes a stage, and never returns, if this process was started as one.
///
/// INVARIANT: `main` calls this function before anything else. The host starts a stage with a name that no argument of a user can
/// give, and with an open descriptor.
pub fn stage() {
    let mut arguments = std::env::args_os();
    if arguments.next().as_deref() != Some(OsStr::new(NAME)) {
        return;
    }
    let number = |argument: OsString| argument.to_str()?.parse::<RawFd>().ok();
    let Some(channel) = arguments.next().and_then(number) else { process::exit(FAILED) };
    let Ok(channel) = kernel_call::adopt(channel) else { process::exit(FAILED) };
    let Err(reason) = run(&channel);
    let _ = channel::send(&channel, &Message::Failed(reason), &[]);
    process::exit(FAILED);
}

/// Says which step failed.
fn step<T>(name: &str, result: io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{name}: {error}"))
}

/// The session, set up except for its command.
struct Session {
    description: Description,
    keeper: Option<(Keeper, Covers)>,
    init: Option<Pid>,
}

fn run(channel: &OwnedFd) -> Result<Infallible, String> {
    step("trial", try_all(channel))?;
    let Some(bytes) = step("description", receive(channel, &Message::Isolate))? else {
        end(channel, None)
    };
    let description = Description::decode(&bytes).ok_or("description: unreadable")?;
    drop(bytes);
    let session = set_up(description)?;
    step("report", channel::send(channel, &Message::Ready, &[]))?;
    let Some(bytes) = step("order", receive(channel, &Message::Start))? else {
        end(channel, session.init)
    };
    let Start { environment, ports } = Start::decode(&bytes).ok_or("order: unreadable")?;
    drop(bytes);
    let Session { description, keeper, init } = session;
    if description.has_namespace(Mechanism::NetworkNamespace) {
        let listeners = step("ports", namespace::listen(&ports))?;
        let files: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
        step("ports", channel::send(channel, &Message::Listening, &files))?;
    }
    if let Some((keeper, covers)) = &keeper {
        // The mounts may be older than the credentials by the time of a call to a cloud.
        step("keeper", keeper.catch_up(covers))?;
    }
    start_command(&description, &environment, channel)?;
    keep(channel, keeper.as_ref(), init)
}

/// Tries the mechanisms in a process of its own, because they leave traces, and waits for its end.
fn try_all(channel: &OwnedFd) -> io::Result<()> {
    let ForkResult::Parent { child } = kernel_call::fork_alone()? else {
        let tried = Message::Tried(trial::try_all());
        process::exit(i32::from(channel::send(channel, &tried, &[]).is_err()));
    };
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}

/// Waits for a message of the host with a file, and returns the file's contents; `None` once the host has closed the channel.
fn receive(channel: &OwnedFd, expected: &Message) -> io::Result<Option<Vec<u8>>> {
    let Some((message, files)) = channel::receive(channel)? else { return Ok(None) };
    let file = files.into_iter().next().filter(|_| message == *expected);
    let mut file = File::from(file.ok_or(io::ErrorKind::InvalidData)?);
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Sets everything up that needs no credentials.
fn set_up(mut description: Description) -> Result<Session, String> {
    if description.has(Mechanism::Descriptors) {
        let closed = descriptor::close_passed_on(&description.arguments);
        step("descriptors", closed.and_then(|()| refuse_directories()))?;
    }
    if description.has(Mechanism::UserNamespace) {
        step("user namespace", namespace::enter_user())?;
    }
    for mechanism in NAMESPACES.into_iter().filter(|one| description.has_namespace(*one)) {
        step(mechanism.name(), namespace::enter(mechanism))?;
    }
    let mut keeper = None;
    if description.has_namespace(Mechanism::MountNamespace) {
        let record = step("placeholders", placeholder::Record::open(&description.session))?;
        step("placeholders", placeholder::create(&description.placeholders, &record))?;
        description.hide.extend(placeholder::own_files(&description.session));
        // The watch begins first, so that no change is missed.
        let watching = step("watch", Keeper::begin(&description, record))?;
        let covers = step("mounts", mounts::apply(&description))?;
        keeper = Some((watching, covers));
    }
    // Entered anew: the old working directory leads below what is hidden.
    step("working directory", enter(&description.directory))?;
    let init = if description.has_namespace(Mechanism::PidNamespace) {
        Some(step("init", init::start())?)
    } else {
        None
    };
    Ok(Session { description, keeper, init })
}

fn enter(directory: &Path) -> io::Result<()> {
    let entered = std::env::set_current_dir(directory);
    entered.map_err(|error| {
        let reason =
            format!("`{}` cannot be entered ({error}): is it hidden?", directory.display());
        io::Error::new(error.kind(), reason)
    })
}

/// Refuses to hand a directory to the command: a descriptor of a directory leads below what is hidden.
fn refuse_directories() -> io::Result<()> {
    for number in descriptor::passed_on()?.into_iter().chain(0..=2) {
        let path = format!("/proc/self/fd/{number}");
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            let reason =
                format!("descriptor {number} is a directory, which leads past the isolation");
            return Err(io::Error::other(reason));
        }
    }
    Ok(())
}

/// Starts the command as a sibling, and tells the host once it was executed.
fn start_command(
    description: &Description,
    environment: &[OsString],
    channel: &OwnedFd,
) -> Result<(), String> {
    let (read, write) = step("pipe", pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(Into::into))?;
    let forked = step("fork", kernel_call::fork_sibling().map_err(io::Error::from))?;
    let ForkResult::Parent { child } = forked else {
        drop(read);
        command::become_command(description, environment, channel, File::from(write));
    };
    drop(write);
    // The end of this pipe closes when the command is executed; before, the reason of a failure comes.
    let mut answer = Vec::new();
    step("command", File::from(read).read_to_end(&mut answer))?;
    let message = match command::Failure::decode(&answer) {
        None => Message::Started(child.as_raw()),
        Some(command::Failure::Execute(error)) => Message::NotExecuted(child.as_raw(), error),
        Some(command::Failure::Step(reason)) => Message::NotIsolated(child.as_raw(), reason),
    };
    step("report", channel::send(channel, &message, &[]))
}

/// Keeps the mounts until the host closes the channel, then ends everything in the PID namespace.
fn keep(channel: &OwnedFd, keeper: Option<&(Keeper, Covers)>, init: Option<Pid>) -> ! {
    // The keeper is not dropped: the kernel takes some milliseconds to end a watch, for which the host need not wait either.
    let kept = match keeper {
        Some((keeper, covers)) => keeper.keep(channel, covers),
        None => super::keeper::await_end(channel),
    };
    // The reason is there before the command ends by it.
    if let Err(error) = kept {
        let _ = channel::send(channel, &Message::Failed(format!("keeper: {error}")), &[]);
    }
    end(channel, init)
}

/// Ends everything in the PID namespace, and this process.
fn end(channel: &OwnedFd, init: Option<Pid>) -> ! {
    if let Some(init) = init {
        let _ = kill(init, Signal::SIGKILL);
        let _ = waitpid(init, None);
    }
    // The mounts and the watch end with this process.
    let _ = channel::send(channel, &Message::Ended, &[]);
    process::exit(0);
}
