//! The names of AWS regions.

/// Returns true if `label` has the form of a region: `eu-west-1`, `us-gov-east-1`.
///
/// Security: not every label is a region. `sts.s3.amazonaws.com` and `sts.s3-us-west-2.amazonaws.com` are S3 buckets.
#[must_use]
pub fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let (first, last) =
        (parts.first().copied().unwrap_or_default(), parts.last().copied().unwrap_or_default());
    let letters = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    let (middle, digits) =
        (parts.iter().rev().skip(1), !last.is_empty() && last.chars().all(|c| c.is_ascii_digit()));
    label.len() <= 32
        && parts.len() >= 3
        && letters(first)
        && middle.copied().all(letters)
        && digits
}
