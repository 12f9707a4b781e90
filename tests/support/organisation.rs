//! A real `/etc/audex` of an organisation. Each program runs in its own mount namespace, in which `/etc` is a
//! directory of the test.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::{Output, Sandbox};

const UNSHARE: &str = "/usr/bin/unshare";
/// The shell command that enters the namespace. `$0` is the directory; the other arguments are the program.
const ENTER: &str = "mount --bind \"$0\" /etc && exec \"$@\"";

/// The organisation that owns the machine of a sandbox's user.
pub(crate) struct Organisation {
    etc: TempDir,
}

impl Organisation {
    /// Creates an organisation with this `/etc/audex/config.toml`. Panics if mount namespaces are not
    /// available, because without them a test proves nothing.
    pub(crate) fn of(config: &str) -> Self {
        let etc = tempfile::Builder::new().prefix("audex-etc-").tempdir().unwrap();
        let organisation = Self { etc };
        organisation.says("config.toml", config);
        let directory = organisation.etc.path();
        let tried = Command::new(UNSHARE)
            .args(flags())
            .args(["sh", "-c", ENTER])
            .arg(directory)
            .args(["cat", "/etc/audex/config.toml"])
            .output();
        let reason = match tried {
            Ok(output) if output.status.success() && output.stdout == config.as_bytes() => {
                return organisation;
            }
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        panic!(
            "the organisation's rules cannot be tested here: {UNSHARE} makes no mount namespace (util-linux; root, or user \
             namespaces that are allowed): {reason}"
        );
    }

    /// Writes the file `name` in `/etc/audex`.
    pub(crate) fn says(&self, name: &str, text: &str) -> PathBuf {
        let path = self.etc.path().join("audex").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs `tryaudex` with these arguments on a machine of this organisation.
    pub(crate) fn run<A: AsRef<OsStr>>(
        &self,
        sandbox: &Sandbox,
        arguments: impl IntoIterator<Item = A>,
    ) -> Output {
        self.run_as(
            sandbox,
            &format!("root:x:0:0::{}:/bin/sh\n", sandbox.home().display()),
            arguments,
        )
    }

    /// Runs `tryaudex` like [`Organisation::run`], with `accounts` as `/etc/passwd`. The program runs as user
    /// 0.
    pub(crate) fn run_as<A: AsRef<OsStr>>(
        &self,
        sandbox: &Sandbox,
        accounts: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Output {
        fs::write(self.etc.path().join("passwd"), accounts).unwrap();
        let mut words: Vec<_> = flags().iter().map(|flag| OsStr::new(flag).to_owned()).collect();
        words.extend(["sh", "-c", ENTER].map(|word| OsStr::new(word).to_owned()));
        words.push(self.etc.path().as_os_str().to_owned());
        words.push(env!("CARGO_BIN_EXE_tryaudex").into());
        words.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        sandbox.program(UNSHARE, words).output()
    }
}

/// Returns the options of `unshare`. A user who is not root also needs a user namespace.
fn flags() -> &'static [&'static str] {
    if nix::unistd::geteuid().is_root() { &["--mount"] } else { &["--mount", "--map-root-user"] }
}
