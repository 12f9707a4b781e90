//! "Did you mean": the known name nearest to an unknown one.

/// Returns the number of typing errors between two names: insertions, deletions, changes, and swaps of
/// neighbours. The case of ASCII letters does not count. Returns `None` for more than `limit`.
///
/// ```
/// use audex_sdk::spelling::distance;
/// assert_eq!(distance("s3:GteObject", "s3:GetObject", 3), Some(1));
/// assert_eq!(distance("s3:GetObject", "ec2:RunInstances", 3), None);
/// ```
#[must_use]
pub fn distance(left: &str, right: &str, limit: usize) -> Option<usize> {
    let length = |text: &str| text.chars().count();
    // Most names of a catalogue differ enough in length alone.
    if length(left).abs_diff(length(right)) > limit {
        return None;
    }
    let slips = strsim::osa_distance(&left.to_ascii_lowercase(), &right.to_ascii_lowercase());
    (slips <= limit).then_some(slips)
}

/// Returns the nearest of `known` that is at most `limit` typing errors from `name`; if several are equally
/// near, the first.
///
/// ```
/// use audex_sdk::spelling::nearest;
/// assert_eq!(nearest("door:opne", ["door:close", "door:open"], 2), Some("door:open"));
/// assert_eq!(nearest("window:open", ["door:close", "door:open"], 2), None);
/// ```
#[must_use]
pub fn nearest<T: AsRef<str>>(
    name: &str,
    known: impl IntoIterator<Item = T>,
    limit: usize,
) -> Option<T> {
    let near =
        known.into_iter().filter_map(|known| Some((distance(name, known.as_ref(), limit)?, known)));
    near.min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slip_counts_once() {
        for (left, right, far) in [
            ("get", "get", 0),
            ("gte", "GET", 1),
            ("gt", "get", 1),
            ("gxt", "get", 1),
            ("", "a", 1),
        ] {
            assert_eq!(distance(left, right, 3), Some(far), "{left} {right}");
        }
        assert_eq!(distance("abcdef", "uvwxyz", 3), None);
        assert_eq!(distance("schlüssel", "schlussel", 1), Some(1));
    }

    #[test]
    fn of_equals_the_first_is_meant() {
        assert_eq!(nearest("ab", ["ac", "aa", "abcde"], 2), Some("ac"));
        assert_eq!(nearest("ab", [""; 0], 2), None);
    }
}
