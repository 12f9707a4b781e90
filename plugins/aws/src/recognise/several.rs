//! Operations that need different actions on different resources.

use std::collections::BTreeMap;

use aws_api::{Asked, KEY, VERSIONED_KEY};
use aws_policy::observed::exact::Need;
use aws_policy::observed::resource::{Place, Request, arns};

use super::partiql;

/// The verb of an item of a DynamoDB transaction, and its action.
/// Source: DynamoDB Developer Guide, "Using IAM with DynamoDB transactions".
const TRANSACTED: [(&str, &str); 5] = [
    ("ConditionCheck", "dynamodb:ConditionCheckItem"),
    ("Delete", "dynamodb:DeleteItem"),
    ("Get", "dynamodb:GetItem"),
    ("Put", "dynamodb:PutItem"),
    ("Update", "dynamodb:UpdateItem"),
];

/// Returns the needs of such an operation, or `None` for another operation or a request that does not show
/// them.
pub fn needs(
    service: &str,
    asked: &Asked,
    actions: &[String],
    place: Place<'_>,
) -> Option<Vec<Need>> {
    match (service, asked.operation.as_str()) {
        ("dynamodb", "TransactWriteItems" | "TransactGetItems") => transaction(asked, place),
        ("dynamodb", "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction") => {
            statements(asked, place)
        }
        ("s3", "DeleteObjects") => deletion(asked, actions, place),
        _ => None,
    }
}

fn transaction(asked: &Asked, place: Place<'_>) -> Option<Vec<Need>> {
    let items = asked
        .parameters
        .iter()
        .filter_map(|(name, table)| Some((name.strip_suffix(".TableName")?, table)));
    let mut needs = BTreeMap::new();
    for (verb, table) in items {
        let (_, action) = TRANSACTED.iter().find(|(known, _)| *known == verb)?;
        add(&mut needs, action, &[("TableName", table)], place)?;
    }
    collected(needs)
}

fn statements(asked: &Asked, place: Place<'_>) -> Option<Vec<Need>> {
    let mut needs = BTreeMap::new();
    for text in asked.values("Statement") {
        let statement = partiql::read(text)?;
        let index = statement.index.as_deref().map(|index| ("IndexName", index));
        let names: Vec<(&str, &str)> =
            [("TableName", statement.table.as_str())].into_iter().chain(index).collect();
        add(&mut needs, statement.action, &names, place)?;
    }
    collected(needs)
}

/// Adds the resources of `action`, or returns `None` if they cannot be named.
fn add(
    needs: &mut BTreeMap<&'static str, Vec<String>>,
    action: &'static str,
    names: &[(&str, &str)],
    place: Place<'_>,
) -> Option<()> {
    let parameters: Vec<(String, String)> =
        names.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = Request { service: "dynamodb", operation: "", parameters: &parameters, place };
    let found = arns(action, &request);
    needs.entry(action).or_default().extend(found.iter().cloned());
    (!found.is_empty()).then_some(())
}

fn collected(needs: BTreeMap<&'static str, Vec<String>>) -> Option<Vec<Need>> {
    let sorted = |mut on: Vec<String>| {
        on.sort_unstable();
        on.dedup();
        on
    };
    let needs: Vec<Need> =
        needs.into_iter().map(|(action, on)| (action.to_owned(), sorted(on))).collect();
    (!needs.is_empty()).then_some(needs)
}

/// Returns the needs of a deletion: a version of an object takes another permission than the object.
/// Source: S3 API reference, "`DeleteObjects`", permissions.
fn deletion(asked: &Asked, actions: &[String], place: Place<'_>) -> Option<Vec<Need>> {
    let bucket = asked.values("Bucket").next()?;
    let on = |name: &str| {
        let keys = asked.parameters.iter().filter(|(known, _)| known == name);
        let mut parameters: Vec<(String, String)> =
            keys.map(|(_, key)| ("Key".to_owned(), key.clone())).collect();
        let has_keys = !parameters.is_empty();
        parameters.push(("Bucket".to_owned(), bucket.to_owned()));
        let request =
            Request { service: "s3", operation: "DeleteObject", parameters: &parameters, place };
        if has_keys { arns("s3:DeleteObject", &request) } else { Vec::new() }
    };
    let (objects, versions) = (on(KEY), on(VERSIONED_KEY));
    let mut needs = Vec::new();
    for action in actions {
        match action.as_str() {
            "s3:DeleteObject" => {
                let both = [("s3:DeleteObject", &objects), ("s3:DeleteObjectVersion", &versions)];
                let used = both.into_iter().filter(|(_, on)| !on.is_empty());
                needs.extend(used.map(|(action, on)| (action.to_owned(), on.clone())));
            }
            other => {
                needs.push((other.to_owned(), [objects.as_slice(), versions.as_slice()].concat()));
            }
        }
    }
    (!objects.is_empty() || !versions.is_empty()).then_some(needs)
}
