//! The files and sockets that the caller's variables name: those of a credential variable, and doors to programs that hold credentials.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::place::Bases;
use audex_child::deliver::{removed, scrub};
use audex_core::environment::{Environment, GOOGLE_APPLICATION_CREDENTIALS};

/// The variable with the socket of ssh-agent. Source: ssh-agent(1).
pub(super) const SSH_AUTH_SOCK: &str = "SSH_AUTH_SOCK";

/// Variables that the command keeps, although the file or socket that they name is not for it.
///
/// Sources: kubectl, docker, podman (`podman-system-connection`), containers-auth.json(5), Terraform, Helm, talosctl, sops: their documentation
/// of variables; curl(1), `NETRC`; dbus-daemon(1); tmux(1); neovim, `:help $NVIM`; Visual Studio Code, `VSCODE_IPC_HOOK_CLI`; kitty,
/// wezterm, alacritty, zellij, emacs: "remote control"; sway(1), i3(1).
#[rustfmt::skip]
const KEPT: &[&str] = &[
    "KUBECONFIG", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CERT_PATH", "CONTAINER_HOST", "CONTAINER_SSHKEY", "REGISTRY_AUTH_FILE", "NETRC",
    "TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", "HELM_REGISTRY_CONFIG", "TALOSCONFIG", "SOPS_AGE_KEY_FILE", SSH_AUTH_SOCK, "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS", "GNOME_KEYRING_CONTROL", "TMUX", "NVIM", "NVIM_LISTEN_ADDRESS", "VSCODE_IPC_HOOK_CLI", "VSCODE_GIT_IPC_HANDLE",
    "KITTY_LISTEN_ON", "WEZTERM_UNIX_SOCKET", "ALACRITTY_SOCKET", "ZELLIJ_SOCKET_DIR", "EMACS_SOCKET_NAME", "SWAYSOCK", "I3SOCK",
];

/// The last words of the names of variables whose value is a path, and that of a file without one.
///
/// Security: the value of another variable can be a secret that begins with `/`, and the plan shows paths. Of such a variable only a path
/// that exists counts.
#[rustfmt::skip]
const PATH_WORDS: &[&str] = &["FILE", "PATH", "CONFIG", "KUBECONFIG", "TALOSCONFIG", "DIR", "DIRECTORY", "SOCK", "SOCKET", "HOST", "NETRC"];

/// The characters between the paths of one value: lists of files, parts of a D-Bus address, and what tmux writes behind its socket.
const SEPARATORS: [u8; 4] = *b":,;=";

/// The paths that variables name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// The paths, each with its variable.
    pub paths: Vec<(String, PathBuf)>,
    /// The paths that cannot be hidden, because the command would not work without them, each with its variable.
    pub too_wide: Vec<(String, PathBuf)>,
}

/// Returns the paths that the variables of `parent` name, except those of `kept`. The variables of `withheld` hold secrets of
/// components.
#[must_use]
pub(super) fn named(
    parent: &Environment,
    withheld: &[String],
    kept: &[&str],
    bases: &Bases,
) -> Named {
    let credential = removed(parent, &scrub(parent, withheld));
    let mut named = Named::default();
    let variables = credential.iter().map(String::as_str).chain(KEPT.iter().copied());
    for name in variables.filter(|name| !kept.contains(name)) {
        let Some(value) = parent.get_os(name) else { continue };
        for path in paths(name, value, bases) {
            let to = if is_too_wide(&path, bases) { &mut named.too_wide } else { &mut named.paths };
            let entry = (name.to_owned(), path);
            if !to.contains(&entry) {
                to.push(entry);
            }
        }
    }
    named
}

/// Returns the paths in the value of the variable `name`.
fn paths(name: &str, value: &OsStr, bases: &Bases) -> Vec<PathBuf> {
    let last = name.rsplit('_').next().unwrap_or(name);
    let is_path = name == GOOGLE_APPLICATION_CREDENTIALS
        || PATH_WORDS.iter().any(|word| last.eq_ignore_ascii_case(word));
    let whole = Path::new(value);
    if !whole.is_absolute() && !value.as_bytes().starts_with(b"~/") {
        let relative = bases.working.join(whole);
        if is_path && relative.is_file() {
            return vec![relative];
        }
    } else if std::fs::symlink_metadata(bases.own(whole)).is_ok() {
        return vec![bases.own(whole)];
    }
    let bytes = value.as_bytes();
    // `unix:///run/x.sock`: the slashes of an address with an empty host belong to its scheme.
    let pieces = bytes.split(|byte| SEPARATORS.contains(byte)).map(|piece| {
        piece.strip_prefix(b"//").filter(|rest| rest.starts_with(b"/")).unwrap_or(piece)
    });
    let rooted = pieces.filter(|piece| {
        (piece.starts_with(b"/") && !piece.starts_with(b"//")) || piece.starts_with(b"~/")
    });
    rooted
        .map(|piece| bases.own(Path::new(OsStr::from_bytes(piece))))
        .filter(|path| is_path || std::fs::symlink_metadata(path).is_ok())
        .collect()
}

/// Directories of the system. A variable that names one of them, or one below, names a program's files and no credential.
const OF_SYSTEM: [&str; 9] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix", "/proc", "/sys", "/dev"];

/// Returns true if a program could not work with `path` hidden: a directory of the system, or one around the user's directories.
fn is_too_wide(path: &Path, bases: &Bases) -> bool {
    let around = [&bases.working].into_iter().chain(bases.homes()).chain(bases.temporary());
    let is_of_system = OF_SYSTEM.iter().any(|root| path.starts_with(root)) && !path.is_file();
    let roots = ["/etc", "/var", "/run", "/home", "/opt", "/tmp"];
    is_of_system
        || roots.iter().any(|root| path == Path::new(root))
        || around.into_iter().any(|directory| directory.starts_with(path))
}

/// Returns the value of `SSH_AUTH_SOCK` as a path.
#[must_use]
pub(super) fn ssh_agent(parent: &Environment) -> Option<PathBuf> {
    parent.get_os(SSH_AUTH_SOCK).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use audex_core::environment::HOME;

    use super::*;

    /// Returns the paths that one variable names, with `home` as home and working directory.
    fn of(home: &Path, name: &str, value: &str) -> Vec<PathBuf> {
        let parent = Environment::from_pairs([(HOME, home.to_str().unwrap()), (name, value)]);
        let working = home.join("work");
        let named = named(&parent, &[], &[], &Bases::of(&parent, &working));
        named.paths.into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn the_file_of_a_credential_variable_is_named_whether_it_exists_or_not() {
        let home = tempfile::tempdir().unwrap();
        for name in [
            "AWS_SHARED_CREDENTIALS_FILE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AZURE_CONFIG_DIR",
            "CLOUDSDK_CONFIG",
            "KUBECONFIG",
            "DOCKER_CONFIG",
            "NETRC",
            "SSH_AUTH_SOCK",
            "AUDEX_CONFIG_DIR",
        ] {
            assert_eq!(of(home.path(), name, "/srv/x"), [Path::new("/srv/x")], "{name}");
        }
        for (name, value) in
            [("EDITOR_FILE", "/srv/x"), ("AWS_CA_BUNDLE", "/srv/x"), ("PATH", "/srv/x")]
        {
            assert!(of(home.path(), name, value).is_empty(), "{name}");
        }
    }

    #[test]
    fn lists_addresses_and_relative_names_lead_to_their_files() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("work")).unwrap();
        fs::write(home.path().join("work/key.json"), "").unwrap();
        for (name, value, expected) in [
            ("KUBECONFIG", "/a/one:/b/two", vec!["/a/one", "/b/two"]),
            ("DOCKER_HOST", "unix:///run/user/7/docker.sock", vec!["/run/user/7/docker.sock"]),
            ("DOCKER_HOST", "tcp://127.0.0.1:2375", vec![]),
            ("TMUX", "/srv/tmux-7/default,4242,0", vec![]),
            ("VAULT_ADDR_X", "https://vault.example/v1", vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(of(home.path(), name, value), expected, "{name}={value}");
        }
        let found = of(home.path(), "GOOGLE_APPLICATION_CREDENTIALS", "key.json");
        assert_eq!(found, [home.path().join("work/key.json")]);
        assert!(of(home.path(), "AWS_PROFILE", "key.json").is_empty());
        let socket = home.path().join("tmux");
        fs::write(&socket, "").unwrap();
        assert_eq!(of(home.path(), "TMUX", &format!("{},4242,0", socket.display())), [socket]);
    }

    #[test]
    fn a_secret_that_looks_like_a_path_is_not_one() {
        let home = tempfile::tempdir().unwrap();
        for name in
            ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "VAULT_TOKEN"]
        {
            assert!(of(home.path(), name, "/planted/secret+EXAMPLE").is_empty(), "{name}");
        }
    }

    #[test]
    fn a_directory_that_the_command_needs_is_told_and_not_hidden() {
        let home = tempfile::tempdir().unwrap();
        let parent = Environment::from_pairs([
            (HOME, home.path().to_str().unwrap()),
            ("AWS_CONFIG_FILE", "/usr/share/aws"),
            ("AZURE_CONFIG_DIR", home.path().to_str().unwrap()),
        ]);
        let bases = Bases::of(&parent, &home.path().join("work"));
        let named = named(&parent, &[], &[], &bases);
        assert!(named.paths.is_empty(), "{:?}", named.paths);
        assert_eq!(named.too_wide.len(), 2);
    }
}
