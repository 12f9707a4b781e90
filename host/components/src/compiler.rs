//! Compiles components in a separate process, which the operating system ends when it uses too much.
//!
//! Security: a component may come from anyone, and a file of some kilobytes can keep a compiler busy for
//! hours or fill the memory. Code in this process could not stop the compiler.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::engine::Engine;

/// The compiler's program name (`argv[0]`). It is not an argument, so nothing that a user types starts the
/// compiler.
const NAME: &str = "tryaudex-compiler";
/// The CPU seconds for every component …
const CPU_SECONDS: u64 = 10;
/// … and for each MiB: a Python component of 18 MiB takes 7 s, and 20 s in a build without optimisation.
const CPU_SECONDS_FOR_MIB: u64 = 5;
/// The memory limit. The same Python component takes 1 GiB.
const MEMORY_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// The exit code for a refused component; the compiler's output is the reason.
const REFUSED: u8 = 1;

/// The program to start. If it is not set (library tests, benchmarks), compiling has no limits.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Sets this program as the compiler; it then starts itself to compile.
pub fn use_this_program() {
    // This path leads to the running program even if its file was replaced meanwhile.
    let own = PathBuf::from("/proc/self/exe");
    let program = if own.exists() { Ok(own) } else { std::env::current_exe() };
    if let Ok(program) = program {
        // The value is set once, at the start.
        let _ = PROGRAM.set(program);
    }
}

/// Compiles a component.
///
/// # Errors
/// When `wasm` is not a component, needs a disabled feature, makes the compiler panic, or takes too much time
/// or memory.
pub fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let Some(program) = PROGRAM.get() else { return here(engine, wasm) };
    let started = elsewhere(program.clone(), wasm);
    let Output { status, stdout, .. } = started.map_err(|error| {
        wasmtime::Error::msg(format!("the compiler cannot be started: {error}"))
    })?;
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
    reason = "host/child/src/spawn.rs starts what the user asked for; this is ourselves"
)]
fn elsewhere(program: PathBuf, wasm: &[u8]) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg0(NAME)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // The compiler reads to the end before it writes. If the compiler ends earlier, its exit status says why.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(wasm));
    child.wait_with_output()
}

/// Describes why the compiler ended without an answer.
fn ended(status: ExitStatus, bytes: usize) -> String {
    let signal = status.signal().and_then(|signal| Signal::try_from(signal).ok());
    match signal {
        Some(Signal::SIGXCPU) => format!("it takes more than {} s to compile", cpu_seconds(bytes)),
        // A failed allocation ends a Rust program with this signal, and so does a full stack.
        Some(Signal::SIGABRT) => {
            let gib = MEMORY_BYTES / 1024 / 1024 / 1024;
            format!("its compiler ran out of memory ({gib} GiB) or of stack")
        }
        _ => format!("the compiler ended ({status})"),
    }
}

/// Returns the CPU seconds for a component of `bytes`.
fn cpu_seconds(bytes: usize) -> u64 {
    let mib = u64::try_from(bytes / 1024 / 1024).unwrap_or_default();
    mib.saturating_mul(CPU_SECONDS_FOR_MIB).saturating_add(CPU_SECONDS)
}

/// Returns `true` if this process was started as the compiler.
#[must_use]
pub fn is_wanted() -> bool {
    std::env::args_os().next().is_some_and(|name| name == NAME)
}

/// Runs as the compiler: reads a component from standard input, and writes machine code to standard output.
#[must_use]
pub fn serve() -> ExitCode {
    match answer() {
        Ok(compiled) => said(&compiled, ExitCode::SUCCESS),
        Err(reason) => said(reason.as_bytes(), ExitCode::from(REFUSED)),
    }
}

fn answer() -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::error::Error| error.to_string();
    // A core dump of the compiler would take a gigabyte in the user's directory.
    audex_core::process::harden();
    limit(Resource::RLIMIT_CORE, 0);
    // macOS also counts shared and reserved memory, and rejects the limit.
    if cfg!(target_os = "linux") {
        limit(Resource::RLIMIT_AS, MEMORY_BYTES);
    }
    // If the process that requested the compilation ends, the compiler ends too.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| failed(&error))?;
    let mut wasm = Vec::new();
    let _ = io::stdin().read_to_end(&mut wasm).map_err(|error| failed(&error))?;
    limit(Resource::RLIMIT_CPU, cpu_seconds(wasm.len()));
    let reason = |error: wasmtime::Error| error.root_cause().to_string();
    here(&Engine::new().map_err(reason)?, &wasm).map_err(reason)
}

/// Lowers a limit. If a lower limit already holds, or the system does not support the limit, nothing changes.
fn limit(resource: Resource, most: u64) {
    if let Ok((_, hard)) = getrlimit(resource) {
        let _ = setrlimit(resource, most.min(hard), hard);
    }
}

fn said(answer: &[u8], code: ExitCode) -> ExitCode {
    // If writing fails, the other process has ended and needs no message.
    if io::stdout().write_all(answer).is_ok() { code } else { ExitCode::FAILURE }
}

/// Compiles in this process. Turns a panic of the compiler into an error.
fn here(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    catch_unwind(AssertUnwindSafe(|| engine.inner().precompile_component(wasm)))
        .unwrap_or_else(|_| Err(wasmtime::Error::msg("the compiler gave up on it")))
}
