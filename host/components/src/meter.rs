//! The memory and the time that one call has used, checked against the limits.

use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::limit;
use crate::misbehaved::LimitReached;

/// The memory and the time of one call.
pub(crate) struct Meter {
    started: Instant,
    /// The time of the host's I/O, which is not the guest's.
    waited: Duration,
    memory: usize,
}

impl Default for Meter {
    fn default() -> Self {
        Self { started: Instant::now(), waited: Duration::ZERO, memory: 0 }
    }
}

impl Meter {
    /// Runs host I/O with the remaining time of the call, and does not count this time as the guest's.
    pub(crate) fn wait<T>(&mut self, work: impl FnOnce(Duration) -> T) -> T {
        let left = limit::WALL_TIME.saturating_sub(self.started.elapsed());
        let before = Instant::now();
        let result = work(left);
        self.waited += before.elapsed();
        result
    }

    /// Starts the time of another call in the same store; the memory stays.
    pub(crate) fn restart(&mut self) {
        (self.started, self.waited) = (Instant::now(), Duration::ZERO);
    }

    /// Returns the bytes of the guest's memories.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Returns the remaining time of the guest.
    pub(crate) fn guest_time_left(&self) -> Duration {
        limit::GUEST_TIME.saturating_sub(self.started.elapsed().saturating_sub(self.waited))
    }

    /// Checks the time limits; called at each tick while the guest runs.
    ///
    /// # Errors
    /// When the time of the guest or of the call is used up.
    pub(crate) fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        let wall = self.started.elapsed();
        if wall.saturating_sub(self.waited) > limit::GUEST_TIME {
            return Err(LimitReached::GuestTime.into());
        }
        if wall > limit::WALL_TIME {
            return Err(LimitReached::WallTime.into());
        }
        Ok(UpdateDeadline::Continue(1))
    }
}

impl ResourceLimiter for Meter {
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
