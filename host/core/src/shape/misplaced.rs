//! Removes the values of variables from messages, unless a value looks like a path, an address or a name.
//!
//! This is the last guard for the error texts of cloud libraries and tools. Code that knows which variable it reads uses
//! [`ConfiguredPath`](super::ConfiguredPath).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::{is_address, is_name, is_path};
use crate::environment::Environment;
use crate::secret::Secret;

/// The length of the pieces that are searched for. Shorter values turn up by chance, and a library may show part of a value.
const PIECE: usize = 16;

/// The values of an environment that no message may repeat.
#[derive(Clone, Debug, Default)]
pub struct Misplaced(Vec<(String, Secret)>);

impl Misplaced {
    /// Collects the values that are not a path, address or name. Each line of a value counts by itself, because libraries
    /// show single lines, and a line of a key may look like a name.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let is_shown =
            |value: &str| is_path(value) || is_address(value) || is_name(value) || is_list(value);
        let mut lines = Vec::new();
        for (name, value) in environment.iter() {
            let value = value.to_string_lossy();
            if is_shown(value.trim()) {
                continue;
            }
            let long = value.lines().map(str::trim).filter(|line| line.len() >= PIECE);
            lines.extend(
                long.map(|line| {
                    (name.to_string_lossy().into_owned(), Secret::new(line.to_owned()))
                }),
            );
        }
        Self(lines)
    }

    /// Returns `text` in which each of these values, and each long piece of one, is replaced by the variable's name.
    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, (name, value)| {
            if find(&text, value.expose()).is_none() {
                return text;
            }
            let (mut hidden, mut rest) = (String::new(), text.as_ref());
            while let Some(span) = find(rest, value.expose()) {
                hidden += rest.get(..span.start).unwrap_or_default();
                let _ = write!(hidden, "[value of {name}]");
                rest = rest.get(span.end..).unwrap_or_default();
            }
            Cow::Owned(hidden + rest)
        })
    }
}

/// Returns true for a list of paths, as in `PATH`.
fn is_list(text: &str) -> bool {
    text.split(':').all(|part| part.is_empty() || is_path(part))
}

/// Finds the first place in `text` that shares a piece with `value`, and extends it as far as both agree.
fn find(text: &str, value: &str) -> Option<std::ops::Range<usize>> {
    let (bytes, wanted) = (text.as_bytes(), value.as_bytes());
    // Lookup tables keep this fast, because an environment may have megabytes. The search runs from left to right.
    let windows: HashSet<&[u8]> = bytes.windows(PIECE).collect();
    let pieces = wanted.as_chunks::<PIECE>().0.iter().map(<[u8; PIECE]>::as_slice).enumerate();
    let pieces = pieces.filter(|(_, piece)| windows.contains(piece));
    let pieces: HashMap<&[u8], usize> =
        pieces.map(|(index, piece)| (piece, index.saturating_mul(PIECE))).collect();
    let (at, from) = bytes
        .windows(PIECE)
        .enumerate()
        .find_map(|(at, window)| Some((at, *pieces.get(window)?)))?;
    let same = |(left, right): &(&u8, &u8)| left == right;
    let before = bytes
        .get(..at)?
        .iter()
        .rev()
        .zip(wanted.get(..from)?.iter().rev())
        .take_while(same)
        .count();
    let after = bytes.get(at..)?.iter().zip(wanted.get(from..)?).take_while(same).count();
    let (mut start, mut end) = (at.saturating_sub(before), at.saturating_add(after));
    while !text.is_char_boundary(start) {
        start = start.saturating_sub(1);
    }
    while !text.is_char_boundary(end) {
        end = end.saturating_add(1);
    }
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(value: &str, text: &str) -> String {
        Misplaced::of(&Environment::from_pairs([("VAR", value)])).hide(text).into_owned()
    }

    #[test]
    fn a_value_without_a_shape_is_replaced_whole_cut_or_quoted() {
        let token = "planted token, of several words and 0123456789";
        assert_eq!(
            hide(token, &format!("cannot open `{token}`: no")),
            "cannot open `[value of VAR]`: no"
        );
        assert_eq!(
            hide(token, &format!("cannot open {}…", &token[..30])),
            "cannot open [value of VAR]…"
        );
        assert_eq!(hide(token, &format!("{token}{token}")), "[value of VAR][value of VAR]");
        let twice = format!("`{}` in `{token}`", &token[16..]);
        assert_eq!(hide(token, &twice), "`[value of VAR]` in `[value of VAR]`");
        let key = "{\"private_key\": \"planted-key-of-an-account-0123456789\"}";
        let shown = hide(key, &format!("{key:?}"));
        assert!(!shown.contains("planted-key"), "{shown}");
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIplantedkey+0123456789/abcDEF\n-----END PRIVATE KEY-----";
        assert!(
            !hide(pem, "cannot open -----BEGIN PRIVATE KEY-----MIIplantedkey+0123456789/abcDEF")
                .contains("planted")
        );
    }

    #[test]
    fn a_line_of_a_key_is_removed_even_if_it_looks_like_a_name() {
        let key = "-----BEGIN PRIVATE KEY-----\nplanted-line-of-a-key\n-----END PRIVATE KEY-----\n";
        let said =
            hide(key, "`-----BEGIN PRIVATE KEY----- planted-line-of-a-key ` is not an email");
        assert_eq!(said, "`[value of VAR] [value of VAR] ` is not an email");
    }

    #[test]
    fn a_value_with_a_shape_and_a_short_one_stay() {
        for value in [
            "/home/user/keys/account.json",
            "https://vault.example.com:8200",
            "arn:aws:iam::123456789012:role/AudexDemo",
            "robot@project.iam.gserviceaccount.com",
            "/usr/local/bin:/usr/bin:/bin",
            "eu-central-1-and-more",
            "two words",
        ] {
            let text = format!("cannot use `{value}`");
            assert_eq!(hide(value, &text), text);
        }
    }

    #[test]
    fn text_of_any_script_is_cut_at_characters() {
        let value = "größe ü 権限 planted ü 権限 ü";
        assert_eq!(hide(value, &format!("é{value}é")), "é[value of VAR]é");
    }
}
