//! Which of the given resources can be of a resource type.

use audex_sdk::pattern::{self, Symbol};

/// Variables of ARN formats that stand for text without `/` and `:`. Of the others some hold paths (object keys, role names
/// with path, log groups), so they are taken as any text: a resource that is kept needlessly grants nothing.
const SEGMENTS: [&str; 5] = ["Partition", "Region", "Account", "AccountId", "BucketName"];

/// Whether some resource that `resource` matches is of the type with ARN format `format`.
pub fn may_be(resource: &[Symbol], format: &str) -> bool {
    pattern::intersects_symbols(
        resource,
        &parse(format, |name| if SEGMENTS.contains(&name) { Symbol::Segment } else { Symbol::Any }),
    )
}

/// The places of a resource as users write it; a policy variable such as `${aws:username}` may be any text.
pub fn resource(text: &str) -> Vec<Symbol> {
    parse(text, |_| Symbol::Any)
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
    const ACCESS_POINT: &str = "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}";
    const TABLE: &str = "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}";

    fn kinds(text: &str) -> Vec<&'static str> {
        let symbols = resource(text);
        let all = [("bucket", BUCKET), ("object", OBJECT), ("access point", ACCESS_POINT), ("table", TABLE)];
        all.into_iter().filter(|(_, format)| may_be(&symbols, format)).map(|(name, _)| name).collect()
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
    fn other_resources_follow_their_formats() {
        assert_eq!(kinds("arn:aws:s3:eu-west-1:123456789012:accesspoint/x"), ["access point"]);
        assert_eq!(kinds("arn:aws:dynamodb:us-east-1:123456789012:table/my-table"), ["table"]);
        assert_eq!(kinds("arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}-*"), ["table"]);
        assert_eq!(kinds("arn:aws:sqs:*:*:queue"), [""; 0]);
        assert_eq!(kinds("arn:aws:s3:::home/${aws:username}/*"), ["object"]);
    }
}
