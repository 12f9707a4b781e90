//! The demo's own home directory, removed with the demo: settings, audit log, and an AWS profile that no
//! command may find.

use std::io;
use std::path::{Path, PathBuf};

use audex_core::environment::Environment;
use audex_core::private_file;
use audex_loopback::AccessKey;

/// The variable that moves temporary files away from the system's default.
const TMPDIR: &str = "TMPDIR";
const DEFAULT_TMPDIR: &str = "/tmp";
/// The deny list of the demo's user.
const DENY_LIST: &str = "[deny]\nactions = [\"s3:Delete*\"]\n";

/// The directory, which is removed when this value is dropped.
pub(super) struct Home(PathBuf);

impl Home {
    /// Creates the directory, with a deny list and the keys of `admin` as the AWS profile of that name.
    pub(super) fn create(environment: &Environment, admin: &AccessKey) -> io::Result<Self> {
        let base =
            environment.get_os(TMPDIR).map_or_else(|| PathBuf::from(DEFAULT_TMPDIR), PathBuf::from);
        let home =
            Self(base.canonicalize()?.join(format!("audex-demo-{}", private_file::random_name()?)));
        private_file::create_directory(&home.config())?;
        private_file::replace(&home.config().join("deny-list.toml"), DENY_LIST.as_bytes())?;
        let aws = home.0.join(".aws");
        private_file::create_directory(&aws)?;
        let (id, secret) = (&admin.id, admin.secret.expose());
        let profile =
            format!("[admin]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        private_file::replace(&aws.join("credentials"), profile.as_bytes())?;
        Ok(home)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn config(&self) -> PathBuf {
        self.0.join(".config/audex")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A directory that cannot be removed holds nothing that outlives the cloud.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_core::secret::Secret;

    #[test]
    fn a_home_is_closed_to_others_and_goes_with_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let base = tempfile::tempdir().unwrap();
        let environment = Environment::from_pairs([(TMPDIR, base.path())]);
        let admin = AccessKey { id: "AKIAX".to_owned(), secret: Secret::new("x".to_owned()) };
        let home = Home::create(&environment, &admin).unwrap();
        assert_eq!(std::fs::metadata(home.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(home.path().join(".aws/credentials").is_file());
        drop(home);
        assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0);
    }
}
