//! Conditions that every allowing statement carries.

use std::collections::BTreeMap;
use std::net::IpAddr;

use audex_sdk::provider::Error;
use serde::{Serialize, Serializer};

use super::document::OneOrMany;
use super::group::Groups;
use crate::invalid;

/// Source: IAM user guide, "Tags for AWS Identity and Access Management resources": limits of keys and
/// values.
const TAG_KEY_LENGTH: usize = 128;
const TAG_VALUE_LENGTH: usize = 256;

/// The conditions under which the policy allows its actions. Empty means always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    source_ip: Vec<String>,
    mfa: bool,
    /// Values of tags by condition key.
    tags: BTreeMap<String, Vec<String>>,
}

impl Conditions {
    /// Reads the settings `source_ip` (networks), `mfa` (`true`) and `tag` (`key=value`), lists separated by
    /// commas.
    ///
    /// # Errors
    /// If a setting is malformed.
    pub fn parse(
        source_ip: Option<&str>,
        mfa: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Self, Error> {
        let mut conditions = Self::default();
        for network in source_ip.map(items).unwrap_or_default() {
            if !is_network(network) {
                return Err(malformed("source_ip", network, "a network such as `203.0.113.0/24`"));
            }
            conditions.source_ip.push(network.to_owned());
        }
        conditions.mfa = match mfa {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(malformed("mfa", other, "`true` or `false`")),
        };
        for pair in tag.map(items).unwrap_or_default() {
            let Some((key, value)) = pair.split_once('=').filter(|(key, value)| is_tag(key, value))
            else {
                return Err(malformed("tag", pair, "`key=value`"));
            };
            let values = conditions.tags.entry(format!("aws:ResourceTag/{key}")).or_default();
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        Ok(conditions)
    }

    /// Returns true if there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.source_ip.is_empty() && !self.mfa && self.tags.is_empty()
    }

    /// Returns a notice about actions that have no resource which could carry a tag, if there is a condition
    /// on tags.
    pub fn notice(&self, groups: &Groups) -> Option<String> {
        if self.tags.is_empty() {
            return None;
        }
        let asked = groups.list.iter().flat_map(|group| &group.actions);
        let mut idle: Vec<&str> = asked
            .filter(|action| aws_catalogue::takes_no_resource(action))
            .map(String::as_str)
            .collect();
        // The same action may be requested on several lists of resources.
        idle.sort_unstable();
        idle.dedup();
        (!idle.is_empty()).then(|| {
            format!(
                "a condition on tags is never true for actions that take no resource: `{}` grants nothing",
                idle.join("`, `")
            )
        })
    }
}

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn listed(values: &[String]) -> OneOrMany<'_> {
            values.iter().map(String::as_str).collect()
        }
        let mut block: BTreeMap<&str, BTreeMap<&str, OneOrMany>> = BTreeMap::new();
        if !self.source_ip.is_empty() {
            block.insert("IpAddress", BTreeMap::from([("aws:SourceIp", listed(&self.source_ip))]));
        }
        if self.mfa {
            block.insert(
                "Bool",
                BTreeMap::from([("aws:MultiFactorAuthPresent", OneOrMany::One("true"))]),
            );
        }
        if !self.tags.is_empty() {
            let tags = self.tags.iter().map(|(key, values)| (key.as_str(), listed(values)));
            block.insert("StringEquals", tags.collect());
        }
        block.serialize(serializer)
    }
}

/// Splits a list; an empty item is malformed like any other.
fn items(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).collect()
}

/// Returns true for an address, or an address with the length of its prefix.
fn is_network(text: &str) -> bool {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let plain = |length: &str| length.bytes().all(|byte| byte.is_ascii_digit());
    length.is_none_or(|length| {
        plain(length) && length.parse::<u8>().is_ok_and(|length| length <= longest)
    })
}

/// Returns true for a valid tag. Security: `${` would start a policy variable, and the comparison would use
/// its value.
fn is_tag(key: &str, value: &str) -> bool {
    let plain = |text: &str| !text.contains("${") && !text.chars().any(char::is_control);
    let key_ok = !key.is_empty() && key.chars().count() <= TAG_KEY_LENGTH && plain(key);
    key_ok && value.chars().count() <= TAG_VALUE_LENGTH && plain(value)
}

fn malformed(setting: &str, text: &str, syntax: &str) -> Error {
    invalid(
        "condition-malformed",
        format!("`{text}` is not a value of `{setting}`"),
        &format!("write {syntax}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(source_ip: Option<&str>, mfa: Option<&str>, tag: Option<&str>) -> String {
        serde_json::to_string(&Conditions::parse(source_ip, mfa, tag).unwrap()).unwrap()
    }

    #[test]
    fn each_setting_becomes_its_operator() {
        assert_eq!(
            json(Some("203.0.113.0/24"), None, None),
            r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#
        );
        assert_eq!(
            json(None, Some("true"), None),
            r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#
        );
        assert_eq!(
            json(None, None, Some("team=a, team=b,stage=dev=1")),
            r#"{"StringEquals":{"aws:ResourceTag/stage":"dev=1","aws:ResourceTag/team":["a","b"]}}"#
        );
        assert!(Conditions::parse(None, Some("false"), None).unwrap().is_empty());
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for network in [
            "",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "a/8",
            "10.0.0.0/8,,",
        ] {
            assert!(Conditions::parse(Some(network), None, None).is_err(), "{network}");
        }
        for network in ["10.0.0.0/8", "::1", "2001:db8::/32,192.0.2.1"] {
            assert!(Conditions::parse(Some(network), None, None).is_ok(), "{network}");
        }
        for mfa in ["", "yes", "TRUE"] {
            assert!(Conditions::parse(None, Some(mfa), None).is_err(), "{mfa}");
        }
        for tag in ["", "team", "=x", "a=${aws:username}", "a=b,"] {
            assert!(Conditions::parse(None, None, Some(tag)).is_err(), "{tag}");
        }
    }
}
