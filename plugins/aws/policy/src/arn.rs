//! The form of Amazon Resource Names.
//!
//! Source: IAM User Guide, "Amazon Resource Names (ARNs)":
//! `arn:partition:service:region:account-id:resource`.

use audex_sdk::provider::Error;

use crate::invalid;

/// The general hint for a resource, if no better one can be guessed.
const FORM: &str = "write it as an ARN: `arn:partition:service:region:account:resource`";
/// S3 User Guide, "Bucket naming rules".
const BUCKET_LENGTHS: std::ops::RangeInclusive<usize> = 3..=63;

/// Rejects resources that an IAM policy cannot name; STS would reject them too, with a less helpful error.
///
/// # Errors
/// If a resource is malformed; the error names the resource and the ARN that may be meant.
pub fn check_resources(resources: &[String]) -> Result<(), Error> {
    for resource in resources {
        if resource == "*" && resources.len() > 1 {
            return Err(malformed(
                "`*` is every resource and cannot stand beside others".to_owned(),
                "name the resources you mean, or `*` alone",
            ));
        }
        if resource != "*" && !is_arn(resource) {
            let hint = meant(resource)
                .map_or_else(|| FORM.to_owned(), |meant| format!("write it as {meant}"));
            return Err(malformed(format!("the resource `{resource}` is not an ARN"), &hint));
        }
        // IAM User Guide, "Resource": wildcards are valid in every segment of an ARN except the service.
        let service = resource.split(':').nth(2).unwrap_or_default();
        if service.contains(['*', '?']) {
            return Err(malformed(
                format!("the resource `{resource}` has a wildcard in place of its service"),
                "name the service, or give one ARN for each",
            ));
        }
    }
    Ok(())
}

/// Rejects text that cannot be the ARN of a role.
///
/// # Errors
/// If `role` is malformed; the error names it.
pub fn check_role(role: &str) -> Result<(), Error> {
    if is_role(role) {
        return Ok(());
    }
    Err(invalid(
        "role-malformed",
        format!("`{role}` is not an ARN of a role"),
        "write it as `arn:aws:iam::123456789012:role/NAME` in AUDEX_ROLE_ARN or --role-arn",
    ))
}

fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let (["arn", partition, service], rest) = parts.split_at(parts.len().min(3)) else {
        return false;
    };
    // A `*` at the end stands for the missing parts: IAM accepts `arn:aws:ec2:*`.
    let is_open = !rest.is_empty() && text.ends_with('*');
    let resource = match rest {
        [_, _, resource] => *resource,
        _ if is_open => "*",
        _ => return false,
    };
    [*partition, *service, resource].into_iter().all(|part| !part.trim().is_empty())
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return false;
    };
    let digits = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
    let partition_ok =
        !partition.is_empty() && partition.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    // IAM API reference, `RoleName` and `Path`.
    let name_ok = |name: &str| {
        !name.is_empty()
            && !name.ends_with('/')
            && name.chars().all(|c| c.is_ascii_graphic() && !"*?".contains(c))
    };
    digits && partition_ok && resource.strip_prefix("role/").is_some_and(name_ok)
}

/// Returns the ARNs that the user may mean: only S3 resources are commonly written in other forms.
fn meant(text: &str) -> Option<String> {
    let (place, is_url) = text.strip_prefix("s3://").map_or((text, false), |place| (place, true));
    let (bucket, key) =
        place.split_once('/').map_or((place, None), |(bucket, key)| (bucket, Some(key)));
    let bucket_like = BUCKET_LENGTHS.contains(&bucket.len())
        && bucket
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'));
    // The first part of a URL is a bucket, whatever it looks like.
    if !(bucket_like || is_url && !bucket.is_empty()) {
        return None;
    }
    Some(match key {
        Some(key) if !key.is_empty() => format!("`arn:aws:s3:::{bucket}/{key}`"),
        _ => format!(
            "`arn:aws:s3:::{bucket}/*` for its objects, `arn:aws:s3:::{bucket}` for the bucket itself (to list it), or \
             both with a comma between"
        ),
    })
}

fn malformed(message: String, hint: &str) -> Error {
    invalid("resource-malformed", message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(resources: &[&str]) -> Result<(), Error> {
        check_resources(&resources.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arns_and_a_lone_star_are_resources() {
        for good in [
            "*",
            "arn:aws:s3:::b",
            "arn:aws:s3:::b/a key:with colons",
            "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/t",
            "arn:aws:lambda:eu-west-1:123456789012:function:f:1",
            "arn:aws:ec2:*",
            "arn:aws:ec2:eu-west-1:*",
            "arn:aws:s3:::*",
            "arn:aws:ec2:eu-*",
            "arn:*:s3:*:*:b?/*",
        ] {
            assert!(checked(&[good]).is_ok(), "{good}");
        }
        assert!(checked(&[]).is_ok() && checked(&["arn:aws:s3:::a", "arn:aws:s3:::b/*"]).is_ok());
    }

    #[test]
    fn anything_else_is_refused_with_the_arn_that_may_be_meant() {
        for (bad, hint) in [
            ("my-bucket", "`arn:aws:s3:::my-bucket/*`"),
            ("my-bucket/", "`arn:aws:s3:::my-bucket/*`"),
            ("my-bucket/a/b", "`arn:aws:s3:::my-bucket/a/b`"),
            ("s3://b/x", "`arn:aws:s3:::b/x`"),
            ("s3://b/*", "`arn:aws:s3:::b/*`"),
            ("s3://b", "`arn:aws:s3:::b`"),
            ("s3://b", "`arn:aws:s3:::b/*` for its objects"),
            ("s3://b/", "`arn:aws:s3:::b` for the bucket itself"),
            ("", FORM),
            ("s3://", FORM),
            ("arn:aws:s3", FORM),
            ("arn:aws:s3:", FORM),
            ("arn:aws:ec2:eu-west-1", FORM),
            ("arn:aws:ec2*", FORM),
            ("arn::ec2:*", FORM),
            ("arn:*", FORM),
            ("arn:aws:s3:::", FORM),
            ("arn::s3:::b", FORM),
            ("**", FORM),
            ("My Table", FORM),
            ("arn:aws:s?:::b/*", "name the service"),
            ("arn:aws:*:::b", "name the service"),
            ("arn:aws:s3*:eu-west-1:123456789012:accesspoint/a", "name the service"),
            ("arn:*:?:::b", "name the service"),
        ] {
            let error = checked(&[bad]).unwrap_err();
            assert_eq!(error.code, "resource-malformed", "{bad}");
            assert!(error.hint.as_deref().unwrap().contains(hint), "{bad}: {:?}", error.hint);
        }
        assert_eq!(checked(&["*", "arn:aws:s3:::b"]).unwrap_err().code, "resource-malformed");
    }

    #[test]
    fn a_role_is_the_arn_of_a_role() {
        for good in [
            "arn:aws:iam::123456789012:role/R",
            "arn:aws-us-gov:iam::123456789012:role/path/to/R+=,.@-_",
        ] {
            assert!(check_role(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "AudexDemo",
            "arn:aws:iam::1234:role/R",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::123456789012:user/R",
            "arn:aws:iam:eu-west-1:123456789012:role/R",
            "arn:aws:sts::123456789012:assumed-role/R/s",
            "arn::iam::123456789012:role/R",
            " arn:aws:iam::123456789012:role/R",
        ] {
            assert_eq!(check_role(bad).unwrap_err().code, "role-malformed", "{bad}");
        }
    }
}
