//! The cache of machine code of installed components.
//!
//! Security: an entry carries a MAC under this user's key. An entry whose MAC is wrong is compiled again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::compiled::deserialize;
use super::compiler::compile;
use super::engine::Engine;
use audex_core::private_file;

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
