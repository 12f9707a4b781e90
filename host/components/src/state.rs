//! The state of one call: limits, handles, and the context behind the imports.

use std::time::{Duration, Instant};

use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{ResourceLimiter, UpdateDeadline};

use super::capability::Capability;
use super::context::CallContext;
use super::limit;
use super::misbehaved::{LimitReached, Misbehaved};
use super::wasi::{Time, Wasi};

/// The data of one wasmtime store.
pub struct State {
    /// The handles that the guest holds.
    pub table: ResourceTable,
    /// WASI for guests of other toolchains.
    pub(crate) wasi: Wasi,
    context: Option<CallContext>,
    started: Instant,
    outside: Duration,
    memory: usize,
    /// The messages that the guest has logged.
    pub logged: Vec<String>,
    /// The longest requested life, in seconds, of the delivered AWS credentials.
    pub delivered_seconds: Option<u32>,
    /// The number of `GetScopedCredentials` policies that delivered AWS credentials carry, if STS reported
    /// it.
    pub delivered_scoped_policies: Option<u32>,
}

impl State {
    /// Returns the state of a call to a pure component, whose clock stands at `now`, in seconds since the Unix
    /// epoch.
    #[must_use]
    pub fn pure(now: u64) -> Self {
        Self::with(None, Time::Still(now))
    }

    /// Returns the state of a call to a component with imports.
    #[must_use]
    pub(crate) fn with_context(context: CallContext) -> Self {
        Self::with(Some(context), Time::Host)
    }

    fn with(context: Option<CallContext>, time: Time) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limit::RESOURCES);
        Self {
            table,
            wasi: Wasi::new(time),
            context,
            started: Instant::now(),
            outside: Duration::ZERO,
            memory: 0,
            logged: Vec::new(),
            delivered_seconds: None,
            delivered_scoped_policies: None,
        }
    }

    /// Returns the messages that the guest logged and printed.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.logged);
        lines.extend(self.wasi.lines());
        lines
    }

    /// Returns the context of the call.
    ///
    /// # Errors
    /// In a world without imports.
    pub(crate) fn context(&self) -> Result<&CallContext, Misbehaved> {
        self.context.as_ref().ok_or(Misbehaved::NoContext)
    }

    /// Checks that the guest was granted `capability`.
    ///
    /// # Errors
    /// When it was not granted, or this call may not use the network and source credentials.
    pub(crate) fn require(&self, capability: &Capability) -> Result<(), Misbehaved> {
        self.require_or(capability, &[])
    }

    /// Checks that the guest was granted `capability`, or one of `others` that gives the same right.
    ///
    /// # Errors
    /// When none of them was granted, or this call may not use the network and source credentials.
    pub(crate) fn require_or(
        &self,
        capability: &Capability,
        others: &[Capability],
    ) -> Result<(), Misbehaved> {
        let context = self.context()?;
        context.scope.may_reach()?;
        if std::iter::once(capability).chain(others).any(|one| context.capabilities.contains(one)) {
            return Ok(());
        }
        Err(Misbehaved::NotGranted(capability.clone()))
    }

    /// Stores `value` and gives the guest a handle to it.
    ///
    /// # Errors
    /// When the guest holds too many handles.
    pub fn hold<T: Send + 'static>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        self.table.push(value).map_err(|_| LimitReached::Resources.into())
    }

    /// Runs host I/O with the remaining time of the call, and does not count this time as the guest's.
    pub(crate) fn outside_time<T>(&mut self, work: impl FnOnce(Duration) -> T) -> T {
        let left = limit::WALL_TIME.saturating_sub(self.started.elapsed());
        let before = Instant::now();
        let result = work(left);
        self.outside += before.elapsed();
        result
    }

    /// Checks the time limits; called at each tick while the guest runs.
    ///
    /// # Errors
    /// When the time of the guest or of the call is used up.
    pub(crate) fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
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
    /// Counts all memories together: a component may have several.
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
