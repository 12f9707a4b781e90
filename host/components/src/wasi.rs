//! WASI 0.2 without access: components of other toolchains link, and reach nothing.
//!
//! A guest sees no environment, no arguments, no files and no sockets. Its output becomes log lines. A guest with
//! imports of the contract sees the host's clock (in a replay, the recorded one) and real random numbers. A pure guest is
//! deterministic: its clock stands still, and its random numbers are a fixed stream.

mod link;
mod output;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView,
};

use self::output::{Output, Stream};
use crate::imports::transport::Transport;
use crate::limit;

pub(crate) use self::link::link;

/// The latest time shown, in the year 2255: nanoseconds in 64 signed bits, as Python counts them, overflow in 2262.
const LATEST: u64 = 9_000_000_000;

/// The blocks of [`NUMBERS`], of 32 bytes each.
const BLOCKS: u32 = 512;

/// The random numbers of pure guests, repeated when used up: hashes of a counter, so that they are the
/// same in every version of this program.
static NUMBERS: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..BLOCKS).flat_map(|block| Sha256::digest(block.to_be_bytes())).collect());

/// The time that WASI shows to a guest, and with it the source of its random numbers.
#[derive(Clone)]
pub(crate) enum Time {
    /// The host's time, and random numbers of this machine.
    Running(Arc<dyn Transport>),
    /// A clock that stands at this time, in seconds since the Unix epoch, and a fixed stream of numbers.
    Still(u64),
}

/// WASI for one call. The context is made when the guest first asks for it.
pub(crate) struct Wasi {
    time: Time,
    ctx: Option<WasiCtx>,
    /// The streams and timers that the guest holds.
    table: ResourceTable,
    output: Output,
}

impl Wasi {
    pub(crate) fn new(time: Time) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limit::RESOURCES);
        Self { time, ctx: None, table, output: Output::default() }
    }

    /// Returns the text that the guest wrote, as lines that name the stream.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.output.lines()
    }

    /// Returns true if waiting changes nothing, because the clock stands still.
    fn is_still(&self) -> bool {
        matches!(self.time, Time::Still(_))
    }
}

impl WasiView for Wasi {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.ctx.get_or_insert_with(|| inert(&self.time, &self.output));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Returns a context without environment, arguments, files and sockets. The builder starts with none of them.
fn inert(time: &Time, output: &Output) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.stdout(Stream::new("stdout", output)).stderr(Stream::new("stderr", output));
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    builder.wall_clock(time.clone());
    builder.max_random_size(limit::RANDOM_BYTES);
    if let Time::Still(_) = time {
        let numbers = || Deterministic::new(NUMBERS.clone());
        builder.monotonic_clock(time.clone());
        builder.secure_random(numbers()).insecure_random(numbers()).insecure_random_seed(0);
    }
    builder.build()
}

impl HostWallClock for Time {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Running(transport) => transport.now(),
            Self::Still(seconds) => (*seconds).min(LATEST),
        })
    }
}

/// The monotonic clock of pure guests. The other guests have the machine's.
impl HostMonotonicClock for Time {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests;
