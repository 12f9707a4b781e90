//! Turns a panic into an error, so that a defect ends one piece of work and its resources are still released.
//!
//! Security: the text of a panic or a backtrace may quote a secret. Neither is ever printed or recorded; only the place in
//! the source is.

use crate::hint::Hint;
use std::borrow::Cow;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;
use std::task::Poll;
use std::thread;

thread_local! {
    /// The place of this thread's last panic.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The error for a piece of work that panicked.
#[derive(Debug, thiserror::Error)]
#[error("a defect stopped the program at {place}")]
pub struct Panicked {
    place: String,
}

impl Hint for Panicked {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("report it with that place, as a defect of tryaudex".into())
    }
}

impl Panicked {
    fn here() -> Self {
        let place = PLACE.with_borrow_mut(Option::take);
        Self { place: place.unwrap_or_else(|| "an unknown place".to_owned()) }
    }
}

/// Keeps panics from printing; the program calls this once. `tell` receives the place of a panic in another thread.
pub fn silence(tell: fn(&str)) {
    let main = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        let place = place(info);
        if thread::current().id() != main {
            tell(&format!("notice: a defect stopped a part of the program at {place}"));
        }
        // Thread-local storage is gone while a thread ends.
        let _ = PLACE.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(place)));
    }));
}

/// Returns file and line, without the build machine's directories.
fn place(info: &PanicHookInfo<'_>) -> String {
    let Some(location) = info.location() else { return "an unknown place".to_owned() };
    let file = location.file();
    let short = file.find("/src/").and_then(|at| {
        let package = file.get(..at)?.rsplit('/').next()?;
        Some(format!("{package}{}", file.get(at..)?))
    });
    format!("{}:{}", short.as_deref().unwrap_or(file), location.line())
}

/// Runs `work` and returns an error if it panics.
///
/// A panic leaves the state that `work` changed unfinished. Callers use that state only to end, revoke or record.
///
/// # Errors
/// [`Panicked`], when `work` panics.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        forget(payload);
        Panicked::here()
    })
}

/// Awaits `work` and returns an error if it panics.
///
/// # Errors
/// [`Panicked`], when `work` panics.
pub async fn caught_async<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// Drops the payload of a panic; a second panic in that drop must not end the program.
fn forget(payload: Box<dyn std::any::Any + Send>) {
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_that_repeats_nothing_of_it() {
        assert_eq!(caught(|| 7).unwrap(), 7);
        let error = caught(|| panic!("planted-secret")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let later = async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "planted-secret");
        };
        assert!(runtime.block_on(caught_async(later)).is_err());
        assert_eq!(runtime.block_on(caught_async(async { 7 })).unwrap(), 7);
    }
}
