//! Machine code of components: the one place that turns bytes into code to run.
//!
//! Security: wasmtime does not verify compiled bytes (a flipped bit is accepted). So only bytes inside this
//! program, or bytes that match a record authenticated with this user's key, are loaded; anything else is
//! compiled again.
//!
//! No page is ever writable and executable at once. The code inside this program is in its read-only data and
//! runs there: its pages become executable when they are loaded, and never become writable. Other code is
//! copied into fresh memory, which wasmtime makes read-only before it is made executable.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::compiler::compile;
use super::engine::Engine;
use audex_core::private_file;

/// Loads machine code that was compiled with [`Engine`]'s configuration.
///
/// # Errors
/// When the code is for another engine, configuration or processor.
#[expect(
    unsafe_code,
    reason = "wasmtime's only way to load compiled code; see the module's first lines"
)]
pub fn deserialize(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: callers pass bytes embedded at build time, bytes whose MAC `Cache::read` has verified, or bytes
    // that `compile` has just made.
    unsafe { Component::deserialize(engine.inner(), compiled) }
}

/// Machine code inside this program, on separate pages, so that it can run in place.
#[repr(C, align(4096))]
pub(crate) struct Pages<T: ?Sized>(pub T);

/// Runs machine code in place.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod in_place {
    use std::collections::BTreeMap;
    use std::ffi::c_void;
    use std::ptr::NonNull;
    use std::sync::{Arc, Mutex, PoisonError};

    use nix::sys::mman::{ProtFlags, mprotect};
    use wasmtime::CustomCodeMemory;
    use wasmtime::component::Component;

    use super::{Engine, Pages, deserialize};

    /// The start and length of the code that is loaded in place.
    static LOADED: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

    /// Loads machine code inside this program: in place, or from a copy if it is already loaded in place.
    ///
    /// # Errors
    /// When the code is for another engine, configuration or processor.
    #[expect(
        unsafe_code,
        reason = "wasmtime's only way to load compiled code; see the file's first lines"
    )]
    pub(crate) fn load(
        engine: &Engine,
        compiled: &'static Pages<[u8]>,
    ) -> wasmtime::Result<Component> {
        let compiled = &compiled.0;
        let (start, length) = (compiled.as_ptr().addr(), compiled.len());
        // Wasmtime finds the component of a trap by its address: two components at one address make it panic.
        let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner).insert(start, length);
        if loaded.is_some() {
            return deserialize(engine, compiled);
        }
        // SAFETY: the bytes were compiled when this program was built. They are borrowed for the whole run,
        // so they outlive the component. They are in the program's read-only data, where nothing can change
        // them.
        unsafe { Component::deserialize_raw(engine.inner(), NonNull::from(compiled)) }
    }

    /// Returns the code memory that makes machine code executable, copied or in place.
    #[must_use]
    pub(crate) fn code_memory() -> Option<Arc<dyn CustomCodeMemory>> {
        Some(Arc::new(Executable))
    }

    /// Changes pages from read-only to executable.
    struct Executable;

    impl CustomCodeMemory for Executable {
        fn required_alignment(&self) -> usize {
            align_of::<Pages<[u8; 0]>>()
        }

        #[expect(unsafe_code, reason = "changes the rights of pages; see the file's first lines")]
        fn publish_executable(&self, start: *const u8, length: usize) -> wasmtime::Result<()> {
            let start = NonNull::new(start.cast_mut().cast::<c_void>())
                .ok_or_else(|| wasmtime::Error::msg("its machine code has no address"))?;
            // SAFETY: wasmtime calls this for the machine code that it has just loaded. The pages are either
            // a copy that wasmtime owns and has made read-only, or pages of this program's read-only data
            // that contain nothing else. They only gain the right to execute.
            unsafe { mprotect(start, length, ProtFlags::PROT_READ | ProtFlags::PROT_EXEC)? };
            Ok(())
        }

        /// Leaves the pages unchanged: pages of a copy are unmapped next, and pages of this program never
        /// become writable. Wasmtime has forgotten the component before it calls this, so the component may
        /// be loaded in place again.
        fn unpublish_executable(&self, start: *const u8, _: usize) -> wasmtime::Result<()> {
            let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.retain(|&at, &mut length| !(at..at + length).contains(&start.addr()));
            Ok(())
        }
    }
}

/// Copies machine code, which wasmtime makes executable itself. Processors other than x86-64 have an
/// instruction cache that must be cleared, and wasmtime clears it only for copied code.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod in_place {
    use std::sync::Arc;

    use wasmtime::CustomCodeMemory;
    use wasmtime::component::Component;

    use super::{Engine, Pages, deserialize};

    /// Loads machine code inside this program.
    ///
    /// # Errors
    /// When the code is for another engine, configuration or processor.
    pub fn load(engine: &Engine, compiled: &'static Pages<[u8]>) -> wasmtime::Result<Component> {
        deserialize(engine, &compiled.0)
    }

    /// Returns `None`, so wasmtime uses its default.
    #[must_use]
    pub(crate) fn code_memory() -> Option<Arc<dyn CustomCodeMemory>> {
        None
    }
}

pub(crate) use in_place::{code_memory, load as load_in_place};

/// The cache of machine code of installed components, under `$XDG_CACHE_HOME/audex`.
pub struct Cache {
    directory: PathBuf,
    key: [u8; private_file::KEY_BYTES],
}

/// The error for a cache that cannot be used. A damaged entry is not an error: the component is compiled
/// again.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the component cache `{path}`")]
pub struct CacheError {
    path: String,
    #[source]
    source: io::Error,
}

impl Cache {
    /// Opens the cache. Its key is created at first use, in the same directory.
    ///
    /// # Errors
    /// When the directory or the key cannot be created or read.
    pub fn open(directory: &Path) -> Result<Self, CacheError> {
        let failed = |source| CacheError { path: directory.display().to_string(), source };
        private_file::create_directory(directory).map_err(failed)?;
        let key = private_file::key(&directory.join("compiled.key")).map_err(failed)?;
        Ok(Self { directory: directory.to_path_buf(), key })
    }

    /// Returns the machine code of `wasm`, whose SHA-256 is `digest`: from the cache, or compiled and stored.
    ///
    /// # Errors
    /// When `wasm` does not compile.
    pub fn load(&self, engine: &Engine, digest: &str, wasm: &[u8]) -> wasmtime::Result<Component> {
        let path = self.entry(engine, digest);
        if let Some(compiled) = self.read(&path, digest)
            && let Ok(component) = deserialize(engine, &compiled)
        {
            return Ok(component);
        }
        let compiled = compile(engine, wasm)?;
        self.keep(engine, digest, &compiled);
        deserialize(engine, &compiled)
    }

    /// Stores the result of [`compile`] for the component `digest`.
    pub fn keep(&self, engine: &Engine, digest: &str, compiled: &[u8]) {
        // If the cache cannot be written, only time is lost.
        let _ = self.write(&self.entry(engine, digest), digest, compiled);
    }

    fn entry(&self, engine: &Engine, digest: &str) -> PathBuf {
        self.directory.join(format!("{digest}-{}.cwasm", compatibility(engine)))
    }

    /// Removes every entry of the component `digest`.
    pub fn forget(&self, digest: &str) {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(digest) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Returns the code at `path` if its MAC is correct. The MAC is the first part of the file, so both parts
    /// are written at once.
    fn read(&self, path: &Path, digest: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(path).ok()?;
        let (mac, compiled) = bytes.split_at_checked(32)?;
        self.mac(path, digest, compiled).verify_slice(mac).ok()?;
        Some(compiled.to_vec())
    }

    fn write(&self, path: &Path, digest: &str, compiled: &[u8]) -> io::Result<()> {
        let mac = self.mac(path, digest, compiled).finalize().into_bytes();
        private_file::replace(path, &[mac.as_slice(), compiled].concat())
    }

    /// Binds the code to the component, and to the engine in the file's name.
    fn mac(&self, path: &Path, digest: &str, compiled: &[u8]) -> Hmac<Sha256> {
        // The key is shorter than a block, and HMAC pads it with zeros (RFC 2104), so no key is ever
        // rejected.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(&self.key).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new(&block);
        mac.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        mac.update(b"\0");
        mac.update(digest.as_bytes());
        mac.update(&Sha256::digest(compiled));
        mac
    }
}

/// Hashes everything that the machine code depends on: wasmtime's version and settings, and the processor.
fn compatibility(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.inner().precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn entry(directory: &Path) -> PathBuf {
        let is_code =
            |path: &PathBuf| path.extension().is_some_and(|extension| extension == "cwasm");
        std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(is_code)
            .unwrap()
    }

    #[test]
    fn a_kept_entry_is_used_and_a_flipped_byte_is_compiled_anew() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::new().unwrap();
        let cache = Cache::open(directory.path()).unwrap();
        cache.load(&engine, "abc", EMPTY).unwrap();
        let path = entry(directory.path());
        let good = std::fs::read(&path).unwrap();
        assert!(cache.read(&path, "abc").is_some());
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bad).unwrap();
        assert!(cache.read(&path, "abc").is_none(), "a flipped byte must not be loaded");
        cache.load(&engine, "abc", EMPTY).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), good, "the entry was not made anew");
    }

    /// Returns the rights (`r-xp`) of the mapping that contains `address`, and `true` if the mapping belongs
    /// to a file.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn mapping(address: usize) -> (String, bool) {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
        let line = maps.lines().find(|line| {
            let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            (number(start)..number(end)).contains(&address)
        });
        let line = line.unwrap();
        (line.split(' ').nth(1).unwrap().to_owned(), line.contains('/'))
    }

    /// Returns the mappings of a component's description and of its machine code, which starts on the next
    /// page.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn mappings(component: &Component) -> [(String, bool); 2] {
        let start = component.image_range().start.addr();
        [mapping(start), mapping(start + align_of::<Pages<[u8; 0]>>())]
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn code_runs_where_it_lies_or_in_memory_of_its_own_and_is_never_writable() {
        // A copy for this test alone: another test may have loaded the built-in component.
        const BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/universal.cwasm"));
        static CARRIED: Pages<[u8; BYTES.len()]> =
            Pages(*include_bytes!(concat!(env!("OUT_DIR"), "/universal.cwasm")));
        let load = || load_in_place(&Engine::new().unwrap(), &CARRIED).unwrap();
        let inside = [("r--p".to_owned(), true), ("r-xp".to_owned(), true)];
        let outside = [("r--p".to_owned(), false), ("r-xp".to_owned(), false)];

        let first = load();
        assert_eq!(first.image_range().start, CARRIED.0.as_ptr(), "the machine code was copied");
        assert_eq!(mappings(&first), inside);
        let second = load();
        assert_eq!(mappings(&second), outside);
        drop(first);
        assert_eq!(mappings(&second), outside);
        assert_eq!(mappings(&load()), inside);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.contains(" rwx"), "a page is writable and executable: {maps}");
    }

    #[test]
    fn a_directory_or_key_that_others_may_change_or_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let open_to = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        drop(Cache::open(directory.path()).unwrap());
        open_to(directory.path(), 0o777);
        assert!(Cache::open(directory.path()).is_err());
        open_to(directory.path(), 0o755);
        assert!(Cache::open(directory.path()).is_ok());
        open_to(&directory.path().join("compiled.key"), 0o644);
        assert!(Cache::open(directory.path()).is_err());
    }

    #[test]
    fn an_entry_of_another_component_or_key_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::new().unwrap();
        let cache = Cache::open(directory.path()).unwrap();
        cache.load(&engine, "abc", EMPTY).unwrap();
        let path = entry(directory.path());
        assert!(cache.read(&path, "def").is_none());
        let renamed = directory.path().join("abc-0000000000000000.cwasm");
        std::fs::copy(&path, &renamed).unwrap();
        assert!(cache.read(&renamed, "abc").is_none());
        std::fs::remove_file(directory.path().join("compiled.key")).unwrap();
        assert!(Cache::open(directory.path()).unwrap().read(&path, "abc").is_none());
    }
}
