//! Names that are mistaken for actions.
//!
//! Source: Service Authorization Reference, "Actions, resources, and condition keys" for Amazon S3 and AWS
//! Lambda.

/// A name that people and older documents use, and the action that authorises the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The name, lower case.
    pub wrong: &'static str,
    /// The action, as AWS writes it.
    pub right: &'static str,
    /// The explanation for users.
    pub why: &'static str,
}

const fn correction(wrong: &'static str, right: &'static str, why: &'static str) -> Correction {
    Correction { wrong, right, why }
}

static CORRECTIONS: [Correction; 5] = [
    correction(
        "s3:headobject",
        "s3:GetObject",
        "IAM has no `s3:HeadObject`: HeadObject is authorised by `s3:GetObject`",
    ),
    correction(
        "s3:headbucket",
        "s3:ListBucket",
        "IAM has no `s3:HeadBucket`: HeadBucket is authorised by `s3:ListBucket`",
    ),
    correction(
        "s3:listbuckets",
        "s3:ListAllMyBuckets",
        "IAM calls `s3:ListBuckets` `s3:ListAllMyBuckets`",
    ),
    correction(
        "s3:listobjects",
        "s3:ListBucket",
        "IAM has no `s3:ListObjects`: listing objects is `s3:ListBucket`",
    ),
    correction(
        "s3:listobjectsv2",
        "s3:ListBucket",
        "IAM has no `s3:ListObjectsV2`: listing objects is `s3:ListBucket`",
    ),
];

/// Returns every correction.
pub fn corrections() -> impl Iterator<Item = &'static Correction> {
    CORRECTIONS.iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_corrected_is_no_action_and_becomes_one() {
        for Correction { wrong, right, .. } in corrections() {
            assert!(crate::find(wrong).is_none() && crate::find(right).is_some(), "{wrong}");
            assert_eq!(*wrong, wrong.to_ascii_lowercase());
        }
    }
}
