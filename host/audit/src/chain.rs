//! The key of the log and the keyed hashes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::AuditError;

/// The length of the key: the length of the hash, as RFC 2104 advises.
const KEY_BYTES: usize = 32;

/// The number of hexadecimal digits of a hash.
pub(super) const HASH_DIGITS: usize = 64;

/// The key of the log; it leaves this type only for storage.
pub(super) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    pub(super) fn generate() -> Result<Self, AuditError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut()).map_err(|_| AuditError::Random)?;
        Ok(Self(key))
    }

    /// Reads the bytes from [`Key::bytes`]; returns `None` for any other length.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    pub(super) fn hash(&self, domain: &[u8], text: &[u8]) -> Hash {
        let bytes = self.mac(domain, text).finalize().into_bytes();
        Hash(bytes.iter().fold(String::with_capacity(HASH_DIGITS), |mut digits, byte| {
            for half in [byte >> 4, byte & 15] {
                digits.push(char::from_digit(half.into(), 16).unwrap_or('0'));
            }
            digits
        }))
    }

    /// Returns true if `hash` belongs to `text`, in a time that does not depend on the differences.
    pub(super) fn fits(&self, domain: &[u8], text: &[u8], hash: &Hash) -> bool {
        self.mac(domain, text).verify_slice(&hash.bytes()).is_ok()
    }

    fn mac(&self, domain: &[u8], text: &[u8]) -> Hmac<Sha256> {
        // The key is shorter than a block. HMAC pads such a key with zeros, so `new` takes it without an error.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        let mut mac = Hmac::<Sha256>::new(&block);
        mac.update(domain);
        mac.update(text);
        mac
    }
}

/// A hash as 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hash(String);

impl Hash {
    /// Returns the hash that the first record carries in place of a previous one.
    pub(super) fn none() -> Self {
        Self("0".repeat(HASH_DIGITS))
    }

    pub(super) fn parse(digits: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (digits.len() == HASH_DIGITS && digits.bytes().all(is_digit))
            .then(|| Self(digits.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn bytes(&self) -> Vec<u8> {
        let digits: Vec<u8> =
            self.0.chars().filter_map(|c| c.to_digit(16)?.try_into().ok()).collect();
        digits.as_chunks().0.iter().map(|[high, low]| high << 4 | low).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_hmac_sha256() {
        // RFC 4231, test case 1, with the key padded by zeros as HMAC itself does.
        let mut bytes = [0; KEY_BYTES];
        bytes[..20].fill(0x0b);
        let key = Key::from_bytes(&bytes).unwrap();
        let hash = key.hash(b"Hi ", b"There");
        assert_eq!(
            hash.as_str(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert!(key.fits(b"Hi ", b"There", &hash) && !key.fits(b"Hi ", b"there", &hash));
        assert_eq!(Hash::parse(hash.as_str()), Some(hash));
        assert_eq!(Hash::parse("ABC"), None);
    }
}
