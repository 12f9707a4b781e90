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

/// The sockets and directories of sockets that stay: their servers hold no credentials and run nothing that they are told.
///
/// Sources: nss-resolve(8), nss-systemd(8), nscd(8), systemd-journald.service(8) and syslog(3): names, users and logs; the Wayland
/// protocol, `PipeWire` and `PulseAudio`: a client sees its own windows and streams; PostgreSQL, MySQL and Redis: the databases of developers, which ask
/// for a login of their own.
#[rustfmt::skip]
pub(super) const STAY: &[Place] = &[
    Root("/run/systemd/resolve"), Root("/run/systemd/userdb"), Root("/run/systemd/journal"), Root("/run/nscd"), Root("/var/run/nscd"),
    Root("/dev/log"), Root("/run/postgresql"), Root("/var/run/postgresql"), Root("/tmp/.s.PGSQL.5432"), Root("/run/mysqld"),
    Root("/var/run/mysqld"), Root("/run/redis"), Runtime("wayland-0"), Runtime("wayland-0.lock"), Runtime("wayland-1"),
    Runtime("wayland-1.lock"), Runtime("pipewire-0"), Runtime("pulse"),
];
