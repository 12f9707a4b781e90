//! The machine of a user for one test, with its own HOME, its own environment and a cloud on loopback. When
//! the sandbox is dropped, it scans for leaked secrets.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use audex_loopback::{LoopbackCloud, Seed};
use serde_json::Value;
use tempfile::TempDir;

use super::invocation::Invocation;
use super::output::Output;
use super::scan::{self, Captured};
use super::{Moto, python};

/// The region of the loopback cloud of a sandbox.
const REGION: &str = "eu-central-1";
/// The role of [`Seed::demo`].
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/AudexDemo";
/// The PATH for the commands of the tests. It has no tools of the developer.
const SYSTEM_PATH: &str = "/usr/bin:/bin";

/// The machine of one user, with one cloud.
pub(crate) struct Sandbox {
    home: TempDir,
    cloud: Option<LoopbackCloud>,
    variables: BTreeMap<OsString, OsString>,
    /// Secrets that no output and no file may contain, not even the stdout of a command.
    callers_secrets: Vec<String>,
    /// Files that the test wrote itself.
    planted: Vec<PathBuf>,
    pub(super) captured: Mutex<Vec<Captured>>,
}

impl Sandbox {
    /// Creates a sandbox with the demo account. The caller is the `developer`, who may only assume the role
    /// `AudexDemo`.
    pub(crate) fn new() -> Self {
        let mut sandbox = Self::with_seed(Seed::demo(), "developer");
        sandbox.set("AUDEX_ROLE_ARN", ROLE);
        sandbox
    }

    /// Creates a sandbox with an account of the test. The caller is `user`, and no role is configured.
    pub(crate) fn with_seed(seed: Seed, user: &str) -> Self {
        let cloud = LoopbackCloud::start(seed, None).unwrap();
        let mut sandbox = Self::without_cloud();
        sandbox.set("AWS_ENDPOINT_URL", cloud.endpoint());
        sandbox.set_region(REGION);
        let key = cloud.access_key(user).expect("a seeded user");
        sandbox.set("AWS_ACCESS_KEY_ID", &key.id);
        sandbox.set_secret("AWS_SECRET_ACCESS_KEY", key.secret.expose());
        sandbox.cloud = Some(cloud);
        sandbox
    }

    /// Creates a sandbox with the account of the moto double. The caller's own keys allow everything that the
    /// tests deny.
    pub(crate) fn with_moto(moto: &Moto) -> Self {
        let mut sandbox = Self::without_cloud();
        sandbox.set("AWS_ENDPOINT_URL", &moto.endpoint);
        sandbox.set_region(&moto.region);
        sandbox.set("AWS_ACCESS_KEY_ID", &moto.access_key_id);
        sandbox.set_secret("AWS_SECRET_ACCESS_KEY", &moto.secret_access_key);
        sandbox.set("AUDEX_ROLE_ARN", &moto.role_arn);
        sandbox.callers_secrets.push(moto.admin_secret_access_key.clone());
        sandbox
    }

    /// Creates a sandbox of a user without any credentials.
    pub(crate) fn without_cloud() -> Self {
        let home = tempfile::Builder::new().prefix("audex-home-").tempdir().unwrap();
        let mut sandbox = Self {
            cloud: None,
            variables: BTreeMap::new(),
            callers_secrets: Vec::new(),
            planted: Vec::new(),
            captured: Mutex::default(),
            home,
        };
        for (variable, directory) in [("XDG_RUNTIME_DIR", "run"), ("TMPDIR", "tmp")] {
            let path = sandbox.home().join(directory);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
            sandbox.set(variable, path);
        }
        let path = sandbox.home().to_owned();
        sandbox.set("HOME", path);
        sandbox.set("PATH", SYSTEM_PATH);
        // No test may wait for an instance metadata service that does not exist.
        sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
        sandbox
    }

    /// Puts the real aws CLI on the PATH.
    pub(crate) fn with_aws_cli(mut self) -> Self {
        let path = format!("{}:{SYSTEM_PATH}", python::binaries().display());
        self.set("PATH", path);
        self
    }

    pub(crate) fn set(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.variables.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Returns the value of a variable, if the value is UTF-8.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str()).map(str::to_owned)
    }

    /// Sets both variables of the region: SDKs read `AWS_REGION`, and the aws CLI of these tests reads
    /// `AWS_DEFAULT_REGION`.
    pub(crate) fn set_region(&mut self, region: &str) -> &mut Self {
        self.set("AWS_REGION", region);
        self.set("AWS_DEFAULT_REGION", region)
    }

    /// Sets a variable whose value must not appear in any output or file.
    pub(crate) fn set_secret(&mut self, name: &str, value: &str) -> &mut Self {
        self.plant_secret(value);
        self.set(name, value)
    }

    pub(crate) fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(OsStr::new(name));
        self
    }

    /// Registers a secret that must not appear anywhere except in planted files.
    pub(crate) fn plant_secret(&mut self, value: &str) -> &mut Self {
        assert!(value.len() >= 16, "`{value}` could turn up by chance");
        self.callers_secrets.push(value.to_owned());
        self
    }

    /// Writes a file below HOME, which the scan for secrets ignores.
    pub(crate) fn plant(&mut self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        self.planted.push(path.clone());
        path
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn cloud(&self) -> &LoopbackCloud {
        self.cloud.as_ref().expect("this sandbox has no loopback cloud")
    }

    /// Prepares a run of `tryaudex` with these arguments.
    pub(crate) fn tryaudex<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Invocation<'_> {
        self.program(env!("CARGO_BIN_EXE_tryaudex"), arguments)
    }

    /// Prepares a run of any other program with the environment of the sandbox.
    pub(crate) fn program<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Invocation<'_> {
        let mut invocation = Invocation::new(self, program.as_ref(), arguments);
        for (name, value) in &self.variables {
            invocation = invocation.env(name, value);
        }
        invocation
    }

    /// Runs `tryaudex` with these arguments.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.tryaudex(arguments).output()
    }

    /// Runs `tryaudex run OPTIONS -- sh -c SCRIPT`.
    pub(crate) fn run_sh(&self, options: &[&str], script: &str) -> Output {
        self.tryaudex([&["run"], options, &["--", "sh", "-c", script]].concat()).output()
    }

    /// Returns the records of the audit log.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.audit_log()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the names of the events in the audit log, in order.
    pub(crate) fn events(&self) -> Vec<String> {
        self.audit().iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        PathBuf::from(self.run(["audit", "path"]).success().stdout.trim())
    }

    /// Returns the session directories that still exist.
    pub(crate) fn session_directories(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.home().join("run/audex")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }

    fn scan(&self) -> Vec<String> {
        let mut issued: Vec<String> = Vec::new();
        if let Some(cloud) = &self.cloud {
            issued.extend(cloud.secrets().iter().map(|secret| secret.expose().to_owned()));
        }
        let captured = self.captured.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        scan::scan(&captured, self.home(), &self.planted, &self.callers_secrets, &issued)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let leaks = self.scan();
        // A second panic would abort the whole run.
        assert!(
            leaks.is_empty() || std::thread::panicking(),
            "secrets leaked:\n{}",
            leaks.join("\n")
        );
    }
}

#[test]
#[should_panic(expected = "secrets leaked:\na secret the cloud issued: stdout of")]
fn a_test_whose_command_prints_its_keys_fails() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "echo $AWS_SECRET_ACCESS_KEY");
}
