//! Partitions: the public AWS, that of China, those of governments. Credentials of one partition cannot use
//! resources of another.

use audex_sdk::pattern;
use audex_sdk::provider::Error;

use crate::invalid;

/// The prefixes of region names, with their partitions. Source: partitions.json of botocore 1.44.8.
const REGIONS: [(&str, &str); 16] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
    ("us-", "aws"),
    ("eu-", "aws"),
    ("ap-", "aws"),
    ("sa-", "aws"),
    ("ca-", "aws"),
    ("me-", "aws"),
    ("af-", "aws"),
    ("il-", "aws"),
    ("mx-", "aws"),
];

/// Returns the partition that `arn` names, or `None` if a wildcard or a policy variable leaves it open.
#[must_use]
pub fn of_arn(arn: &str) -> Option<&str> {
    let partition = arn.strip_prefix("arn:")?.split(':').next()?;
    (!partition.contains(['*', '?', '$'])).then_some(partition)
}

/// Returns the partition of a region, or `None` if the region is in no known partition.
#[must_use]
pub fn of_region(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(start, _)| region.starts_with(start)).map(|(_, partition)| *partition)
}

/// Rejects resources of several partitions, which no single policy can name.
///
/// # Errors
/// If two resources are in different partitions; the error names both.
pub fn check_same(resources: &[&str]) -> Result<(), Error> {
    let mut named = resources.iter().filter_map(|arn| Some((of_arn(arn)?, *arn)));
    let Some((first, one)) = named.next() else { return Ok(()) };
    match named.find(|(partition, _)| *partition != first) {
        None => Ok(()),
        Some((second, other)) => Err(invalid(
            "partitions-mixed",
            format!(
                "the resources are of the partitions `{first}` (`{one}`) and `{second}` (`{other}`)"
            ),
            "ask for the resources of one partition in one run",
        )),
    }
}

/// Rejects resources that `holder`, which is in `partition`, cannot name.
///
/// # Errors
/// If a resource is in another partition; the error names the first.
pub fn check(resources: &[&str], partition: &str, holder: &str) -> Result<(), Error> {
    let reaches = |arn: &str| {
        let open = arn.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
        open.is_none_or(|open| open.contains('$') || pattern::covers(open, partition))
    };
    match resources.iter().find(|arn| !reaches(arn)) {
        None => Ok(()),
        Some(arn) => Err(invalid(
            "partition",
            format!(
                "the resource `{arn}` is not of the partition `{partition}`, which {holder} is of"
            ),
            &format!("write it as `arn:{partition}:…`, or use credentials of its own partition"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_start_decides_the_partition_of_a_region() {
        for (region, partition) in [
            ("eu-west-1", Some("aws")),
            ("us-east-1", Some("aws")),
            ("cn-north-1", Some("aws-cn")),
            ("us-gov-west-1", Some("aws-us-gov")),
            ("us-iso-east-1", Some("aws-iso")),
            ("us-isob-east-1", Some("aws-iso-b")),
            ("us-isof-south-1", Some("aws-iso-f")),
            ("eu-isoe-west-1", Some("aws-iso-e")),
            ("eusc-de-east-1", Some("aws-eusc")),
            ("xx-new-1", None),
            ("", None),
        ] {
            assert_eq!(of_region(region), partition, "{region}");
        }
    }

    #[test]
    fn a_resource_of_the_holders_partition_or_of_any_is_allowed() {
        for arn in [
            "*",
            "arn:aws-cn:s3:::b/*",
            "arn:*:s3:::b",
            "arn:aws-*:s3:::b",
            "arn:aws-c?:s3:::b",
            "arn:${p}:s3:::b",
        ] {
            assert!(check(&[arn], "aws-cn", "the role").is_ok(), "{arn}");
        }
        for arn in
            ["arn:aws:s3:::b/*", "arn:aws-us-gov:s3:::b", "arn:aws-us-*:s3:::b", "arn:awscn:s3:::b"]
        {
            let error = check(&["*", arn], "aws-cn", "the role").unwrap_err();
            assert!(
                error.code == "partition" && error.message.contains(arn),
                "{arn}: {}",
                error.message
            );
        }
    }

    #[test]
    fn one_policy_is_of_one_partition() {
        assert!(check_same(&["arn:aws:s3:::a", "*", "arn:*:s3:::b", "arn:aws:sqs:::c"]).is_ok());
        assert!(check_same(&[]).is_ok());
        let error = check_same(&["*", "arn:aws:s3:::a", "arn:aws-cn:s3:::b"]).unwrap_err();
        assert!(
            error.code == "partitions-mixed" && error.message.contains("aws-cn"),
            "{}",
            error.message
        );
    }
}
