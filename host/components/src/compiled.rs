//! Machine code of components: the one place that turns bytes into code to run.
//!
//! Security: wasmtime does not verify compiled bytes (a flipped bit is accepted). So only bytes inside this
//! program, or bytes that match a record authenticated with this user's key, are loaded; anything else is
//! compiled again.
//!
//! No page is ever writable and executable at once. The code inside this program is in its read-only data and
//! runs there: its pages become executable when they are loaded, and never become writable. Other code is
//! copied into fresh memory, which wasmtime makes read-only before it is made executable.

use wasmtime::component::Component;

use super::engine::Engine;

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
    #[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
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
    pub(crate) fn load(
        engine: &Engine,
        compiled: &'static Pages<[u8]>,
    ) -> wasmtime::Result<Component> {
        deserialize(engine, &compiled.0)
    }

    /// Returns `None`, so wasmtime uses its default.
    #[must_use]
    pub(crate) fn code_memory() -> Option<Arc<dyn CustomCodeMemory>> {
        None
    }
}

pub(crate) use in_place::{code_memory, load as load_in_place};

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// Returns the rights (`r-xp`) of the mapping that contains `address`, and `true` if the mapping belongs
    /// to a file.
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
    fn mappings(component: &Component) -> [(String, bool); 2] {
        let start = component.image_range().start.addr();
        [mapping(start), mapping(start + align_of::<Pages<[u8; 0]>>())]
    }

    #[test]
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
}
