//! The current permissions of a role: its own policies, those attached to it, and its permissions boundary.

mod iam;

use audex_sdk::provider::{Effect, Error, Statement};
use aws_policy::{invalid, statements};

use self::iam::Iam;

/// Returns the statements of the role `arn`.
///
/// # Errors
/// If `arn` is not a role, or the role cannot be read.
pub fn effective(arn: &str) -> Result<Vec<Statement>, Error> {
    let (partition, name) = role_of(arn).ok_or_else(|| {
        let message = format!("`{arn}` is not an ARN of a role");
        invalid("role-malformed", message, "write arn:aws:iam::ACCOUNT:role/NAME")
    })?;
    let iam = Iam::of(partition)?;
    let role = iam.ask("GetRole", &[("RoleName", name)])?;
    let mut all = Vec::new();
    for policy in iam.pages("ListRolePolicies", &[("RoleName", name)], "PolicyNames", |entry| {
        Some(entry.to_owned())
    })? {
        let reply = iam.ask("GetRolePolicy", &[("RoleName", name), ("PolicyName", &policy)])?;
        let document = reply.document("PolicyDocument")?;
        all.extend(statements::read(
            &document,
            &format!("inline policy `{policy}`"),
            Effect::Allow,
        )?);
    }
    for policy in iam.attached(name)? {
        all.extend(statements::read(
            &iam.managed(&policy)?,
            &format!("attached policy `{policy}`"),
            Effect::Allow,
        )?);
    }
    if let Some(boundary) = role.text("PermissionsBoundaryArn") {
        all.extend(statements::read(
            &iam.managed(&boundary)?,
            &format!("boundary `{boundary}`"),
            Effect::Limit,
        )?);
    }
    Ok(all)
}

/// Splits the ARN of a role into partition and name. Paths are part of the ARN and not of the name.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return None };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let letters = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let is_account = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
    (is_account && !name.is_empty() && name.chars().all(letters)).then_some((partition, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_name_behind_its_path() {
        assert_eq!(role_of("arn:aws:iam::123456789012:role/MyRole"), Some(("aws", "MyRole")));
        assert_eq!(role_of("arn:aws-cn:iam::123456789012:role/a/b/R"), Some(("aws-cn", "R")));
        for arn in [
            "",
            "arn:aws:iam::1:role/x",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:sts::123456789012:assumed-role/x/y",
        ] {
            assert_eq!(role_of(arn), None, "{arn}");
        }
    }
}
