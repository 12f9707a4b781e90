//! The least that would do, from what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::observed::Observed;
use super::resource;

/// Actions on the same resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Sorted.
    pub actions: Vec<String>,
    /// Empty means every resource.
    pub resources: Vec<String>,
}

/// What to grant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recommendation {
    /// What each action is needed on; empty means every resource.
    needs: BTreeMap<String, BTreeSet<String>>,
    /// The same, actions together that may be: each with resources of its own, the largest first.
    pub shares: Vec<Share>,
}

impl Recommendation {
    /// What let every call through that was let through; what was only ever denied is not in it.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        let used = observed.actions.iter().filter(|(_, action)| action.counts.used() > 0);
        Self::new(
            used.map(|(name, action)| (name.clone(), action.resources().into_iter().collect())).collect(),
        )
    }

    fn new(needs: BTreeMap<String, BTreeSet<String>>) -> Self {
        let mut shares: Vec<Share> = Vec::new();
        for (action, resources) in &needs {
            let resources: Vec<String> = resources.iter().cloned().collect();
            match shares.iter_mut().find(|share| share.resources == resources) {
                Some(share) => share.actions.push(action.clone()),
                None => shares.push(Share { actions: vec![action.clone()], resources }),
            }
        }
        Self { needs, shares: joined(shares) }
    }

    /// The same and these actions on these resources.
    ///
    /// Names that the cloud gives anew in every run (`instance/i-0123456789abcdef0`) become a pattern.
    #[must_use]
    pub fn with(&self, more: impl Iterator<Item = (String, Vec<String>)>) -> Self {
        let mut needs = self.needs.clone();
        for (action, resources) in more {
            match needs.get_mut(&action) {
                Some(known) if known.is_empty() => {}
                Some(known) if resources.is_empty() => known.clear(),
                Some(known) => {
                    for resource in resources {
                        let pattern = resource::of_any_name(&resource);
                        let is_renamed = pattern.is_some()
                            && known.iter().any(|known| resource::of_any_name(known) == pattern);
                        match pattern.filter(|_| is_renamed) {
                            Some(pattern) => {
                                known.retain(|known| resource::of_any_name(known).as_ref() != Some(&pattern));
                                known.insert(pattern);
                            }
                            None => drop(known.insert(resource)),
                        }
                    }
                }
                None => drop(needs.insert(action, resources.into_iter().collect())),
            }
        }
        Self::new(needs)
    }

    /// All actions, sorted, as `--allow` takes them.
    #[must_use]
    pub fn allow(&self) -> Vec<String> {
        let actions: BTreeSet<&String> = self.shares.iter().flat_map(|share| &share.actions).collect();
        actions.into_iter().cloned().collect()
    }

    /// All resources, as `--resource` takes them.
    #[must_use]
    pub fn resources(&self) -> Vec<String> {
        let resources: BTreeSet<&String> = self.shares.iter().flat_map(|share| &share.resources).collect();
        resources.into_iter().cloned().collect()
    }

    /// Exactly this as `profiles.toml` has it: where resources differ, a profile for each that the first one extends.
    #[must_use]
    pub fn profile(&self, name: &str, provider: &str) -> String {
        let part = |index: usize| if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) };
        let mut text = String::new();
        for (index, share) in self.shares.iter().enumerate() {
            let _ = writeln!(
                text,
                "{}[profiles.{}]",
                if index == 0 { "" } else { "\n" },
                quoted_key(&part(index))
            );
            let _ = writeln!(
                text,
                "description = \"Learned by tryaudex learn\"\nprovider = {}",
                quoted(provider)
            );
            let _ = writeln!(text, "actions = [{}]", list(&share.actions));
            if !share.resources.is_empty() {
                let _ = writeln!(text, "resources = [{}]", list(&share.resources));
            }
            let others: Vec<String> = (1..self.shares.len()).map(part).collect();
            if index == 0 && !others.is_empty() {
                let _ = writeln!(text, "extends = [{}]", list(&others));
            }
        }
        text
    }
}

/// Joins shares whose resources are of different kinds: the provider limits each action to those it works on, so
/// nothing is granted that was not before. Source: docs/configuration.md, `profiles.toml`.
fn joined(shares: Vec<Share>) -> Vec<Share> {
    let mut joined: Vec<Share> = Vec::new();
    for share in shares {
        let alike = |other: &&mut Share| {
            !share.resources.is_empty()
                && !other.resources.is_empty()
                && kinds(&share.resources).is_disjoint(&kinds(&other.resources))
        };
        match joined.iter_mut().find(alike) {
            Some(other) => {
                other.actions.extend(share.actions);
                other.resources.extend(share.resources);
            }
            None => joined.push(share),
        }
    }
    for share in &mut joined {
        share.actions.sort();
        share.resources.sort();
    }
    joined.sort_by_key(|share| std::cmp::Reverse(share.actions.len()));
    joined
}

/// What kinds of things ARNs name: a service, and the word before the name.
fn kinds(resources: &[String]) -> BTreeSet<String> {
    let kind = |resource: &String| {
        let mut parts = resource.splitn(6, ':').skip(2);
        let service = parts.next().unwrap_or(resource).to_owned();
        let name = parts.nth(2).unwrap_or_default();
        if service == "s3" {
            return format!("s3:{}", name.contains('/'));
        }
        let word = name.find([':', '/']).and_then(|end| name.get(..end)).unwrap_or_default();
        format!("{service}:{word}:{}", name.matches('/').count())
    };
    resources.iter().map(kind).collect()
}

fn list(items: &[String]) -> String {
    items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn quoted_key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::profiles_file::parse;

    fn of(actions: &[(&str, &[&str])]) -> Recommendation {
        let owned = |list: &[&str]| list.iter().map(|&resource| resource.to_owned()).collect();
        Recommendation::new(
            actions.iter().map(|(action, list)| ((*action).to_owned(), owned(list))).collect(),
        )
    }

    #[test]
    fn names_that_change_from_run_to_run_become_a_pattern_and_others_stay() {
        let arn = |name: &str| format!("arn:aws:ec2:eu-west-1:1:instance/{name}");
        let (first, second) = (arn("i-0123456789abcdef0"), arn("i-0fedcba9876543210"));
        let one = of(&[("ec2:StopInstances", &[&first]), ("s3:GetObject", &["arn:aws:s3:::b/k"])]);
        let more = [
            ("ec2:StopInstances".to_owned(), vec![second]),
            ("s3:GetObject".to_owned(), vec!["arn:aws:s3:::b/l".to_owned()]),
        ];
        let two = one.with(more.into_iter());
        assert_eq!(two.resources(), [arn("i-*").as_str(), "arn:aws:s3:::b/k", "arn:aws:s3:::b/l"]);
        assert_eq!(one.with(std::iter::once(("s3:GetObject".to_owned(), Vec::new()))).resources(), [first]);
    }

    #[test]
    fn resources_of_different_kinds_share_a_profile_and_others_do_not() {
        let one = of(&[("s3:GetObject", &["arn:aws:s3:::b/k"]), ("s3:ListBucket", &["arn:aws:s3:::b"])]);
        assert_eq!(one.shares.len(), 1);
        let two = of(&[("s3:GetObject", &["arn:aws:s3:::a/k"]), ("s3:PutObject", &["arn:aws:s3:::b/k"])]);
        assert_eq!(two.shares.len(), 2);
        let wide = of(&[("s3:GetObject", &["arn:aws:s3:::a/k"]), ("s3:ListAllMyBuckets", &[])]);
        assert_eq!(wide.shares.len(), 2);
    }

    #[test]
    fn the_profile_reads_back_as_what_is_recommended() {
        let two = of(&[("s3:GetObject", &["arn:aws:s3:::a/\"k\\"]), ("s3:ListAllMyBuckets", &[])]);
        let profiles = parse(Path::new("profiles.toml"), &two.profile("my job", "aws")).unwrap();
        assert_eq!(profiles["my job"].extends, ["my job-2"]);
        let mut actions: Vec<_> = profiles.values().flat_map(|profile| profile.actions.clone()).collect();
        actions.sort();
        assert_eq!(actions, two.allow());
        assert_eq!(
            profiles.values().flat_map(|profile| profile.resources.clone()).collect::<Vec<_>>(),
            two.resources()
        );
    }
}
