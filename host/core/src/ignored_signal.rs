//! The signals that this process ignores, because its parent had set them to be ignored.

use nix::sys::signal::Signal;

/// Returns true if `set` contains `signal`.
#[must_use]
pub fn is_in(set: u64, signal: Signal) -> bool {
    (set >> (signal as u32 - 1)) & 1 == 1
}

/// Returns the set of signals that this process ignores; bit 0 stands for signal 1.
///
/// Source: `SigIgn` in proc(5). The system call for this would need unsafe code.
#[cfg(target_os = "linux")]
#[must_use]
pub fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).map_or(0, without_our_own)
}

/// Returns the set of signals that this process ignores; bit 0 stands for signal 1.
///
/// Source: keyword `ignored` in ps(1) of macOS. The system call for this would need unsafe code.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn ignored_signals() -> u64 {
    let mask = ignored_signals_by_ps().unwrap_or_default();
    u64::from_str_radix(mask.trim().trim_start_matches("0x"), 16).map_or(0, without_our_own)
}

/// Returns this process's set of ignored signals as ps(1) prints it, in hexadecimal.
#[cfg(not(target_os = "linux"))]
#[expect(
    clippy::disallowed_methods,
    reason = "host/child/src/spawn.rs starts the command; this asks the system"
)]
fn ignored_signals_by_ps() -> Option<String> {
    let pid = nix::unistd::Pid::this().to_string();
    let output = std::process::Command::new("/bin/ps")
        .args(["-o", "ignored=", "-p", &pid])
        .env_clear()
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()
}

/// Removes SIGPIPE from a set: the Rust runtime ignores this signal, not the parent.
fn without_our_own(set: u64) -> u64 {
    set & !(1 << (Signal::SIGPIPE as u32 - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_signals_is_read_by_number() {
        assert!(is_in(0b1, Signal::SIGHUP));
        assert!(is_in(0b10, Signal::SIGINT));
        assert!(!is_in(0b10, Signal::SIGHUP));
        assert_eq!(without_our_own(u64::MAX) >> 12 & 1, 0);
    }
}
