//! Adds WASI to a linker. A wait is limited to the guest's remaining time.

use std::marker::PhantomData;
use std::time::Duration;

use wasmtime::component::{Component, HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliCtxView, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sockets, sync};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView, WasiSocketsView as _};

use crate::engine::Engine;
use crate::manifest::WASI;
use crate::state::CallState;

/// Adds WASI to `linker` if `component` imports it. A component that does not import it pays nothing.
///
/// # Errors
/// When two imports have the same name, which WASI rules out.
pub(crate) fn link<S: CallState>(
    engine: &Engine,
    linker: &mut Linker<S>,
    component: &Component,
) -> wasmtime::Result<()> {
    let kind = component.component_type();
    let is_imported = kind.imports(engine.inner()).any(|(name, _)| name.starts_with(WASI));
    if is_imported { add(linker) } else { Ok(()) }
}

/// Gives the linker the table of streams and timers.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

fn table<S: CallState>(state: &mut S) -> &mut ResourceTable {
    state.wasi().ctx().table
}

fn cli<S: CallState>(state: &mut S) -> WasiCliCtxView<'_> {
    state.wasi().cli()
}

fn clocks<S: CallState>(state: &mut S) -> WasiClocksCtxView<'_> {
    state.wasi().clocks()
}

fn files<S: CallState>(state: &mut S) -> WasiFilesystemCtxView<'_> {
    state.wasi().filesystem()
}

fn numbers<S: CallState>(state: &mut S) -> &mut WasiRandomCtx {
    state.wasi().ctx().ctx.random()
}

fn sockets_view<S: CallState>(state: &mut S) -> WasiSocketsCtxView<'_> {
    state.wasi().sockets()
}

/// The blocking functions are the library's: its first one starts a runtime with a thread for each processor,
/// which stays until the program ends.
fn add<S: CallState>(l: &mut Linker<S>) -> wasmtime::Result<()> {
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<_, Table>(l, table)?;
    sync::io::poll::add_to_linker::<_, Table>(l, table)?;
    sync::io::streams::add_to_linker::<_, Table>(l, table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, Monotonic<S>>(l, |state| BoundedClock(state))?;
    random::random::add_to_linker::<_, WasiRandom>(l, numbers)?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, numbers)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, numbers)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, cli)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, files)?;
    sync::filesystem::types::add_to_linker::<_, WasiFilesystem>(l, files)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(l, sockets_view)?;
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<_, WasiSockets>(l, &options, sockets_view)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(l, sockets_view)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(l, sockets_view)?;
    sync::sockets::tcp::add_to_linker::<_, WasiSockets>(l, sockets_view)?;
    sync::sockets::udp::add_to_linker::<_, WasiSockets>(l, sockets_view)?;
    sync::sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(l, sockets_view)
}

/// The monotonic clock, whose waits are limited.
struct Monotonic<S>(PhantomData<S>);

impl<S: CallState> HasData for Monotonic<S> {
    type Data<'a> = BoundedClock<'a, S>;
}

struct BoundedClock<'a, S>(&'a mut S);

impl<S: CallState> BoundedClock<'_, S> {
    /// Shortens a wait to just over the guest's remaining time, so that the limit ends the guest. A clock that
    /// stands still needs no wait.
    fn bounded(&mut self, nanoseconds: u64) -> u64 {
        if self.0.wasi().is_still() {
            return 0;
        }
        let left = self.0.meter().guest_time_left() + Duration::from_nanos(1);
        nanoseconds.min(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl<S: CallState> monotonic_clock::Host for BoundedClock<'_, S> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.0.wasi().clocks().now()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.0.wasi().clocks().resolution()
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let wait = when.saturating_sub(self.now()?);
        self.subscribe_duration(wait)
    }

    fn subscribe_duration(&mut self, wait: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let wait = self.bounded(wait);
        self.0.wasi().clocks().subscribe_duration(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;
    use crate::state::Pure;

    const RANDOM: &str = "wasi:random/random@0.2.0";
    const FUNCTION: &str = "get-random-u64";

    /// Returns a component that imports one function of WASI. Source: component-model, Binary.md.
    fn with_wasi(engine: &Engine) -> Component {
        let name = |name: &str| [&[0, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
        let section = |id: u8, contents: &[u8]| {
            [&[id, u8::try_from(contents.len()).unwrap()], contents].concat()
        };
        // One type: an instance with a type, a function that returns a u64, and an export of that type.
        let instance =
            [&[1, 0x42, 2, 1, 0x40, 0, 0, 0x77, 4][..], &name(FUNCTION), &[1, 0]].concat();
        let import = [&[1][..], &name(RANDOM), &[5, 0]].concat();
        let parts = [&b"\0asm\x0d\0\x01\0"[..], &section(7, &instance), &section(10, &import)];
        Component::new(engine.inner(), parts.concat()).unwrap()
    }

    fn has_wasi(engine: &Engine, linker: &Linker<Pure>) -> bool {
        linker.instantiate_pre(&with_wasi(engine)).is_ok()
    }

    #[test]
    fn wasi_is_linked_for_components_that_import_it_and_for_no_built_in() {
        let engine = Engine::new().unwrap();
        let mut linker = Linker::new(engine.inner());
        for built_in in embedded::COMPONENTS {
            let loaded = built_in.load(&engine).unwrap();
            link(&engine, &mut linker, &loaded.component).unwrap();
            assert!(!has_wasi(&engine, &linker), "{}", loaded.name);
        }
        link(&engine, &mut linker, &with_wasi(&engine)).unwrap();
        assert!(has_wasi(&engine, &linker));
    }
}
