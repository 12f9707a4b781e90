//! The layout of `operations.txt`, and the walk through its lines.
//!
//! Each line is a resource type under the last line of a lower depth: its depth (one digit, 0 for a resource
//! provider), its name, for a provider `#` and the length of everything under it, `:` with letters for its
//! plain operations (`r`ead, `w`rite, `d`elete; capitals for data actions), then words for the others. A word
//! `start` is `start/action`, `elevateAccess^` is `elevateAccess/Action`, `Read=` is `Read` itself; `!` at
//! the end marks a data action. An operation of both kinds is listed twice.

static OPERATIONS: &str = include_str!("../operations.txt");

/// One operation of one kind, valid during one step of the walk.
pub struct Step<'a> {
    /// The name, as Azure writes it.
    pub name: &'a str,
    pub is_data: bool,
}

/// Visits the operations of one resource provider, or of all. Operations of the same name are consecutive.
pub fn walk(provider: Option<&str>, mut visit: impl FnMut(Step)) {
    for block in blocks() {
        if provider.is_none_or(|provider| block.provider.eq_ignore_ascii_case(provider)) {
            block.walk(&mut visit);
        }
    }
}

/// A resource provider and the lines under it.
struct Block {
    provider: &'static str,
    /// The line of the provider.
    head: &'static str,
    body: &'static str,
}

fn blocks() -> impl Iterator<Item = Block> {
    let mut rest = OPERATIONS;
    std::iter::from_fn(move || {
        let (head, after) = rest.split_once('\n')?;
        let (provider, more) = head.strip_prefix('0')?.split_once('#')?;
        let digits = more.find(|c: char| !c.is_ascii_digit()).unwrap_or(more.len());
        let (body, next) = after.split_at_checked(more.get(..digits)?.parse().ok()?)?;
        rest = next;
        Some(Block { provider, head, body })
    })
}

impl Block {
    fn walk(&self, visit: &mut impl FnMut(Step)) {
        let mut name = String::new();
        // The end of the name at each depth.
        let mut ends: Vec<usize> = Vec::new();
        for line in std::iter::once(self.head).chain(self.body.lines()) {
            let Some((depth, rest)) = split(line) else { continue };
            let mut words = rest.split(' ');
            let (segment, flags) = head(words.next().unwrap_or_default());
            ends.truncate(depth);
            name.truncate(ends.last().copied().unwrap_or_default());
            if depth > 0 {
                name.push('/');
            }
            name.push_str(segment);
            ends.push(name.len());
            for flag in flags.chars() {
                let last = match flag.to_ascii_lowercase() {
                    'r' => "/read",
                    'w' => "/write",
                    _ => "/delete",
                };
                visit_with(&mut name, ["", last, ""], flag.is_ascii_uppercase(), visit);
            }
            for word in words {
                let is_data = word.ends_with('!');
                let word = word.trim_end_matches('!');
                let tail = if word.ends_with('=') {
                    ""
                } else if word.ends_with('^') {
                    "/Action"
                } else {
                    "/action"
                };
                visit_with(
                    &mut name,
                    ["/", word.trim_end_matches(['=', '^']), tail],
                    is_data,
                    visit,
                );
            }
        }
    }
}

/// Returns the resource providers, in order.
pub fn providers() -> impl Iterator<Item = &'static str> {
    blocks().map(|block| block.provider)
}

fn visit_with(name: &mut String, tail: [&str; 3], is_data: bool, visit: &mut impl FnMut(Step)) {
    let length = name.len();
    for part in tail {
        name.push_str(part);
    }
    visit(Step { name, is_data });
    name.truncate(length);
}

fn split(line: &str) -> Option<(usize, &str)> {
    let (digit, rest) = line.split_at_checked(1)?;
    Some((digit.parse().ok()?, rest))
}

/// Splits a word into name and letters.
fn head(word: &str) -> (&str, &str) {
    let (name, flags) = word.split_once(':').unwrap_or((word, ""));
    (name.split('#').next().unwrap_or_default(), flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_of_the_format() {
        let mut deepest = 0;
        for line in OPERATIONS.lines() {
            let (depth, rest) = split(line).unwrap();
            assert!(depth <= deepest + 1, "{line}");
            deepest = depth;
            let mut words = rest.split(' ');
            let (segment, flags) = head(words.next().unwrap());
            assert!(
                !segment.is_empty() && flags.chars().all(|flag| "rwdRWD".contains(flag)),
                "{line}"
            );
            assert!(words.all(|word| !word.trim_end_matches(['!', '=', '^']).is_empty()), "{line}");
        }
    }

    #[test]
    fn the_blocks_are_the_whole_data() {
        let length: usize = blocks().map(|block| block.head.len() + 1 + block.body.len()).sum();
        assert_eq!(length, OPERATIONS.len());
        assert_eq!(
            blocks().count(),
            OPERATIONS.lines().filter(|line| line.starts_with('0')).count()
        );
        assert!(blocks().all(|block| block.body.lines().all(|line| !line.starts_with('0'))));
    }

    #[test]
    fn the_walk_through_one_provider_is_a_part_of_the_walk_through_all() {
        let (mut all, mut one) = (Vec::new(), Vec::new());
        walk(None, |step| all.push((step.name.to_owned(), step.is_data)));
        walk(Some("microsoft.KEYVAULT"), |step| one.push((step.name.to_owned(), step.is_data)));
        all.retain(|(name, _)| name.starts_with("Microsoft.KeyVault/"));
        assert_eq!(all, one);
        assert!(
            one.contains(&("Microsoft.KeyVault/vaults/secrets/getSecret/action".to_owned(), true))
        );
    }
}
