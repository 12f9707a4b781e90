//! The hosts that a capability names: one, those of every region, or those of every storage account.

use audex_core::region::is_region;

/// Hosts that differ by the storage account only, in Azure's public cloud and those of two governments.
const ACCOUNT_HOSTS: [&str; 3] = [
    "{account}.blob.core.windows.net",
    "{account}.blob.core.usgovcloudapi.net",
    "{account}.blob.core.chinacloudapi.cn",
];

/// Whether `template` names one host, or hosts that differ by region only, such as `sts.{region}.amazonaws.com`.
///
/// A wildcard like `*.amazonaws.com` is refused: it would let a component post to anyone's bucket.
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
        // A bare address is no name that a certificate would speak for.
        && labels.next_back().is_some_and(|last| last.chars().any(|c| c.is_ascii_alphabetic()))
}

/// Whether `template` stands for the hosts of storage accounts.
#[must_use]
pub fn is_account_template(template: &str) -> bool {
    ACCOUNT_HOSTS.contains(&template)
}

/// Whether `host` is that of a storage account.
pub(crate) fn is_account_host(host: &str) -> bool {
    ACCOUNT_HOSTS.iter().any(|template| host_matches(template, host))
}

/// Whether `label` is the name of a storage account: 3 to 24 lower-case letters and digits.
/// Source: Microsoft, "Naming rules and restrictions for Azure resources", Microsoft.Storage.
fn is_account(label: &str) -> bool {
    (3..=24).contains(&label.len()) && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Whether `host` is one that `template` names.
pub(crate) fn host_matches(template: &str, host: &str) -> bool {
    let stands = |wanted: &str, given: &str| match wanted {
        "{region}" => is_region(given),
        "{account}" => is_account(given),
        exact => exact == given,
    };
    let (wanted, given): (Vec<_>, Vec<_>) = (template.split('.').collect(), host.split('.').collect());
    wanted.len() == given.len() && wanted.iter().zip(&given).all(|(wanted, given)| stands(wanted, given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_hosts_and_region_templates_are_accepted_and_wildcards_are_not() {
        for good in ["api.example.com", "sts.{region}.amazonaws.com"] {
            assert!(is_host_template(good), "{good}");
        }
        for bad in
            ["*.amazonaws.com", "localhost", "", "a..b", "{account}.x.com", "10.0.0.1", "x.{region}", "A.com"]
        {
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
        for other in
            ["x.{account}.blob.core.windows.net", "{account}.evil.com", "{account}.file.core.windows.net"]
        {
            assert!(!is_host_template(other), "{other}");
        }
    }

    #[test]
    fn a_template_names_its_hosts_and_no_other() {
        let template = "sts.{region}.amazonaws.com";
        assert!(host_matches(template, "sts.eu-west-1.amazonaws.com"));
        assert!(host_matches(template, "sts.us-gov-west-1.amazonaws.com"));
        for other in ["sts.s3.amazonaws.com", "sts.s3-us-west-2.amazonaws.com", "sts.bucket.amazonaws.com"] {
            assert!(!host_matches(template, other), "{other}");
        }
        for other in
            ["sts.amazonaws.com", "sts.a.b.amazonaws.com", "s3.eu-west-1.amazonaws.com", "sts..amazonaws.com"]
        {
            assert!(!host_matches(template, other), "{other}");
        }
    }
}
