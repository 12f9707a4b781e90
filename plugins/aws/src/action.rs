//! The syntax of IAM actions, and names that are used for actions but are none.

use audex_sdk::provider::{Finding, Status};

/// Names that people (and older documents) use, what IAM calls them, and why.
/// Source: Service Authorization Reference, "Actions, resources, and condition keys" for Amazon S3 and AWS Lambda.
const CORRECTIONS: [(&str, &str, &str); 5] = [
    (
        "s3:headobject",
        "s3:GetObject",
        "IAM has no `s3:HeadObject`: HeadObject is authorised by `s3:GetObject`",
    ),
    (
        "s3:headbucket",
        "s3:ListBucket",
        "IAM has no `s3:HeadBucket`: HeadBucket is authorised by `s3:ListBucket`",
    ),
    ("s3:listbuckets", "s3:ListAllMyBuckets", "IAM calls `s3:ListBuckets` `s3:ListAllMyBuckets`"),
    ("s3:listobjects", "s3:ListBucket", "IAM has no `s3:ListObjects`: listing objects is `s3:ListBucket`"),
    (
        "s3:listobjectsv2",
        "s3:ListBucket",
        "IAM has no `s3:ListObjectsV2`: listing objects is `s3:ListBucket`",
    ),
];

/// Looks at one action as the user wrote it.
pub fn check(action: &str) -> Finding {
    let finding = |status, actions, note: Option<&str>| Finding {
        status,
        actions,
        access: None,
        note: note.map(ToOwned::to_owned),
        suggestion: None,
    };
    if action == "*" || action == "*:*" {
        return finding(Status::Known, vec!["*".to_owned()], Some("every action of every service"));
    }
    let Some((service, name)) = action.split_once(':').filter(|(service, name)| well_formed(service, name))
    else {
        return finding(Status::Malformed, Vec::new(), None);
    };
    // IAM ignores case; the service prefix is lower case by convention.
    let canonical = format!("{}:{name}", service.to_ascii_lowercase());
    let lower = canonical.to_ascii_lowercase();
    if let Some((_, right, why)) = CORRECTIONS.iter().find(|(wrong, _, _)| *wrong == lower) {
        return finding(Status::Corrected, vec![(*right).to_owned()], Some(why));
    }
    let note = (lower == "lambda:invokeasync").then_some("`lambda:InvokeAsync` is deprecated by AWS Lambda");
    finding(Status::Known, vec![canonical], note)
}

/// Wildcards stand in the action part only: IAM refuses a service prefix with wildcards.
fn well_formed(service: &str, name: &str) -> bool {
    let service_ok = !service.is_empty() && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let name_ok =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | '?'));
    service_ok && name_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_that_iam_does_not_have_are_corrected_with_a_note() {
        for (wrong, right) in [("s3:HeadObject", "s3:GetObject"), ("S3:headBucket", "s3:ListBucket")] {
            let finding = check(wrong);
            assert_eq!((finding.status, finding.actions), (Status::Corrected, vec![right.to_owned()]));
            assert!(finding.note.is_some());
        }
    }

    #[test]
    fn malformed_actions_are_told_from_well_formed_ones() {
        for bad in
            ["", "s3", "s3:", ":Get", "s3:Get Object", "s3:a:b", "storage.objects.get", "s?:Get*", "s3:Gét"]
        {
            assert_eq!(check(bad).status, Status::Malformed, "{bad}");
        }
        for good in ["s3:GetObject", "S3:get*", "*", "*:*", "lambda:Invoke?sync", "execute-api:Invoke"] {
            assert_eq!(check(good).status, Status::Known, "{good}");
        }
    }
}
