//! The head of the log: its length and its last hash, so that an append need not read the log.

use super::Finding;
use super::chain::{HASH_DIGITS, Hash, Key};

const DOMAIN: &[u8] = b"audex audit head\0";

/// The beginning of the file, which names its format.
const START: &str = "audex-audit-head 1 ";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub records: u64,
    pub bytes: u64,
    pub last: Hash,
}

impl Head {
    /// Returns the head of a log without records.
    pub(super) fn empty() -> Self {
        Self { records: 0, bytes: 0, last: Hash::none() }
    }

    /// Returns the file's text. The text always has the same length and lies in one disk sector, so overwriting the old
    /// text leaves either the old or the new one.
    pub(super) fn encode(&self, key: &Key) -> String {
        let text = format!("{START}{:020} {:020} {}", self.records, self.bytes, self.last.as_str());
        let hash = key.hash(DOMAIN, text.as_bytes());
        format!("{text} {}\n", hash.as_str())
    }

    pub(super) fn decode(text: &str, key: &Key) -> Result<Self, Finding> {
        Self::parse(text, key).ok_or(Finding::HeadChanged)
    }

    fn parse(text: &str, key: &Key) -> Option<Self> {
        let text = text.strip_suffix('\n')?;
        let (text, hash) = text.split_at_checked(text.len().checked_sub(HASH_DIGITS)?)?;
        let text = text.strip_suffix(' ')?;
        if !key.fits(DOMAIN, text.as_bytes(), &Hash::parse(hash)?) {
            return None;
        }
        let mut fields = text.strip_prefix(START)?.split(' ');
        let records = fields.next()?.parse().ok()?;
        let bytes = fields.next()?.parse().ok()?;
        let last = Hash::parse(fields.next()?)?;
        Some(Self { records, bytes, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_and_a_changed_one_is_not() {
        let key = Key::generate().unwrap();
        let head = Head { records: 7, bytes: 4711, last: Hash::none() };
        let text = head.encode(&key);
        assert_eq!(Head::decode(&text, &key), Ok(head));
        assert_eq!(text.len(), Head::empty().encode(&key).len());
        assert_eq!(Head::decode(&text.replace("4711", "4712"), &key), Err(Finding::HeadChanged));
        assert_eq!(Head::decode(&text, &Key::generate().unwrap()), Err(Finding::HeadChanged));
        assert_eq!(Head::decode("", &key), Err(Finding::HeadChanged));
    }
}
