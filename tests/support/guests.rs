//! Components that the tests install: examples of the SDK, and guests that misbehave. Cargo builds them once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Output, Sandbox};

/// The target of the SDK's components.
const MODULES: &str = "wasm32-unknown-unknown";
/// The target of components that use WASI.
const WASI: &str = "wasm32-wasip2";
/// The components of the workspace `plugins` that are not built into the program.
const COMPONENTS: [&str; 12] = [
    "cedar",
    "filter-no-deletes",
    "fixed-intent",
    "github",
    "hostile-filter",
    "hostile-mapping",
    "hostile-provider",
    "hours-and-tickets",
    "impure-filter",
    "intent-table",
    "mapping-house",
    "provider-static",
];
/// The components that are built for WASI too.
const WASI_COMPONENTS: [&str; 2] = ["hostile-filter", "hostile-provider"];
/// The marker in a guest of `tests/guests`. The name of the case follows the marker.
const MARKER: &[u8] = b"HOSTILE-CASE:";
/// The id of the table section. Source: WebAssembly core specification, 5.5.2.
const TABLE_SECTION: u8 = 4;
/// The number of bytes of a case name, including the blanks at its end.
const CASE_BYTES: usize = 35;

/// A component as cargo built it, or a changed one.
#[derive(Clone)]
pub(crate) struct Guest {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Guest {
    /// Returns the core module of the crate `name`.
    pub(crate) fn of(name: &'static str) -> Self {
        Self::below(modules(), name)
    }

    /// Returns the component of the crate `name` for WASI.
    pub(crate) fn for_wasi(name: &'static str) -> Self {
        static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
        Self::below(DIRECTORY.get_or_init(|| build(WASI, &WASI_COMPONENTS)), name)
    }

    fn below(directory: &Path, name: &'static str) -> Self {
        let path = directory.join(format!("{}.wasm", name.replace('-', "_")));
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("no `{}`: {error}", path.display()));
        Self { name, bytes }
    }

    /// Selects the case that the guest plays.
    pub(crate) fn playing(mut self, case: &str) -> Self {
        let at = find(&self.bytes, MARKER).expect("a guest of tests/guests") + MARKER.len();
        self.bytes[at..at + CASE_BYTES].copy_from_slice(format!("{case:<CASE_BYTES$}").as_bytes());
        self
    }

    /// Replaces `from` everywhere with `to`, which must have the same length.
    pub(crate) fn replacing(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len(), "lengths stand before what they count");
        let mut found = 0;
        while let Some(at) = find(&self.bytes, from.as_bytes()) {
            self.bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
        assert!(found > 0, "`{}` has no `{from}`", self.name);
        self
    }

    /// Sets the minimum size of the function table to `elements`.
    pub(crate) fn with_table_of(mut self, elements: u32) -> Self {
        let mut at = 8;
        loop {
            let (size, size_bytes) = leb(&self.bytes[at + 1..]);
            let contents = at + 1 + size_bytes;
            if self.bytes[at] == TABLE_SECTION {
                // One table of functions without a maximum size.
                let table = [&[1, 0x70, 0][..], &to_leb(elements)].concat();
                let section = [&to_leb(u32::try_from(table.len()).unwrap())[..], &table].concat();
                self.bytes.splice(at + 1..contents + size, section);
                return self;
            }
            at = contents + size;
        }
    }

    /// Keeps only the first `part` percent of the bytes.
    pub(crate) fn truncated_to(mut self, part: usize) -> Self {
        self.bytes.truncate(self.bytes.len() * part / 100);
        self
    }

    /// Encodes the module as a component, as the host does.
    pub(crate) fn encoded(mut self) -> Self {
        self.bytes = audex_components::encode::component(self.bytes).unwrap();
        self
    }

    /// Adds a second module to the component. It has one function with `depth` nested loops, each of which
    /// may change any of `depth` variables. The module has a few kilobytes, and the work of a compiler grows
    /// with the cube of `depth`.
    pub(crate) fn with_loops(self, depth: u32) -> Self {
        let mut component = self.encoded();
        let module = loops(depth);
        // The section of a core module in a component. Source: component-model, Binary.md.
        component.bytes.extend(section(1, &module));
        component
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes the guest to a file in the sandbox.
    pub(crate) fn plant(&self, sandbox: &mut Sandbox) -> PathBuf {
        sandbox.plant(&format!("{}.wasm", self.name), &self.bytes)
    }

    /// Runs `tryaudex plugin install` for the guest with these grants.
    pub(crate) fn install(&self, sandbox: &mut Sandbox, grants: &[&str]) -> Output {
        let path = self.plant(sandbox);
        let grants = grants.iter().flat_map(|grant| ["--grant", grant]);
        sandbox.run(["plugin", "install", path.to_str().unwrap()].into_iter().chain(grants))
    }
}

/// Returns a module whose function has `depth` nested loops.
fn loops(depth: u32) -> Vec<u8> {
    let mut body = [&[1][..], &to_leb(depth), &[0x7e]].concat();
    body.extend([0x03, 0x40].repeat(depth.try_into().unwrap()));
    for local in 0..depth {
        // local := local + next local
        body.push(0x20);
        body.extend(to_leb(local));
        body.push(0x20);
        body.extend(to_leb((local + 1) % depth));
        body.extend([0x7c, 0x21]);
        body.extend(to_leb(local));
    }
    for local in 0..depth {
        // repeat the loop unless the local is zero
        body.push(0x20);
        body.extend(to_leb(local));
        body.extend([0xa7, 0x0d, 0, 0x0b]);
    }
    body.push(0x0b);
    let code = [&[1][..], &to_leb(u32::try_from(body.len()).unwrap()), &body].concat();
    let sections = [section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(10, &code)];
    [&b"\0asm\x01\0\0\0"[..], &sections.concat()].concat()
}

fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id][..], &to_leb(u32::try_from(contents.len()).unwrap()), contents].concat()
}

/// Decodes an unsigned LEB128 number. Returns the number and its length in bytes.
fn leb(bytes: &[u8]) -> (usize, usize) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let value =
        bytes[..length].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    (value, length)
}

fn to_leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        bytes.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}

/// Builds all guests, so that the build time is not part of a later measurement.
pub(crate) fn build_all() {
    let _ = modules();
}

/// Returns the directory of the built modules, and builds them at the first call.
fn modules() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| build(MODULES, &COMPONENTS))
}

/// Builds components for `triple`, and returns the directory with them.
fn build(triple: &str, components: &[&str]) -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_tryaudex"));
    // A directory below the target directory of this build. In the same directory, the nested cargo would wait
    // for the lock of the outer cargo.
    let target = binary.ancestors().nth(2).expect("target/PROFILE/tryaudex").join("guests");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&workspace).args(["build", "--release", "--locked", "--quiet"]);
    cargo.args(["--target", triple, "--target-dir"]).arg(&target);
    cargo.args(components.iter().flat_map(|name| ["--package", name]));
    // The flags and wrappers of the outer build are for another target.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let keep =
            ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_CAINFO"].contains(&text.as_ref());
        if (text.starts_with("CARGO") || text.starts_with("RUSTC") || text.starts_with("RUSTFLAGS"))
            && !keep
        {
            cargo.env_remove(&name);
        }
    }
    let output = cargo
        .output()
        .unwrap_or_else(|error| panic!("cannot run cargo for `{}`: {error}", workspace.display()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        !stderr.contains("target may not be installed"),
        "the Rust target {triple} is missing; run: rustup target add {triple}"
    );
    assert!(output.status.success(), "`{}` does not build:\n{stderr}", workspace.display());
    target.join(triple).join("release")
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
