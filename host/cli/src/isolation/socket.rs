//! Sockets of this machine: the directories of which the command sees an allow-list only, and the sockets that stay.
//!
//! A socket is a door to a process outside: tmux, editors, agents and the session bus run what they are told.

use super::place::Place::{self, Home, OfUser, Root, Runtime};

/// The directories of which only the sockets that stay are seen.
///
/// Sources: XDG Base Directory Specification (`XDG_RUNTIME_DIR`: D-Bus, systemd, gpg-agent, keyrings, editors, sway, zellij); tmux(1),
/// `TMUX_TMPDIR`; screen(1), `SCREENDIR`; the X protocol over `/tmp/.X11-unix`, where each client can type into all others.
pub(super) const DIRECTORIES: &[Place] = &[
    Runtime(""),
    OfUser("tmux"),
    OfUser("zellij"),
    Root("/run/screen"),
    Root("/tmp/.X11-unix"),
    Root("/tmp/.ICE-unix"),
    Home(".screen"),
];

/// The sockets that stay under each level: their servers know names and users, and take logs.
///
/// Sources: nss-resolve(8), nss-systemd(8), nscd(8), systemd-journald.service(8), syslog(3).
#[rustfmt::skip]
pub(super) const SYSTEM: &[Place] = &[
    Root("/run/systemd/resolve"), Root("/run/systemd/userdb"), Root("/run/systemd/journal"), Root("/run/nscd"), Root("/var/run/nscd"), Root("/dev/log"),
];

/// The sockets that stay under `credentials` besides: the servers run nothing that they are told outside a login of their own.
///
/// Sources: the Wayland protocol, `PipeWire` and `PulseAudio`, where a client sees its own windows and streams; the manuals of the
/// databases that developers run. Security: none lies where the command can put a link in its place.
#[rustfmt::skip]
pub(super) const WORK: &[Place] = &[
    Root("/run/postgresql"), Root("/var/run/postgresql"), Root("/run/mysqld"), Root("/var/run/mysqld"), Root("/run/redis"),
    Runtime("wayland-0"), Runtime("wayland-0.lock"), Runtime("wayland-1"), Runtime("wayland-1.lock"), Runtime("pipewire-0"), Runtime("pulse"),
];
