//! Look-ups of actions as policies write them: `service:Action`, with wildcards in the action or `*` for all.

use audex_sdk::pattern;

use crate::service::{Service, service, services};

/// Actions that work on a resource only if a request names one of an uncommon kind, such as a custom data
/// set, lexicon or model. Source: Service Authorization Reference, where all resource types of these actions
/// are optional.
const ON_NOTHING: [&str; 9] = [
    "cloudwatch:getmetricdata",
    "cloudwatch:listmetrics",
    "cloudwatch:putmetricdata",
    "comprehend:detectentities",
    "polly:startspeechsynthesistask",
    "polly:synthesizespeech",
    "rekognition:detectmoderationlabels",
    "translate:translatedocument",
    "translate:translatetext",
];
use crate::{Access, Names};

/// One known action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The service prefix of the action.
    pub service: &'static str,
    /// The name of the action, as AWS writes it.
    pub name: String,
    /// The access level of the action.
    pub access: Access,
    /// The number of its set of resource types ([`Service::types_of`]); 0 if the action takes no resource.
    pub set: usize,
}

impl Found {
    fn of(service: Service, names: &Names) -> Self {
        Self {
            service: service.name(),
            name: names.name().to_owned(),
            access: names.access(),
            set: names.set(),
        }
    }

    /// Returns true if policies can limit the action to resources.
    #[must_use]
    pub fn takes_resource(&self) -> bool {
        self.set != 0
    }

    /// Returns `service:Action`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.service, self.name)
    }
}

/// Finds the action `service:Action`, in any case and without wildcards.
#[must_use]
pub fn find(action: &str) -> Option<Found> {
    let (prefix, name) = action.split_once(':')?;
    let service = service(prefix)?;
    service.find(name).map(|names| Found::of(service, &names))
}

/// Returns every known action that `action` matches, in any case; wildcards in the service prefix do not
/// count.
#[must_use]
pub fn matching(action: &str) -> Vec<Found> {
    match action.split_once(':') {
        _ if matches!(action, "*" | "*:*") => {
            services().flat_map(|service| within(service, "*")).collect()
        }
        Some((_, name)) if !pattern::is_wild(name) => find(action).into_iter().collect(),
        Some((prefix, name)) => {
            service(prefix).map(|service| within(service, name)).unwrap_or_default()
        }
        None => Vec::new(),
    }
}

/// Returns the services with an action that matches `name` and a prefix that matches `prefix`, both patterns.
#[must_use]
pub fn services_with(prefix: &str, name: &str) -> Vec<&'static str> {
    let has = |service: &Service| {
        let mut names = service.names();
        while names.advance() {
            if pattern::matches_ignore_ascii_case(name, names.name()) {
                return true;
            }
        }
        false
    };
    let of_prefix =
        services().filter(|service| pattern::matches_ignore_ascii_case(prefix, service.name()));
    of_prefix.filter(has).map(Service::name).collect()
}

/// Returns true if `action` matches known actions and none of them can be limited to resources.
#[must_use]
pub fn takes_no_resource(action: &str) -> bool {
    let found = matching(action);
    !found.is_empty() && !found.iter().any(Found::takes_resource)
}

/// Returns true if `action` (a name, not a pattern) works without a resource: the action takes none, or at
/// most one of an uncommon kind.
#[must_use]
pub fn needs_no_resource(action: &str) -> bool {
    ON_NOTHING.contains(&action.to_ascii_lowercase().as_str())
        || !pattern::is_wild(action) && takes_no_resource(action)
}

/// Returns true if `action` matches a known action and one of `asked` matches every action that `action`
/// matches.
///
/// A pattern that shortens a list of actions must fulfil this condition.
#[must_use]
pub fn expansion_within(action: &str, asked: &[impl AsRef<str>]) -> bool {
    let covers = |found: &Found| {
        let name = found.full_name();
        asked.iter().any(|asked| {
            matches!(asked.as_ref(), "*" | "*:*")
                || pattern::matches_ignore_ascii_case(asked.as_ref(), &name)
        })
    };
    let found = matching(action);
    !found.is_empty() && found.iter().all(covers)
}

fn within(service: Service, name: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut names = service.names();
    while names.advance() {
        if pattern::matches_ignore_ascii_case(name, names.name()) {
            found.push(Found::of(service, &names));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_data_is_found_again_in_any_case() {
        let mut count = 0;
        for service in services() {
            let mut names = service.names();
            let mut before = String::new();
            while names.advance() {
                assert!(
                    before.to_ascii_lowercase() < names.name().to_ascii_lowercase(),
                    "{before} {}",
                    names.name()
                );
                before = names.name().to_owned();
                let found = service.find(&before.to_ascii_uppercase()).unwrap();
                assert_eq!(
                    (found.name(), found.access(), found.set()),
                    (names.name(), names.access(), names.set())
                );
                assert!(
                    service.find(&format!("{before}x")).is_none_or(|other| other.name() != before)
                );
                count += 1;
            }
        }
        let (total, levels) = crate::totals();
        assert_eq!((count, levels.iter().sum::<u32>()), (total, total));
        assert_eq!((total, services().count()), (22_092, 456));
    }

    #[test]
    fn access_levels_and_resource_types_are_those_of_the_reference() {
        let found = find("S3:getobject").unwrap();
        assert_eq!((found.full_name().as_str(), found.access), ("s3:GetObject", Access::Read));
        let s3 = service("s3").unwrap();
        let types = s3.types();
        let arns: Vec<&str> =
            s3.types_of(found.set).iter().map(|(place, _)| types[*place].arn.as_str()).collect();
        assert!(arns.contains(&"arn:${Partition}:s3:::${BucketName}/${ObjectName}"), "{arns:?}");
        assert_eq!(find("iam:PassRole").unwrap().access, Access::Write);
        assert_eq!(find("s3:PutBucketPolicy").unwrap().access, Access::Permissions);
        assert_eq!(find("s3:PutObjectTagging").unwrap().access, Access::Tagging);
        assert!(!find("s3:ListAllMyBuckets").unwrap().takes_resource());
        assert!(find("sts:GetScopedCredentials").is_some(), "the overlay");
        assert!(
            find("s3:HeadObject").is_none() && find("nosuch:Get").is_none() && find("s3").is_none()
        );
    }

    #[test]
    fn actions_on_nothing_have_optional_types_alone() {
        for action in ON_NOTHING {
            let found = find(action).unwrap();
            let types = service(found.service).unwrap().types_of(found.set);
            assert!(
                found.takes_resource() && types.iter().all(|(_, required)| !required),
                "{action}"
            );
            assert!(needs_no_resource(action) && !takes_no_resource(action), "{action}");
        }
        assert!(needs_no_resource("S3:listallmybuckets") && !needs_no_resource("s3:GetObject"));
        assert!(!needs_no_resource("ec2:DescribeReserved*") && !needs_no_resource("no:Such"));
    }

    #[test]
    fn every_resource_type_has_an_arn_format() {
        for service in services() {
            let types = service.types();
            for kind in &types {
                assert!(
                    kind.arn.starts_with("arn:") && kind.arn.split(':').count() >= 6,
                    "{}: {kind:?}",
                    service.name()
                );
            }
            let mut names = service.names();
            while names.advance() {
                let set = service.types_of(names.set());
                assert_eq!(set.is_empty(), names.set() == 0, "{}", names.name());
                let of_set = set.iter().map(|(place, required)| (types[*place].clone(), *required));
                assert!(service.types_in(names.set()).into_iter().eq(of_set));
            }
        }
    }

    #[test]
    fn patterns_expand_to_what_they_match() {
        let names: Vec<String> = matching("lambda:invoke*").iter().map(Found::full_name).collect();
        assert!(names.contains(&"lambda:InvokeFunction".to_owned()), "{names:?}");
        assert_eq!(matching("*").len(), 22_092);
        assert!(matching("s3:Gett*").is_empty());
        assert!(services_with("*", "DeleteBucket").contains(&"s3"));
        assert!(
            takes_no_resource("s3:ListAllMyBuckets")
                && !takes_no_resource("s3:List*")
                && !takes_no_resource("s3:No")
        );
    }

    #[test]
    fn a_shortening_stays_within_what_was_asked() {
        let asked = ["s3:GetObject".to_owned()];
        assert!(
            expansion_within("s3:getobject", &asked) && !expansion_within("s3:GetObjec*", &asked)
        );
        assert!(expansion_within("s3:GetObjectAc*", &["s3:GetObjectAcl".to_owned()]));
        assert!(
            !expansion_within("s3:Nothing*", &asked)
                && expansion_within("ec2:Run*", &["*".to_owned()])
        );
    }
}
