//! The families of files that are hidden by name only, because people's daily work needs them.

use std::path::{Path, PathBuf};

use super::place::Place::{Cache, Config, Home};
use super::place::{Bases, Place};

/// A family of files that hold the credentials of one tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Logins to git hosts over https.
    Git,
    /// Logins of the git hosts' own tools.
    Gh,
    /// Keys of ssh.
    Ssh,
    /// Logins to npm's registries.
    Npm,
    /// Logins to Rust's registries.
    Cargo,
    /// Logins of curl, git and others.
    Netrc,
    /// Secrets in files of the working directory.
    Dotenv,
}

impl Family {
    /// Every family, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Git, Self::Gh, Self::Ssh, Self::Npm, Self::Cargo, Self::Netrc, Self::Dotenv];

    /// Returns the family's name in options, settings and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Gh => "gh",
            Self::Ssh => "ssh",
            Self::Npm => "npm",
            Self::Cargo => "cargo",
            Self::Netrc => "netrc",
            Self::Dotenv => "dotenv",
        }
    }

    /// Returns the family called `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// Returns the places of the family's files.
    #[rustfmt::skip]
    const fn places(self) -> &'static [Place] {
        match self {
            // git-credential-store(1), git-credential-cache(1).
            Self::Git => &[Home(".git-credentials"), Config("git/credentials"), Home(".git-credential-cache"), Cache("git/credential")],
            // gh, "gh help environment"; hub(1); glab, tea: their documentation of configuration.
            Self::Gh => &[Config("gh"), Config("hub"), Config("glab-cli"), Config("tea")],
            // ssh(1), FILES.
            Self::Ssh => &[Home(".ssh")],
            // npm, "npmrc"; Yarn, "Yarnrc files"; pnpm, "Settings"; Bun, "bunfig.toml".
            Self::Npm => &[Home(".npmrc"), Home(".yarnrc"), Home(".yarnrc.yml"), Config("pnpm"), Home(".bunfig.toml")],
            // The Cargo Book, "Registry authentication".
            Self::Cargo => &[Home(".cargo/credentials.toml"), Home(".cargo/credentials")],
            // The GNU C Library and curl, "netrc".
            Self::Netrc => &[Home(".netrc"), Home("_netrc")],
            Self::Dotenv => &[],
        }
    }

    /// Returns the files of the family's directories that stay: they are no secret, and the tool does not work without them.
    #[must_use]
    pub fn shown(self, bases: &Bases) -> Vec<PathBuf> {
        let places: &[Place] = match self {
            Self::Ssh => {
                &[Home(".ssh/known_hosts"), Home(".ssh/known_hosts2"), Home(".ssh/config")]
            }
            _ => &[],
        };
        places.iter().flat_map(|place| bases.resolve(*place)).collect()
    }

    /// Returns the paths of the family.
    #[must_use]
    pub fn paths(self, bases: &Bases) -> Vec<PathBuf> {
        match self {
            Self::Dotenv => secrets_below(&bases.working),
            _ => self.places().iter().flat_map(|place| bases.resolve(*place)).collect(),
        }
    }
}

/// Returns the files directly in `directory` whose names are those of files with secrets.
///
/// Sources: dotenv, README (`.env`, `.env.local`); Terraform, "State" and "Variable definitions files".
fn secrets_below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_secret))
        .map(|entry| entry.path())
        .collect();
    // A file that does not exist yet must not be written from outside and read inside.
    for name in [".env", "terraform.tfstate", "terraform.tfvars"] {
        let path = directory.join(name);
        if !found.contains(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Endings of files that show what to write into the real one.
const SAMPLES: [&str; 5] = [".example", ".sample", ".template", ".dist", ".tmpl"];

fn is_secret(name: &str) -> bool {
    let is_dotenv = (name == ".env" || name.starts_with(".env."))
        && !SAMPLES.iter().any(|ending| name.ends_with(ending));
    let is_state = name.ends_with(".tfstate") || name.contains(".tfstate.");
    is_dotenv || is_state || name == "terraform.tfvars" || name.ends_with(".auto.tfvars")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_parsed_to_its_family_and_no_other() {
        for family in Family::ALL {
            assert_eq!(Family::parse(family.name()), Some(family));
        }
        assert!(["", "SSH", "aws"].iter().all(|name| Family::parse(name).is_none()));
    }

    #[test]
    fn files_with_secrets_are_known_by_their_names() {
        for name in [
            ".env",
            ".env.local",
            ".env.production",
            "terraform.tfvars",
            "prod.auto.tfvars",
            "terraform.tfstate",
            "x.tfstate.backup",
            "x.tfstate.1700000000.backup",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [".env.example", ".envrc", "env", "main.tf", "variables.tf", "x.tfvars.md"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
