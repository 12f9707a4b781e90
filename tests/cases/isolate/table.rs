//! The escapes and how each must end, as data: the test tries them, and the page shows them.

/// One kind of attempt; all of its variants must end alike.
pub(super) struct Escape {
    /// The attempt in words.
    pub attempt: &'static str,
    /// The attempts of `tests/support/escape/`, by name.
    pub variants: &'static [&'static str],
    /// How it ends for an ordinary user under `off`, `credentials` and `strict`.
    pub user: [End; 3],
    /// The same for root in a container.
    pub root: [End; 3],
    /// The reason for an attempt that escapes under `credentials` or `strict`; empty if none does.
    pub because: &'static str,
}

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Escapes,
    Held,
    /// Escapes or not, as the race goes: a window of some microseconds. It is not compared.
    Instant,
    /// Held by the system itself, without Audex, or no gain.
    Never,
}

use End::{Escapes, Held, Instant, Never};

/// Held by both levels.
const fn held(attempt: &'static str, variants: &'static [&'static str]) -> Escape {
    let ends = [Escapes, Held, Held];
    Escape { attempt, variants, user: ends, root: ends, because: "" }
}

/// Held by both levels; an ordinary user cannot do it in any case.
const fn of_root(attempt: &'static str, variants: &'static [&'static str]) -> Escape {
    Escape { user: [Never, Never, Never], ..held(attempt, variants) }
}

/// Held by `strict` alone.
const fn strict(
    attempt: &'static str,
    variants: &'static [&'static str],
    because: &'static str,
) -> Escape {
    let ends = [Escapes, Escapes, Held];
    Escape { attempt, variants, user: ends, root: ends, because }
}

/// Held by an option only.
const fn open(
    attempt: &'static str,
    variants: &'static [&'static str],
    because: &'static str,
) -> Escape {
    let ends = [Escapes; 3];
    Escape { attempt, variants, user: ends, root: ends, because }
}

const ALL_ELSE: &str = "`credentials` hides what holds credentials; all else is as before";

/// Every table with its title.
pub(super) const TABLES: [(&str, &[Escape]); 6] = [
    ("Files", FILES),
    ("Processes and terminals", PROCESSES),
    ("Sockets of other programs", SOCKETS),
    ("Network", NETWORK),
    ("What runs later, outside", LATER),
    ("The system", SYSTEM),
];

const FILES: &[Escape] = &[
    held(
        "reads a hidden file by its path: of each cloud, Vault, Kubernetes, a registry, gpg, `/run/secrets`",
        &[
            "read-aws",
            "read-azure",
            "read-gcloud",
            "read-kube",
            "read-docker",
            "read-vault",
            "read-terraform",
            "read-gnupg-key",
            "read-run-secrets",
            "read-service-account",
        ],
    ),
    held("reads a file that a credential variable of the caller names", &["read-named"]),
    held(
        "reads Audex's own files: the key of the log, the settings",
        &["read-audex-key", "read-audex-config"],
    ),
    held("reads it through a symlink or a new hard link", &["symlink", "hard-link"]),
    held(
        "moves the hidden directory, or the one above it, and reads",
        &["rename-directory", "rename-parent"],
    ),
    held(
        "reads a hidden file that a program outside has replaced by rename",
        &["replaced-outside"],
    ),
    Escape {
        user: [Escapes, Instant, Held],
        root: [Escapes, Instant, Held],
        because: "for some microseconds, until the new file is hidden again; a file in a hidden directory is never seen",
        ..held("reads without a pause while it is replaced", &["replaced-race"])
    },
    held("reads below `/proc/self/root`", &["proc-self-root"]),
    held("reads from a working directory below a hidden one", &["alone-working-directory"]),
    held("unmounts what is mounted over it", &["unmount"]),
    held("unmounts it in a new user namespace", &["unmount-namespace"]),
    held(
        "mounts the home elsewhere, without what is mounted below it: bind, overlay, a cloned tree",
        &["bind-mount", "overlay", "open-tree"],
    ),
    of_root("binds the home elsewhere without a new user namespace", &["bind-mount-direct"]),
    Escape {
        user: [Held, Held, Held],
        root: [Held, Held, Held],
        ..held("reads a descriptor that was open when Audex was started", &["inherited-descriptor"])
    },
    held("reads shared memory of another program", &["shared-memory", "shared-memory-key"]),
    strict(
        "reads the login of git, gh, ssh, npm, cargo or a `.netrc`",
        &[
            "read-git-credentials",
            "read-gh",
            "read-ssh-key",
            "read-npm",
            "read-cargo",
            "read-netrc",
        ],
        "`--hide git,gh,ssh,npm,cargo,netrc` hides them; daily work needs them",
    ),
    open(
        "reads `.env` or `terraform.tfstate` in the working directory",
        &["read-dotenv", "read-tfstate"],
        "`--hide dotenv` hides them; they are a part of the work",
    ),
    strict(
        "reads a copy of a secret, or an older hard link of it",
        &["read-copy"],
        "no list knows where copies are",
    ),
    strict("reads any other file of the home", &["read-other-file"], ALL_ELSE),
];

const PROCESSES: &[Escape] = &[
    held("reads another process' environment", &["environ"]),
    Escape {
        user: [Held, Held, Held],
        ..held("reads the environment of Audex itself", &["environ-audex"])
    },
    held(
        "reads another process' memory: `/proc/PID/mem`, `process_vm_readv`, ptrace",
        &["memory", "process-vm-readv", "ptrace"],
    ),
    held(
        "takes another process' descriptors: `/proc/PID/fd`, `pidfd_getfd`",
        &["proc-pid-fd", "pidfd-getfd"],
    ),
    held(
        "reads through another process' root or working directory",
        &["proc-pid-root", "proc-pid-cwd"],
    ),
    of_root("changes its root to another process' root", &["chroot"]),
    held("enters another process' namespaces: `nsenter`", &["nsenter"]),
    of_root("enters them by a pidfd", &["setns-pidfd"]),
    held("ends another program", &["signal"]),
    held("has another program dump its memory", &["core-dump"]),
    held("lives on after the session, in a session of its own", &["detached"]),
    held("types into the terminal (TIOCSTI)", &["terminal-input"]),
    held("reads what is typed at another terminal", &["other-terminal"]),
    held("reads the kernel keyring of the caller's session or user", &["keyring", "keyring-user"]),
    Escape { root: [Never; 3], ..held("runs a setuid program", &["setuid"]) },
    held("takes over a process of Audex that has more rights", &["trace-supervisor"]),
    Escape {
        user: [Held, Held, Held],
        root: [Held, Held, Held],
        ..held("puts links into the session's directory, for Audex to follow", &["session-record"])
    },
    held("ends what watches the hidden files, then has one replaced", &["kill-supervisor"]),
];

const SOCKETS: &[Escape] = &[
    held("docker, containerd, podman", &["docker", "containerd", "podman"]),
    held(
        "the socket by a symlink, a hard link, a descriptor or a relative name",
        &["docker-symlink", "docker-hard-link", "socket-descriptor", "socket-relative"],
    ),
    held("a link to another socket at the place of one that stays", &["socket-posing"]),
    held("the name of a socket changes between check and use", &["socket-race"]),
    held("the agents of ssh and gpg", &["ssh-agent", "gpg-agent"]),
    held(
        "D-Bus: the secret service, the system bus, `systemd-run --user`",
        &["secret-service", "system-bus", "systemd-user"],
    ),
    held("tmux, screen and editors", &["tmux", "screen", "editor"]),
    held("the X11 display", &["x11"]),
    strict(
        "the Wayland display",
        &["wayland"],
        "it stays, so that windows and the clipboard work; a client of it cannot type into another",
    ),
    held("an abstract socket", &["abstract", "abstract-datagram", "abstract-datagram-connected"]),
    held("a datagram to a socket in a runtime directory", &["datagram"]),
    open(
        "a datagram to a socket in the home, which needs no connection",
        &["datagram-home"],
        "the supervisor sees connections only; sockets in runtime directories are hidden",
    ),
    held("a socket in the home, or in the working directory", &["home-socket", "work-socket"]),
    held(
        "takes a descriptor from a program outside, over a socket in the working directory",
        &["descriptor-over-socket"],
    ),
];

const NETWORK: &[Escape] = &[
    held(
        "asks a metadata server: AWS, Google Cloud, Azure, ECS, EKS, Alibaba Cloud",
        &[
            "metadata",
            "metadata-169.254.170.2",
            "metadata-169.254.170.23",
            "metadata-100.100.100.200",
            "metadata-168.63.129.16",
        ],
    ),
    held("by IPv6, or by an IPv4 address inside IPv6", &["metadata-ipv6", "metadata-mapped"]),
    held(
        "by name, or as a decimal, hexadecimal or octal number",
        &["metadata-name", "metadata-decimal"],
    ),
    held(
        "by TCP fast open, which needs no `connect`",
        &["metadata-fast-open", "metadata-fast-open-sendmsg", "metadata-fast-open-sendmmsg"],
    ),
    held("another thread changes the address while `connect` runs", &["metadata-race"]),
    held("bound to an interface", &["metadata-interface"]),
    held("through the session's own proxy", &["proxy-inside"]),
    of_root("listens to other programs with a raw socket", &["raw-socket"]),
    strict("another port of loopback", &["loopback-port"], ALL_ELSE),
    strict("asks the name server, which carries data out", &["dns"], ALL_ELSE),
    strict("a host outside, by TCP and UDP", &["internet", "udp"], ALL_ELSE),
];

const LATER: &[Escape] = &[
    held(
        "writes a start-up file of a shell, also one that does not exist",
        &[
            "write-bashrc",
            "write-bash-profile",
            "write-zshenv",
            "write-pam-environment",
            "write-environment",
        ],
    ),
    held(
        "writes it by a hard link, or mounts it writable",
        &["linked-bashrc", "remounted-profile"],
    ),
    held(
        "writes into a directory of PATH below the home, also one that does not exist",
        &["write-local-bin", "write-home-bin", "write-path-directory"],
    ),
    held(
        "moves the directory above and makes another in its place",
        &["moved-config", "moved-local"],
    ),
    of_root("moves the whole home", &["moved-home"]),
    held(
        "writes settings of git and ssh",
        &["write-gitconfig", "write-git-xdg", "write-ssh-config", "write-authorized-keys"],
    ),
    held(
        "writes settings of editors, tmux and gdb",
        &["write-vimrc", "write-nvim", "write-vscode", "write-tmux", "write-gdbinit"],
    ),
    held(
        "writes settings of npm, cargo and Python",
        &["write-npmrc", "write-cargo-config", "write-usercustomize"],
    ),
    held("writes a user unit or an autostart entry", &["write-user-unit", "write-autostart"]),
    of_root(
        "writes a job of cron or at, or a system start-up file",
        &["write-cron", "write-at", "write-system-profile"],
    ),
    held("writes Audex's own files", &["write-audex-config", "write-audex-state"]),
    held("writes into a hidden directory or file", &["write-aws-config", "write-docker-config"]),
    held(
        "writes hooks or settings of the repository it works in",
        &["write-own-hook", "write-own-git-config", "write-own-commondir"],
    ),
    strict(
        "writes hooks or settings of another repository",
        &["write-other-git-config", "write-other-hook"],
        ALL_ELSE,
    ),
    strict("writes any other file of the home", &["write-other-file"], ALL_ELSE),
];

const SYSTEM: &[Escape] = &[
    held(
        "connects by io_uring, which no filter of system calls sees",
        &["io-uring-metadata", "io-uring-socket"],
    ),
    held("connects by system calls of 32-bit x86", &["metadata-32-bit", "socketcall-32-bit"]),
    of_root("opens a disk or the machine's memory", &["raw-disk"]),
    of_root("makes a device", &["make-device"]),
    of_root(
        "opens a setting by which the kernel runs a program outside (`core_pattern`, `modprobe`, `release_agent`)",
        &["kernel-setting"],
    ),
    strict("opens a socket to the machine's hypervisor (vsock)", &["vsock"], ALL_ELSE),
];
