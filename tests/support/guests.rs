//! Components that the tests install: the examples of the SDK, and guests that misbehave. Built once, by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Output, Sandbox};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// The components of the workspace `plugins` that are not inside the program.
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
/// Where a guest of `tests/guests` keeps the name of its case.
const MARKER: &[u8] = b"HOSTILE-CASE:";
/// WebAssembly core specification, 5.5.2.
const TABLE_SECTION: u8 = 4;
/// Bytes of that name, blanks included.
const CASE_BYTES: usize = 35;

/// A built component, as cargo wrote it, or changed.
#[derive(Clone)]
pub struct Guest {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Guest {
    /// The core module of the crate `name`.
    pub fn of(name: &'static str) -> Self {
        let path = directory().join(format!("{}.wasm", name.replace('-', "_")));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("no `{}`: {error}", path.display()));
        Self { name, bytes }
    }

    /// The same, playing `case`.
    pub fn playing(mut self, case: &str) -> Self {
        let at = find(&self.bytes, MARKER).expect("a guest of tests/guests") + MARKER.len();
        self.bytes[at..at + CASE_BYTES].copy_from_slice(format!("{case:<CASE_BYTES$}").as_bytes());
        self
    }

    /// The same with `to`, which has as many bytes, wherever there is `from`.
    pub fn replacing(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len(), "lengths stand before what they count");
        let mut found = 0;
        while let Some(at) = find(&self.bytes, from.as_bytes()) {
            self.bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
        assert!(found > 0, "`{}` has no `{from}`", self.name);
        self
    }

    /// The same with a function table of at least so many elements.
    pub fn with_table_of(mut self, elements: u32) -> Self {
        let mut at = 8;
        loop {
            let (size, size_bytes) = leb(&self.bytes[at + 1..]);
            let contents = at + 1 + size_bytes;
            if self.bytes[at] == TABLE_SECTION {
                // One table of functions, without a maximum.
                let table = [&[1, 0x70, 0][..], &to_leb(elements)].concat();
                let section = [&to_leb(u32::try_from(table.len()).unwrap())[..], &table].concat();
                self.bytes.splice(at + 1..contents + size, section);
                return self;
            }
            at = contents + size;
        }
    }

    /// The first `part` of a whole of 100.
    pub fn truncated_to(mut self, part: usize) -> Self {
        self.bytes.truncate(self.bytes.len() * part / 100);
        self
    }

    /// The component that the host makes of the module.
    pub fn encoded(mut self) -> Self {
        self.bytes = audex_components::encode::component(self.bytes).unwrap();
        self
    }

    /// The component with a module beside its own, of one function: so many loops within each other, each of which may change any
    /// of as many variables. Some kilobytes; a compiler's work grows with the cube.
    pub fn with_loops(self, depth: u32) -> Self {
        let mut component = self.encoded();
        let module = loops(depth);
        // A core module's section in a component (component-model, Binary.md).
        component.bytes.extend(section(1, &module));
        component
    }

    /// It, as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its file in the sandbox.
    pub fn plant(&self, sandbox: &mut Sandbox) -> PathBuf {
        sandbox.plant(&format!("{}.wasm", self.name), &self.bytes)
    }

    /// Runs `tryaudex plugin install` with these grants.
    pub fn install(&self, sandbox: &mut Sandbox, grants: &[&str]) -> Output {
        let path = self.plant(sandbox);
        let grants = grants.iter().flat_map(|grant| ["--grant", grant]);
        sandbox.run(["plugin", "install", path.to_str().unwrap()].into_iter().chain(grants))
    }
}

/// A module with such a function.
fn loops(depth: u32) -> Vec<u8> {
    let mut body = [&[1][..], &to_leb(depth), &[0x7e]].concat();
    body.extend([0x03, 0x40].repeat(depth.try_into().unwrap()));
    for local in 0..depth {
        // local := local + the next
        body.push(0x20);
        body.extend(to_leb(local));
        body.push(0x20);
        body.extend(to_leb((local + 1) % depth));
        body.extend([0x7c, 0x21]);
        body.extend(to_leb(local));
    }
    for local in 0..depth {
        // again unless it is zero
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

/// An unsigned LEB128 number, and its length.
fn leb(bytes: &[u8]) -> (usize, usize) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let value = bytes[..length].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
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

/// Builds all guests, so that what follows can be timed.
pub fn build_all() {
    let _ = directory();
}

/// Where the built modules are.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let binary = Path::new(env!("CARGO_BIN_EXE_tryaudex"));
        // Under the target directory of this very build, and not the same: a nested cargo would wait for its lock.
        let target = binary.ancestors().nth(2).expect("target/PROFILE/tryaudex").join("guests");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        build(&root.join("plugins"), &target);
        target.join(WASM_TARGET).join("release")
    })
}

fn build(workspace: &Path, target: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace).args([
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--target",
        WASM_TARGET,
        "--target-dir",
    ]);
    cargo.arg(target).args(COMPONENTS.iter().flat_map(|name| ["--package", name]));
    // The outer build's flags and wrappers are for another target.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let keep = ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_CAINFO"].contains(&text.as_ref());
        if (text.starts_with("CARGO") || text.starts_with("RUSTC") || text.starts_with("RUSTFLAGS")) && !keep
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
        "the Rust target {WASM_TARGET} is missing; run: rustup target add {WASM_TARGET}"
    );
    assert!(output.status.success(), "`{}` does not build:\n{stderr}", workspace.display());
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
