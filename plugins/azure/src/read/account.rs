//! The storage account that a host belongs to.
//!
//! Source: "Storage account overview", endpoints: the standard ones, those of a DNS zone, and the secondary
//! ones, which are for reading.

/// A service of a storage account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Blob,
    Queue,
    Table,
    File,
    DataLake,
}

impl Service {
    pub const ALL: [Self; 5] = [Self::Blob, Self::Queue, Self::Table, Self::File, Self::DataLake];

    /// Returns the name in hosts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Queue => "queue",
            Self::Table => "table",
            Self::File => "file",
            Self::DataLake => "dfs",
        }
    }
}

/// A storage account at one of its services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub service: Service,
    /// The primary address, without a slash at the end: that of the secondary one is the same.
    pub url: String,
    /// True for the secondary endpoint.
    pub is_secondary: bool,
}

const SECONDARY: &str = "-secondary";

impl Account {
    /// Reads a host in lower case.
    pub fn of(host: &str) -> Option<Self> {
        let (name, domain) = host.split_once('.')?;
        let service = Service::ALL.into_iter().find(|service| is_domain(domain, service.name()))?;
        let is_secondary = name.ends_with(SECONDARY);
        let name = name.strip_suffix(SECONDARY).unwrap_or(name);
        let url = format!("https://{name}.{domain}");
        crate::resource::is_account(name).then_some(Self { service, url, is_secondary })
    }
}

/// Returns true for `blob.core.windows.net` and `z5.blob.storage.azure.net`.
fn is_domain(domain: &str, service: &str) -> bool {
    let is_standard = domain.strip_prefix(service) == Some(".core.windows.net");
    let zone = domain.split_once('.').and_then(|(zone, rest)| {
        let digits = zone.strip_prefix('z')?;
        let is_zone = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        (is_zone && rest.strip_prefix(service) == Some(".storage.azure.net")).then_some(())
    });
    is_standard || zone.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_of_an_account_leads_to_its_primary_one() {
        for (host, url) in [
            ("acct.blob.core.windows.net", "https://acct.blob.core.windows.net"),
            ("acct-secondary.blob.core.windows.net", "https://acct.blob.core.windows.net"),
            ("acct.z05.table.storage.azure.net", "https://acct.z05.table.storage.azure.net"),
            ("acct.queue.core.windows.net", "https://acct.queue.core.windows.net"),
            ("acct.dfs.core.windows.net", "https://acct.dfs.core.windows.net"),
        ] {
            assert_eq!(Account::of(host).unwrap().url, url);
        }
    }

    #[test]
    fn other_hosts_are_of_no_account() {
        for host in [
            "blob.core.windows.net",
            "a.b.blob.core.windows.net",
            "acct.blob.core.windows.net.evil.example",
            "acct.blob.core.chinacloudapi.cn",
            "acct.blob.core.usgovcloudapi.net",
            "acct.web.core.windows.net",
            "acct.z.blob.storage.azure.net",
            "acct.zx.blob.storage.azure.net",
            "-secondary.blob.core.windows.net",
        ] {
            assert_eq!(Account::of(host), None, "{host}");
        }
    }
}
