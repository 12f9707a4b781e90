//! Isolated commands, run by this crate alone: this executable is its own stage, so it has a `main` of its own.

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "isolated/cases.rs"]
mod cases;

fn main() {
    audex_child::isolate::stage();
    #[cfg(target_os = "linux")]
    cases::run();
}
