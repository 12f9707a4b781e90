//! Panics as errors: a defect of this program or of a library ends one piece of work, and what that piece held is put in order.
//!
//! Security: the text of a panic may quote a secret, as may a backtrace. Neither is ever printed or recorded; the place in the
//! source is.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;
use std::task::Poll;
use std::thread;

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The error for a piece of work that panicked.
#[derive(Debug, thiserror::Error)]
#[error("a defect stopped the program at {place}")]
pub struct Panicked {
    place: String,
}

impl Panicked {
    fn here() -> Self {
        let place = PLACE.with_borrow_mut(Option::take);
        Self { place: place.unwrap_or_else(|| "an unknown place".to_owned()) }
    }
}

/// Keeps panics from printing; to be called once, by the program. `tell` gets the place of a panic in another thread.
pub fn silence(tell: fn(&str)) {
    let main = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        let place = place(info);
        if thread::current().id() != main {
            tell(&format!("notice: a defect stopped a part of the program at {place}"));
        }
        // A thread that ends has no place for it any more.
        let _ = PLACE.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(place)));
    }));
}

/// File and line, without the directories of the machine that built the program.
fn place(info: &PanicHookInfo<'_>) -> String {
    let Some(location) = info.location() else { return "an unknown place".to_owned() };
    let file = location.file();
    let short = file.find("/src/").and_then(|at| {
        let package = file.get(..at)?.rsplit('/').next()?;
        Some(format!("{package}{}", file.get(at..)?))
    });
    format!("{}:{}", short.as_deref().unwrap_or(file), location.line())
}

/// Runs `work`; a panic in it is an error.
///
/// What `work` changed is as the panic left it. Callers use it only to release it: to end, to revoke, to record.
///
/// # Errors
/// [`Panicked`].
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        forget(payload);
        Panicked::here()
    })
}

/// Awaits `work`; a panic in it is an error.
///
/// # Errors
/// [`Panicked`].
pub async fn caught_async<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// Drops what a panic carried; a drop that panics again must not end the program.
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
