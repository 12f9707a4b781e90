//! The description of a command, as the host hands it to the stage: in memory, because the environment holds credentials.
//! The environment and the ports come last, because they are known only once the credentials are.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use audex_core::isolation::Level;

use super::{Isolation, Mechanism, Placeholder};

/// Everything that a stage needs to set the isolation of a command up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) level: Level,
    pub(super) uses: BTreeSet<Mechanism>,
    /// The file to execute.
    pub(super) path: PathBuf,
    /// The command's name and arguments.
    pub(super) arguments: Vec<OsString>,
    pub(super) directory: PathBuf,
    pub(super) session: PathBuf,
    pub(super) hide: Vec<PathBuf>,
    pub(super) show: Vec<PathBuf>,
    pub(super) read_only: Vec<PathBuf>,
    pub(super) placeholders: Vec<Placeholder>,
    pub(super) socket_directories: Vec<PathBuf>,
    pub(super) write: Vec<PathBuf>,
    pub(super) read: Vec<PathBuf>,
}

/// The rest that a stage needs to start the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    /// Entries of the form `NAME=VALUE`.
    pub(super) environment: Vec<OsString>,
    /// The ports of 127.0.0.1 that this process serves in the command's own network.
    pub(super) ports: Vec<u16>,
}

impl Description {
    /// Takes from `isolation` what the stage needs.
    pub(super) fn of(isolation: &Isolation) -> Self {
        Self {
            level: isolation.level,
            hide: isolation.hide.clone(),
            show: isolation.show.clone(),
            read_only: isolation.read_only.clone(),
            placeholders: isolation.placeholders.clone(),
            socket_directories: isolation.socket_directories.clone(),
            write: isolation.write.clone(),
            read: isolation.read.clone(),
            ..Self::default()
        }
    }

    /// Returns true if the mechanism is to be used.
    pub(super) fn has(&self, mechanism: Mechanism) -> bool {
        self.uses.contains(&mechanism)
    }

    /// Returns true if the namespace is to be entered.
    pub(super) fn has_namespace(&self, mechanism: Mechanism) -> bool {
        self.has(Mechanism::UserNamespace) && self.has(mechanism)
    }

    /// Returns the description as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let paths = |paths: &[PathBuf]| paths.iter().map(|p| p.as_os_str().to_owned()).collect();
        let texts = |texts: Vec<String>| texts.into_iter().map(OsString::from).collect();
        let placeholders = self.placeholders.iter().flat_map(|placeholder| match placeholder {
            Placeholder::File { path, contents } => ["file".into(), path.into(), contents.into()],
            Placeholder::Directory { path } => ["directory".into(), path.into(), OsString::new()],
        });
        let places = [self.path.clone(), self.directory.clone(), self.session.clone()];
        let lists: [Vec<OsString>; 11] = [
            vec![self.level.name().into()],
            texts(self.uses.iter().map(ToString::to_string).collect()),
            paths(&places),
            self.arguments.clone(),
            paths(&self.hide),
            paths(&self.show),
            paths(&self.read_only),
            placeholders.collect(),
            paths(&self.socket_directories),
            paths(&self.write),
            paths(&self.read),
        ];
        write_lists(&lists)
    }

    /// Reads what [`Self::encode`] wrote; `None` for anything else.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut next = || read_list(&mut bytes);
        let level = next()?.first()?.to_str()?.parse().ok()?;
        let name = |text: &OsString| text.to_str()?.parse().ok();
        let uses = next()?.iter().map(name).collect::<Option<_>>()?;
        let mut places = next()?.into_iter().map(PathBuf::from);
        let found = Self {
            level,
            uses,
            path: places.next()?,
            directory: places.next()?,
            session: places.next()?,
            arguments: next()?,
            hide: paths(next()?),
            show: paths(next()?),
            read_only: paths(next()?),
            placeholders: next()?.chunks(3).map(placeholder).collect::<Option<_>>()?,
            socket_directories: paths(next()?),
            write: paths(next()?),
            read: paths(next()?),
        };
        bytes.is_empty().then_some(found)
    }

    /// Returns true if `path` is below, or is, one of the session's own paths.
    pub(super) fn is_of_session(&self, path: &Path) -> bool {
        path.starts_with(&self.session)
    }
}

impl Start {
    /// Returns the value as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let ports = self.ports.iter().map(|port| port.to_string().into());
        write_lists(&[self.environment.clone(), ports.collect()])
    }

    /// Reads what [`Self::encode`] wrote; `None` for anything else.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let environment = read_list(&mut bytes)?;
        let ports = read_list(&mut bytes)?;
        let ports = ports.iter().map(|port| port.to_str()?.parse().ok()).collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self { environment, ports })
    }
}

fn placeholder(parts: &[OsString]) -> Option<Placeholder> {
    let [kind, path, contents] = parts else { return None };
    let path = PathBuf::from(path);
    match kind.to_str()? {
        "file" => Some(Placeholder::File { path, contents: contents.to_str()?.to_owned() }),
        "directory" => Some(Placeholder::Directory { path }),
        _ => None,
    }
}

fn paths(list: Vec<OsString>) -> Vec<PathBuf> {
    list.into_iter().map(PathBuf::from).collect()
}

fn write_lists(lists: &[Vec<OsString>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for list in lists {
        write_number(&mut bytes, list.len());
        for item in list {
            write_number(&mut bytes, item.len());
            bytes.extend(item.as_bytes());
        }
    }
    bytes
}

fn write_number(bytes: &mut Vec<u8>, number: usize) {
    // The description is far below the limit, because the kernel limits arguments and environment.
    bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn read_number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

fn read_list(bytes: &mut &[u8]) -> Option<Vec<OsString>> {
    let count = read_number(bytes)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let length = read_number(bytes)?;
        let (item, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        list.push(OsString::from_vec(item.to_vec()));
    }
    Some(list)
}

/// Returns the form in which the kernel takes a variable.
pub(super) fn variable(name: &OsStr, value: &OsStr) -> OsString {
    let mut text = name.to_owned();
    text.push("=");
    text.push(value);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_cut_is_not() {
        let odd = OsString::from_vec(vec![b'/', 0xff]);
        let description = Description {
            level: Level::Strict,
            uses: [Mechanism::Landlock, Mechanism::Seccomp].into(),
            path: "/bin/sh".into(),
            arguments: vec!["sh".into(), OsString::new(), odd.clone()],
            directory: "/".into(),
            session: "/run/x".into(),
            hide: vec![odd.clone().into()],
            placeholders: vec![
                Placeholder::File { path: "/a".into(), contents: ". ~/.profile\n".to_owned() },
                Placeholder::Directory { path: "/b".into() },
            ],
            ..Description::default()
        };
        let bytes = description.encode();
        assert_eq!(Description::decode(&bytes), Some(description));
        for length in 0..bytes.len() {
            assert_eq!(Description::decode(&bytes[..length]), None, "{length}");
        }
        let start =
            Start { environment: vec![variable(OsStr::new("A"), &odd)], ports: vec![1, 65535] };
        let bytes = start.encode();
        assert_eq!(Start::decode(&bytes), Some(start));
        for length in 0..bytes.len() {
            assert_eq!(Start::decode(&bytes[..length]), None, "{length}");
        }
    }
}
