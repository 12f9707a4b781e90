//! Resource types: their names and the formats of their ARNs.

use crate::format::{skip_text, take_text};

/// A kind of resource of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// The name in the Service Authorization Reference.
    pub name: String,
    /// The ARN with `${Variables}`, and sometimes a `*`.
    pub arn: String,
}

/// Takes one type off `rest`. Many formats begin alike: 0x01 stands for `arn:${Partition}:`, and `@` after
/// 0x01 for the service.
pub fn take_type(rest: &mut &'static [u8], service: &str) -> ResourceType {
    let name = take_text(rest);
    let packed = take_text(rest);
    let arn = match packed.strip_prefix('\u{1}') {
        Some(tail) => match tail.strip_prefix('@') {
            Some(tail) => format!("arn:${{Partition}}:{service}{tail}"),
            None => format!("arn:${{Partition}}:{tail}"),
        },
        None => packed,
    };
    ResourceType { name, arn }
}

/// Moves `rest` behind one type.
pub fn skip_type(rest: &mut &'static [u8]) {
    skip_text(rest);
    skip_text(rest);
}
