//! Escapes for characters of a resource that would otherwise be wildcards in a policy.

/// An escape in a policy, the character it stands for, and a placeholder that occurs in no ARN. Source: IAM
/// User Guide, "IAM policy elements: Variables and tags", special characters.
const ESCAPES: [(&str, char, char); 2] = [("${*}", '*', '\u{e000}'), ("${?}", '?', '\u{e001}')];
const DOLLAR: &str = "${$}";

/// Replaces the escapes in a pattern with placeholders ([`stood_in`]), so that each `*` and `?` left is a
/// wildcard.
#[must_use]
pub fn unescaped(pattern: &str) -> String {
    let mut out = pattern.to_owned();
    for (written, _, instead) in ESCAPES {
        out = out.replace(written, &instead.to_string());
    }
    out
}

/// Replaces the wildcard characters of a resource with the same placeholders.
#[must_use]
pub fn stood_in(resource: &str) -> String {
    let instead = |character| {
        ESCAPES
            .iter()
            .find(|(_, of, _)| *of == character)
            .map_or(character, |(_, _, instead)| *instead)
    };
    resource.chars().map(instead).collect()
}

/// Like [`unescaped`], with `${$}` replaced by `$`: only the variables of the policy remain.
#[must_use]
pub fn without_dollars(pattern: &str) -> String {
    unescaped(pattern).replace(DOLLAR, "$")
}

/// Returns the names of the variables of a pattern of resources, without the escapes.
pub fn variables(pattern: &str) -> impl Iterator<Item = &str> {
    let parts = pattern.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    parts.map(|(name, _)| name).filter(|name| !matches!(*name, "*" | "?" | "$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_character_is_not_a_wildcard_and_not_a_variable() {
        assert_eq!(unescaped("b/${*}/*"), "b/\u{e000}/*");
        assert_eq!(stood_in("b/*/x?"), "b/\u{e000}/x\u{e001}");
        assert_eq!(without_dollars("b/${$}{x}${?}"), "b/${x}\u{e001}");
        assert_eq!(
            variables("${*}${aws:username}${$}{x}/${?}").collect::<Vec<_>>(),
            ["aws:username"]
        );
        assert_eq!(variables("b/${open").count(), 0);
    }
}
