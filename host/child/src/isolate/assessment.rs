//! The parts of an isolation that this system can enforce.

use std::collections::BTreeSet;

use audex_core::isolation::Level;
use nix::unistd::geteuid;

use super::{Isolated, Isolation, Mechanism, Network, Support};
use crate::ChildError;

/// A part of what a level promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Hidden files and directories.
    HiddenFiles,
    /// Files that run later outside: they cannot be changed.
    ReadOnlyFiles,
    /// Unix sockets of programs outside the session.
    Sockets,
    /// Unix sockets of programs outside the session that take datagrams without a connection.
    Datagrams,
    /// Abstract Unix sockets of programs outside the session.
    AbstractSockets,
    /// The environment, memory and descriptors of other processes, and signals to them.
    Processes,
    /// The end of everything that the command started, with the session.
    Lifetime,
    /// Shared memory, semaphores and message queues of other processes.
    SharedMemory,
    /// Keys of the kernel's keyrings.
    Keyring,
    /// The refused addresses: the metadata servers of clouds.
    Metadata,
    /// Input typed into the terminal on the user's behalf; other terminals.
    Terminal,
    /// Raw disks, which have every file (for root).
    RawDisks,
    /// Settings of the kernel, some of which name programs to run (for root).
    KernelSettings,
    /// Privileges gained by executing a program.
    Privileges,
    /// Descriptors inherited by accident.
    Descriptors,
    /// Writes elsewhere than where they are allowed (`strict`).
    Writes,
    /// Reads elsewhere than where they are allowed (`strict`).
    Reads,
    /// Connections elsewhere than where they are allowed (`strict`).
    Network,
}

impl Part {
    /// Returns a short text: what the command cannot do where this part holds.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::HiddenFiles => "open hidden files",
            Self::ReadOnlyFiles => "change the read-only files that run later outside",
            Self::Sockets => "connect to programs outside the session by their sockets",
            Self::Datagrams => "send datagrams to sockets in runtime directories",
            Self::AbstractSockets => "connect to abstract sockets outside the session",
            Self::Processes => "read or signal processes outside the session",
            Self::Lifetime => "leave a process behind",
            Self::SharedMemory => "use the shared memory of processes outside the session",
            Self::Keyring => "read the kernel's keyrings",
            Self::Metadata => "connect to metadata servers",
            Self::Terminal => "type into the terminal, or use another",
            Self::RawDisks => "open raw disks",
            Self::KernelSettings => "change settings of the kernel, such as `core_pattern`",
            Self::Privileges => "gain privileges",
            Self::Descriptors => "use descriptors that it was not given",
            Self::Writes => "write elsewhere",
            Self::Reads => "read elsewhere",
            Self::Network => "connect elsewhere",
        }
    }
}

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The part holds, by these mechanisms together.
    Held(&'static [Mechanism]),
    /// The part does not hold: the mechanism that is missing, with the reason.
    Missing(Mechanism, String),
}

/// The parts of a level, each with the mechanisms that enforce it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Each part of the level with its standing; no parts for [`Level::Off`].
    pub parts: Vec<(Part, Standing)>,
}

impl Assessment {
    /// Returns true if every part of the level holds.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Returns the parts that do not hold, each with the missing mechanism and the reason.
    pub fn missing(&self) -> impl Iterator<Item = (Part, Mechanism, &str)> {
        self.parts.iter().filter_map(|(part, standing)| match standing {
            Standing::Held(_) => None,
            Standing::Missing(mechanism, reason) => Some((*part, *mechanism, reason.as_str())),
        })
    }

    /// Returns the mechanisms that hold some part, sorted.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        let held = self.parts.iter().filter_map(|(_, standing)| match standing {
            Standing::Held(by) => Some(by.iter().copied()),
            Standing::Missing(..) => None,
        });
        let mut all: Vec<Mechanism> = held.flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Returns what `isolation` will hold on a system with this `support`.
#[must_use]
pub fn assess(isolation: &Isolation, support: &Support) -> Assessment {
    let parts = parts(isolation).into_iter();
    let standing = |ways| standing(ways, |mechanism| availability(mechanism, isolation, support));
    Assessment { parts: parts.map(|(part, ways)| (part, standing(ways))).collect() }
}

/// A mechanism that is missing, with the reason.
type Cause = (Mechanism, String);

/// Returns nothing if the mechanism can be used, with those that it needs, and otherwise the one that is missing.
pub(super) fn availability(
    mechanism: Mechanism,
    isolation: &Isolation,
    support: &Support,
) -> Result<(), Cause> {
    if isolation.without.contains(&mechanism) {
        return Err((mechanism, "switched off".to_owned()));
    }
    for needed in mechanism.needs() {
        availability(*needed, isolation, support)?;
    }
    support.of(mechanism).map_err(|reason| (mechanism, reason.to_owned()))
}

/// Rejects a `strict` isolation of which a part is missing. A mechanism that a test switched off does not count as missing.
pub(super) fn may_start(isolated: &Isolated) -> Result<(), ChildError> {
    let isolation = Isolation { without: BTreeSet::new(), ..isolated.isolation.clone() };
    let assessment = assess(&isolation, &isolated.support);
    match assessment.missing().next() {
        Some((part, mechanism, reason)) if isolated.isolation.level == Level::Strict => {
            let reason = format!("it could still {} ({mechanism}: {reason})", part.text());
            Err(ChildError::Isolation { reason })
        }
        _ => Ok(()),
    }
}

/// The ways in which a part can be held, the best first; each needs all of its mechanisms.
type Ways = &'static [&'static [Mechanism]];

/// The way in which files are hidden without mounts. It makes files read-only too, but not those below the working directory.
const BY_RULES: &[Mechanism] = &[Mechanism::Landlock, Mechanism::Capabilities];

fn standing(ways: Ways, has: impl Fn(Mechanism) -> Result<(), Cause>) -> Standing {
    let missing = |way: &&[Mechanism]| way.iter().find_map(|mechanism| has(*mechanism).err());
    if let Some(way) = ways.iter().find(|way| missing(way).is_none()) {
        return Standing::Held(way);
    }
    // Every part has a way, so the last line is for an empty list alone.
    let best = ways.first().and_then(missing);
    best.map_or(Standing::Held(&[]), |(mechanism, reason)| Standing::Missing(mechanism, reason))
}

fn parts(isolation: &Isolation) -> Vec<(Part, Ways)> {
    use Mechanism as M;
    if isolation.level == Level::Off {
        return Vec::new();
    }
    let mut parts: Vec<(Part, Ways)> = vec![
        (Part::HiddenFiles, &[&[M::MountNamespace, M::Capabilities], BY_RULES]),
        (Part::ReadOnlyFiles, &[&[M::MountNamespace, M::Capabilities]]),
        (Part::Sockets, &[&[M::Seccomp, M::ConnectSupervisor]]),
        (Part::Datagrams, &[&[M::MountNamespace, M::Capabilities]]),
        (Part::AbstractSockets, &[&[M::LandlockScopes]]),
        (
            Part::Processes,
            &[&[M::PidNamespace, M::Capabilities], &[M::LandlockScopes, M::Capabilities]],
        ),
        (Part::Lifetime, &[&[M::PidNamespace]]),
        (Part::SharedMemory, &[&[M::IpcNamespace, M::MountNamespace]]),
        (Part::Keyring, &[&[M::Keyring, M::Seccomp]]),
        (Part::Terminal, &[&[M::Seccomp, M::MountNamespace]]),
        (Part::Privileges, &[&[M::NoNewPrivileges]]),
        (Part::Descriptors, &[&[M::Descriptors]]),
    ];
    if matches!(&isolation.network, Network::Shared { refused } if !refused.is_empty()) {
        parts.push((Part::Metadata, &[&[M::Seccomp, M::ConnectSupervisor]]));
    }
    if geteuid().is_root() {
        parts.push((Part::RawDisks, &[&[M::MountNamespace, M::Capabilities], BY_RULES]));
        parts.push((Part::KernelSettings, &[&[M::PidNamespace, M::Capabilities]]));
    }
    if isolation.level == Level::Strict {
        parts.push((Part::Writes, &[&[M::Landlock]]));
        parts.push((Part::Reads, &[&[M::Landlock]]));
        parts.push((Part::Network, &[&[M::NetworkNamespace, M::Seccomp]]));
    }
    parts.sort_by_key(|(part, _)| *part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isolation(level: Level, without: &[Mechanism]) -> Isolation {
        let without = without.iter().copied().collect();
        Isolation { level, without, ..Isolation::default() }
    }

    fn everything() -> Support {
        Support::of_all(|_| Ok(()))
    }

    #[test]
    fn a_level_is_whole_where_everything_is_there_and_off_has_no_parts() {
        for level in Level::ALL {
            assert!(assess(&isolation(level, &[]), &everything()).is_whole(), "{level}");
        }
        assert!(assess(&isolation(Level::Off, &[]), &Support::default()).parts.is_empty());
    }

    #[test]
    fn a_part_that_another_mechanism_holds_is_held_by_it() {
        let isolation = isolation(Level::Credentials, &[Mechanism::MountNamespace]);
        let found = assess(&isolation, &everything());
        let hidden = found.parts.iter().find(|(part, _)| *part == Part::HiddenFiles).unwrap();
        assert_eq!(hidden.1, Standing::Held(BY_RULES));
        let missing: Vec<Part> = found.missing().map(|(part, ..)| part).collect();
        // A PID namespace needs its own /proc.
        let mut expected = vec![Part::ReadOnlyFiles, Part::Datagrams, Part::Lifetime];
        expected.extend([Part::SharedMemory, Part::Terminal]);
        expected.extend(geteuid().is_root().then_some(Part::KernelSettings));
        assert_eq!(missing, expected);
    }

    #[test]
    fn without_a_user_namespace_there_is_none_of_the_others() {
        let support = Support::of_all(|mechanism| match mechanism {
            Mechanism::UserNamespace => Err("forbidden".to_owned()),
            _ => Ok(()),
        });
        let found = assess(&isolation(Level::Strict, &[]), &support);
        let missing: Vec<_> = found.missing().collect();
        assert!(missing.iter().any(|(part, mechanism, reason)| {
            (*part, *mechanism) == (Part::Network, Mechanism::UserNamespace)
                && *reason == "forbidden"
        }));
        let isolated = Isolated {
            isolation: isolation(Level::Strict, &[]),
            support: support.clone(),
            session: "/nowhere".into(),
        };
        assert_eq!(may_start(&isolated).unwrap_err().exit_code(), 69);
        let isolation = isolation(Level::Credentials, &[]);
        assert!(may_start(&Isolated { isolation, ..isolated }).is_ok());
    }

    #[test]
    fn nothing_is_held_where_nothing_is_there() {
        let found = assess(&isolation(Level::Strict, &[]), &Support::default());
        assert!(found.mechanisms().is_empty() && found.missing().count() == found.parts.len());
    }
}
