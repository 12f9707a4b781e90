//! The addresses at which clouds hand out the credentials of a machine.

use std::net::IpAddr;

use audex_child::isolate::Network;
use audex_core::isolation::Level;

/// The metadata addresses of the clouds.
///
/// Sources: AWS, "Use the Instance Metadata Service" (254, IPv6 `fd00:ec2::254`), "Amazon ECS task metadata endpoint" (170.2),
/// "EKS Pod Identity" (170.23, IPv6 `fd00:ec2::23`); Google Cloud, "View and query VM metadata" (254, IPv6 `fd20:ce::254`);
/// Azure, "Azure Instance Metadata Service" (254) and "What is IP address 168.63.129.16"; Alibaba Cloud, "Obtain instance metadata"
/// (100.100.100.200); Oracle Cloud, "Getting instance metadata" (254, IPv6 `fd00:c1::a9fe:a9fe`); Scaleway, "Instance metadata"
/// (42.42, IPv6 `fd00:42::42`). Most others, such as Hetzner and IBM Cloud, use 254 too.
#[rustfmt::skip]
const METADATA: [&str; 12] = [
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.42.42", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fd00:c1::a9fe:a9fe",
];

/// Returns the network of a level: under `strict` the session's ports, else all but the metadata addresses.
pub(super) fn of(level: Level) -> Network {
    if level == Level::Strict {
        return Network::Closed;
    }
    let bits = |address: &IpAddr| if address.is_ipv4() { 32 } else { 128 };
    Network::Shared { refused: metadata().map(|address| (address, bits(&address))).collect() }
}

/// Returns the addresses that no command of a session reaches, whatever leads it there.
pub(crate) fn metadata() -> impl Iterator<Item = IpAddr> {
    METADATA.iter().filter_map(|address| address.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_one() {
        assert_eq!(metadata().count(), METADATA.len());
    }
}
