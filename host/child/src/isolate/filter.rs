//! The filter of system calls, in the kernel's own instructions.
//!
//! Guarantees: nothing is typed into a terminal (TIOCSTI, TIOCLINUX), no keyring and no file handle is opened, no call of another
//! architecture is made, and every `connect` goes to the supervisor. A filter sees numbers and no memory: addresses and paths are
//! the supervisor's.
//!
//! The filter is ours, because `seccompiler` 0.5 has no user notification, one action for all rules of a filter, and lets calls of
//! the x32 interface pass.

use std::io;

use libc::{c_long, sock_filter};
use nix::errno::Errno;

use super::kernel_call;

const LOAD: u16 = code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS);
const EQUAL: u16 = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K);
const AT_LEAST: u16 = code(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K);
const HAS_BITS: u16 = code(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K);
const RETURN: u16 = code(libc::BPF_RET | libc::BPF_K);

#[expect(clippy::cast_possible_truncation, reason = "codes of instructions have 16 bits")]
const fn code(parts: u32) -> u16 {
    parts as u16
}

/// The offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// The offset of the lower half of the first argument; each argument has eight bytes.
const ARGUMENTS: u32 = 16;

/// The number of this architecture. Source: linux/audit.h.
#[cfg(target_arch = "x86_64")]
const OURS: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const OURS: u32 = 0xC000_00B7;
#[cfg(target_arch = "riscv64")]
const OURS: u32 = 0xC000_00F3;

/// The lowest number of the x32 interface of x86-64 (`__X32_SYSCALL_BIT`); no other architecture has such numbers.
const X32: u32 = 0x4000_0000;

const PERMITTED: u32 = libc::SECCOMP_RET_ALLOW;

/// The condition on a call's argument, of which a filter sees the lower 32 bits.
enum When {
    Always,
    Equals(u32, u32),
    HasBits(u32, u32),
    /// The argument is none of these.
    IsNot(u32, &'static [i32]),
}

/// The families of sockets under `strict`: what a network namespace or the supervisor holds. A network namespace closes no socket
/// of a hypervisor (`AF_VSOCK`) or of a bus.
const FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

fn refused(error: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | error.cast_unsigned()
}

fn rules(supervised: bool, closed: bool) -> Vec<(c_long, When, u32)> {
    let fast_open = libc::MSG_FASTOPEN.cast_unsigned();
    #[expect(clippy::cast_possible_truncation, reason = "requests of ioctl have 32 bits")]
    let (typed, console) = (libc::TIOCSTI as u32, libc::TIOCLINUX as u32);
    let mut rules = vec![
        (libc::SYS_ioctl, When::Equals(1, typed), refused(libc::EPERM)),
        (libc::SYS_ioctl, When::Equals(1, console), refused(libc::EPERM)),
        // The user's own keyring can be linked by its number, whatever the session keyring is.
        (libc::SYS_keyctl, When::Always, refused(libc::EPERM)),
        (libc::SYS_add_key, When::Always, refused(libc::EPERM)),
        (libc::SYS_request_key, When::Always, refused(libc::EPERM)),
        // A handle opens a file past every mount.
        (libc::SYS_open_by_handle_at, When::Always, refused(libc::EPERM)),
    ];
    if closed {
        rules.push((libc::SYS_socket, When::IsNot(0, FAMILIES), refused(libc::EAFNOSUPPORT)));
    }
    if supervised {
        rules.splice(
            0..0,
            [
                (libc::SYS_connect, When::Always, libc::SECCOMP_RET_USER_NOTIF),
                // These connect too, with an address that nothing has checked.
                (libc::SYS_sendto, When::HasBits(3, fast_open), refused(libc::EOPNOTSUPP)),
                (libc::SYS_sendmsg, When::HasBits(2, fast_open), refused(libc::EOPNOTSUPP)),
                (libc::SYS_sendmmsg, When::HasBits(3, fast_open), refused(libc::EOPNOTSUPP)),
                // A ring makes calls that no filter sees.
                (libc::SYS_io_uring_setup, When::Always, refused(libc::ENOSYS)),
                (libc::SYS_io_uring_enter, When::Always, refused(libc::ENOSYS)),
            ],
        );
    }
    rules
}

/// Returns the filter; with a supervisor, `connect` is reported; with a closed network, sockets have a family that it holds.
pub(super) fn program(supervised: bool, closed: bool) -> Vec<sock_filter> {
    let mut program = vec![
        step(LOAD, ARCHITECTURE),
        jump(EQUAL, OURS, 1, 0),
        step(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        step(LOAD, NUMBER),
        jump(AT_LEAST, X32, 0, 1),
        step(RETURN, refused(libc::ENOSYS)),
    ];
    for (call, when, verdict) in rules(supervised, closed) {
        let Ok(number) = u32::try_from(call) else { continue };
        match when {
            When::Always => {
                program.extend([jump(EQUAL, number, 0, 1), step(RETURN, verdict)]);
            }
            When::IsNot(argument, values) => {
                let count = u8::try_from(values.len()).unwrap_or(u8::MAX);
                program.extend([
                    jump(EQUAL, number, 0, count.saturating_add(3)),
                    step(LOAD, ARGUMENTS + 8 * argument),
                ]);
                for (value, left) in values.iter().zip((1..=count).rev()) {
                    program.push(jump(EQUAL, value.cast_unsigned(), left, 0));
                }
                program.extend([step(RETURN, verdict), step(LOAD, NUMBER)]);
            }
            When::Equals(argument, value) | When::HasBits(argument, value) => {
                let test = if matches!(when, When::Equals(..)) { EQUAL } else { HAS_BITS };
                program.extend([
                    jump(EQUAL, number, 0, 4),
                    step(LOAD, ARGUMENTS + 8 * argument),
                    jump(test, value, 0, 1),
                    step(RETURN, verdict),
                    step(LOAD, NUMBER),
                ]);
            }
        }
    }
    program.push(step(RETURN, PERMITTED));
    program
}

/// Tries whether a filter can be installed.
pub(super) fn try_without_listener() -> io::Result<()> {
    kernel_call::install_filter(&[step(RETURN, PERMITTED)], 0)?;
    Ok(())
}

/// Tries whether a filter can report calls. A process has at most one such filter, and inherits it.
pub(super) fn try_with_listener() -> io::Result<()> {
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    match kernel_call::install_filter(&[step(RETURN, PERMITTED)], flags) {
        Err(Errno::EBUSY) => Err(io::Error::other("an isolation outside has it")),
        other => Ok(other.map(drop)?),
    }
}

fn step(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel does.
    fn verdict(
        program: &[sock_filter],
        architecture: u32,
        number: c_long,
        arguments: [u32; 6],
    ) -> u32 {
        let (mut at, mut value) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let mut jump = |holds: bool| at += usize::from(if holds { jt } else { jf });
            match code {
                LOAD if k == NUMBER => value = u32::try_from(number).unwrap(),
                LOAD if k == ARCHITECTURE => value = architecture,
                LOAD => value = arguments[usize::try_from((k - ARGUMENTS) / 8).unwrap()],
                EQUAL => jump(value == k),
                AT_LEAST => jump(value >= k),
                HAS_BITS => jump(value & k != 0),
                RETURN => return k,
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn what_is_refused_is_refused_and_its_neighbour_is_not() {
        let program = program(true, true);
        let on = |number, arguments| verdict(&program, OURS, number, arguments);
        let none = [0; 6];
        assert_eq!(on(libc::SYS_read, none), PERMITTED);
        assert_eq!(on(libc::SYS_connect, none), libc::SECCOMP_RET_USER_NOTIF);
        assert_eq!(on(libc::SYS_bind, none), PERMITTED);
        assert_eq!(on(libc::SYS_keyctl, none), refused(libc::EPERM));
        assert_eq!(on(libc::SYS_io_uring_setup, none), refused(libc::ENOSYS));
        assert_eq!(on(libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0]), refused(libc::EPERM));
        assert_eq!(on(libc::SYS_ioctl, [0x5412, 0x5401, 0, 0, 0, 0]), PERMITTED);
        let fast = 0x2000_0000;
        assert_eq!(on(libc::SYS_sendto, [0, 0, 0, fast | 1, 0, 0]), refused(libc::EOPNOTSUPP));
        assert_eq!(on(libc::SYS_sendto, [0, 0, fast, 1, 0, 0]), PERMITTED);
        assert_eq!(on(libc::SYS_sendmsg, [0, 0, fast, 0, 0, 0]), refused(libc::EOPNOTSUPP));
        assert_eq!(on(libc::SYS_sendmsg, [0, 0, 0, fast, 0, 0]), PERMITTED);
        let family = |family: i32| on(libc::SYS_socket, [family.cast_unsigned(), 1, 0, 0, 0, 0]);
        for permitted in FAMILIES {
            assert_eq!(family(*permitted), PERMITTED, "{permitted}");
        }
        for other in [libc::AF_VSOCK, libc::AF_BLUETOOTH, libc::AF_UNSPEC] {
            assert_eq!(family(other), refused(libc::EAFNOSUPPORT), "{other}");
        }
        let connect = [libc::AF_VSOCK.cast_unsigned(), 0, 0, 0, 0, 0];
        assert_eq!(on(libc::SYS_connect, connect), libc::SECCOMP_RET_USER_NOTIF);
    }

    #[test]
    fn another_architecture_ends_the_process_and_x32_is_not_there() {
        let program = program(true, true);
        let i386 = 0x4000_0003;
        assert_eq!(verdict(&program, i386, 3, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
        let connect = libc::SYS_connect | c_long::from(X32);
        assert_eq!(verdict(&program, OURS, connect, [0; 6]), refused(libc::ENOSYS));
    }

    #[test]
    fn without_a_supervisor_connect_is_not_reported() {
        assert_eq!(verdict(&program(false, false), OURS, libc::SYS_connect, [0; 6]), PERMITTED);
        let vsock = [libc::AF_VSOCK.cast_unsigned(), 0, 0, 0, 0, 0];
        assert_eq!(verdict(&program(true, false), OURS, libc::SYS_socket, vsock), PERMITTED);
    }
}
