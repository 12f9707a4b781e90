//! Compares ARNs with the formats of the catalogue.

/// Returns true if `arn` has the form `format`.
pub fn fits(format: &str, arn: &str) -> bool {
    let split = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    // In a format, the `:` of a variable does not separate parts.
    let (format, arn) = (split(format), split(arn));
    let ([scheme, _, service, _, _, form], [own, _, of, _, _, name]) =
        (format.as_slice(), arn.as_slice())
    else {
        return false;
    };
    // Security: the name of an object may contain an ARN; such text is not an ARN of its own.
    scheme == own && service == of && part_fits(form, name)
}

/// Returns true if `name` fits `form`. A variable stands for any text, but one that is the whole form for a
/// text without `/`: a bucket is not an object.
fn part_fits(form: &str, name: &str) -> bool {
    let Some((before, after)) = form.split_once("${") else { return form == name };
    let (_, after) = after.split_once('}').unwrap_or((after, ""));
    let Some(rest) = name.strip_prefix(before) else { return false };
    if after.is_empty() {
        return !rest.is_empty() && (!before.is_empty() || !rest.contains('/'));
    }
    let literal = after.split("${").next().unwrap_or_default();
    if literal.is_empty() {
        return !rest.is_empty();
    }
    rest.match_indices(literal).any(|(at, _)| {
        at > 0
            && rest.get(at..).is_some_and(|rest| {
                if literal == after { rest == after } else { part_fits(after, rest) }
            })
    })
}
