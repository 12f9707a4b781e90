//! `aws s3`: the needs of its high-level commands depend on the source and the target of the copy.
//!
//! Source for the calls: the AWS CLI's own `customizations/s3`, and recorded runs.

use super::command::Words;
use super::table::{bucket, is_bucket};
use super::{Need, Target};

/// A place in S3: `s3://bucket/key`.
struct Place<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl<'a> Place<'a> {
    /// Parses an operand; returns `None` for local paths, and for access points, whose ARNs can replace a
    /// bucket.
    fn of(operand: &'a str) -> Option<Self> {
        let rest = operand.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        is_bucket(bucket).then_some(Self { bucket, key })
    }

    fn listed(&self) -> Need {
        self.itself("s3:ListBucket", "lists a bucket")
    }

    fn itself(&self, action: &str, why: &str) -> Need {
        Need {
            action: action.to_owned(),
            why: why.to_owned(),
            target: Target::Arn(bucket(self.bucket)),
        }
    }

    /// Returns the need for one object, or with `many` for those below the key. If the key is a directory,
    /// the other side of the copy gives the name.
    fn object(&self, action: &str, why: &str, many: bool) -> Need {
        let open = many || self.key.is_empty() || self.key.ends_with('/');
        let end = if open { "*" } else { "" };
        Need {
            action: action.to_owned(),
            why: why.to_owned(),
            target: Target::Arn(format!(
                "arn:${{Partition}}:s3:::{}/{}{end}",
                self.bucket, self.key
            )),
        }
    }
}

const READ: (&str, &str) = ("s3:GetObject", "reads objects");
const WRITE: (&str, &str) = ("s3:PutObject", "writes objects");
const DELETE: (&str, &str) = ("s3:DeleteObject", "deletes objects");

/// Returns the needs of an `aws s3` command, or none for an unknown one.
pub fn needs(words: &Words) -> Vec<Need> {
    let mut operands = words.operands.iter().copied();
    let (first, second) = (operands.next(), operands.next());
    let (from, to) = (first.and_then(Place::of), second.and_then(Place::of));
    let on = |place: Option<&Place>, (action, why), many| {
        place.map(|place| place.object(action, why, many))
    };
    let recursive = words.has("--recursive");
    let listed = |place: Option<&Place>| place.map(Place::listed);
    let itself = |action, why| from.as_ref().map(|place| place.itself(action, why));
    let needs = match words.operation {
        "ls" if first.is_none_or(|operand| operand == "s3://") => {
            let (action, why) = ("s3:ListAllMyBuckets".to_owned(), "lists buckets".to_owned());
            vec![Some(Need { action, why, target: Target::NoResource })]
        }
        "ls" => vec![listed(from.as_ref())],
        "cp" | "mv" | "sync" => {
            let many = recursive || words.operation == "sync";
            let source_listed = many.then(|| listed(from.as_ref())).flatten();
            let target_listed = (words.operation == "sync").then(|| listed(to.as_ref())).flatten();
            let moved =
                (words.operation == "mv").then(|| on(from.as_ref(), DELETE, many)).flatten();
            let cleaned = words.has("--delete").then(|| on(to.as_ref(), DELETE, many)).flatten();
            vec![
                source_listed,
                target_listed,
                on(from.as_ref(), READ, many),
                on(to.as_ref(), WRITE, many),
                moved,
                cleaned,
            ]
        }
        "rm" => {
            vec![
                recursive.then(|| listed(from.as_ref())).flatten(),
                on(from.as_ref(), DELETE, recursive),
            ]
        }
        "mb" => vec![itself("s3:CreateBucket", "creates a bucket")],
        "rb" => vec![itself("s3:DeleteBucket", "deletes a bucket")],
        "presign" => vec![on(from.as_ref(), READ, false)],
        _ => Vec::new(),
    };
    // A dry run writes, moves and deletes nothing, but lists its sources.
    let dry = words.has("--dryrun");
    needs.into_iter().flatten().filter(|need| !dry || need.action == "s3:ListBucket").collect()
}

/// Every action of this file that is needed on a resource.
#[cfg(test)]
pub const ACTIONS: [&str; 6] =
    [READ.0, WRITE.0, DELETE.0, "s3:ListBucket", "s3:CreateBucket", "s3:DeleteBucket"];
