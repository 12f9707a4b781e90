//! What a call was made on, as ARNs: the formats of the catalogue filled with the parameters of the call.
//!
//! A parameter fills a variable of the same name; what is called otherwise is in [`ALIASES`]. Source: the API references.

/// Resources of one call; a batch has a hundred items.
const MOST: usize = 100;
/// Service, parameter, and the variable it fills; all in lower case.
const ALIASES: &[(&str, &str, &str)] = &[
    ("athena", "workgroup", "workgroupname"),
    ("cloudformation", "stackname", "stackname"),
    ("codebuild", "name", "projectname"),
    ("ecs", "cluster", "clustername"),
    ("ecs", "service", "servicename"),
    ("ecs", "tasks", "taskid"),
    ("eks", "name", "clustername"),
    ("events", "name", "rulename"),
    ("events", "rule", "rulename"),
    ("glue", "jobname", "jobname"),
    ("logs", "loggroupidentifier", "loggroupname"),
    ("rds", "dbclusteridentifier", "dbclusterinstancename"),
    ("rds", "dbinstanceidentifier", "dbinstancename"),
    ("route53", "hostedzoneid", "id"),
    ("s3", "bucket", "bucketname"),
    ("s3", "key", "objectname"),
    ("secretsmanager", "name", "secretid"),
    ("sns", "name", "topicname"),
    ("ssm", "name", "parametername"),
    ("ssm", "names", "parametername"),
];
/// Endings of variables that are no part of the name.
const ENDINGS: [&str; 2] = ["withpath", "withoutleadingslash"];

/// Where a call was made.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its region, if it is known.
    pub region: Option<&'a str>,
    /// The caller's account.
    pub account: Option<&'a str>,
}

/// What `action` was done on, from the parameters of the call that needs it.
#[must_use]
pub fn arns(action: &str, parameters: &[(String, String)], place: Place<'_>) -> Vec<String> {
    let Some((service, types)) = types(action) else { return Vec::new() };
    // A parameter that is an ARN itself says it all.
    let given =
        parameters.iter().filter(|(_, value)| value.starts_with("arn:")).map(|(_, value)| literal(value));
    let mut found: Vec<String> =
        given.filter(|value| types.iter().any(|(format, _)| fits(format, value))).collect();
    let filled: Vec<Filled> =
        types.iter().map(|(format, required)| fill(service, format, *required, parameters, place)).collect();
    let is_whole = filled.iter().any(|one| one.is_whole && !one.arns.is_empty() && one.is_named);
    for one in filled {
        // Part of a name is worth something only where nothing is known better.
        if one.is_whole || !is_whole {
            found.extend(one.arns);
        }
    }
    if let Some(index) = found.iter().position(|arn| service == "dynamodb" && arn.contains("/index/")) {
        // A query of an index needs nothing of its table. Source: DynamoDB Developer Guide, "Using identity-based policies".
        found = vec![found.swap_remove(index)];
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    found
}

/// The part of `resources` that `action` can be limited to; nothing where some of what it needs was not seen.
#[must_use]
pub fn fitting(action: &str, resources: &[String]) -> Vec<String> {
    let Some((service, types)) = types(action) else { return Vec::new() };
    let seen = |format: &str| resources.iter().any(|resource| fits(format, resource));
    let index_alone = service == "dynamodb" && resources.iter().any(|resource| resource.contains("/index/"));
    if !index_alone && types.iter().any(|(format, required)| *required && !seen(format)) {
        return Vec::new();
    }
    let is_one = |resource: &&String| types.iter().any(|(format, _)| fits(format, resource));
    resources.iter().filter(is_one).cloned().collect()
}

/// The formats of the resources of `action`, and whether it always needs one of that kind.
fn types(action: &str) -> Option<(&'static str, Vec<(String, bool)>)> {
    let found = aws_catalogue::find(action)?;
    let service = aws_catalogue::service(found.service)?;
    let all = service.types();
    let mut formats = Vec::new();
    for (place, required) in service.types_of(found.set) {
        let Some(kind) = all.get(place) else { continue };
        // Some have two formats in one.
        let several = kind.arn.contains(", ");
        formats.extend(kind.arn.split(", ").map(|format| (format.to_owned(), required && !several)));
    }
    Some((found.service, formats))
}

/// A format with what is known of it.
struct Filled {
    arns: Vec<String>,
    /// Every name in it is known.
    is_whole: bool,
    /// It has a name.
    is_named: bool,
}

fn fill(
    service: &str,
    format: &str,
    required: bool,
    parameters: &[(String, String)],
    place: Place<'_>,
) -> Filled {
    let mut filled = Filled { arns: vec![String::new()], is_whole: true, is_named: false };
    let mut known = false;
    let mut first = true;
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').unwrap_or((after, ""));
        let values = match variable {
            "Partition" => vec![partition(place.region).to_owned()],
            "Region" => vec![place.region.unwrap_or("*").to_owned()],
            "Account" => vec![place.account.unwrap_or("*").to_owned()],
            name => {
                let values = named(service, name, parameters);
                // Without the first name, the others say nothing.
                known |= first && !values.is_empty();
                first = false;
                filled.is_named = true;
                filled.is_whole &= !values.is_empty();
                if values.is_empty() { vec!["*".to_owned()] } else { values }
            }
        };
        filled.arns = filled
            .arns
            .iter()
            .flat_map(|begun| values.iter().map(move |value| format!("{begun}{before}{value}")))
            .take(MOST)
            .collect();
        rest = after;
    }
    for arn in &mut filled.arns {
        arn.push_str(rest);
    }
    if filled.is_named && !known || !filled.is_named && !required {
        filled.arns.clear();
    }
    filled
}

/// The values of a variable.
fn named(service: &str, variable: &str, parameters: &[(String, String)]) -> Vec<String> {
    let mut variable = variable.to_ascii_lowercase();
    for ending in ENDINGS {
        variable = variable.strip_suffix(ending).unwrap_or(&variable).to_owned();
    }
    let is_it = |name: &str| {
        let name = name.to_ascii_lowercase();
        let alias = ALIASES.iter().find(|(of, parameter, _)| *of == service && *parameter == name);
        alias.map_or(name == variable || name.strip_suffix('s') == Some(&variable), |alias| {
            alias.2 == variable
        })
    };
    let qualifier = parameters.iter().find(|(name, _)| name == "Qualifier").map(|(_, value)| value.as_str());
    let value = |value: &str| match service {
        "ssm" => value.trim_start_matches('/').to_owned(),
        // Its ARN ends in six characters that nobody but AWS knows.
        "secretsmanager" => format!("{value}-??????"),
        "route53" => value.rsplit('/').next().unwrap_or(value).to_owned(),
        "lambda" => {
            // `account:function:name` is a way to write a name.
            let name = value.rsplit_once("function:").map_or(value, |(_, name)| name);
            match qualifier.filter(|qualifier| variable == "functionname" && *qualifier != "$LATEST") {
                Some(qualifier) => format!("{name}:{qualifier}"),
                None => name.to_owned(),
            }
        }
        _ => value.to_owned(),
    };
    let usable = |text: &&str| {
        // An alias of a key is no resource of a policy. Source: KMS Developer Guide, "Using aliases to control access".
        let is_alias = service == "kms" && text.starts_with("alias/");
        !(text.is_empty() || text.starts_with("arn:") || is_alias)
    };
    let found = parameters.iter().filter(|(name, _)| is_it(name)).map(|(_, value)| value.as_str());
    found.filter(usable).map(|text| value(&literal(text))).collect()
}

/// Security: the command names its resources; what would be a pattern or a variable in a policy stands for one character there.
fn literal(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '*' | '?' | '$') || c.is_control() { '?' } else { c }).collect()
}

fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Whether `arn` is of the form `format`.
fn fits(format: &str, arn: &str) -> bool {
    let split = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    // In a format the `:` of a variable is none.
    let (format, arn) = (split(format), split(arn));
    let ([_, _, service, _, _, form], [_, _, of, _, _, name]) = (format.as_slice(), arn.as_slice()) else {
        return false;
    };
    service == of && part_fits(form, name)
}

/// A variable stands for any text; one that is all there is, for a text without `/`: a bucket is no object.
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
            && rest
                .get(at..)
                .is_some_and(|rest| if literal == after { rest == after } else { part_fits(after, rest) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place { region: Some("eu-west-1"), account: Some("123456789012") };

    fn of(action: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = arns(action, &parameters, HERE);
        assert_eq!(fitting(action, &found), found, "{action}");
        found
    }

    #[test]
    fn parameters_fill_the_formats_of_the_catalogue() {
        for (action, parameters, expected) in [
            ("s3:GetObject", &[("Bucket", "b"), ("Key", "a/k")][..], "arn:aws:s3:::b/a/k"),
            ("s3:ListBucket", &[("Bucket", "b")], "arn:aws:s3:::b"),
            ("s3:DeleteObject", &[("Bucket", "b")], "arn:aws:s3:::b/*"),
            ("dynamodb:GetItem", &[("TableName", "t")], "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
            (
                "dynamodb:Query",
                &[("TableName", "t"), ("IndexName", "i")],
                "arn:aws:dynamodb:eu-west-1:123456789012:table/t/index/i",
            ),
            ("dynamodb:Query", &[("TableName", "t")], "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
            ("sns:CreateTopic", &[("Name", "n")], "arn:aws:sns:eu-west-1:123456789012:n"),
            (
                "sns:Publish",
                &[("TopicArn", "arn:aws:sns:eu-west-1:1:t"), ("Message", "arn:aws:s3:::no")],
                "arn:aws:sns:eu-west-1:1:t",
            ),
            ("ssm:GetParameter", &[("Name", "/a/b")], "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"),
            (
                "secretsmanager:GetSecretValue",
                &[("SecretId", "db")],
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????",
            ),
            (
                "lambda:InvokeFunction",
                &[("FunctionName", "f"), ("Qualifier", "live")],
                "arn:aws:lambda:eu-west-1:123456789012:function:f:live",
            ),
            ("iam:GetRole", &[("RoleName", "r")], "arn:aws:iam::123456789012:role/r"),
            (
                "ec2:StartInstances",
                &[("InstanceId", "i-1")],
                "arn:aws:ec2:eu-west-1:123456789012:instance/i-1",
            ),
            (
                "cloudwatch:DeleteAlarms",
                &[("AlarmNames", "a")],
                "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a",
            ),
            (
                "cloudformation:CreateStack",
                &[("StackName", "s")],
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/*",
            ),
        ] {
            assert_eq!(of(action, parameters), [expected], "{action}");
        }
        assert_eq!(of("dynamodb:BatchGetItem", &[("TableName", "a"), ("TableName", "b")]).len(), 2);
        assert_eq!(of("glue:GetTable", &[("DatabaseName", "d"), ("TableName", "t")]).len(), 3);
    }

    #[test]
    fn what_was_not_seen_is_not_made_up() {
        for (action, parameters) in [
            ("dynamodb:GetItem", &[][..]),
            ("s3:ListAllMyBuckets", &[("Bucket", "b")]),
            ("kms:Encrypt", &[("KeyId", "alias/mine")]),
            ("s3:GetObject", &[("Key", "k")]),
            ("no:Such", &[("Bucket", "b")]),
        ] {
            assert!(of(action, parameters).is_empty(), "{action}");
        }
        // An instance needs a subnet, an image and more: one of them is not what it can be limited to.
        let image = "arn:aws:ec2:eu-west-1::image/ami-1".to_owned();
        assert!(fitting("ec2:RunInstances", &[image]).is_empty());
    }

    #[test]
    fn what_a_command_calls_its_things_is_no_pattern() {
        assert_eq!(of("s3:GetObject", &[("Bucket", "b"), ("Key", "*")]), ["arn:aws:s3:::b/?"]);
        assert_eq!(of("s3:GetObject", &[("Bucket", "b"), ("Key", "${aws:x}")]), ["arn:aws:s3:::b/?{aws:x}"]);
    }

    #[test]
    fn resources_are_given_to_the_actions_that_are_on_their_kind() {
        let both = ["arn:aws:s3:::b".to_owned(), "arn:aws:s3:::b/k".to_owned()];
        assert_eq!(fitting("s3:ListBucket", &both), both[..1]);
        assert_eq!(fitting("s3:GetObject", &both), both[1..]);
        assert!(
            fitting("s3:ListAllMyBuckets", &both).is_empty() && fitting("iam:PassRole", &both).is_empty()
        );
    }
}
