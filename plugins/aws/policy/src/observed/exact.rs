//! Calls that list which action they need on which of their resources, because the kinds of the resources do
//! not show it.
//!
//! Such a call has modifiers of the form `service:Action=0,2`: the action and the places of its resources. No
//! place means every resource.

use super::{actions, resource};

/// An action and its resources; an empty list means every resource.
pub type Need = (String, Vec<String>);

/// Writes the operation of a call that needs exactly `needs`, and its resources.
#[must_use]
pub fn written(service: &str, operation: &str, needs: &[Need]) -> (String, Vec<String>) {
    let mut resources: Vec<String> = needs.iter().flat_map(|(_, on)| on.clone()).collect();
    resources.sort_unstable();
    resources.dedup();
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    let known = actions(service, operation).map(|(_, actions)| actions).unwrap_or_default();
    let is_told = known.len() == needs.len()
        && needs.iter().all(|(action, on)| {
            known.contains(action) && sorted(&resource::fitting(action, &resources)) == sorted(on)
        });
    if is_told {
        return (operation.to_owned(), resources);
    }
    let place = |of: &String| resources.binary_search(of).ok().map(|place| place.to_string());
    let segment = |(action, on): &Need| {
        format!("{action}={}", on.iter().filter_map(place).collect::<Vec<_>>().join(","))
    };
    let segments: Vec<String> = needs.iter().map(segment).collect();
    let mark = if operation.contains('?') { '&' } else { '?' };
    (format!("{operation}{mark}{}", segments.join("&")), resources)
}

/// Reads the needs that a call lists, or returns `None` for a call that leaves them to the tables.
#[must_use]
pub fn read(operation: &str, resources: &[String]) -> Option<Vec<Need>> {
    let (_, modifiers) = operation.split_once('?')?;
    let need = |segment: &str| {
        let (action, places) = segment.split_once('=')?;
        let on: Vec<String> = places
            .split(',')
            .filter_map(|place| resources.get(place.parse::<usize>().ok()?).cloned())
            .collect();
        aws_catalogue::find(action).map(|found| (found.full_name(), on))
    };
    let needs: Vec<Need> = modifiers.split('&').filter_map(need).collect();
    (!needs.is_empty()).then_some(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(action: &str, on: &[&str]) -> Need {
        (action.to_owned(), on.iter().map(|&arn| arn.to_owned()).collect())
    }

    #[test]
    fn needs_are_written_only_where_the_kinds_do_not_tell_and_read_back() {
        let (one, two) = ("arn:aws:dynamodb:r:1:table/one", "arn:aws:dynamodb:r:1:table/two");
        let needs = [
            need("dynamodb:PutItem", &[two]),
            need("dynamodb:DeleteItem", &[one, two]),
            need("sts:GetSessionToken", &[]),
        ];
        let (operation, resources) = written("dynamodb", "TransactWriteItems", &needs);
        assert_eq!(
            operation,
            "TransactWriteItems?dynamodb:PutItem=1&dynamodb:DeleteItem=0,1&sts:GetSessionToken="
        );
        assert_eq!(read(&operation, &resources).unwrap(), needs);
        let (operation, resources) =
            written("dynamodb", "GetItem", &[need("dynamodb:GetItem", &[one])]);
        assert_eq!((operation.as_str(), resources.as_slice()), ("GetItem", &[one.to_owned()][..]));
        assert_eq!(read(&operation, &resources), None);
        let (operation, _) =
            written("s3", "PutObject?acl", &[need("s3:PutObject", &["arn:aws:s3:::b/k"])]);
        assert_eq!(operation, "PutObject?acl&s3:PutObject=0");
        assert_eq!(read("GetObject?versionId", &[]), None);
    }
}
