//! What a command can read and write under the level `strict`, besides its working directory.

use super::place::Place::{self, Cache, Config, Data, Home, Root};

/// The system: programs, libraries and settings for everybody. Source: Filesystem Hierarchy Standard 3.0; Nix and Guix manuals.
#[rustfmt::skip]
pub(super) const SYSTEM: &[Place] = &[
    Root("/usr"), Root("/bin"), Root("/sbin"), Root("/lib"), Root("/lib32"), Root("/lib64"), Root("/libx32"), Root("/etc"), Root("/opt"),
    Root("/nix"), Root("/gnu/store"), Root("/snap"), Root("/home/linuxbrew/.linuxbrew"), Root("/proc"), Root("/sys"), Root("/dev"),
    Root("/run/systemd/resolve"), Root("/run/systemd/userdb"), Root("/run/nscd"), Root("/run/current-system"), Root("/var/lib/dpkg"),
    Root("/var/lib/alternatives"), Root("/var/cache/fontconfig"), Root("/var/lib/ca-certificates"),
];

/// The toolchains and package caches below the user's directories. Sources: each tool's documentation of its directories.
#[rustfmt::skip]
pub(super) const TOOLCHAINS: &[Place] = &[
    Home(".cargo"), Home(".rustup"), Home(".nvm"), Home(".volta"), Home(".fnm"), Data("fnm"), Data("pnpm"), Home(".bun"), Home(".deno"), Home(".npm"),
    Home(".node-gyp"), Home(".yarn"), Home(".pyenv"), Home(".local/bin"), Home(".local/lib"), Home(".local/pipx"), Data("pipx"), Data("uv"),
    Home(".virtualenvs"), Home(".rbenv"), Home(".rvm"), Home(".gem"), Home(".bundle"), Home(".sdkman"), Home(".asdf"), Data("mise"), Home("go"), Home(".m2"),
    Home(".gradle"), Home(".ghcup"), Home(".cabal"), Home(".stack"), Home(".opam"), Home(".nix-profile"), Home(".dotnet"), Home(".nuget"), Home(".pub-cache"),
    Cache("pip"), Cache("uv"), Cache("go-build"), Cache("yarn"), Cache("pnpm"), Cache("deno"), Cache("node"), Cache("ms-playwright"), Cache("mise"),
    Config("pip"), Config("uv"), Config("mise"), Config("git"), Config("fish"), Config("nvim"),
];

/// The places besides the working and temporary directories to which every program writes. Source: null(4), tty(4), pts(4), `shm_overview(7)`.
#[rustfmt::skip]
pub(super) const WRITE: &[Place] = &[
    Root("/dev/null"), Root("/dev/zero"), Root("/dev/full"), Root("/dev/tty"), Root("/dev/pts"), Root("/dev/ptmx"), Root("/dev/shm"), Root("/proc"),
];
