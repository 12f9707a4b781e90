//! The least that would do, from what was seen.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::observed::Observed;

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
    /// Each with resources of its own, the largest first.
    pub shares: Vec<Share>,
}

impl Recommendation {
    /// What let every call through that was let through; what was only ever denied is not in it.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        let mut recommendation = Self::default();
        for (name, action) in observed.actions.iter().filter(|(_, action)| action.counts.used() > 0) {
            recommendation.add(name, action.resources());
        }
        recommendation.merge();
        recommendation
    }

    /// Adds one action.
    fn add(&mut self, action: &str, resources: Vec<String>) {
        match self.shares.iter_mut().find(|share| share.resources == resources) {
            Some(share) => share.actions.push(action.to_owned()),
            None => self.shares.push(Share { actions: vec![action.to_owned()], resources }),
        }
    }

    /// Joins shares whose resources are of different kinds: the provider limits each action to those it works on, so
    /// nothing is granted that was not before. Source: docs/configuration.md, `profiles.toml`.
    fn merge(&mut self) {
        let mut joined: Vec<Share> = Vec::new();
        for share in std::mem::take(&mut self.shares) {
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
        self.shares = joined;
    }

    /// The same and these actions on these resources.
    #[must_use]
    pub fn with(&self, more: impl Iterator<Item = (String, Vec<String>)>) -> Self {
        let mut all = self.clone();
        more.for_each(|(action, resources)| {
            if resources.is_empty() {
                all.shares.iter_mut().for_each(|share| share.actions.retain(|known| *known != action));
                all.shares.retain(|share| !share.actions.is_empty());
            }
            all.add(&action, resources);
        });
        all
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
        let mut recommendation = Recommendation::default();
        for (action, resources) in actions {
            recommendation.add(action, resources.iter().map(|&resource| resource.to_owned()).collect());
        }
        recommendation.merge();
        recommendation
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
