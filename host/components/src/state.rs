//! The state of one call: limits, handles, and what the guest may reach.

use std::time::{Duration, Instant};

use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{ResourceLimiter, UpdateDeadline};

use super::capability::policy_scope::OutsideGrant;
use super::capability::{Capability, Reach};
use super::limit;
use audex_core::printable;

/// A limit that a guest ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// Linear memory.
    #[error("it asked for more than {} MiB of memory", limit::MEMORY_BYTES / 1024 / 1024)]
    Memory,
    /// Table elements.
    #[error("it asked for more than {} table elements", limit::TABLE_ELEMENTS)]
    Table,
    /// Guest time.
    #[error("it computed for more than {} s", limit::GUEST_TIME.as_secs())]
    GuestTime,
    /// Guest and host time together.
    #[error("it took more than {} s", limit::WALL_TIME.as_secs())]
    WallTime,
    /// Text and lists handed to the host.
    #[error("it handed over more than {} MiB at once", limit::ANSWER_BYTES / 1024 / 1024)]
    Answer,
    /// Handles.
    #[error("it held more than {} handles", limit::RESOURCES)]
    Resources,
}

/// Something a guest did that only a defect or an attack explains.
#[derive(Debug, thiserror::Error)]
pub enum Misbehaved {
    /// It used what it was not granted.
    #[error("it used `{0}`, which was not granted to it")]
    NotGranted(Capability),
    /// It wanted a role that the user did not name.
    #[error("it tried to assume the role `{0}`, which none of its settings names")]
    ForeignRole(String),
    /// It tried to sign AWS requests with something that no reply gave.
    #[error("it made AWS keys of a secret that no reply gave")]
    ForeignKeys,
    /// It joined secrets that may not stand in one.
    #[error("it joined secrets that belong to different places")]
    MixedSecret,
    /// A secret that is none.
    #[error("it made a secret of more than {} KiB", limit::SECRET_BYTES / 1024)]
    LargeSecret,
    /// It wanted a signature by what is no key.
    #[error("it tried to sign with a secret that it put together, or that is no key")]
    MadeKey,
    /// It keeps secrets as others keep files.
    #[error("it kept more than {} secrets", limit::DELIVERED)]
    ManyKept,
    /// It announced leases as others write logs.
    #[error("it announced more than {} leases", limit::DELIVERED)]
    ManyLeases,
    /// A lease that could not be shown or recorded as it is.
    #[error(
        "it announced a lease that is not one plain line of at most {} characters",
        printable::LINE_CHARACTERS
    )]
    BadLease,
    /// It asked the other side for something else than when it was recorded.
    #[error("{0}")]
    OffTape(String),
    /// It went beyond its grant, or beyond what this call is for.
    #[error(transparent)]
    Outside(#[from] OutsideGrant),
    /// It called the host from a world that has no imports.
    #[error("it called the host without a reach")]
    NoReach,
}

/// The data of one store.
pub struct State {
    /// Handles the guest holds.
    pub table: ResourceTable,
    reach: Option<Reach>,
    started: Instant,
    outside: Duration,
    memory: usize,
    /// Log messages so far.
    pub logged: Vec<String>,
    /// How long delivered AWS credentials were asked to live, at most.
    pub delivered_seconds: Option<u32>,
    /// How many policies of `GetScopedCredentials` delivered AWS credentials carry, where STS said.
    pub delivered_scoped_policies: Option<u32>,
}

impl State {
    /// The state of a call to a pure component.
    #[must_use]
    pub fn pure() -> Self {
        Self::with(None)
    }

    /// The state of a call to a component with imports.
    #[must_use]
    pub fn reaching(reach: Reach) -> Self {
        Self::with(Some(reach))
    }

    fn with(reach: Option<Reach>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limit::RESOURCES);
        Self {
            table,
            reach,
            started: Instant::now(),
            outside: Duration::ZERO,
            memory: 0,
            logged: Vec::new(),
            delivered_seconds: None,
            delivered_scoped_policies: None,
        }
    }

    /// What the guest may reach.
    ///
    /// # Errors
    /// In a world without imports.
    pub fn reach(&self) -> Result<&Reach, Misbehaved> {
        self.reach.as_ref().ok_or(Misbehaved::NoReach)
    }

    /// Goes on only if the guest was granted `capability`.
    ///
    /// # Errors
    /// When it was not.
    pub fn require(&self, capability: &Capability) -> Result<(), Misbehaved> {
        self.require_or(capability, &[])
    }

    /// Goes on only if the guest was granted `capability`, or one of `others` that comes with the same right.
    ///
    /// # Errors
    /// When it was granted none.
    pub fn require_or(&self, capability: &Capability, others: &[Capability]) -> Result<(), Misbehaved> {
        let reach = self.reach()?;
        reach.scope.may_reach()?;
        if std::iter::once(capability).chain(others).any(|one| reach.capabilities.contains(one)) {
            return Ok(());
        }
        Err(Misbehaved::NotGranted(capability.clone()))
    }

    /// Gives the guest a handle.
    ///
    /// # Errors
    /// When it holds too many.
    pub fn hold<T: Send + 'static>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        self.table.push(value).map_err(|_| LimitReached::Resources.into())
    }

    /// Runs host I/O with the time that is left of the call, and does not count it as the guest's.
    pub fn outside_time<T>(&mut self, work: impl FnOnce(Duration) -> T) -> T {
        let left = limit::WALL_TIME.saturating_sub(self.started.elapsed());
        let before = Instant::now();
        let result = work(left);
        self.outside += before.elapsed();
        result
    }

    /// Called at each tick while the guest runs.
    ///
    /// # Errors
    /// When the guest's time or the call's is used up.
    pub fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        let wall = self.started.elapsed();
        if wall.saturating_sub(self.outside) > limit::GUEST_TIME {
            return Err(LimitReached::GuestTime.into());
        }
        if wall > limit::WALL_TIME {
            return Err(LimitReached::WallTime.into());
        }
        Ok(UpdateDeadline::Continue(1))
    }
}

impl ResourceLimiter for State {
    /// The limit is of all memories together: a component may have several.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current));
        if memory > limit::MEMORY_BYTES {
            return Err(LimitReached::Memory.into());
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > limit::TABLE_ELEMENTS { Err(LimitReached::Table.into()) } else { Ok(true) }
    }

    fn instances(&self) -> usize {
        limit::INSTANCES
    }

    fn tables(&self) -> usize {
        limit::MEMORIES
    }

    fn memories(&self) -> usize {
        limit::MEMORIES
    }
}
