//! The secrets engine and the role to ask, from the settings.

use audex_sdk::provider::{Error, settings};
use aws_policy::{arn, invalid};

/// The default mount of the AWS secrets engine.
const DEFAULT_MOUNT: &str = "aws";
/// The longest mount or role that is accepted as a name.
const NAME_CHARACTERS: usize = 256;

/// One role of one AWS secrets engine.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// The mount, without slashes at either end.
    pub mount: String,
    pub role: String,
    pub role_arn: Option<String>,
}

impl Target {
    /// Reads the target from the settings.
    ///
    /// # Errors
    /// If no role is configured, or a name cannot be part of a path.
    pub fn configured() -> Result<Self, Error> {
        Self::of(settings::get("mount"), settings::get("role"), settings::get("role_arn"))
    }

    fn of(
        mount: Option<String>,
        role: Option<String>,
        role_arn: Option<String>,
    ) -> Result<Self, Error> {
        let mount = mount.unwrap_or_else(|| DEFAULT_MOUNT.to_owned());
        let mount = mount.trim_matches('/').to_owned();
        if !mount.split('/').all(is_name) || mount.len() > NAME_CHARACTERS {
            return Err(invalid(
                "mount",
                format!("`{mount}` is not a mount path"),
                "give the path alone, such as `aws`, as `vault secrets list` shows it",
            ));
        }
        let Some(role) = role else {
            return Err(invalid(
                "no-vault-role",
                "no role of Vault's AWS secrets engine is configured".to_owned(),
                "set `role` in vault-config.toml, or AUDEX_VAULT_ROLE",
            ));
        };
        if !is_name(&role) || role.len() > NAME_CHARACTERS {
            return Err(invalid(
                "vault-role",
                format!("`{role}` is not a role of a Vault secrets engine"),
                "give the role's name, as `vault list aws/roles` shows it",
            ));
        }
        role_arn.as_deref().map_or(Ok(()), arn::check_role)?;
        Ok(Self { mount, role, role_arn })
    }
}

/// Returns true if `text` can be one part of a path. Security: rejects text that would lead the request to
/// another endpoint of Vault.
fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    !text.is_empty() && text.chars().all(letter) && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mount: Option<&str>, role: Option<&str>) -> Result<Target, Error> {
        Target::of(mount.map(str::to_owned), role.map(str::to_owned), None)
    }

    #[test]
    fn the_mount_is_aws_unless_it_is_said_and_may_be_nested() {
        assert_eq!(of(None, Some("ci")).unwrap().mount, "aws");
        assert_eq!(of(Some("/team/aws-prod/"), Some("ci")).unwrap().mount, "team/aws-prod");
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for mount in ["../sys", "a//b", "aws?x", "aws/%2e", "a b", ""] {
            assert_eq!(of(Some(mount), Some("ci")).unwrap_err().code, "mount", "{mount}");
        }
        for role in ["a/b", "..", "x?y", ""] {
            assert_eq!(of(None, Some(role)).unwrap_err().code, "vault-role", "{role}");
        }
    }

    #[test]
    fn a_missing_role_says_where_to_set_it() {
        let error = of(None, None).unwrap_err();
        assert!(error.hint.unwrap().contains("AUDEX_VAULT_ROLE"));
    }
}
