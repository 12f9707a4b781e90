//! Comparison of two versions of a component.
//!
//! Source: Semantic Versioning 2.0.0, section 11. Python projects also use versions like `1.0`; such versions
//! are compared number by number.

use std::cmp::Ordering;

use semver::Version;

/// Returns the order of `left` and `right`, or `None` if the versions cannot be compared.
///
/// Security: `None` does not mean "equally new". A caller that guards against older versions must refuse it.
#[must_use]
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    if left == right {
        return Some(Ordering::Equal);
    }
    if let (Ok(left), Ok(right)) = (Version::parse(left), Version::parse(right)) {
        return Some(left.cmp_precedence(&right));
    }
    let (mut left, mut right) = (numbers(left)?, numbers(right)?);
    // `1.0` and `1.0.0` are equal.
    let length = left.len().max(right.len());
    left.resize(length, 0);
    right.resize(length, 0);
    Some(left.cmp(&right))
}

/// Returns `true` if `text` is a version that can be compared.
#[must_use]
pub fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok() || numbers(text).is_some()
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    text.split('.').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers_dot_by_dot() {
        for (left, right, wanted) in [
            ("1.2.3", "1.2.4", Some(Ordering::Less)),
            ("1.0.0-rc.1", "1.0.0", Some(Ordering::Less)),
            ("1.0.0+a", "1.0.0+b", Some(Ordering::Equal)),
            ("0.9", "1.0", Some(Ordering::Less)),
            ("1.10", "1.9", Some(Ordering::Greater)),
            ("1.0", "1.0.0", Some(Ordering::Equal)),
            ("2", "1.9.9", Some(Ordering::Greater)),
            ("1.0rc1", "1.0rc1", Some(Ordering::Equal)),
            ("1.0rc1", "1.0", None),
            ("1..0", "1.0", None),
            ("", "1.0", None),
            ("1.+1", "1.0", None),
            ("99999999999999999999", "1.0", None),
        ] {
            assert_eq!(compare(left, right), wanted, "{left} {right}");
            assert_eq!(compare(right, left), wanted.map(Ordering::reverse), "{right} {left}");
        }
        assert!(
            is_version("1.0") && is_version("1.0.0-rc.1") && !is_version("new") && !is_version("")
        );
    }
}
