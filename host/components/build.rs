//! Builds the components under `plugins/`, converts them into WebAssembly components, compiles them for the
//! target of this build, and writes `embedded.rs`. So a fresh machine compiles nothing at run time.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script's interface is the environment and other programs"
)]

#[path = "src/engine_config.rs"]
mod engine_config;
#[expect(unreachable_pub, reason = "the library shows it to other crates")]
#[path = "src/outline.rs"]
mod outline;

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use sha2::{Digest, Sha256};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// The name of each crate, the file that Cargo builds from it, and `true` for a provider. The only list of
/// built-in components.
const COMPONENTS: [(&str, &str, bool); 8] = [
    ("aws", "aws.wasm", true),
    ("azure", "azure.wasm", true),
    ("gcp", "gcp.wasm", true),
    ("vault", "vault.wasm", true),
    ("universal", "universal.wasm", false),
    ("deny-list", "deny_list.wasm", false),
    ("intent-claude", "intent_claude.wasm", false),
    ("intent-local", "intent_local.wasm", false),
];

fn main() {
    let root = PathBuf::from(required("CARGO_MANIFEST_DIR")).join("../..");
    for path in [
        "plugins/Cargo.toml",
        "plugins/Cargo.lock",
        "plugins/aws",
        "plugins/azure",
        "plugins/gcp",
        "plugins/intent-claude",
        "plugins/intent-local",
        "plugins/method-table",
        "plugins/sentence",
        "plugins/universal",
        "plugins/deny-list",
        "plugins/vault",
        "sdk/src",
        "sdk/Cargo.toml",
        "wit",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-changed=src/engine_config.rs");
    println!("cargo::rerun-if-changed=src/outline.rs");
    println!("cargo::rerun-if-changed=build.rs");
    require_wasm_target();
    let out = PathBuf::from(required("OUT_DIR"));
    let built = build_plugins(&root, &out);
    write(&out.join("embedded.rs"), embed(&built, &out).as_bytes());
}

fn require_wasm_target() {
    let sysroot =
        or_fail(Command::new(required("RUSTC")).args(["--print", "sysroot"]).output(), "run rustc");
    let sysroot = String::from_utf8_lossy(&sysroot.stdout).trim().to_owned();
    if !Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        fail(&format!(
            "the Rust target {WASM_TARGET} is missing; run: rustup target add {WASM_TARGET}"
        ));
    }
}

/// Runs a nested Cargo in its own target directory (a shared one would deadlock); returns the directory of
/// the modules.
fn build_plugins(root: &Path, out: &Path) -> PathBuf {
    // OUT_DIR is <target>/<profile>/build/<package>/out: profiles share one build of the components.
    let target_dir = out
        .ancestors()
        .nth(4)
        .filter(|dir| dir.join("CACHEDIR.TAG").exists())
        .unwrap_or(out)
        .join("plugins");
    let mut cargo = Command::new(required("CARGO"));
    cargo
        .args(["build", "--release", "--locked", "--target", WASM_TARGET, "--manifest-path"])
        .arg(root.join("plugins/Cargo.toml"))
        // Packages are selected by name: the workspace also contains components to install and the guests of
        // the tests.
        .args(COMPONENTS.iter().flat_map(|(name, ..)| ["--package", name]))
        .arg("--target-dir")
        .arg(&target_dir);
    // The outer build's flags, wrappers (clippy) and profile settings are for another target.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let keep =
            ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_CAINFO"].contains(&text.as_ref());
        if (text.starts_with("CARGO") || text.starts_with("RUSTC") || text.starts_with("RUSTFLAGS"))
            && !keep
        {
            cargo.env_remove(&name);
        }
    }
    match cargo.status() {
        Ok(status) if status.success() => target_dir.join(WASM_TARGET).join("release"),
        Ok(status) => fail(&format!("building the components under plugins/ failed ({status})")),
        Err(error) => fail(&format!("cannot run cargo for the components under plugins/: {error}")),
    }
}

fn embed(built: &Path, out: &Path) -> String {
    let mut config = wasmtime::Config::new();
    engine_config::configure(&mut config);
    // Without an explicit target, the compiled code would require the CPU features of the build machine.
    or_fail(config.target(&required("TARGET")), "compile for this target");
    let engine = or_fail(wasmtime::Engine::new(&config), "configure the engine");
    let kept = built.join("compiled");
    or_fail(fs::create_dir_all(&kept), "make a directory for compiled components");
    let mut source = String::from(
        "/// The components inside this program.\n#[allow(clippy::unreadable_literal, reason = \"the build script writes it\")]\npub static COMPONENTS: &[Embedded] = &[\n",
    );
    for (name, file, provides) in COMPONENTS {
        let module = or_fail(fs::read(built.join(file)), "read the component that cargo built");
        let encoder = wit_component::ComponentEncoder::default().validate(true).module(&module);
        let component =
            or_fail(encoder.and_then(|mut encoder| encoder.encode()), "encode the component");
        let digest = Sha256::digest(&component).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let compiled = compile(&engine, &component, &digest, &kept);
        write(&out.join(format!("{name}.wasm")), &component);
        write(&out.join(format!("{name}.cwasm")), &compiled);
        let outline = or_fail(outline::Outline::read(&component), "read the component's outline");
        let manifest = outline.manifest.unwrap_or_else(|| fail(&format!("{name} has no manifest")));
        let (bytes, imports, exports) = (component.len(), outline.imports, outline.exports);
        let _ = writeln!(
            source,
            "    Embedded {{ name: {name:?}, provides: {provides}, digest: {digest:?}, bytes: {bytes}, manifest: {manifest:?}, \
             imports: &{imports:?}, exports: &{exports:?}, \
             compiled: &Pages(*include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.cwasm\"))) }},"
        );
    }
    source + "];\n"
}

/// Compiles `component`, or reuses the result of an earlier build of the same component for the same engine.
fn compile(engine: &wasmtime::Engine, component: &[u8], digest: &str, kept: &Path) -> Vec<u8> {
    // The hash covers wasmtime's version, its settings and the target.
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let path = kept.join(format!("{digest}-{:016x}.cwasm", hasher.finish()));
    if let Ok(compiled) = fs::read(&path) {
        return compiled;
    }
    let compiled = or_fail(engine.precompile_component(component), "compile the component");
    // An interrupted build must not leave an incomplete file under the name that the next build reads.
    let unfinished = path.with_extension(std::process::id().to_string());
    write(&unfinished, &compiled);
    or_fail(fs::rename(&unfinished, &path), "keep the compiled component");
    compiled
}

fn required(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| fail(&format!("{name} is not set: run this through cargo")))
}

fn write(path: &Path, contents: &[u8]) {
    or_fail(fs::write(path, contents), "write to the build directory");
}

fn or_fail<T, E: std::fmt::Debug>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| fail(&format!("cannot {what}: {error:?}")))
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    std::process::exit(1);
}
