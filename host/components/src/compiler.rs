//! Compiles components in a process of its own, which the system ends when it takes too much.
//!
//! Security: a component may be anybody's, and a file of some kilobytes can keep a compiler busy for hours or fill the memory.
//! Nothing within this process could stop that.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::engine::Engine;

/// What this program is called when it is the compiler. No argument: nothing that a user types leads to it.
const NAME: &str = "tryaudex-compiler";
/// Everything gets this much time …
const CPU_SECONDS: u64 = 10;
/// … and this much for each MiB: a Python of 18 takes 7 s, and 20 in a build without optimisation.
const CPU_SECONDS_FOR_MIB: u64 = 5;
/// The same Python takes 1 GiB.
const MEMORY_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// The compiler said why not; its output is the reason.
const REFUSED: u8 = 1;

/// The program to start. Where there is none (tests of the library, benchmarks) compiling has no limits.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Lets this program compile, which starts itself for that.
pub fn use_this_program() {
    // By this name it is the same program even where its file was replaced since.
    let own = PathBuf::from("/proc/self/exe");
    let program = if own.exists() { Ok(own) } else { std::env::current_exe() };
    if let Ok(program) = program {
        // Set once, at the start.
        let _ = PROGRAM.set(program);
    }
}

/// Compiles a component.
///
/// # Errors
/// When it is no component, needs a feature that is off, makes the compiler panic, or takes too much time or memory.
pub fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let Some(program) = PROGRAM.get() else { return here(engine, wasm) };
    let started = elsewhere(program.clone(), wasm);
    let Output { status, stdout, .. } =
        started.map_err(|error| wasmtime::Error::msg(format!("the compiler cannot be started: {error}")))?;
    match status.code() {
        Some(0) => Ok(stdout),
        Some(code) if code == i32::from(REFUSED) => {
            Err(wasmtime::Error::msg(String::from_utf8_lossy(&stdout).into_owned()))
        }
        _ => Err(wasmtime::Error::msg(ended(status, wasm.len()))),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "child/spawn.rs starts what the user asked for; this is ourselves"
)]
fn elsewhere(program: PathBuf, wasm: &[u8]) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg0(NAME)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // It reads to the end before it writes. One that ends before that has a status to say so.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(wasm));
    child.wait_with_output()
}

/// Why it ended without an answer, in words.
fn ended(status: ExitStatus, bytes: usize) -> String {
    let signal = status.signal().and_then(|signal| Signal::try_from(signal).ok());
    match signal {
        Some(Signal::SIGXCPU) => format!("it takes more than {} s to compile", cpu_seconds(bytes)),
        // An allocation that fails ends a Rust program so, and so does a stack that is full.
        Some(Signal::SIGABRT) => {
            let gib = MEMORY_BYTES / 1024 / 1024 / 1024;
            format!("its compiler ran out of memory ({gib} GiB) or of stack")
        }
        _ => format!("the compiler ended ({status})"),
    }
}

/// The time that a component of so many bytes gets.
fn cpu_seconds(bytes: usize) -> u64 {
    let mib = u64::try_from(bytes / 1024 / 1024).unwrap_or_default();
    mib.saturating_mul(CPU_SECONDS_FOR_MIB).saturating_add(CPU_SECONDS)
}

/// Whether this process was started to be the compiler.
#[must_use]
pub fn is_wanted() -> bool {
    std::env::args_os().next().is_some_and(|name| name == NAME)
}

/// Is the compiler: a component on standard input becomes machine code on standard output.
#[must_use]
pub fn serve() -> ExitCode {
    match answer() {
        Ok(compiled) => said(&compiled, ExitCode::SUCCESS),
        Err(reason) => said(reason.as_bytes(), ExitCode::from(REFUSED)),
    }
}

fn answer() -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::error::Error| error.to_string();
    // A core of it would be a gigabyte in whoever's directory.
    audex_core::process::harden();
    limit(Resource::RLIMIT_CORE, 0);
    // macOS counts what is shared and reserved too, and refuses.
    if cfg!(target_os = "linux") {
        limit(Resource::RLIMIT_AS, MEMORY_BYTES);
    }
    // Whoever asked may be gone.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| failed(&error))?;
    let mut wasm = Vec::new();
    let _ = io::stdin().read_to_end(&mut wasm).map_err(|error| failed(&error))?;
    limit(Resource::RLIMIT_CPU, cpu_seconds(wasm.len()));
    let reason = |error: wasmtime::Error| error.root_cause().to_string();
    here(&Engine::new().map_err(reason)?, &wasm).map_err(reason)
}

/// Lowers a limit. Where a lower one holds already, or the system has none, that is what there is.
fn limit(resource: Resource, most: u64) {
    if let Ok((_, hard)) = getrlimit(resource) {
        let _ = setrlimit(resource, most.min(hard), hard);
    }
}

fn said(answer: &[u8], code: ExitCode) -> ExitCode {
    // The other side is gone: nobody is left to be told.
    if io::stdout().write_all(answer).is_ok() { code } else { ExitCode::FAILURE }
}

/// What the compiler itself stumbles over is an error and no crash.
fn here(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    catch_unwind(AssertUnwindSafe(|| engine.inner().precompile_component(wasm)))
        .unwrap_or_else(|_| Err(wasmtime::Error::msg("the compiler gave up on it")))
}
