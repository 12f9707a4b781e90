//! Summarises many objects of one bucket as one pattern.

use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of objects of one bucket that are listed one by one.
const LISTED: usize = 3;

/// Returns `resources`, in which a bucket with more than `LISTED` objects has one pattern,
/// `bucket/common/prefix/*`.
#[must_use]
pub(crate) fn summarised(resources: &BTreeSet<String>) -> Vec<String> {
    let mut buckets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for resource in resources {
        match object(resource) {
            Some((bucket, key)) => buckets.entry(bucket).or_default().push(key),
            None => drop(out.insert(resource.clone())),
        }
    }
    for (bucket, keys) in buckets {
        if keys.len() > LISTED {
            out.insert(format!("{bucket}/{}*", common(&keys)));
        } else {
            out.extend(keys.iter().map(|key| format!("{bucket}/{key}")));
        }
    }
    out.into_iter().collect()
}

/// Returns a pattern for all resources of its kind if the cloud generated the resource's name
/// (`i-0123456789abcdef0`, a UUID).
#[must_use]
pub(crate) fn of_any_name(resource: &str) -> Option<String> {
    let at = resource.rfind(['/', ':'])?.checked_add(1)?;
    let (kind, name) = (resource.get(..at)?, resource.get(at..)?);
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if name.len() == 36
        && name.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && is_hex(&name.replace('-', ""))
    {
        return Some(format!("{kind}*"));
    }
    let (prefix, digits) = name.rsplit_once('-')?;
    let is_made_up = matches!(digits.len(), 8 | 17) && is_hex(digits);
    let is_word =
        !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    // People choose the names of objects, the cloud does not.
    (is_made_up && is_word && object(resource).is_none()).then(|| format!("{kind}{prefix}-*"))
}

/// Returns the bucket's ARN and the key from an object's ARN, in any partition.
fn object(resource: &str) -> Option<(&str, &str)> {
    let mut parts = resource.splitn(6, ':');
    let is_s3 = parts.next() == Some("arn") && parts.nth(1) == Some("s3");
    // The fourth and fifth part are empty except for access points.
    let in_bucket = parts.next() == Some("") && parts.next() == Some("");
    if is_s3 && in_bucket { resource.split_once('/') } else { None }
}

/// Returns the folders that all keys have in common, with the last `/`.
fn common(keys: &[&str]) -> String {
    let mut common: Vec<&str> = keys.first().map(|key| folders(key)).unwrap_or_default();
    for key in keys {
        let same = common.iter().zip(folders(key)).take_while(|(a, b)| **a == *b).count();
        common.truncate(same);
    }
    common.iter().fold(String::new(), |all, folder| all + folder + "/")
}

/// Returns the part of a key before its last `/`, as folders.
fn folders(key: &str) -> Vec<&str> {
    key.rsplit_once('/').map(|(folders, _)| folders.split('/').collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(resources: &[&str]) -> Vec<String> {
        summarised(&resources.iter().map(|&resource| resource.to_owned()).collect())
    }

    #[test]
    fn only_names_that_the_cloud_made_up_become_patterns() {
        for (resource, pattern) in [
            ("arn:aws:ec2:r:1:instance/i-0123456789abcdef0", Some("arn:aws:ec2:r:1:instance/i-*")),
            (
                "arn:aws:kms:r:1:key/00000000-1111-2222-3333-444444444444",
                Some("arn:aws:kms:r:1:key/*"),
            ),
            ("arn:aws:s3:::b/i-0123456789abcdef0", None),
            ("arn:aws:sqs:r:1:jobs", None),
            ("arn:aws:iam::1:role/team-deadbeefs", None),
            ("nothing", None),
        ] {
            assert_eq!(of_any_name(resource).as_deref(), pattern, "{resource}");
        }
    }

    #[test]
    fn up_to_three_objects_stay_as_they_are() {
        let three =
            ["arn:aws:s3:::b", "arn:aws:s3:::b/x/1", "arn:aws:s3:::b/x/2", "arn:aws:s3:::b/x/3"];
        assert_eq!(of(&three), three);
    }

    #[test]
    fn more_become_the_folder_they_share_and_never_another_bucket() {
        let four = ["b/x/y/1", "b/x/y/2", "b/x/y/z/3", "b/x/y4/4", "c/1"]
            .map(|key| format!("arn:aws:s3:::{key}"));
        let four: Vec<&str> = four.iter().map(String::as_str).collect();
        assert_eq!(of(&four), ["arn:aws:s3:::b/x/*", "arn:aws:s3:::c/1"]);
        let flat = ["1", "2", "3", "4"].map(|key| format!("arn:aws-cn:s3:::b/{key}"));
        assert_eq!(
            of(&flat.iter().map(String::as_str).collect::<Vec<_>>()),
            ["arn:aws-cn:s3:::b/*"]
        );
    }

    #[test]
    fn what_is_no_object_is_never_summarised() {
        let tables: Vec<String> =
            (0..9).map(|n| format!("arn:aws:dynamodb:eu-west-1:1:table/t{n}")).collect();
        assert_eq!(of(&tables.iter().map(String::as_str).collect::<Vec<_>>()), tables);
    }
}
