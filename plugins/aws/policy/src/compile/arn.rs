//! Compares the given resources with resource types.

use audex_sdk::pattern::{self, Symbol};

/// Variables of ARN formats that stand for text without `/` and `:`. Some of the other variables hold paths
/// (object keys, role names with path, log groups), so each counts as any text: a resource that is kept
/// needlessly grants nothing.
const SEGMENTS: [&str; 5] = ["Partition", "Region", "Account", "AccountId", "BucketName"];

/// A resource in the user's form, prepared for comparison with formats.
pub struct Resource<'a> {
    symbols: Vec<Symbol>,
    /// The service of the ARN, if nothing before or in it is open.
    service: Option<&'a str>,
}

impl<'a> Resource<'a> {
    /// Parses `text`; a policy variable such as `${aws:username}` matches any text.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self { symbols: parse(text, |_| Symbol::Any), service: service(text) }
    }

    /// Returns true if this can match a resource of the type with the ARN format `format`, or with one of
    /// several formats with a comma between.
    #[must_use]
    pub fn may_be(&self, format: &str) -> bool {
        format.split(", ").any(|format| self.fits(format))
    }

    fn fits(&self, format: &str) -> bool {
        // Most formats belong to other services; a comparison of the service finds these without matching.
        let named =
            format.strip_prefix("arn:${Partition}:").and_then(|tail| tail.split(':').next());
        let fixed = named.filter(|named| !named.contains(['*', '?', '$']));
        if self.service.zip(fixed).is_some_and(|(own, other)| own != other) {
            return false;
        }
        let segment =
            |name: &str| if SEGMENTS.contains(&name) { Symbol::Segment } else { Symbol::Any };
        pattern::intersects_symbols(&self.symbols, &parse(format, segment))
    }
}

/// An example resource of an ARN format, in the user's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The word for a resource inside a given one, such as `object`, if the format has such a kind.
    pub inside: Option<String>,
    /// The ARN; unknown names are words in capitals.
    pub arn: String,
}

/// Writes a resource of the ARN format `format`: one inside one of the `given` resources, or one with words
/// to replace.
#[must_use]
pub fn example(format: &str, given: &[String]) -> Example {
    let format = format.split(", ").next().unwrap_or(format);
    let inside = format.strip_suffix('}').and_then(|open| open.rsplit_once("/${"));
    if let Some((outer, name)) = inside
        && let Some(holder) = given.iter().find(|one| is_of(one, outer))
    {
        let kind = name.trim_end_matches("Name").trim_end_matches("Id").to_ascii_lowercase();
        return Example { inside: Some(kind), arn: format!("{holder}/*") };
    }
    let partition = given
        .iter()
        .find_map(|one| one.split(':').nth(1))
        .filter(|one| !one.contains(['*', '?', '$']));
    let mut written = String::new();
    let mut rest = format;
    while let Some((plain, tail)) = rest.split_once("${") {
        let Some((name, after)) = tail.split_once('}') else { break };
        written += plain;
        match name {
            "Partition" => written += partition.unwrap_or("aws"),
            name => written += &in_capitals(name),
        }
        rest = after;
    }
    Example { inside: None, arn: written + rest }
}

/// Returns true if `resource` has the ARN format `format` and names exactly one resource.
fn is_of(resource: &str, format: &str) -> bool {
    let fits = || {
        pattern::intersects_symbols(
            &pattern::symbols(resource),
            &parse(format, |_| Symbol::Segment),
        )
    };
    !resource.contains(['*', '?', '$']) && fits()
}

/// Writes `TableName` as `TABLE_NAME`.
fn in_capitals(name: &str) -> String {
    let mut capitals = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_small {
            capitals.push('_');
        }
        after_small = !c.is_ascii_uppercase();
        capitals.push(c.to_ascii_uppercase());
    }
    capitals
}

/// Returns the third part of an ARN, if it and the parts before it contain no wildcard or variable.
fn service(arn: &str) -> Option<&str> {
    let end = arn.match_indices(':').nth(2).map(|(at, _)| at)?;
    let head = arn.get(..end).filter(|head| !head.contains(['*', '?', '$']))?;
    head.rsplit(':').next()
}

fn parse(text: &str, variable: impl Fn(&str) -> Symbol) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut rest = text;
    while let Some((plain, tail)) = rest.split_once("${") {
        let Some((name, after)) = tail.split_once('}') else { break };
        symbols.extend(pattern::symbols(plain));
        symbols.push(variable(name));
        rest = after;
    }
    symbols.extend(pattern::symbols(rest));
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: &str = "arn:${Partition}:s3:::${BucketName}";
    const OBJECT: &str = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
    const ACCESS_POINT: &str =
        "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}";
    const TABLE: &str = "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}";

    fn kinds(text: &str) -> Vec<&'static str> {
        let resource = Resource::of(text);
        let all = [
            ("bucket", BUCKET),
            ("object", OBJECT),
            ("access point", ACCESS_POINT),
            ("table", TABLE),
        ];
        all.into_iter()
            .filter(|(_, format)| resource.may_be(format))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn buckets_are_told_from_their_objects() {
        assert_eq!(kinds("arn:aws:s3:::my-bucket"), ["bucket"]);
        assert_eq!(kinds("arn:aws:s3:::my-bucket/*"), ["object"]);
        assert_eq!(kinds("arn:aws-cn:s3:::my-bucket/a/b.txt"), ["object"]);
        assert_eq!(kinds("arn:aws:s3:::my-bucket*"), ["bucket", "object"]);
        assert_eq!(kinds("arn:aws:s3:::*"), ["bucket", "object", "access point"]);
    }

    #[test]
    fn a_format_is_written_as_a_user_would_write_a_resource() {
        let inside = example(OBJECT, &["arn:aws:s3:::demo-reports".to_owned()]);
        let (kind, arn) = (Some("object".to_owned()), "arn:aws:s3:::demo-reports/*".to_owned());
        assert_eq!(inside, Example { inside: kind, arn });
        let written = |format: &str, given: &str| example(format, &[given.to_owned()]).arn;
        assert_eq!(
            written(TABLE, "arn:aws-cn:s3:::b"),
            "arn:aws-cn:dynamodb:REGION:ACCOUNT:table/TABLE_NAME"
        );
        // A wildcard is not extended: it may match resources of another kind.
        for open in
            ["arn:aws:s3:::demo-*", "arn:aws:sqs:eu-west-1:123456789012:q", "arn:*:s3:::b", "*"]
        {
            assert_eq!(written(OBJECT, open), "arn:aws:s3:::BUCKET_NAME/OBJECT_NAME", "{open}");
        }
        for format in [BUCKET, OBJECT, ACCESS_POINT, TABLE] {
            assert!(!written(format, "arn:aws:sns:::t").contains('$'), "{format}");
        }
    }

    #[test]
    fn other_resources_follow_their_formats() {
        assert_eq!(kinds("arn:aws:s3:eu-west-1:123456789012:accesspoint/x"), ["access point"]);
        assert_eq!(kinds("arn:aws:dynamodb:us-east-1:123456789012:table/my-table"), ["table"]);
        assert_eq!(kinds("arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}-*"), ["table"]);
        assert_eq!(kinds("arn:aws:sqs:*:*:queue"), [""; 0]);
        assert_eq!(kinds("arn:aws:s3:::home/${aws:username}/*"), ["object"]);
        assert_eq!(kinds("arn:aws:*:*:*:*"), ["bucket", "object", "access point", "table"]);
        // An open part may continue into other parts, even an object's key; such a resource is kept.
        assert!(kinds("arn:*:dynamodb:*:*:table/x").contains(&"table"));
        assert_eq!(kinds("arn:aws*"), ["bucket", "object", "access point", "table"]);
    }
}
