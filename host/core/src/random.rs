//! Random text for keys, ids and secrets.

use std::io;

use zeroize::Zeroizing;

/// The digits of hexadecimal numbers.
pub const HEX: &[u8; 16] = b"0123456789abcdef";
/// The alphabet of AWS's access key ids.
pub const ID: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns `length` random characters of `alphabet`, whose length must be a power of two up to 256, so that all
/// characters are equally likely.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn text<const N: usize>(length: usize, alphabet: &[u8; N]) -> io::Result<String> {
    const { assert!(N.is_power_of_two() && N <= 256) };
    let mut random = Zeroizing::new(vec![0; length]);
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let pick = |byte: &u8| alphabet.get(usize::from(*byte) % N).copied().map(char::from);
    Ok(random.iter().filter_map(pick).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_has_its_length_and_only_letters_of_its_alphabet() {
        let (one, other) = (text(40, ID).unwrap(), text(40, ID).unwrap());
        assert!(one.len() == 40 && one.bytes().all(|byte| ID.contains(&byte)), "{one}");
        assert_ne!(one, other);
    }
}
