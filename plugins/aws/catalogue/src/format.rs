//! The layout of `catalogue.bin`. Integers are little-endian; a varint is LEB128.
//!
//! A text header of 256 bytes (source, version, date, licence), then the offsets of nine parts and of the end
//! (u32):
//!
//! | part | content |
//! |---|---|
//! | 0 | services, actions, actions of each access level (u32 each) |
//! | 1, 2 | words of action names: u16 offsets, bytes; the commonest 192 have one-byte codes |
//! | 3, 4 | the texts behind the bytes 0x80.. in other texts: u16 offsets, bytes |
//! | 5, 6 | service prefixes, sorted: u16 offsets, bytes |
//! | 7, 8 | blocks, one for each service: u32 offsets, bytes |
//!
//! A block: numbers of actions, of resource types and of type sets, offset of the sets, offset of the types
//! (u16 each); the offset of each group of 16 names (u16); the names, sorted without case; the sets; the
//! types. A name is a byte (words shared with the name before << 4 | further words), the codes of the further
//! words, and the varint `set * 5 + access level`. A set is its length and `type * 2 + required` (varints). A
//! type is its name and its ARN format, both texts that end in a zero byte.

static DATA: &[u8] = include_bytes!("../catalogue.bin");

const HEADER: usize = 256;
const ONE_BYTE_WORDS: usize = 192;

/// A part of the data.
#[derive(Clone, Copy)]
pub enum Part {
    Totals = 0,
    Words = 1,
    Texts = 3,
    Services = 5,
    Blocks = 7,
}

fn part(number: usize) -> &'static [u8] {
    let offset = |number: usize| u32_at(DATA, HEADER + 4 * number);
    DATA.get(offset(number)..offset(number + 1)).unwrap_or_default()
}

pub fn totals() -> (u32, [u32; 5]) {
    let totals = part(Part::Totals as usize);
    let at = |number: usize| u32::try_from(u32_at(totals, 4 * number)).unwrap_or_default();
    (at(1), [2, 3, 4, 5, 6].map(at))
}

pub fn service_count() -> usize {
    u32_at(part(Part::Totals as usize), 0)
}

/// Returns one entry of a part that has an index of 16-bit offsets.
pub fn entry(indexed: Part, number: usize) -> &'static [u8] {
    let index = part(indexed as usize);
    let offset = |number: usize| u16_at(index, 2 * number);
    part(indexed as usize + 1).get(offset(number)..offset(number + 1)).unwrap_or_default()
}

pub fn service_name(number: usize) -> &'static str {
    std::str::from_utf8(entry(Part::Services, number)).unwrap_or_default()
}

pub fn block(number: usize) -> &'static [u8] {
    let index = part(Part::Blocks as usize);
    let offset = |number: usize| u32_at(index, 4 * number);
    part(Part::Blocks as usize + 1).get(offset(number)..offset(number + 1)).unwrap_or_default()
}

/// Takes one word of a name off `rest`.
pub fn take_word(rest: &mut &'static [u8]) -> &'static [u8] {
    let first = usize::from(take(rest));
    if first < ONE_BYTE_WORDS {
        return entry(Part::Words, first);
    }
    let second = usize::from(take(rest));
    entry(Part::Words, ONE_BYTE_WORDS + ((first - ONE_BYTE_WORDS) << 8 | second))
}

/// Takes one text with its zero byte off `rest`.
pub fn take_text(rest: &mut &'static [u8]) -> String {
    let mut text = String::new();
    loop {
        match take(rest) {
            0 => return text,
            plain @ 1..0x80 => text.push(char::from(plain)),
            code => text.extend(
                entry(Part::Texts, usize::from(code) - 0x80).iter().copied().map(char::from),
            ),
        }
    }
}

/// Moves `rest` behind one text.
pub fn skip_text(rest: &mut &'static [u8]) {
    let end = rest.iter().position(|byte| *byte == 0).map_or(rest.len(), |at| at + 1);
    *rest = rest.get(end..).unwrap_or_default();
}

pub fn take_varint(rest: &mut &'static [u8]) -> usize {
    let (mut value, mut shift) = (0_usize, 0_u32);
    loop {
        let byte = take(rest);
        value |= usize::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Takes the next byte; returns zero at the end, which ends every loop here.
pub fn take(rest: &mut &'static [u8]) -> u8 {
    let Some((first, others)) = rest.split_first() else {
        return 0;
    };
    *rest = others;
    *first
}

pub fn u16_at(bytes: &[u8], at: usize) -> usize {
    let found = bytes.get(at..at + 2).and_then(|slice| slice.try_into().ok());
    usize::from(u16::from_le_bytes(found.unwrap_or_default()))
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    let found = bytes.get(at..at + 4).and_then(|slice| slice.try_into().ok());
    usize::try_from(u32::from_le_bytes(found.unwrap_or_default())).unwrap_or_default()
}
