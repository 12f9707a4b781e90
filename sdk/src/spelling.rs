//! "Did you mean": the known name nearest to an unknown one.

/// The number of characters of a name that allow one typing error.
const CHARACTERS_PER_SLIP: usize = 4;
/// The most typing errors of a long name.
const MOST_SLIPS: usize = 3;
/// The fewest characters that name what begins with them.
const SHORTEST_BEGINNING: usize = 3;

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

/// Returns the one of `known` that `name` probably means: the nearest by few typing errors for a name of this
/// length, else the first that begins with `name`.
///
/// ```
/// use audex_sdk::spelling::likely;
/// assert_eq!(likely("readnoly", ["readonly", "readwrite"]), Some("readonly"));
/// assert_eq!(likely("readw", ["readonly", "readwrite"]), Some("readwrite"));
/// assert_eq!(likely("admin", ["readonly", "readwrite"]), None);
/// ```
#[must_use]
pub fn likely<T: AsRef<str>>(name: &str, known: impl IntoIterator<Item = T>) -> Option<T> {
    let limit = (name.len() / CHARACTERS_PER_SLIP).clamp(1, MOST_SLIPS);
    let lower = name.to_ascii_lowercase();
    let begins = |one: &T| {
        lower.len() >= SHORTEST_BEGINNING && one.as_ref().to_ascii_lowercase().starts_with(&lower)
    };
    let slips = |one: &T| distance(name, one.as_ref(), limit).or(begins(one).then_some(limit + 1));
    let near = known.into_iter().filter_map(|one| Some((slips(&one)?, one)));
    near.min_by_key(|(slips, _)| *slips).map(|(_, one)| one)
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
    fn a_typing_error_is_likelier_than_a_beginning_and_something_else_is_neither() {
        let known = ["s3-read", "s3-readonly", "s3-readwrite"];
        for (name, meant) in [
            ("s3-readonyl", Some("s3-readonly")),
            ("S3-Red", Some("s3-read")),
            ("s3-readw", Some("s3-read")),
            ("s3-readwri", Some("s3-readwrite")),
            ("s3", None),
            ("ec2-readonly", Some("s3-readonly")),
            ("storage", None),
            ("", None),
        ] {
            assert_eq!(likely(name, known), meant, "{name}");
        }
    }

    #[test]
    fn of_equals_the_first_is_meant() {
        assert_eq!(nearest("ab", ["ac", "aa", "abcde"], 2), Some("ac"));
        assert_eq!(nearest("ab", [""; 0], 2), None);
    }
}
