//! WASI 0.2 without access: components of other toolchains link, and reach nothing.
//!
//! A guest sees no environment, no arguments, no files and no sockets. Its output becomes log lines. A guest with
//! imports of ours has the host's clock and real random numbers. A pure guest is deterministic: its clock stands
//! still, and its random numbers are a fixed stream.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::{self, sync};
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView, async_trait,
};

use super::engine::Engine;
use super::limit;
use super::manifest::WASI;
use super::state::State;
use audex_core::{clock, printable};

/// The last second of the year 9999, the latest time that Python and JavaScript represent.
const LATEST: u64 = 253_402_300_799;
/// The time and the random numbers that WASI shows to a guest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// The host's own.
    Host,
    /// A clock that stands at this time, in seconds since the Unix epoch, and a fixed stream of numbers.
    Still(u64),
}

/// WASI for one call. It is made when the guest first asks for it.
pub(crate) struct Wasi {
    time: Time,
    started: Instant,
    ctx: Option<WasiCtx>,
    output: Output,
}

impl Wasi {
    pub(crate) fn new(time: Time) -> Self {
        Self { time, started: Instant::now(), ctx: None, output: Output::default() }
    }

    /// Returns what the guest wrote, as lines that name the stream.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.output.lines()
    }

    fn ctx(&mut self) -> &mut WasiCtx {
        let (time, output) = (self.time, &self.output);
        self.ctx.get_or_insert_with(|| inert(time, output))
    }

    /// Limits a wait. The guest's time runs meanwhile; a clock that stands needs no wait.
    fn wait(&self, nanoseconds: u64) -> u64 {
        match self.time {
            Time::Still(_) => 0,
            Time::Host => {
                let left = limit::GUEST_TIME.saturating_sub(self.started.elapsed());
                nanoseconds.min(nanoseconds_of(left).saturating_add(1))
            }
        }
    }
}

/// Returns a context without environment, arguments, files and sockets.
fn inert(time: Time, output: &Output) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    let stream = |name| Stream { name, output: output.clone() };
    builder.stdout(stream("stdout")).stderr(stream("stderr"));
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    builder.wall_clock(time);
    if let Time::Still(_) = time {
        let numbers = || Deterministic::new((0..=u8::MAX).map(|n| n.wrapping_mul(167)).collect());
        builder.monotonic_clock(time);
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
            Self::Host => clock::unix_seconds(),
            Self::Still(seconds) => (*seconds).min(LATEST),
        })
    }
}

impl HostMonotonicClock for Time {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

fn nanoseconds_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The text that a guest wrote, up to [`limit::OUTPUT_BYTES`].
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<Piece>>>);

/// Text of one stream.
struct Piece {
    stream: &'static str,
    text: Vec<u8>,
}

impl Output {
    fn add(&self, stream: &'static str, bytes: &[u8]) {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held: usize = pieces.iter().map(|piece| piece.text.len()).sum();
        let bytes = bytes.get(..limit::OUTPUT_BYTES.saturating_sub(held)).unwrap_or(bytes);
        match pieces.last_mut() {
            Some(last) if last.stream == stream => last.text.extend_from_slice(bytes),
            _ => pieces.push(Piece { stream, text: bytes.to_vec() }),
        }
    }

    fn lines(&self) -> Vec<String> {
        let pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = pieces.iter().flat_map(|Piece { stream, text }| {
            let text = String::from_utf8_lossy(text);
            text.lines()
                .map(|line| format!("{stream}: {}", printable::line(line)))
                .collect::<Vec<_>>()
        });
        lines.take(limit::LOG_MESSAGES).collect()
    }
}

/// The standard output or the standard error of a guest.
struct Stream {
    name: &'static str,
    output: Output,
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // WASI 0.2 does not call this.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self { name: self.name, output: self.output.clone() })
    }
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.add(self.name, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        // Text over the limit is dropped without an error, because printing must not end a guest.
        Ok(limit::OUTPUT_BYTES)
    }
}

#[async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.ctx(), table: &mut self.table }
    }
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// The monotonic clock, whose waits are limited.
struct Monotonic;

impl HasData for Monotonic {
    type Data<'a> = Waits<'a>;
}

struct Waits<'a>(&'a mut State);

impl monotonic_clock::Host for Waits<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.0.clocks().now()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.0.clocks().resolution()
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let wait = when.saturating_sub(self.now()?);
        self.subscribe_duration(wait)
    }

    fn subscribe_duration(&mut self, wait: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let wait = self.0.wasi.wait(wait);
        self.0.clocks().subscribe_duration(wait)
    }
}

/// Adds WASI to `linker` if `component` imports it. Components that do not import it pay nothing.
///
/// # Errors
/// When two imports have the same name, which WASI rules out.
pub(crate) fn link(
    engine: &Engine,
    linker: &mut Linker<State>,
    component: &wasmtime::component::Component,
) -> wasmtime::Result<()> {
    let is_imported =
        component.component_type().imports(engine.inner()).any(|(name, _)| name.starts_with(WASI));
    if is_imported { add(linker) } else { Ok(()) }
}

fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use bindings::{cli, clocks, filesystem, random, sockets};
    use sync::{filesystem as files, io, sockets as nets};

    fn random(state: &mut State) -> &mut wasmtime_wasi::random::WasiRandomCtx {
        state.wasi.ctx().random()
    }
    fn table(state: &mut State) -> &mut ResourceTable {
        &mut state.table
    }

    let l = linker;
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<_, Io>(l, table)?;
    io::poll::add_to_linker::<_, Io>(l, table)?;
    io::streams::add_to_linker::<_, Io>(l, table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, Monotonic>(l, |state| Waits(state))?;
    random::random::add_to_linker::<_, WasiRandom>(l, random)?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, random)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, State::filesystem)?;
    files::types::add_to_linker::<_, WasiFilesystem>(l, State::filesystem)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<_, WasiSockets>(l, &options, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    nets::tcp::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    nets::udp::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    nets::udp_create_socket::add_to_linker::<_, WasiSockets>(l, State::sockets)
}
