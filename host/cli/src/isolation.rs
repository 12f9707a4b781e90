//! Prepares the isolation of a run from the tables, the user's choices, and the mechanisms of this system.
//!
//! All of it is settled before anything is minted. Nothing of a settings file is read afterwards.

pub mod agent;
mod audex;
mod credential;
mod error;
pub mod family;
mod hidden;
mod named;
mod network;
mod place;
mod socket;
mod startup;
mod system;
pub mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use audex_audit::RecordedIsolation;
use audex_child::isolate::{
    Assessment, Isolated, Isolation, Mechanism, Placeholder, Prepared, Stage, Support, assess,
};
use audex_child::{ChildError, Executable};
use audex_components::filter;
use audex_core::delivery::AUDEX_SESSION_ID;
use audex_core::environment::{AUDEX_OUTER_SESSION, Environment, PATH};
use audex_core::isolation::Level;
use audex_core::paths::Paths;

use crate::settings::Settings;
use crate::settings::delivery::Deliver;
use crate::settings::isolation::{Choices, Hide, IsolationSettings, Keep};

pub(crate) use self::error::IsolationError;
use self::hidden::{Hidden, hidden};
pub(crate) use self::network::metadata;
use self::place::Bases;
use self::startup::{Absent, Fixed, fixed};

/// The variable with the address of docker's daemon, and the default one. Source: docker, "Environment variables".
const DOCKER_HOST: &str = "DOCKER_HOST";
const DOCKER_SOCKET: &str = "/run/docker.sock";
/// The address of a daemon that is not for the command. Docker names it where it cannot connect.
const NO_DOCKER: &str = "unix:///hidden/by/tryaudex/--isolate";

/// The notice for a command that has credentials and no way to a cloud.
const CUT_OFF: &str = "under `strict` the command reaches no cloud: add --deliver gateway, or --allow-host for the cloud's hosts";

/// The isolation of one run, before there is a session.
#[derive(Debug)]
pub struct Isolating {
    isolation: Isolation,
    support: Support,
    /// The stage, until it has its command.
    stage: Option<Stage>,
    /// What this system will hold.
    pub assessment: Assessment,
    /// What is hidden, by tool.
    pub hidden: Hidden,
    /// The paths that the command can read and not change.
    pub fixed: Vec<Fixed>,
    /// The session around this run, if the environment names one.
    pub outer: Option<String>,
    /// The choices that do less than they seem to.
    weak: Vec<String>,
}

impl Isolating {
    /// Starts the stage of a run, or returns `None` for [`Level::Off`]. The earlier, the less the run waits for it.
    pub(crate) fn begin(settings: &Settings) -> Option<Stage> {
        let level = settings.isolation.level;
        (level > Level::Off).then(|| Stage::begin(level))
    }

    /// Settles the isolation of a run with this stage, or returns `None` without one. The variables of `withheld` hold secrets of
    /// components.
    ///
    /// # Errors
    /// When the working directory is unknown, or the choices contradict the organisation's or each other.
    pub(crate) fn prepare(
        environment: &Environment,
        settings: &Settings,
        withheld: &[String],
        stage: Option<Stage>,
    ) -> Result<Option<Self>, IsolationError> {
        let IsolationSettings { level, choices, .. } = &settings.isolation;
        let Some(mut stage) = stage else { return Ok(None) };
        let working = std::env::current_dir().map_err(IsolationError::NoWorkingDirectory)?;
        let bases = Bases::of(environment, &working);
        let programs = programs(environment);
        let own = |paths: &[PathBuf]| -> Vec<PathBuf> {
            paths.iter().map(|path| bases.own(path)).collect()
        };
        let (show, write) = (own(&choices.show), own(&choices.write));
        let is_minimum = settings.isolation.minimum_of(*level);
        if let Some(shown) = show.first().filter(|_| is_minimum) {
            return Err(IsolationError::Undone { path: shown.clone(), choice: "show" });
        }
        let hidden = hidden(environment, settings, withheld, &show, &bases)?;
        let mut fixed = fixed(&bases, &programs);
        fixed.extend(audex::fixed(settings));
        fixed.retain(|one| !hidden.has(&one.path));
        let before = fixed.len();
        unfix(&mut fixed, &write)?;
        if let Some(path) = write.first().filter(|_| is_minimum && fixed.len() < before) {
            return Err(IsolationError::Undone { path: path.clone(), choice: "write" });
        }
        let placeholders = fixed.iter().filter_map(placeholder).collect();
        let read_only: Vec<PathBuf> = fixed.iter().map(|one| one.path.clone()).collect();
        let all = |places: &[place::Place]| -> Vec<PathBuf> {
            places.iter().flat_map(|place| bases.resolve(*place)).collect()
        };
        let agent = named::ssh_agent(environment)
            .filter(|_| choices.keep.contains(&Keep::SshAgent))
            // Security: a variable must not show what a table or the organisation hides.
            .filter(|path| is_socket(path) && !hidden.has(path))
            .filter(|path| path.canonicalize().is_ok_and(|real| !hidden.has(&real)));
        let work = if *level == Level::Strict { Vec::new() } else { all(socket::WORK) };
        let stay: Vec<PathBuf> =
            [all(socket::SYSTEM), work, show].concat().into_iter().chain(agent).collect();
        let mut isolation = Isolation {
            level: *level,
            hide: hidden.paths().cloned().collect(),
            show: stay.iter().cloned().chain(hidden.shown.iter().cloned()).collect(),
            read_only: read_only.clone(),
            placeholders,
            socket_directories: all(socket::DIRECTORIES),
            // Security: resolved here, so that the command cannot lead an allowed path elsewhere.
            sockets: stay.iter().filter_map(|path| path.canonicalize().ok()).collect(),
            network: network::of(*level),
            without: without(environment),
            ..Isolation::default()
        };
        if *level == Level::Strict {
            isolation.write =
                [&bases.working].into_iter().chain(bases.temporary()).cloned().collect();
            isolation.write.extend(all(system::WRITE).into_iter().chain(write));
            isolation.read =
                [all(system::SYSTEM), all(system::TOOLCHAINS), read_only, programs].concat();
            isolation.read.extend(own(&choices.read));
        }
        let is_shown = isolation.show.iter().any(|shown| working.starts_with(shown));
        if hidden.has(&working) && !is_shown {
            return Err(IsolationError::HiddenWorkingDirectory(working));
        }
        let weak = weak(*level, &bases, [&own(&choices.write), &own(&choices.read)]);
        // As late as possible: until here, both worked at the same time.
        let support = stage.support();
        let assessment = assess(&isolation, &support);
        let is_inner = settings.paths.outer.is_some();
        let outer = environment.get(AUDEX_SESSION_ID).filter(|_| is_inner).map(str::to_owned);
        let stage = Some(stage);
        Ok(Some(Self { isolation, support, stage, assessment, hidden, fixed, outer, weak }))
    }

    /// Returns the level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.isolation.level
    }

    /// Returns the level that filters see.
    ///
    /// Security: a filter can demand a level. A level of which this system does not hold a part does not meet the demand.
    #[must_use]
    pub fn told(&self) -> filter::Isolation {
        match self.level() {
            _ if !self.assessment.is_whole() => filter::Isolation::Off,
            Level::Off => filter::Isolation::Off,
            Level::Credentials => filter::Isolation::Credentials,
            Level::Strict => filter::Isolation::Strict,
        }
    }

    /// Checks that this system holds what the level and the organisation demand, and returns the notices about the rest.
    ///
    /// # Errors
    /// [`IsolationError::NotHeld`] for a part of `strict`, or of a level that the organisation requires.
    pub(crate) fn check(
        &self,
        settings: &IsolationSettings,
        deliver: Deliver,
    ) -> Result<Vec<String>, IsolationError> {
        let demand =
            settings.requirement().filter(|_| settings.minimum_of(self.level())).or_else(|| {
                (self.level() == Level::Strict)
                    .then(|| "this run has the isolation `strict`".to_owned())
            });
        // A mechanism that a test switched off does not count as missing.
        let without = &self.isolation.without;
        let missing = self.assessment.missing().find(|(_, one, _)| !without.contains(one));
        if let (Some(demand), Some((part, mechanism, reason))) = (demand, missing) {
            if let Some(outer) = self.outer.clone() {
                return Err(IsolationError::Inner { demand, outer });
            }
            let (part, mechanism, reason) = (part.text(), mechanism.name(), reason.to_owned());
            return Err(IsolationError::NotHeld { demand, part, mechanism, reason });
        }
        let wide = self.hidden.too_wide.iter().map(|(variable, path)| {
            let path = path.display();
            format!("`{path}` is not hidden, although {variable} names it: the command needs it")
        });
        let is_cut_off = self.level() == Level::Strict
            && deliver != Deliver::Gateway
            && settings.choices.allow_hosts.is_empty();
        let cut_off = is_cut_off.then(|| CUT_OFF.to_owned());
        let weak = self.weak.iter().cloned();
        Ok(told::degraded(self).into_iter().chain(wide).chain(weak).chain(cut_off).collect())
    }

    /// Returns the isolation for the log.
    #[must_use]
    pub fn record(&self) -> RecordedIsolation {
        RecordedIsolation {
            level: self.level().name().to_owned(),
            mechanisms: self
                .assessment
                .mechanisms()
                .iter()
                .map(|one| one.name().to_owned())
                .collect(),
            not_held: self.assessment.missing().map(|(part, ..)| part.text().to_owned()).collect(),
        }
    }

    /// Adds the variables that tell a run inside the session its directory, and docker why it has no daemon.
    pub(crate) fn lead(&self, environment: &mut BTreeMap<OsString, OsString>, session: &Path) {
        environment.insert(AUDEX_OUTER_SESSION.into(), session.into());
        let docker = OsStr::new(DOCKER_HOST);
        let is_hidden = self.hidden.has(Path::new(DOCKER_SOCKET));
        let is_elsewhere = environment
            .get(docker)
            .is_some_and(|host| !host.is_empty() && !host.as_bytes().starts_with(b"unix:"));
        if is_hidden && !is_elsewhere {
            environment.insert(docker.to_owned(), NO_DOCKER.into());
        }
    }

    /// Lets the stage set up the isolation of a session with this private directory, while the caller goes on.
    ///
    /// # Errors
    /// [`ChildError::Isolation`].
    pub(crate) fn isolate(
        &mut self,
        executable: &Executable,
        session: &Path,
    ) -> Result<Prepared, ChildError> {
        let stage = self.stage.take().unwrap_or_else(|| Stage::begin(self.isolation.level));
        stage.isolate(executable, &self.of_session(session))
    }

    /// Returns the isolation of a session with this private directory.
    fn of_session(&self, session: &Path) -> Isolated {
        let mut isolation = self.isolation.clone();
        isolation.show.push(session.to_owned());
        if self.level() == Level::Strict {
            isolation.write.push(session.to_owned());
        }
        Isolated { isolation, support: self.support.clone(), session: session.to_owned() }
    }
}

/// Returns what each level holds on this system, with nothing hidden: for the report about the system.
#[must_use]
pub fn levels(environment: &Environment) -> Vec<(Level, Assessment)> {
    let support = Stage::begin(Level::Strict).support();
    let of = |level| {
        let network = network::of(level);
        let isolation =
            Isolation { level, network, without: without(environment), ..Isolation::default() };
        (level, assess(&isolation, &support))
    };
    [Level::Credentials, Level::Strict].map(of).into()
}

/// Rejects a run inside an isolated session whose log would be outside.
///
/// # Errors
/// [`IsolationError::LogOutside`].
pub(crate) fn check_log(paths: &Paths) -> Result<(), IsolationError> {
    if paths.outer.is_some() && paths.audit != paths.state {
        return Err(IsolationError::LogOutside(paths.audit.clone()));
    }
    Ok(())
}

/// Returns the notices about choices that do less than they seem to.
fn weak(level: Level, bases: &Bases, [write, read]: [&[PathBuf]; 2]) -> Vec<String> {
    let missing = |option: &'static str, paths: &[PathBuf]| -> Vec<String> {
        let missing = paths.iter().filter(|path| !path.exists());
        let text = |path: &PathBuf| {
            format!("`{}` does not exist, so `{option}` has no effect", path.display())
        };
        missing.map(text).collect()
    };
    let mut weak = [missing("write", write), missing("read", read)].concat();
    let is_home = bases.homes().iter().any(|home| home.starts_with(&bases.working));
    if level == Level::Strict && is_home {
        weak.push(format!(
            "the working directory `{}` has your home in it: the command reads and writes all of it but what is hidden or read-only",
            bases.working.display()
        ));
    }
    weak
}

/// Takes the paths that the user wants to write to from what is read-only.
fn unfix(fixed: &mut Vec<Fixed>, write: &[PathBuf]) -> Result<(), IsolationError> {
    for wanted in write {
        if let Some(whole) =
            fixed.iter().find(|one| *wanted != one.path && wanted.starts_with(&one.path))
        {
            let (wanted, whole) = (wanted.clone(), whole.path.clone());
            return Err(IsolationError::PartOfWhole { wanted, whole });
        }
        fixed.retain(|one| !one.path.starts_with(wanted));
    }
    Ok(())
}

fn placeholder(fixed: &Fixed) -> Option<Placeholder> {
    let path = fixed.path.clone();
    match fixed.absent {
        Absent::Open => None,
        Absent::File(contents) => Some(Placeholder::File { path, contents: contents.to_owned() }),
        Absent::Directory => Some(Placeholder::Directory { path }),
    }
}

fn is_socket(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Returns the directories of the caller's `PATH`.
fn programs(environment: &Environment) -> Vec<PathBuf> {
    let path = environment.get_os(PATH).unwrap_or_default();
    std::env::split_paths(path).filter(|directory| directory.is_absolute()).collect()
}

/// Returns the mechanisms that a test switches off.
#[cfg(debug_assertions)]
fn without(environment: &Environment) -> BTreeSet<Mechanism> {
    use audex_core::environment::AUDEX_TEST_WITHOUT;
    let names = environment.get(AUDEX_TEST_WITHOUT).unwrap_or_default().split(',');
    names.filter_map(|name| name.parse().ok()).collect()
}

/// Returns nothing: only a build for tests can switch a mechanism off.
#[cfg(not(debug_assertions))]
fn without(_: &Environment) -> BTreeSet<Mechanism> {
    BTreeSet::new()
}

/// Returns true if the choices name a family.
fn has_family(choices: &Choices, family: family::Family) -> bool {
    choices.hide.contains(&Hide::Family(family))
}

#[cfg(test)]
mod tests;
