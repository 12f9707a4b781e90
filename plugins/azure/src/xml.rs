//! Reads single elements of the small replies of Azure Storage.

/// Returns the text of the first element called `name`, or `None` if there is no such element or it contains
/// another one.
///
/// Storage replies are flat, without attributes that matter and without CDATA; anything else counts as
/// absent.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = xml;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (tag, behind) = after.split_once('>')?;
        if tag.split_ascii_whitespace().next() == Some(name) {
            let (text, _) = behind.split_once('<')?;
            let closed = behind.get(text.len()..)?.strip_prefix("</")?.starts_with(name);
            return closed.then(|| text.trim());
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_whole_name() {
        let reply = "\u{feff}<?xml version=\"1.0\"?><UserDelegationKey><SignedOidX>no</SignedOidX><SignedOid a=\"b\"> x </SignedOid>\
                     <Value></Value></UserDelegationKey>";
        assert_eq!(element(reply, "SignedOid"), Some("x"));
        assert_eq!(element(reply, "Value"), Some(""));
        assert_eq!(element(reply, "SignedTid"), None);
    }

    #[test]
    fn what_is_not_flat_or_not_closed_is_absent() {
        for reply in ["<A><B>x</B></A>", "<A>x", "<A>x</B>", "<A", "<A/>", ""] {
            assert_eq!(element(reply, "A"), None, "{reply}");
        }
    }
}
