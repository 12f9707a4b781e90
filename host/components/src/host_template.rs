//! The hosts that a capability names: one host, one for each region, or one for each storage account.

use audex_core::region::is_region;

/// Hosts that differ only by the storage account, in Azure's public cloud and two government clouds.
const ACCOUNT_HOSTS: [&str; 3] = [
    "{account}.blob.core.windows.net",
    "{account}.blob.core.usgovcloudapi.net",
    "{account}.blob.core.chinacloudapi.cn",
];

/// Returns `true` if `template` names one host, hosts that differ only by region, such as
/// `sts.{region}.amazonaws.com`, or hosts of storage accounts.
///
/// A wildcard like `*.amazonaws.com` is rejected: it would let a component send data to anyone's bucket.
#[must_use]
pub fn is_host_template(template: &str) -> bool {
    if is_account_template(template) {
        return true;
    }
    let mut labels = template.split('.');
    let label_ok = |label: &str| {
        label == "{region}"
            || (!label.is_empty()
                && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
    };
    template.len() <= 253 && labels.clone().count() >= 2 && labels.clone().all(label_ok) && !template.ends_with("{region}")
        // A certificate does not name a bare IP address, so the last label needs a letter.
        && labels.next_back().is_some_and(|last| last.chars().any(|c| c.is_ascii_alphabetic()))
}

/// Returns `true` if `template` matches the hosts of storage accounts.
#[must_use]
pub(crate) fn is_account_template(template: &str) -> bool {
    ACCOUNT_HOSTS.contains(&template)
}

pub(crate) fn is_account_host(host: &str) -> bool {
    ACCOUNT_HOSTS.iter().any(|template| host_matches(template, host))
}

/// Returns `true` if `label` is a valid name of a storage account: 3 to 24 lower-case letters and digits.
/// Source: Microsoft, "Naming rules and restrictions for Azure resources", Microsoft.Storage.
fn is_account(label: &str) -> bool {
    (3..=24).contains(&label.len())
        && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

pub(crate) fn host_matches(template: &str, host: &str) -> bool {
    let stands = |wanted: &str, given: &str| match wanted {
        "{region}" => is_region(given),
        "{account}" => is_account(given),
        exact => exact == given,
    };
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('.').collect(), host.split('.').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(&given).all(|(wanted, given)| stands(wanted, given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_hosts_and_region_templates_are_accepted_and_wildcards_are_not() {
        for good in ["api.example.com", "sts.{region}.amazonaws.com"] {
            assert!(is_host_template(good), "{good}");
        }
        for bad in [
            "*.amazonaws.com",
            "localhost",
            "",
            "a..b",
            "{account}.x.com",
            "10.0.0.1",
            "x.{region}",
            "A.com",
        ] {
            assert!(!is_host_template(bad), "{bad}");
        }
    }

    #[test]
    fn an_account_template_names_accounts_and_nothing_else() {
        let template = "{account}.blob.core.windows.net";
        assert!(is_host_template(template) && is_account_host("acct01.blob.core.windows.net"));
        for other in ["a_b", "ab", "Acct", "a.b", "a-b-c", "abcdefghijklmnopqrstuvwxy", ""] {
            assert!(!host_matches(template, &format!("{other}.blob.core.windows.net")), "{other}");
        }
        for other in [
            "x.{account}.blob.core.windows.net",
            "{account}.evil.com",
            "{account}.file.core.windows.net",
        ] {
            assert!(!is_host_template(other), "{other}");
        }
    }

    #[test]
    fn a_template_names_its_hosts_and_no_other() {
        let template = "sts.{region}.amazonaws.com";
        assert!(host_matches(template, "sts.eu-west-1.amazonaws.com"));
        assert!(host_matches(template, "sts.us-gov-west-1.amazonaws.com"));
        for other in
            ["sts.s3.amazonaws.com", "sts.s3-us-west-2.amazonaws.com", "sts.bucket.amazonaws.com"]
        {
            assert!(!host_matches(template, other), "{other}");
        }
        for other in [
            "sts.amazonaws.com",
            "sts.a.b.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "sts..amazonaws.com",
        ] {
            assert!(!host_matches(template, other), "{other}");
        }
    }
}
