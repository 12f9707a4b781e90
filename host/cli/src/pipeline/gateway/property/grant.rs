//! Grants that fit the needs of requests, and grants that fit them almost.

use audex_components::provider::{Grant, Permission, Scope};
use audex_gateway::decide::{Need, On};

use super::with_names;

/// A way to make a grant from needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Exactly the needs.
    Exact,
    /// Every second permission is missing.
    Part,
    /// The resources have other names.
    OtherResources,
    /// The names of the resources end in `*`.
    WildResources,
    /// The resources are any of their type.
    AnyOfType,
    /// The resources are single ones that the needs may be about.
    Instances,
    /// The actions end in `*`.
    WildActions,
    /// The actions end in `*`, and every second one is denied by a pattern.
    DeniedActions,
}

pub(super) const SHAPES: [Shape; 8] = [
    Shape::Exact,
    Shape::Part,
    Shape::OtherResources,
    Shape::WildResources,
    Shape::AnyOfType,
    Shape::Instances,
    Shape::WildActions,
    Shape::DeniedActions,
];

/// The part of an action's name before the `*` of a wildcard: a verb, and mostly some of a noun.
const BEGINNING: usize = 9;

/// Returns a grant of this shape, or `None` if nothing would be granted.
pub(super) fn grant<'a>(shape: Shape, needs: impl Iterator<Item = &'a Need>) -> Option<Grant> {
    let mut grant = Grant {
        provider: "aws".to_owned(),
        permissions: Vec::new(),
        deny: Vec::new(),
        ttl_seconds: 900,
        session: "property".to_owned(),
        gateway: false,
    };
    for (place, need) in needs.enumerate() {
        let is_odd = place % 2 == 1;
        if shape == Shape::DeniedActions && is_odd {
            grant.deny.push(denied(&need.action));
        }
        if shape != Shape::Part || is_odd {
            let permission = permission(shape, need);
            let is_same = |one: &Permission| {
                one.action == permission.action
                    && one.resources.named() == permission.resources.named()
            };
            if !grant.permissions.iter().any(is_same) {
                grant.permissions.push(permission);
            }
        }
    }
    grant.deny.sort_unstable();
    grant.deny.dedup();
    (!grant.permissions.is_empty()).then_some(grant)
}

fn permission(shape: Shape, need: &Need) -> Permission {
    let action = match shape {
        Shape::WildActions | Shape::DeniedActions => wild(&need.action),
        _ => need.action.clone(),
    };
    let on = |of: &dyn Fn(&String) -> String| match &need.on {
        On::Every | On::Unseen => Scope::Every,
        On::These(named) => Scope::These(named.iter().map(of).collect()),
    };
    let resources = match shape {
        Shape::Exact | Shape::Part | Shape::WildActions | Shape::DeniedActions => {
            on(&|resource| resource.clone())
        }
        Shape::OtherResources => on(&|resource| with_names(resource, |name| format!("w{name}"))),
        Shape::WildResources => on(&|resource| with_names(resource, |_| "q*".to_owned())),
        Shape::Instances => on(&|resource| instance(resource)),
        Shape::AnyOfType => match formats(&need.action, "*") {
            any if any.is_empty() => Scope::Every,
            any => Scope::These(any),
        },
    };
    Permission { origin: action.clone(), action, resources }
}

fn wild(action: &str) -> String {
    let (service, name) = action.split_once(':').unwrap();
    format!("{service}:{}*", &name[..name.len().min(BEGINNING)])
}

/// Returns a pattern of actions that ends like `action`.
fn denied(action: &str) -> String {
    let (service, name) = action.split_once(':').unwrap();
    format!("{service}:*{}", &name[name.len() / 2..])
}

/// Returns a resource that a pattern matches.
pub(super) fn instance(resource: &str) -> String {
    resource.replace("??????", "AbCdEf").replace(['*', '?'], "x")
}

/// Returns an ARN for each type of resource that the action works on; every part of a name is `name`. The
/// types of which any service has resources, as AWS Backup, are left out.
pub(super) fn formats(action: &str, name: &str) -> Vec<String> {
    let found = aws_catalogue::find(action).unwrap();
    let service = aws_catalogue::service(found.service).unwrap();
    let types = service.types();
    let filled = |format: &str| {
        let mut arn = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once("${") {
            let (variable, after) = after.split_once('}').unwrap();
            arn += before;
            arn += match variable {
                "Partition" => "aws",
                "Region" => super::models::REGION,
                "Account" | "AccountId" => super::models::ACCOUNT,
                _ => name,
            };
            rest = after;
        }
        arn + rest
    };
    let kinds = service.types_of(found.set).into_iter();
    let formats = kinds.filter_map(|(place, _)| types.get(place)).map(|kind| kind.arn.as_str());
    let formats = formats.flat_map(|arn| arn.split(", ")).map(filled);
    formats.filter(|arn| !arn.starts_with("arn:aws:*:")).collect()
}
