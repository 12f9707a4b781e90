//! What an isolation will hold on this system, part by part.

use audex_core::isolation::Level;

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
    /// Abstract Unix sockets of programs outside the session.
    AbstractSockets,
    /// The environment, memory and descriptors of other processes, and signals to them.
    Processes,
    /// The end of everything that the command started, with the session.
    Lifetime,
    /// Keys of the kernel's keyrings.
    Keyring,
    /// The refused addresses: the metadata servers of clouds.
    Metadata,
    /// Input typed into the terminal on the user's behalf.
    Terminal,
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
            Self::ReadOnlyFiles => "change files that run later outside",
            Self::Sockets => "connect to programs outside the session by their sockets",
            Self::AbstractSockets => "connect to abstract sockets outside the session",
            Self::Processes => "read or signal processes outside the session",
            Self::Lifetime => "leave a process behind",
            Self::Keyring => "read the kernel's keyrings",
            Self::Metadata => "connect to metadata servers",
            Self::Terminal => "type into the terminal",
            Self::Privileges => "gain privileges",
            Self::Descriptors => "use descriptors that it was not given",
            Self::Writes => "write elsewhere",
            Self::Reads => "read elsewhere",
            Self::Network => "connect elsewhere",
        }
    }
}

/// The standing of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The part holds, by these mechanisms together.
    Held(&'static [Mechanism]),
    /// The part does not hold: the mechanism that is missing, with the reason.
    Missing(Mechanism, String),
}

/// What an isolation will hold.
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
    let parts = parts(isolation).into_iter().map(|(part, ways)| {
        (
            part,
            standing(ways, |mechanism| {
                if isolation.without.contains(&mechanism) {
                    return Err("switched off".to_owned());
                }
                support.of(mechanism).map_err(str::to_owned)
            }),
        )
    });
    Assessment { parts: parts.collect() }
}

/// Accepts an isolation that is to be used here. `strict` is held as a whole, or the command does not start.
pub(crate) fn may_start(isolated: &Isolated) -> Result<(), ChildError> {
    let assessment = assess(&isolated.isolation, &isolated.support);
    match assessment.missing().next() {
        Some((part, mechanism, reason)) if isolated.isolation.level == Level::Strict => {
            let reason =
                format!("it could {}, because {mechanism} is missing ({reason})", part.text());
            Err(ChildError::Isolation { reason })
        }
        _ => Ok(()),
    }
}

/// The ways in which a part can be held, the best first; each needs all of its mechanisms.
type Ways = &'static [&'static [Mechanism]];

fn standing(ways: Ways, has: impl Fn(Mechanism) -> Result<(), String>) -> Standing {
    let missing = |way: &&[Mechanism]| {
        way.iter().find_map(|mechanism| has(*mechanism).err().map(|reason| (*mechanism, reason)))
    };
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
        (Part::HiddenFiles, &[&[M::UserNamespace, M::MountNamespace, M::Capabilities]]),
        (Part::ReadOnlyFiles, &[&[M::UserNamespace, M::MountNamespace, M::Capabilities]]),
        (Part::Sockets, &[&[M::Seccomp, M::ConnectSupervisor]]),
        (Part::AbstractSockets, &[&[M::Seccomp, M::ConnectSupervisor], &[M::LandlockScopes]]),
        (
            Part::Processes,
            &[&[M::UserNamespace, M::PidNamespace, M::Capabilities], &[M::LandlockScopes]],
        ),
        (Part::Lifetime, &[&[M::UserNamespace, M::PidNamespace]]),
        (Part::Keyring, &[&[M::Keyring, M::Seccomp]]),
        (Part::Terminal, &[&[M::Seccomp]]),
        (Part::Privileges, &[&[M::NoNewPrivileges]]),
        (Part::Descriptors, &[&[M::Descriptors]]),
    ];
    if matches!(&isolation.network, Network::Shared { refused } if !refused.is_empty()) {
        parts.push((Part::Metadata, &[&[M::Seccomp, M::ConnectSupervisor]]));
    }
    if isolation.level == Level::Strict {
        parts.push((Part::Writes, &[&[M::Landlock]]));
        parts.push((Part::Reads, &[&[M::Landlock]]));
        parts.push((Part::Network, &[&[M::UserNamespace, M::NetworkNamespace]]));
    }
    parts.sort_by_key(|(part, _)| *part);
    parts
}
