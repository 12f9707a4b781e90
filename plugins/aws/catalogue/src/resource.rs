//! Resource types: their names and the formats of their ARNs.

use crate::format::take_text;

/// A kind of resource of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// As the Service Authorization Reference calls it.
    pub name: String,
    /// The ARN with `${Variables}`, and now and then a `*`.
    pub arn: String,
}

/// Takes one off `rest`. Formats begin alike: 0x01 stands for `arn:${Partition}:`, `@` after it for the service.
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
